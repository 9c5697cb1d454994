"""The command `ansae compare`: images x saliency methods -> maps -> metrics -> ranking, report."""

from __future__ import annotations

from functools import partial

from rich.console import Console

from catalogues import storage
from catalogues.runs.lease import hold
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines.cluster.resources import import_ray
from pipelines.compare.options import PROG, CompareOptions


def run(options: CompareOptions, console: Console | None = None) -> None:
    """Make the maps that the output does not hold yet, rank the methods, write the results.

    Raises
    ------
    StorageError, ValueError
        If the user made a mistake; before anything starts.
    LeaseError
        If another run writes the same output.
    RunFailed
        If the run failed; it can be resumed.
    KeyboardInterrupt
        If the run was interrupted; finished work is kept, and the run can be resumed.
    """
    import_ray()  # sets Ray's environment; must come before the actors import Ray
    from pipelines.compare.plan import make_plan
    from pipelines.compare.results import write_results
    from pipelines.compare.session import compare_alone

    console = console or Console(stderr=True)
    plan = make_plan(options)
    tell = partial(console.print, highlight=False)
    with hold(*storage.filesystem(options.output, options.write_options()), tell=tell) as lease:
        work = compare_alone(plan, lease, console)
        write_results(work, console)


def execute(options: CompareOptions) -> int:
    """Run the command and return its exit status.

    The status is 0, or 2 for a mistake, 1 for a failure, 130 for Ctrl-C; each prints one line.
    """
    import_ray()
    from pipelines.cluster.failures import RunFailed

    try:
        run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except RunFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)
    except KeyboardInterrupt:
        message = "interrupted; finished work is kept: run the same command again to finish"
        return terminal.complain(PROG, message, terminal.INTERRUPTED)
    return terminal.OK
