"""Match catalogue rows with a table of known bars by object_id, for the report."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from catalogues.queries.database import TRUTH, columns, fetch
from catalogues.queries.gallery import MEASURED, SHOWN, Row, with_pictures
from catalogues.runs.files import CATALOGUE, PICTURES
from catalogues.truth.columns import TRUE_ANGLE_DEG, TRUE_LENGTH_PX, length_among

LENGTH, ANGLE = TRUE_LENGTH_PX, TRUE_ANGLE_DEG
"""Columns of the truth: full length in pixels of the stored image, null or 0 without a bar, and
position angle in the frame of the catalogue (optional). Where the truth holds visual lengths, they
stand in this column of the answers."""
YES, NO = "vote_bar_yes", "vote_bar_no"
"""Columns of the truth's own votes (optional)."""

_PAIRS_MAX = 1_000_000


def require(con: duckdb.DuckDBPyConnection) -> None:
    """Check that the view `truth` has the columns for a comparison. Raises ValueError if not."""
    names = columns(con, TRUTH)
    if absent := [name for name in ("object_id", length_among(names)) if name not in names]:
        raise ValueError(
            f"the truth has no column {' or '.join(absent)}: its columns are {', '.join(names)}; "
            "rename them"
        )


def pairs(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Fetch rows with votes whose truth is known, at most a million.

    Columns: bar_fraction, bar_yes, bar_length_px, bar_length_px_err, bar_position_angle_deg
    (null if not measured), true_bar_length_px, true_bar_position_angle_deg, true_barred, and
    true_bar_fraction, the share of bars among the truth's own votes (null without votes).
    """
    return fetch(
        con,
        f"SELECT c.bar_fraction, c.bar_yes, c.bar_length_px, c.bar_length_px_err, "
        f"c.bar_position_angle_deg, t.{LENGTH}, t.{ANGLE}, t.true_barred, t.true_bar_fraction "
        f"FROM {CATALOGUE} c JOIN ({_truth(con)}) t "
        f"USING (object_id) WHERE c.bar_fraction IS NOT NULL "
        f"ORDER BY c.shard, c.shard_row LIMIT {_PAIRS_MAX}",
    )


def extremes(con: duckdb.DuckDBPyConnection, *, best: bool, most: int) -> list[Row]:
    """Fetch the `most` measured galaxies closest to (or farthest from) the truth, with pictures.

    They are ranked by |ln(measured / true length)|, so half the length is as wrong as twice the
    length. Rows are as from `catalogues.queries.gallery.picked`, with the truth's columns.
    """
    if not columns(con, PICTURES):
        return []
    shown = ", ".join(f"c.{name}" for name in SHOWN)
    direction = "ASC" if best else "DESC"
    table = fetch(
        con,
        f"SELECT {shown}, t.{LENGTH}, t.{ANGLE}, p.filename, p.file_row_number "
        f"FROM {CATALOGUE} c JOIN ({_truth(con)}) t USING (object_id) "
        f"JOIN {PICTURES} p USING (shard, shard_row) "
        f"WHERE {MEASURED} AND c.bar_length_px > 0 AND t.{LENGTH} > 0 "
        f"ORDER BY abs(ln(c.bar_length_px / t.{LENGTH})) {direction}, c.shard, c.shard_row LIMIT ?",
        [most],
    )
    return with_pictures(con, table.to_pylist())


def with_truth(con: duckdb.DuckDBPyConnection, rows: list[Row]) -> list[Row]:
    """Add the truth's LENGTH and ANGLE to `rows` of the gallery, None where it is unknown."""
    ids = [row["object_id"] for row in rows if row["object_id"] is not None]
    table = fetch(
        con,
        f"SELECT object_id, {LENGTH}, {ANGLE} FROM ({_truth(con)}) "
        "WHERE object_id IN (SELECT unnest(?::BIGINT[]))",
        [ids],
    )
    known = {found.pop("object_id"): found for found in table.to_pylist()}
    return [row | known.get(row["object_id"], {LENGTH: None, ANGLE: None}) for row in rows]


def _truth(con: duckdb.DuckDBPyConnection) -> str:
    """Return SQL of the truth with one row per object_id and the optional columns filled."""
    names = columns(con, TRUTH)
    length = length_among(names)
    angle = ANGLE if ANGLE in names else "NULL"
    voted = all(name in names for name in (YES, NO))
    fraction = f"any_value({YES} / nullif({YES} + {NO}, 0))" if voted else "NULL"
    return (
        f"SELECT object_id, any_value({length})::DOUBLE AS {LENGTH}, "
        f"any_value({angle})::DOUBLE AS {ANGLE}, "
        f"coalesce(any_value({length}) > 0, FALSE) AS true_barred, "
        f"{fraction}::DOUBLE AS true_bar_fraction "
        f"FROM {TRUTH} WHERE object_id IS NOT NULL GROUP BY object_id"
    )
