"""The command `ansae measure`: image shards -> votes -> saliency maps -> bars -> catalogue."""

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
    """Measure the galaxies that the output's catalogue does not hold yet.

    Raises
    ------
    StorageError, ValueError
        If the user made a mistake; before anything starts.
    LeaseError
        If another run writes the same output.
    RunFailed
        If the run failed; it can be resumed.
    KeyboardInterrupt
        If the run was interrupted; the catalogue is intact, and the run can be resumed.
    """
    from pipelines.measure.plan import (  # torch is imported only with valid options
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
    """Return the lines that summarise the session."""
    total = sum(summary.statuses.values())
    counts = ", ".join(f"{n} {status}" for status, n in sorted(summary.statuses.items()))
    lines = [f"{total} galaxies in {storage.redact(summary.output)}: {counts}"]
    if not summary.written:
        return [*lines, f"run {summary.run_id} was already finished: nothing to do"]
    speed = summary.written / max(summary.seconds, 1e-9)
    return [
        *lines,
        f"run {summary.run_id}: {summary.written} galaxies in {summary.seconds:.1f} s, "
        f"{speed:.3g} galaxies/s",
    ]


def execute(options: MeasureOptions) -> int:
    """Run the command. Returns the exit status; prints one line if it is not 0.

    0: finished; 1: a failure; 2: the user's mistake; 130: interrupted by Ctrl-C.
    """
    try:
        summary = run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except RunFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)
    except KeyboardInterrupt:
        message = "interrupted; the catalogue is intact: run the same command again to finish"
        return terminal.complain(PROG, message, terminal.INTERRUPTED)
    print("\n".join(report(summary)))
    return terminal.OK
