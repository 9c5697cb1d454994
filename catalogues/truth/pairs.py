"""Fetch the galaxies that are both in a catalogue and in a truth, as columns of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues.bars import CONTROL
from catalogues.galaxyzoo import COLUMNS
from catalogues.queries.database import columns, fetch
from catalogues.queries.gallery import SHOWN, Row, with_pictures
from catalogues.runs.files import CATALOGUE, PICTURES
from catalogues.shards.splits import SplitFractions, parts_of
from catalogues.sky import separations_arcsec
from catalogues.truth.crossmatch import PAIRS, pair_by_id, pair_by_position
from catalogues.truth.length_units import CATALOGUE_COLUMN
from catalogues.truth.mock_truth import ANGLE, LENGTH
from catalogues.truth.params import Join, Part
from catalogues.truth.table import KNOWN, STANDARD, Truth, quoted

Floats = NDArray[np.float64]

AGAIN = "again"
"""View of the catalogue of a second, independent run."""

_AGAIN = (
    f"LEFT JOIN (SELECT object_id, any_value(bar_length_px) AS again_px FROM {AGAIN} "
    "WHERE isfinite(bar_length_px) GROUP BY object_id) a ON c.object_id = a.object_id "
)
_TAKEN = (
    *(f"{name}{err}" for name in CATALOGUE_COLUMN.values() for err in ("", "_err")),
    *("bar_fraction", "bar_yes", "bar_position_angle_deg", "bar_axis_ratio", "galaxy_radius_px"),
    *("z", "petro_r90_arcsec", "pixel_scale_arcsec"),
)
"""Columns of the catalogue that are compared."""


@dataclass(frozen=True, kw_only=True)
class Matched:
    """Galaxies that are in both tables.

    Attributes
    ----------
    columns : values by column, (N,) each, NaN for null.
    keys : shard and shard_row of each galaxy.
    joined : "id" or "position".
    pairs : number of all pairs, of which at most the wanted number are in `columns`.
    apart : pairs with equal identifiers whose positions differ by more than the tolerance.
    """

    columns: Mapping[str, Floats]
    keys: pa.Table
    joined: str
    pairs: int
    apart: int = 0


def match(
    con: duckdb.DuckDBPyConnection,
    truth: Truth,
    *,
    join: Join = "auto",
    tolerance_arcsec: float = 2.0,
    part: Part = "all",
    split: SplitFractions | None = None,
    most: int = 50_000,
) -> Matched:
    """Join the views catalogue, `known` and AGAIN, if it exists (bar_length_px as again_px, by id).

    Raises ValueError if no galaxy matches.

    Parameters
    ----------
    con : connection with the views.
    truth : the truth in `known`.
    join : "auto" joins by id, and by position if no id matches.
    tolerance_arcsec : largest distance of matching positions.
    part : only galaxies of this part of the split (a hash of object_id).
    split : shares of the parts.
    most : largest number of pairs to return; the pairs with the lowest hashes are chosen.
    """
    joined = "position"
    found = 0
    if join != "position":
        joined, found = "id", pair_by_id(con, KNOWN)
    if not found and join != "id":
        joined, found = "position", pair_by_position(con, KNOWN, tolerance_arcsec)
    if not found:
        raise ValueError(_no_match(con, truth, join, tolerance_arcsec))
    if part != "all":
        found = _only(con, part, split or SplitFractions())
        if not found:
            raise ValueError(
                f"none of the matched galaxies belongs to the part {part!r}: measure that part, "
                "or give --part all"
            )
    matched = _fetched(con, truth, joined, found, most)
    c = matched.columns
    apart = separations_arcsec(c["ra"], c["dec"], c["true_ra"], c["true_dec"]) > tolerance_arcsec
    return replace(matched, apart=int(apart.sum()) if joined == "id" else 0)


def _no_match(
    con: duckdb.DuckDBPyConnection, truth: Truth, join: str, tolerance_arcsec: float
) -> str:
    ids = fetch(
        con,
        f"SELECT (SELECT any_value(object_id) FROM {CATALOGUE} WHERE bar_fraction IS NOT NULL) AS a, "  # noqa: E501
        f"(SELECT any_value(object_id) FROM {KNOWN}) AS b, "
        f"(SELECT count(*) FROM {CATALOGUE} WHERE ra IS NOT NULL) AS places, "
        f"(SELECT count(*) FROM {KNOWN} WHERE ra IS NOT NULL) AS known",
    ).to_pylist()[0]
    tried = []
    if join != "position":
        tried.append(f"identifiers are like {ids['a']} here and {ids['b']} there")
    if join != "id":
        tried.append(
            f"no positions agree within {tolerance_arcsec:g} arcsec ({ids['places']} rows have a "
            f"position here, {ids['known']} there)"
        )
    return (
        f"no galaxy with votes is both in the catalogue and in {truth.place!r}: "
        f"{'; '.join(tried)}. Give the truth of these galaxies, ra and dec in both, or a larger "
        "--tolerance-arcsec"
    )


def _only(con: duckdb.DuckDBPyConnection, part: str, split: SplitFractions) -> int:
    """Keep the pairs whose catalogue id belongs to `part`."""
    table = fetch(
        con,
        f"SELECT p.truth_row, c.object_id FROM {PAIRS} p JOIN {CATALOGUE} c USING (shard, shard_row)",  # noqa: E501
    )
    chosen = parts_of(table["object_id"].to_pylist(), split) == part
    con.register("chosen", table.select(["truth_row"]).filter(pa.array(chosen)))
    con.execute(f"DELETE FROM {PAIRS} WHERE truth_row NOT IN (SELECT truth_row FROM chosen)")
    con.unregister("chosen")
    return int(chosen.sum())


def _fetched(
    con: duckdb.DuckDBPyConnection, truth: Truth, joined: str, found: int, most: int
) -> Matched:
    numbers = [f"c.{n}" for n in _TAKEN] + [f"k.{n}" for n in STANDARD]
    numbers += ["p.separation_arcsec", "k.ra AS true_ra", "k.dec AS true_dec", "c.ra", "c.dec"]
    numbers += [f"k.{quoted('trend_' + n)}" for n in truth.trends]
    if truth.votes:
        numbers += [name for n in COLUMNS for name in (f"c.{n} AS predicted_{n}", f"k.vote_{n}")]
    again = columns(con, AGAIN)
    numbers += ["a.again_px"] if again else []
    numbers += [f"c.{CONTROL.name}"] if CONTROL.name in columns(con, CATALOGUE) else []
    pictured = "0"
    if columns(con, PICTURES):
        pictured = f"((shard, shard_row) IN (SELECT (shard, shard_row) FROM {PICTURES}))::INT"
    table = fetch(
        con,
        f"SELECT shard, shard_row, {pictured} AS pictured, {', '.join(numbers)} FROM {PAIRS} p "
        f"JOIN {CATALOGUE} c USING (shard, shard_row) JOIN {KNOWN} k USING (truth_row) "
        f"{_AGAIN if again else ''}"
        "ORDER BY md5(c.object_id::VARCHAR), shard, shard_row LIMIT ?",
        [most],
    )
    keys = table.select(["shard", "shard_row"])
    values = {n: _floats(table[n]) for n in table.column_names if n not in keys.column_names}
    return Matched(columns=values, keys=keys, joined=joined, pairs=found)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def pictured_rows(
    con: duckdb.DuckDBPyConnection, found: Matched, which: Sequence[int], true_length_px: Floats
) -> list[Row]:
    """Fetch the rows of the galaxies `which` of `found`, in that order, with pictures.

    Rows are as from `catalogues.queries.gallery.picked`, with the true bar as mock_truth.LENGTH
    and mock_truth.ANGLE.
    """
    if not len(which):
        return []
    order = pa.array(list(range(len(which))), pa.int64())
    chosen = found.keys.take(pa.array(list(which), pa.int64())).append_column("place", order)
    con.register("chosen", chosen)
    shown = ", ".join(f"c.{name}" for name in SHOWN if name not in ("shard", "shard_row"))
    table = fetch(
        con,
        f"SELECT w.place, shard, shard_row, {shown}, p.filename, p.file_row_number FROM chosen w "
        f"JOIN {CATALOGUE} c USING (shard, shard_row) JOIN {PICTURES} p USING (shard, shard_row) "
        "ORDER BY w.place",
    )
    con.unregister("chosen")
    rows = with_pictures(con, table.to_pylist())
    for row in rows:
        index = which[row["place"]]
        row[LENGTH] = _or_none(true_length_px[index])
        row[ANGLE] = _or_none(found.columns["true_angle_deg"][index])
    return rows


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
