"""EFIGI's folder as a layout: thumbnails, with grades read as votes (layouts.efigi)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalogues import storage
from catalogues.layouts.efigi import efigi_table
from catalogues.layouts.pieces import Piece
from catalogues.manifest import SCHEMA
from catalogues.rows import NOTE, manifest_rows


@dataclass(frozen=True, kw_only=True)
class EfigiFolder:
    """A Layout (catalogues.layouts.pieces); `open_efigi` opens one. `table`: of `efigi_table`."""

    table: pa.Table
    piece_rows: int = 100

    @property
    def extra(self) -> pa.Schema:
        """The votes, and the grades that EFIGI itself gives."""
        return pa.schema([field for field in self.table.schema if field.name not in SCHEMA.names])

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Identifiers are PGC numbers."""
        yield manifest_rows(self.table, self._mapping).select(names)

    def pieces(self) -> Iterator[Piece]:
        """In the order of the PGC numbers."""
        rows = manifest_rows(self.table, self._mapping, self.extra.names).drop_columns([NOTE])
        for start in range(0, len(rows), self.piece_rows):
            yield Piece(rows=rows.slice(start, self.piece_rows))

    @property
    def _mapping(self) -> dict[str, str]:
        return {name: name for name in SCHEMA.names if name in self.table.column_names}


def open_efigi(fs: Any, root: str) -> EfigiFolder:
    """Raises ValueError for another folder; its 16 MB of thumbnails are read from a disk, whole."""
    if not storage.is_local(fs):
        raise ValueError(f"EFIGI is read from a disk, not from {storage.redact(root)!r}: copy it")
    try:
        return EfigiFolder(table=efigi_table(root))
    except FileNotFoundError as error:
        raise ValueError(f"{root!r} is not EFIGI's folder: {error}") from error
