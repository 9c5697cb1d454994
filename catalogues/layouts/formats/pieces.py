"""The interface of layouts: pieces of rows, and the rows that are left out with the reason."""

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
"""Column of layouts that check their images: the fault of an image, null if there is none."""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """One row or file that is left out. `where`: the file, or the row of a file."""

    where: str
    status: Status
    message: str


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some rows in the source's order: the manifest's columns, then the passed-through ones."""

    rows: pa.Table
    skipped: tuple[Skipped, ...] = ()


class Layout(Protocol):
    """A published layout, opened. Every method may raise StorageError and ValueError."""

    @property
    def extra(self) -> pa.Schema:
        """Passed-through columns, which follow the manifest's columns in every piece."""

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read these manifest columns of all rows, in the order of `pieces`, without the images.

        An absent value or an unusable identifier is null.
        """

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the rows with their images, in bounded memory."""


def with_ids(table: pa.Table, where: str, first: int) -> Piece:
    """Keep the rows that have an identifier. The others are left out, with the sentence of NOTE.

    `table`: from catalogues.shards.rows.manifest_rows. `where`: its file. `first`: number of its
    first row.
    """
    skipped = tuple(
        Skipped(where=f"{where}, row {first + i}", status=Status.BAD_ID, message=note)
        for i, note in enumerate(table.column(NOTE).to_pylist())
        if note is not None
    )
    rows = table.filter(pc.is_null(table.column(NOTE))) if skipped else table
    return Piece(rows=rows.drop_columns([NOTE]), skipped=skipped)


def check_kept(keep: Collection[str], names: Collection[str]) -> None:
    """Check the columns to pass through. Raises ValueError if one is absent or in the manifest."""
    if absent := [name for name in keep if name not in names]:
        raise ValueError(f"no columns {', '.join(absent)} to keep: there are {', '.join(names)}")
    if taken := [name for name in keep if name in (*SCHEMA.names, NOTE, ROW)]:
        raise ValueError(
            f"the columns {', '.join(taken)} have names of the manifest, which are always kept: "
            "leave them out"
        )
