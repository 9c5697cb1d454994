"""What the demo says on the terminal."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from rich import box
from rich.console import Group
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from catalogues.summary import Count
from pipelines.page import count, percent
from pipelines.truth_section import Comparison, numbers


def status_table(statuses: Iterable[Count]) -> Table:
    """Galaxies by status, with what each means."""
    table = _table("What became of the galaxies", "status", ">galaxies", ">share", "meaning")
    for c in statuses:
        style = "" if c.healthy else "red"
        table.add_row(Text(c.word, style), count(c.count), percent(c.share), c.meaning)
    return table


def truth_table(found: Comparison) -> Table:
    """Measured against true bars."""
    table = _table("Against the truth", "number", ">value", "")
    for name, value, note in numbers(found):
        table.add_row(name, value, note)
    return table


def query(catalogue: str, survey: str) -> str:
    """SQL that joins a catalogue with a mock survey; the arguments name what it reads."""
    return f"""\
SELECT true_class                                     AS class,
       count(*)                                       AS galaxies,
       count(*) FILTER (status = 'measured')          AS measured,
       avg(bar_fraction)::DECIMAL(4, 2)               AS bar_fraction,
       median(bar_length_kpc)::DECIMAL(6, 1)          AS median_kpc,
       median(true_bar_length_kpc)::DECIMAL(6, 1)     AS true_median_kpc
FROM {catalogue} JOIN {survey} USING (object_id)
GROUP BY ALL ORDER BY galaxies DESC, class"""


def query_text(output: str) -> Group:
    """The query as one can give it to DuckDB."""
    folder = output.rstrip("/")
    text = query(f"'{folder}/catalogue/*.parquet'", f"'{folder}/survey/*.parquet'")
    return Group(Text("\nIn DuckDB", "bold"), Syntax(text, "sql", background_color="default"))


def answer_table(answer: pa.Table) -> Table:
    """A query's answer."""
    right = [">" if not pa.types.is_string(f.type) else "" for f in answer.schema]
    table = _table("", *(f"{r}{n}" for r, n in zip(right, answer.column_names, strict=True)))
    for row in answer.to_pylist():
        table.add_row(*("" if v is None else str(v) for v in row.values()))
    return table


def _table(title: str, *headings: str) -> Table:
    """A plain table; headings that begin with > are of numbers."""
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
