"""`ansae measure`: image shards -> votes -> saliency maps -> bars -> catalogue."""

from __future__ import annotations

from functools import partial

from rich.console import Console

from catalogues import storage
from catalogues.runs.lease import hold
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines.cluster.failures import RunFailed
from pipelines.measure.options import PROG, MeasureOptions
from pipelines.measure.session import MeasureSummary, already_finished, measure_alone


def run(options: MeasureOptions, console: Console | None = None) -> MeasureSummary:
    """Measure what the output's catalogue does not hold yet.

    Raises StorageError and ValueError for mistakes, before anything starts, LeaseError where
    another run writes the same output; RunFailed; and KeyboardInterrupt, with the catalogue whole.
    """
    from pipelines.measure.plan import (  # torch only once the options are known
        check_writable,
        make_plan,
    )

    plan = make_plan(options)
    if plan.is_finished:
        return already_finished(plan)
    check_writable(plan.output)
    tell = partial((console or Console(stderr=True)).print, highlight=False)
    with hold(*plan.output, tell=tell) as lease:
        return measure_alone(plan, lease, console, tell)


def report(summary: MeasureSummary) -> list[str]:
    """Lines that say what came out."""
    total = sum(summary.statuses.values())
    counts = ", ".join(f"{n} {status}" for status, n in sorted(summary.statuses.items()))
    lines = [f"{total} galaxies in {storage.redact(summary.output)}: {counts}"]
    if not summary.written:
        return [*lines, f"run {summary.run_id} was finished already: nothing to do"]
    speed = summary.written / max(summary.seconds, 1e-9)
    return [
        *lines,
        f"run {summary.run_id}: {summary.written} galaxies in {summary.seconds:.1f} s, "
        f"{speed:.3g} galaxies/s",
    ]


def execute(options: MeasureOptions) -> int:
    """Run the command. Returns the exit status: 0; 2 for a mistake, 1 for a failure, 130 for
    Ctrl-C, each told in one line."""
    try:
        summary = run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except RunFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)
    except KeyboardInterrupt:
        message = "interrupted; the catalogue is whole: run the same command again to finish"
        return terminal.complain(PROG, message, terminal.INTERRUPTED)
    print("\n".join(report(summary)))
    return terminal.OK
