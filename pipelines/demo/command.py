"""The command `ansae demo`: mock survey with known bars -> catalogue -> report, and its tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa
from rich import box
from rich.console import Console, Group
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from catalogues import storage
from catalogues.queries import database, summary
from catalogues.queries.summary import Count
from catalogues.runs import heartbeat, lease, provenance
from catalogues.runs.files import CATALOGUE, PICTURES
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines.cluster.failures import RunFailed
from pipelines.cluster.resources import cluster
from pipelines.demo.options import PROG, SURVEY, DemoOptions
from pipelines.measure import command as measure
from pipelines.measure.session import MeasureSummary
from pipelines.mocks import command as mocks
from pipelines.pages.render import count, percent
from pipelines.report import command as report
from pipelines.report.truth import Comparison, compare, numbers


def status_table(statuses: Iterable[Count]) -> Table:
    """Make the table of the galaxies by status, with the meaning of each status."""
    table = _table("Status of the galaxies", "status", ">galaxies", ">share", "meaning")
    for c in statuses:
        style = "" if c.healthy else "red"
        table.add_row(Text(c.word, style), count(c.count), percent(c.share), c.meaning)
    return table


def truth_table(found: Comparison) -> Table:
    """Make the table that compares measured with true bars."""
    table = _table("Comparison with the truth", "number", ">value", "")
    for name, value, note in numbers(found):
        table.add_row(name, value, note)
    return table


def query(catalogue: str, survey: str) -> str:
    """Return SQL that joins a catalogue with a mock survey; the arguments are its tables."""
    return f"""\
SELECT true_class                                        AS class,
       count(*)                                          AS galaxies,
       count(*) FILTER (status = 'measured')             AS measured,
       avg(bar_fraction)::DECIMAL(4, 2)                  AS bar_fraction,
       median(bar_length_kpc)::DECIMAL(6, 1)             AS median_kpc,
       median(true_bar_visual_length_kpc)::DECIMAL(6, 1) AS true_median_kpc
FROM {catalogue} JOIN {survey} USING (object_id)
GROUP BY ALL ORDER BY galaxies DESC, class"""


def query_text(output: str) -> Group:
    """Return the query as a user can give it to DuckDB."""
    folder = output.rstrip("/")
    text = query(f"'{folder}/catalogue/*.parquet'", f"'{folder}/survey/*.parquet'")
    return Group(Text("\nIn DuckDB", "bold"), Syntax(text, "sql", background_color="default"))


def answer_table(answer: pa.Table) -> Table:
    """Make the table of a query's answer."""
    right = [">" if not pa.types.is_string(f.type) else "" for f in answer.schema]
    table = _table("", *(f"{r}{n}" for r, n in zip(right, answer.column_names, strict=True)))
    for row in answer.to_pylist():
        table.add_row(*("" if v is None else str(v) for v in row.values()))
    return table


def _table(title: str, *headings: str) -> Table:
    """Make an empty table; headings that begin with > are for columns of numbers."""
    table = Table(
        title=f"\n{title}" if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for heading in headings:
        table.add_column(heading.lstrip(">"), justify="right" if heading[:1] == ">" else "left")
    return table


def run(options: DemoOptions, console: Console | None = None) -> str:
    """Draw the survey, measure it and write the report. Returns the path of the report.

    Steps that are already done are not repeated. Raises StorageError, ValueError and RunFailed.
    """
    from actors.find_ensemble import find_ensemble

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
    for name in (SURVEY, CATALOGUE, PICTURES, *files):
        path = storage.join(root, name)
        if storage.exists(fs, path):
            fs.rm(path, recursive=True)


def _tell(options: DemoOptions, found: MeasureSummary, path: str, console: Console) -> None:
    """Print the counts, the comparison with the truth, and a query with its answer."""
    survey = storage.join(options.output, SURVEY)
    with database.opened(options.output) as con:
        database.add_table(con, database.TRUTH, survey)
        console.print(status_table(summary.status_counts(con)))
        console.print(truth_table(compare(con)))
        console.print(query_text(options.output))
        console.print(answer_table(_answer(con)))
    for line in measure.report(found):
        console.print(line, highlight=False)
    console.print(f"report: {path}", highlight=False, soft_wrap=True)


def _answer(con: duckdb.DuckDBPyConnection) -> Any:
    return database.fetch(con, query(CATALOGUE, database.TRUTH))


def execute(options: DemoOptions) -> int:
    """Run the command and return its exit status.

    The status is 0, or 2 for a mistake, 1 for a failure, 130 for Ctrl-C; each prints one line.
    """
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
