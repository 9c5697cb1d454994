"""Convert rows of a catalogue to published rows, which all readers can read without loss.

If a column has nulls, readers turn its integers into floating-point numbers, which are not exact
beyond 2^53, and some readers (astropy) cannot read null text. So the published identifier and pixel
are never null, and missing text is empty. Rows without identifier or position are kept separate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from catalogues.hats.votable import votable_keys

PLACED = ("object_id", "ra", "dec", "_healpix_29")
"""Columns that are never null in published rows."""

INDEX = "_healpix_29"

SKY_ORDER = [(INDEX, "ascending"), ("object_id", "ascending")]
"""The order of published rows."""


def published_schema(schema: pa.Schema, whole: Sequence[str] = PLACED) -> pa.Schema:
    """Return a catalogue's schema in which text and the columns `whole` are never null."""
    return pa.schema(
        [f.with_nullable(False) if f.name in whole or _is_text(f.type) else f for f in schema],
        metadata=schema.metadata,
    )


def published_rows(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Split a catalogue's rows: with identifier and position (in SKY_ORDER), and the others.

    Both have the published schema, except that in the others only text is never null.
    """
    columns = {name: table.column(name) for name in table.column_names}
    for f in table.schema:
        if _is_text(f.type):
            columns[f.name] = pc.fill_null(columns[f.name], "")
    whole = pc.is_valid(columns["object_id"])
    for name in PLACED[1:]:
        whole = pc.and_(whole, pc.is_valid(columns[name]))
    filled = pa.table(columns, schema=published_schema(table.schema, ()))
    placed = filled.filter(whole).cast(published_schema(table.schema))
    return placed.sort_by(SKY_ORDER), filled.filter(pc.invert(whole))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Room for values, by column. `text`: characters of the longest. `lists`: longest list."""

    text: Mapping[str, int] = field(default_factory=dict)
    lists: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pa.Table) -> Widths:
        """Measure the widths of a table's columns."""
        text = [f.name for f in table.schema if _is_text(f.type)]
        lists = [f.name for f in table.schema if pa.types.is_list(f.type)]
        longest = {name: pc.max(pc.utf8_length(table.column(name))).as_py() or 0 for name in text}
        most = {
            name: pc.max(pc.list_value_length(table.column(name))).as_py() or 0 for name in lists
        }
        return cls(text=longest, lists=most)

    @classmethod
    def widest(cls, several: Iterable[Widths]) -> Widths:
        """Combine several widths to the largest ones."""
        text: dict[str, int] = {}
        lists: dict[str, int] = {}
        for one in several:
            text |= {k: max(v, text.get(k, 0)) for k, v in one.text.items()}
            lists |= {k: max(v, lists.get(k, 0)) for k, v in one.lists.items()}
        return cls(text=text, lists=lists)


def described(schema: pa.Schema, name: str, description: str, widths: Widths) -> pa.Schema:
    """Return `schema` with metadata for readers: VOParquet's keys and the lengths of text columns.

    Without the lengths, astropy would look for them in the rows and warn.
    """
    lengths = {f"table::len::{k}".encode(): str(max(1, v)).encode() for k, v in widths.text.items()}
    keys = votable_keys(schema, name, description, widths.text)
    return schema.with_metadata({**(schema.metadata or {}), **lengths, **keys})
