"""One session of a comparison: make the missing maps on Ray and record how the session ended."""

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
    """Summary of a session.

    Attributes
    ----------
    plan
        The plan with everything that the output holds now.
    written
        Number of (image, method) pairs that the session explained.
    seconds
        Duration of the session.
    """

    plan: ComparePlan
    written: int = 0
    seconds: float = 0.0


def compare_alone(plan: ComparePlan, lease: Lease, console: Console) -> Work:
    """Run one session of a comparison. No other process may write the output.

    Raises RunFailed, and whatever ComparePlan.with_checkpoints raises.
    """
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
    console.print(f"{left} maps to make ({plan.done.total()} are done), device {device}")
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
            raise RuntimeError("some of the maps that were made are missing from the output")
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except (RayError, RuntimeError) as error:
        outcome = "failed"
        raise RunFailed(
            f"{cause(error)}; {progress.done} of {total} maps are done: run the same command "
            "again to finish"
        ) from error
    finally:
        # an unreachable store must not hide why the run failed; and run.json must not be
        # overwritten if another run holds the output now
        with nullcontext() if outcome == "finished" else suppress(StorageError):
            lease.confirm()
            write_record(fs, root, record.ended(outcome, progress.statuses))
    stored = read_record(fs, root)
    plan = ComparePlan(**{**plan.__dict__, "stored": stored})
    return Work(plan=plan, written=progress.done - progress.before, seconds=progress.seconds)


def _tidied(plan: ComparePlan) -> ComparePlan:
    """Remove files that a killed session's process wrote a second time. Returns the plan."""
    fs, _ = storage.filesystem(plan.options.output, plan.options.write_options())
    for checkpoint in plan.checkpoints.values():
        for stray in checkpoint.strays:
            remove(fs, stray)
    return plan
