"""Join the columns of a second table to a layout's rows, by identifier or by sky position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalogues import storage
from catalogues.columns import one_array, replaced
from catalogues.layouts.formats.pieces import Layout, Piece, check_kept
from catalogues.layouts.formats.tables import read_table, table_columns
from catalogues.layouts.joined.match import KEYS, Matcher, doubtful, matcher
from catalogues.layouts.params import JoinParams
from catalogues.manifest import ID_PARTS, SCHEMA, require, resolve
from catalogues.shards.rows import manifest_rows
from catalogues.storage import FileSystem

_ROWS = 100_000


@dataclass(frozen=True, kw_only=True)
class JoinedLayout:
    """A Layout (catalogues.layouts.formats.pieces) with a joined table; `join` makes one.

    Attributes
    ----------
    layout : the layout whose rows get values.
    table : the certain matches of the second table: KEYS, its manifest columns, `kept`.
    kept : passed-through columns of the second table.
    params : how the table was joined.
    rows : number of rows of `layout`.
    matched : number of these rows that get values.
    """

    layout: Layout
    table: pa.Table
    kept: tuple[str, ...]
    params: JoinParams
    rows: int
    matched: int
    _matcher: Matcher = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_matcher", matcher(self.table, self.params.tolerance_arcsec))

    @property
    def extra(self) -> pa.Schema:
        """The layout's columns, then the kept columns of the second table."""
        return pa.schema([*self.layout.extra, *(self.table.schema.field(n) for n in self.kept)])

    def keys(self, names: tuple[str, ...]) -> Iterator[pa.Table]:
        """Read the layout's keys, with null values filled."""
        for rows in self.layout.keys(tuple(dict.fromkeys([*names, *KEYS.names]))):
            yield self._filled(rows, self._places(rows)).select(names)

    def pieces(self) -> Iterator[Piece]:
        """Iterate over the layout's pieces, with null values filled and the kept columns added."""
        for piece in self.layout.pieces():
            places = self._places(piece.rows)
            rows = self._filled(piece.rows, places)
            for name in self.kept:
                values = one_array(self.table.column(name)).take(places)
                rows = rows.append_column(self.table.schema.field(name), values)
            yield Piece(rows=rows, skipped=piece.skipped)

    def _places(self, rows: pa.Table) -> pa.Int64Array:
        """Return the row of `table` that belongs to each row, null for none."""
        asked, found = self._matcher.pairs(rows)
        places = np.full(len(rows), -1)
        places[asked] = found
        return pc.if_else(pc.less(places, 0), None, pa.array(places))

    def _filled(self, rows: pa.Table, places: pa.Int64Array) -> pa.Table:
        for name in SCHEMA.names:
            if name in ("object_id", "image") or name not in self.table.column_names:
                continue
            if name in rows.column_names:
                own = one_array(rows.column(name))
                own = pc.if_else(pc.is_nan(own), None, own) if own.type == pa.float64() else own
                given = one_array(self.table.column(name)).take(places)
                rows = replaced(rows, name, pc.coalesce(own, given))
        return rows


def join(
    layout: Layout,
    fs: FileSystem,
    path: str,
    params: JoinParams,
    chosen: Mapping[str, str] | None = None,
    keep: tuple[str, ...] = (),
    hash_ids: bool = False,
) -> JoinedLayout:
    """Match the rows of the table `path` to the rows of `layout`, whose keys are read once.

    A row keeps its own value; if that is null, it gets the table's value. Memory: the layout's keys
    and the matching rows. `chosen`, `keep` and `hash_ids` are as for the layout. Raises ValueError
    if the table lacks the columns to join by, if nothing matches, or if matches are ambiguous and
    the parameters refuse that. Raises StorageError.
    """
    names = table_columns(fs, path)
    mapping = resolve(names, chosen)
    mapping.pop("image", None)
    require(mapping, names, ("object_id",) if params.tolerance_arcsec is None else ("ra", "dec"))
    check_kept(keep, names)
    keys = _keys(layout)
    ours = matcher(keys, params.tolerance_arcsec)
    rows = KEYS.empty_table()
    found, pairs, count = [], [(np.empty(0, np.int64), np.empty(0, np.int64))], 0
    shown = dict.fromkeys([*KEYS.names, *(n for n in mapping if n not in ID_PARTS), *keep])
    read = dict.fromkeys([*mapping.values(), *keep])
    for table in read_table(fs, path, read, set(mapping.values()) - set(keep), _ROWS):
        rows = manifest_rows(table, mapping, keep, hash_ids)
        asked, given = ours.pairs(rows)
        used, place = np.unique(asked, return_inverse=True)
        found.append(rows.take(used).select(list(shown)))
        pairs.append((place + count, given))
        count += len(used)
    if not count:
        raise ValueError(_nothing(keys, ours, storage.redact(path), rows))
    theirs, given = (np.concatenate(part) for part in zip(*pairs, strict=True))
    all_found = pa.concat_tables(found)
    bad = doubtful(theirs, given, ours.alone)
    if bad.any() and params.ambiguous == "refuse":
        raise ValueError(
            _ambiguous(all_found.take(theirs[bad]), ours, storage.redact(path), params)
        )
    certain = np.unique(theirs[~bad])
    return JoinedLayout(
        layout=layout,
        table=all_found.take(certain),
        kept=keep,
        params=params,
        rows=len(keys),
        matched=len(np.unique(given[~bad])),
    )


def _keys(layout: Layout) -> pa.Table:
    parts = [rows.cast(KEYS) for rows in layout.keys(tuple(KEYS.names))]
    return pa.concat_tables(parts).combine_chunks() if parts else KEYS.empty_table()


def _nothing(keys: pa.Table, ours: Matcher, path: str, rows: pa.Table) -> str:
    """Return the message for a join without any match."""
    told = f"{ours.shown(keys)} in the source, {ours.shown(rows)} in {path!r}"
    if ours.alone:
        return (
            f"no position of {path!r} lies within the tolerance of a position of the source "
            f"({told}): a join by position needs ra and dec of both, in degrees; join by "
            "identifier, or give a larger tolerance"
        )
    return (
        f"no identifier of the source is in {path!r} ({told}): different kinds of identifiers "
        "cannot be joined (the GalaxyID of Kaggle's challenge is not an objID of SDSS); name the "
        "right columns, or join by position with a tolerance"
    )


def _ambiguous(rows: pa.Table, ours: Matcher, path: str, params: JoinParams) -> str:
    """Return the message for ambiguous matches."""
    rule = (
        f"each table may have only one row within {params.tolerance_arcsec} arcsec"
        if ours.alone
        else "an identifier must occur in one row only"
    )
    remedy = "give a smaller tolerance" if ours.alone else "correct the table"
    return (
        f"{len(rows)} matches in {path!r} are ambiguous ({ours.shown(rows)}, ...): {rule}; "
        f"{remedy}, or leave these rows without a match (--join-ambiguous leave)"
    )
