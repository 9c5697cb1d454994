"""Choose galaxies of a catalogue for the gallery of a report, and fetch their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from catalogues.queries.database import columns, fetch
from catalogues.runs.files import CATALOGUE, PICTURES
from catalogues.statuses import Status

Row = dict[str, Any]
"""A catalogue row, with the column `spread` for the order of DISAGREE."""

MEASURED = f"c.status = '{Status.MEASURED}' AND isfinite(c.bar_length_px)"


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A way to choose galaxies. `order` and `where` are SQL over the catalogue as c.

    {length} in `order` stands for the length in the best available unit: kpc, arcsec or px.
    """

    name: str
    title: str
    why: str
    order: str
    where: str = MEASURED


_FINITE = "[x FOR x IN c.bar_length_px_members IF isfinite(x)]"
SPREAD = f"list_aggregate({_FINITE}, 'stddev_samp') / c.bar_length_px"
"""SQL of the standard deviation of the members' lengths / the length."""

LONGEST = Pick(
    name="longest",
    title="Longest bars",
    why="The largest full length, in kpc if redshifts are known.",
    order="{length} DESC NULLS LAST",
)
SHORTEST = Pick(
    name="shortest",
    title="Shortest bars",
    why="The smallest full length, in kpc if redshifts are known.",
    order="{length} ASC NULLS LAST",
)
CERTAIN = Pick(
    name="certain",
    title="Most certain",
    why="The smallest relative error of the length.",
    order="round(c.bar_length_px_err / c.bar_length_px, 3) NULLS LAST, c.bar_fraction DESC",
)
DISAGREE = Pick(
    name="disagree",
    title="Members disagree most",
    why="The largest spread between the members' lengths, relative to the length.",
    order=f"{SPREAD} DESC NULLS LAST",
    where=f"{MEASURED} AND len({_FINITE}) > 1",
)
NO_BAR = Pick(
    name="no-bar",
    title="Promising, but no bar found",
    why="The highest bar fraction among galaxies whose saliency map shows no bar.",
    order="c.bar_fraction DESC NULLS LAST",
    where=f"c.status = '{Status.NO_BAR_FOUND}'",
)
PICKS: tuple[Pick, ...] = (LONGEST, SHORTEST, CERTAIN, DISAGREE, NO_BAR)
"""The ways to choose galaxies, in the order of the report."""

_WEIGHTS = {Status.MEASURED: 3, Status.NO_BAR_FOUND: 1, Status.NOT_SELECTED: 1}
"""Weights of the statuses in a sample. If one status has too few rows, the others get more."""

SHOWN = (
    *("object_id", "shard", "shard_row", "survey", "survey_id", "ra", "dec"),
    *("z", "petro_r90_arcsec", "pixel_scale_arcsec"),
    *("status", "stop_reason", "bar_fraction", "bar_yes", "bar_yes_std", "galaxy_radius_px"),
    *(f"bar_length_{unit}{e}" for unit in ("px", "arcsec", "kpc") for e in ("", "_err")),
    *("bar_position_angle_deg", "bar_position_angle_frame", "bar_axis_ratio"),
    *("bar_x_px", "bar_y_px", "bar_length_px_members"),
)
"""Columns of a galaxy that a report shows."""

_PICTURED = (
    f"SELECT {', '.join(f'c.{name}' for name in SHOWN)}, p.filename, p.file_row_number "
    f"FROM {CATALOGUE} c JOIN {PICTURES} p USING (shard, shard_row)"
)
"""SQL of the galaxies with a stored picture."""


def picked(con: duckdb.DuckDBPyConnection, pick: Pick, most: int) -> list[Row]:
    """Fetch the first `most` rows of `pick` that have a picture, with the picture in `picture`.

    A row has the columns that a report shows. The list is empty if the run stored no pictures. Ties
    are broken by shard and row, so the same catalogue always gives the same rows.
    """
    if not columns(con, PICTURES):
        return []
    return with_pictures(con, _rows(con, pick, most, f"({_PICTURED})", length_column(con)))


def sampled(con: duckdb.DuckDBPyConnection, most: int, secured: int) -> list[Row]:
    """Fetch at most `most` rows with pictures: the first `secured` of each of PICKS, then a sample.

    The sample is random but reproducible: three measured galaxies to one without a bar and one that
    was not selected, as far as they exist. The rows are as from `picked`.
    """
    if not most or not columns(con, PICTURES):
        return []
    length = length_column(con)
    con.execute(f"CREATE OR REPLACE TEMP TABLE pictured AS {_PICTURED}")  # read once, not per pick
    rows = [row for pick in PICKS for row in _rows(con, pick, secured, "pictured", length)]
    drawn: list[tuple[float, Row]] = []
    for status, weight in _WEIGHTS.items():
        found = _rows(con, _by_chance(status), most, "pictured", length)
        drawn += [((rank + 1) / weight, row) for rank, row in enumerate(found)]
    rows += [row for _, row in sorted(drawn, key=lambda pair: pair[0])]
    con.execute("DROP TABLE pictured")
    unique = {(row["shard"], row["shard_row"]): row for row in rows}
    return with_pictures(con, list(unique.values())[:most])


def _by_chance(status: Status) -> Pick:
    return Pick(
        name=f"sample-{status}",
        title="A sample",
        why="By a digest of shard and row.",
        order="md5(concat_ws('/', c.shard, c.shard_row))",
        where=f"c.status = '{status}'",
    )


def _rows(
    con: duckdb.DuckDBPyConnection, pick: Pick, most: int, source: str, length: str
) -> list[Row]:
    """Fetch rows like `picked`, but with the location of the picture instead of the picture."""
    order = pick.order.format(length=f"c.{length}")
    table = fetch(
        con,
        f"SELECT c.*, {SPREAD} AS spread FROM {source} c "
        f"WHERE {pick.where} ORDER BY {order}, c.shard, c.shard_row LIMIT ?",
        [most],
    )
    rows: list[Row] = table.to_pylist()
    return rows


def length_column(con: duckdb.DuckDBPyConnection) -> str:
    """Return the column of bar lengths in the best unit that the catalogue has."""
    found = fetch(
        con,
        f"SELECT count(*) FILTER (isfinite(bar_length_kpc)) AS kpc, "
        f"count(*) FILTER (isfinite(bar_length_arcsec)) AS arcsec FROM {CATALOGUE}",
    )
    unit = next((name for name in ("kpc", "arcsec") if found[name][0].as_py()), "px")
    return f"bar_length_{unit}"


def with_pictures(con: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> list[Row]:
    """Add the columns of the picture as `picture` to `rows` (with filename and file_row_number)."""
    by_file: dict[str, list[int]] = {}
    for row in rows:
        by_file.setdefault(row["filename"], []).append(row["file_row_number"])
    found: dict[tuple[str, int], Row] = {}
    for name, numbers in by_file.items():
        # read one file at a time, and only the images of the wanted rows
        table = fetch(
            con,
            "SELECT * FROM read_parquet(?, file_row_number = true) "
            "WHERE list_contains(?, file_row_number)",
            [name, numbers],
        )
        for picture in table.to_pylist():
            found[name, picture["file_row_number"]] = picture
    return [row | {"picture": found[row["filename"], row["file_row_number"]]} for row in rows]
