"""One session of a comparison: what is missing is explained on Ray, and the end is noted."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from dataclasses import dataclass

from ray.exceptions import RayError
from rich.console import Console

from actors.compare.attributor import AttributorActor
from catalogues import storage
from catalogues.runs.checkpoint import remove
from catalogues.runs.lease import Lease
from catalogues.runs.provenance import new_session, read_record, write_record
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines.cluster.actor_pool import crash_guard_beside_driver, on_actors
from pipelines.cluster.failures import RunFailed, cause
from pipelines.cluster.monitor import Watch
from pipelines.cluster.resources import Device, StageResources, cluster, stage_resources
from pipelines.compare.plan import ComparePlan
from pipelines.progress import MeasureProgress


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a session did: `plan` with all that is there now; pairs that it explained; seconds."""

    plan: ComparePlan
    written: int = 0
    seconds: float = 0.0


def compare_alone(plan: ComparePlan, lease: Lease, console: Console) -> Work:
    """One session of a comparison, whose output nobody else writes. Raises RunFailed, and as
    ComparePlan.with_checkpoints does."""
    if plan.device is not None:
        plan = _tidied(plan.with_checkpoints(plan.device))
        if plan.stored and not any(True for _ in plan.units()):
            return Work(plan=plan)
    with cluster(plan.options.cluster) as resources:
        cpus, gpus = resources.get("CPU", 1.0), resources.get("GPU", 0.0)
        device: Device = plan.device or ("cuda" if gpus else "cpu")
        have = stage_resources(plan.options.cluster, device, cpus, gpus)
        return _compare(_tidied(plan.with_checkpoints(device)), device, have, lease, console)


def _compare(
    plan: ComparePlan, device: str, have: StageResources, lease: Lease, console: Console
) -> Work:
    fs, root = storage.filesystem(plan.options.output, plan.options.write_options())
    record = plan.record(device).with_session(new_session(device))
    write_record(fs, root, record)
    units = list(plan.units())
    left = sum(len(rows) for unit in units for rows in unit.missing.values())
    total = plan.done.total() + left
    console.print(f"{left} maps to make ({plan.done.total()} are there), device {device}")
    progress, outcome = MeasureProgress(total, plan.done, console, noun="maps"), "failed"
    try:
        arguments = (plan.attributor(device, lease.name), crash_guard_beside_driver())
        pool = on_actors(AttributorActor, arguments, have.explainers, retries=-1)
        watch = Watch(fs, root, record, progress)
        with terminal.terminated_as_interrupt(), progress, watch, pool as on_each:
            for receipts in on_each("compare", ((unit,) for unit in units)):
                for receipt in receipts:
                    progress.add(json.loads(receipt["statuses"]))
                lease.check()
        lease.confirm()
        plan, outcome = _tidied(plan.with_checkpoints(device)), "finished"
        if any(True for _ in plan.units()):
            raise RuntimeError("not every map that was made is there: run again")
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except (RayError, RuntimeError) as error:
        outcome = "failed"
        raise RunFailed(
            f"{cause(error)}; {progress.done} of {total} maps are judged: run the same command "
            "again to finish"
        ) from error
    finally:
        # a store that is gone must not hide why the run failed, nor run.json be another run's
        with nullcontext() if outcome == "finished" else suppress(StorageError):
            lease.confirm()
            write_record(fs, root, record.ended(outcome, progress.statuses))
    stored = read_record(fs, root)
    plan = ComparePlan(**{**plan.__dict__, "stored": stored})
    return Work(plan=plan, written=progress.done - progress.before, seconds=progress.seconds)


def _tidied(plan: ComparePlan) -> ComparePlan:
    """Remove what a process of a session that was killed wrote a second time."""
    fs, _ = storage.filesystem(plan.options.output, plan.options.write_options())
    for checkpoint in plan.checkpoints.values():
        for stray in checkpoint.strays:
            remove(fs, stray)
    return plan
