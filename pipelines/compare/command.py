"""`ansae compare`: images x saliency methods -> maps -> metrics -> ranking and report."""

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
    """Explain what the output does not hold yet, rank the methods, write and print the results.

    Raises StorageError and ValueError for mistakes, before anything starts, LeaseError where
    another run writes the same output; RunFailed; and KeyboardInterrupt, with what is done kept.
    """
    import_ray()  # with its environment set, before the actors import it
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
    """Run the command. Returns the exit status: 0; 2 for a mistake, 1 for a failure, 130 for
    Ctrl-C, each told in one line."""
    import_ray()
    from pipelines.cluster.failures import RunFailed

    try:
        run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except RunFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)
    except KeyboardInterrupt:
        said = "interrupted; what is done is kept: run the same command again to finish"
        return terminal.complain(PROG, said, terminal.INTERRUPTED)
    return terminal.OK
