"""One session of `ansae measure`: measure what the catalogue lacks and record how it ended."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from catalogues import storage
from catalogues.runs.checkpoint import remove, remove_strays
from catalogues.runs.files import CATALOGUE, PICTURES
from catalogues.runs.lease import Lease
from catalogues.runs.provenance import (
    FINGERPRINT,
    RunRecord,
    fingerprint,
    fingerprint_of,
    new_session,
    write_record,
)
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines.cluster.failures import RunFailed, cause
from pipelines.cluster.resources import Device, StageResources, cluster, stage_resources
from pipelines.progress import MeasureProgress

if TYPE_CHECKING:
    from pipelines.measure.plan import Plan


@dataclass(frozen=True, kw_only=True)
class MeasureSummary:
    """Summary of a session.

    Attributes
    ----------
    run_id, output
        The run, and where it writes.
    statuses
        Number of rows of the catalogue, by status.
    written
        Number of rows written in this session.
    seconds
        Time from the start of the first stage to the last file.
    """

    run_id: str
    output: str
    statuses: dict[str, int]
    written: int = 0
    seconds: float = 0.0


def already_finished(plan: Plan) -> MeasureSummary:
    """Return the summary of a run that was already finished."""
    assert plan.stored
    return MeasureSummary(
        run_id=plan.stored.run_id,
        output=plan.options.output,
        statuses=dict(plan.checkpoint.statuses),
    )


def measure_alone(
    plan: Plan, lease: Lease, console: Console | None, tell: Callable[[str], None]
) -> MeasureSummary:
    """Run one session, while the lease keeps all others from writing the output."""
    from pipelines.measure.plan import with_checkpoint

    plan, options = with_checkpoint(plan), plan.options
    for stray in plan.checkpoint.strays:
        remove(plan.output.fs, stray)
    if plan.stored and not plan.work:
        _finish_killed_session(plan, plan.stored)
        return already_finished(plan)
    tell(plan.announcement())
    with cluster(options.cluster) as resources:
        cpus, gpus = resources.get("CPU", 1.0), resources.get("GPU", 0.0)
        device: Device = plan.device or ("cuda" if gpus else "cpu")
        have = stage_resources(options.cluster, device, cpus, gpus)
        return _measure(plan, plan.record(device), have, lease, console)


def _measure(
    plan: Plan, record: RunRecord, have: StageResources, lease: Lease, console: Console | None
) -> MeasureSummary:
    """Run one session on the connected cluster."""
    from pipelines.cluster.monitor import Watch
    from pipelines.measure.stages import receipts, stages

    options, (fs, root) = plan.options, plan.output
    record = record.with_session(new_session(record.facts["device"]))
    write_record(fs, root, record)
    progress, outcome = MeasureProgress(plan.rows, plan.checkpoint.statuses, console), "failed"
    names = {os.path.basename(path) for path in plan.checkpoint.paths}
    mark: dict[str, str] = {}
    try:
        watch = Watch(fs, root, record, progress)
        with terminal.terminated_as_interrupt(), progress, watch:
            for receipt in receipts(stages(plan, record, have, lease.name)):
                progress.add(json.loads(receipt["statuses"]))
                names.add(receipt["file"])
                lease.check()
        if progress.done != plan.rows:
            raise RuntimeError(f"the stages returned {progress.done} of {plan.rows} rows")
        lease.confirm()
        mark, outcome = _remove_other_files(names, plan), "finished"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    except Exception as error:
        raise RunFailed(
            f"{cause(error)}; {progress.done} of {plan.rows} galaxies are in the catalogue: run "
            "the same command again to finish"
        ) from error
    finally:
        # a broken store must not hide why the run failed, and run.json must still be this run's
        with nullcontext() if outcome == "finished" else suppress(StorageError):
            lease.confirm()
            write_record(fs, root, record.ended(outcome, progress.statuses, **mark))
    return MeasureSummary(
        run_id=record.run_id,
        output=options.output,
        statuses=dict(progress.statuses),
        written=progress.done - progress.before,
        seconds=progress.seconds,
    )


def _finish_killed_session(plan: Plan, record: RunRecord) -> None:
    """Finish the work of a session that was killed after its last row: tidy up, mark the end."""
    fs, root = plan.output
    mark = _remove_other_files({os.path.basename(path) for path in plan.checkpoint.paths}, plan)
    if record.sessions and fingerprint_of(record.sessions[-1]) != mark[FINGERPRINT]:
        write_record(fs, root, record.ended("finished", plan.checkpoint.statuses, **mark))


def _remove_other_files(names: set[str], plan: Plan) -> dict[str, str]:
    """Remove all other files from a finished catalogue's folders. Returns the run's fingerprint."""
    fs, root = plan.output
    remove_strays(fs, storage.join(root, CATALOGUE), storage.join(root, PICTURES), names)
    inputs = [(shard.name, shard.size_bytes, shard.version) for shard in plan.shards]
    return {FINGERPRINT: fingerprint(fs, root, inputs)}
