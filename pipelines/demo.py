"""`ansae demo`: a mock survey with known bars, through the main job, to catalogue and report."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Annotated, Any

import duckdb
import tyro
from rich.console import Console

from catalogues import database, heartbeat, lease, provenance, storage, summary
from catalogues.mock_survey import MockSurvey
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines import demo_words, measure, mocks, report
from pipelines.measure import MeasureOptions, RunFailed
from pipelines.report import ReportOptions
from pipelines.resources import ClusterOptions, cluster
from pipelines.truth_section import compare

PROG = "ansae demo"
SURVEY = "survey"


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Draw galaxies with known bars, measure them, and say how well that went.

    The same command again finishes what an interrupted one has left.
    """

    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")] = "demo"
    """Folder for the mock survey, the catalogue and the report; local or s3://."""
    galaxies: int = 240
    """Number of galaxies."""
    seed: int = 7
    """Seed of the mock sky."""
    ensemble: str = "compact"
    """The networks: 'compact', which is shipped, or path or URL of an ensemble.json."""
    samples: int | None = None
    """Noise samples of a saliency map; default: the estimator's."""
    replace: bool = False
    """Remove what an earlier demo of other options has left in OUTPUT."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        self.survey(), self.measure_options()  # each checks its own part

    def survey(self) -> MockSurvey:
        """What is drawn."""
        return MockSurvey(galaxies=self.galaxies, seed=self.seed)

    def measure_options(self) -> MeasureOptions:
        """The main job on it."""
        return MeasureOptions(
            input=storage.join(self.output, SURVEY),
            output=self.output,
            ensemble=self.ensemble,
            samples=self.samples,
            cluster=self.cluster,
            label="demo",
        )

    def report_options(self) -> ReportOptions:
        """The report on it."""
        return ReportOptions(
            output=self.output, truth=storage.join(self.output, SURVEY), title="A mock survey"
        )


def run(options: DemoOptions, console: Console | None = None) -> str:
    """Draw, measure, report; returns where the report is. What is done already is not done again.

    Raises StorageError, ValueError and RunFailed.
    """
    from actors.explainer import find_ensemble  # torch only once the options are known

    console = console or Console()
    find_ensemble(options.ensemble, options.measure_options().read_options())
    if options.replace:
        _remove(options)
    with cluster(options.cluster):
        mocks.draw(options.survey(), storage.join(options.output, SURVEY), console)
        found = measure.run(options.measure_options(), console)
    path = report.run(options.report_options())
    _tell(options, found, path, console)
    return path


def _remove(options: DemoOptions) -> None:
    """Remove the files that a demo writes, and nothing else."""
    fs, root = storage.filesystem(options.output)
    files = (provenance.FILE, heartbeat.FILE, lease.FILE, "report.html")
    for name in (SURVEY, database.CATALOGUE, database.PICTURES, *files):
        path = storage.join(root, name)
        if storage.exists(fs, path):
            fs.rm(path, recursive=True)


def _tell(options: DemoOptions, found: measure.MeasureSummary, path: str, console: Console) -> None:
    """Counts, lengths against truth, and a query with its answer, on the terminal."""
    survey = storage.join(options.output, SURVEY)
    with database.opened(options.output) as con:
        database.add_table(con, database.TRUTH, survey)
        console.print(demo_words.status_table(summary.status_counts(con)))
        console.print(demo_words.truth_table(compare(con)))
        console.print(demo_words.query_text(options.output))
        console.print(demo_words.answer_table(_answer(con)))
    for line in measure.report(found):
        console.print(line, highlight=False)
    console.print(f"report: {path}", highlight=False, soft_wrap=True)


def _answer(con: duckdb.DuckDBPyConnection) -> Any:
    return database.fetch(con, demo_words.query(database.CATALOGUE, database.TRUTH))


def main(arguments: list[str] | None = None) -> int:
    """Command line. Returns the exit status: 0; 2 for a mistake, 1 for a failure, 130 for Ctrl-C,
    each told in one line."""
    options = terminal.parse(DemoOptions, PROG, arguments)
    try:
        with terminal.terminated_as_interrupt():
            run(options)
    except (StorageError, ValueError, duckdb.Error) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    except RunFailed as error:
        return terminal.complain(PROG, str(error), terminal.FAILURE)
    except KeyboardInterrupt:
        message = "interrupted: run the same command again to finish"
        return terminal.complain(PROG, message, terminal.INTERRUPTED)
    return terminal.OK


if __name__ == "__main__":
    sys.exit(main())
