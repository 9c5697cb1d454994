"""A folder of JPEG, PNG and FITS files without a table: every file is a galaxy.

A file's stem is its object_id if it is an integer; else the id is a hash of the relative path.
The path stands in survey_id either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from catalogues.ids import hashed_id
from catalogues.layouts.files import Files, integer_stem, read_images
from catalogues.layouts.pieces import Piece
from catalogues.manifest import SCHEMA


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A Layout (catalogues.layouts.pieces)."""

    files: Files
    piece_rows: int = 100

    @property
    def extra(self) -> pa.Schema:
        """Nothing but the manifest's columns."""
        return pa.schema([])

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """From the files' names alone."""
        yield _rows(list(self.files.sizes)).rows.select(names)

    def pieces(self) -> Iterator[Piece]:
        """In the order of the names."""
        names = list(self.files.sizes)
        for start in range(0, len(names), self.piece_rows):
            yield from read_images(_rows(names[start : start + self.piece_rows]), self.files)


def _rows(names: list[str]) -> Piece:
    known = {
        "object_id": [_id_of(name) for name in names],
        "image": [{"bytes": None, "path": name} for name in names],
        "survey_id": names,
    }
    nulls = [None] * len(names)
    arrays = [pa.array(known.get(field.name, nulls), field.type) for field in SCHEMA]
    return Piece(rows=pa.table(arrays, schema=SCHEMA))


def _id_of(name: str) -> int:
    number = integer_stem(name)
    return hashed_id(name) if number is None else number
