"""What every layout yields: rows, and what had to be left behind."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from catalogues.manifest import SCHEMA
from catalogues.shards.reading import ROW
from catalogues.shards.rows import NOTE
from catalogues.statuses import Status

IMAGE_STATUS = "image_status"
"""Column of layouts that look at their images: what is wrong with one, null where nothing is."""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """One row or file that does not enter a shard. `where`: the file, or the row of a file."""

    where: str
    status: Status
    message: str


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some rows of the manifest's columns (then passed-through ones), in the source's order."""

    rows: pa.Table
    skipped: tuple[Skipped, ...] = ()


class Layout(Protocol):
    """A published layout, opened. Every method may raise StorageError and ValueError."""

    @property
    def extra(self) -> pa.Schema:
        """Columns passed through, which follow the manifest's in every piece."""

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """These manifest columns of all rows, in the order of `pieces`, read without the images.

        A value that is not there, and an identifier that cannot be used, is null.
        """

    def pieces(self) -> Iterator[Piece]:
        """The rows with their images. Memory is bounded."""


def with_ids(table: pa.Table, where: str, first: int) -> Piece:
    """The rows that have an identifier; the others, with NOTE's sentence, are left behind.

    `table`: of catalogues.shards.rows.manifest_rows. `where`: its file; `first`: its first row's
    number.
    """
    skipped = tuple(
        Skipped(where=f"{where}, row {first + i}", status=Status.BAD_ID, message=note)
        for i, note in enumerate(table.column(NOTE).to_pylist())
        if note is not None
    )
    rows = table.filter(pc.is_null(table.column(NOTE))) if skipped else table
    return Piece(rows=rows.drop_columns([NOTE]), skipped=skipped)


def check_kept(keep: Collection[str], names: Collection[str]) -> None:
    """Raises ValueError if a column to pass through is absent or is one of the manifest's."""
    if absent := [name for name in keep if name not in names]:
        raise ValueError(f"no columns {', '.join(absent)} to keep: there are {', '.join(names)}")
    if taken := [name for name in keep if name in (*SCHEMA.names, NOTE, ROW)]:
        raise ValueError(
            f"the columns {', '.join(taken)} bear the manifest's own names: those are kept anyway"
        )
