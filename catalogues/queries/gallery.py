"""Which galaxies of a catalogue to look at, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from catalogues.queries.database import columns, fetch
from catalogues.runs.files import CATALOGUE, PICTURES
from catalogues.statuses import Status

Row = dict[str, Any]
"""A catalogue row; `spread` added by MEMBERS_DISAGREE's order."""

MEASURED = f"c.status = '{Status.MEASURED}' AND isfinite(c.bar_length_px)"


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A way of choosing galaxies. `order` and `where` are SQL over the catalogue as c.

    {length} in `order` stands for the length in the best unit there is: kpc, arcsec or px.
    """

    name: str
    title: str
    why: str
    order: str
    where: str = MEASURED


_FINITE = "[x FOR x IN c.bar_length_px_members IF isfinite(x)]"
SPREAD = f"list_aggregate({_FINITE}, 'stddev_samp') / c.bar_length_px"
"""SQL: standard deviation of the members' lengths over the length."""

LONGEST = Pick(
    name="longest",
    title="Longest bars",
    why="The greatest full length, in kpc where redshifts are known.",
    order="{length} DESC NULLS LAST",
)
SHORTEST = Pick(
    name="shortest",
    title="Shortest bars",
    why="The smallest full length, in kpc where redshifts are known.",
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
    why="The highest bar fraction among those whose map shows no bar.",
    order="c.bar_fraction DESC NULLS LAST",
    where=f"c.status = '{Status.NO_BAR_FOUND}'",
)
PICKS: tuple[Pick, ...] = (LONGEST, SHORTEST, CERTAIN, DISAGREE, NO_BAR)
"""What one looks for in a catalogue, in order."""

_WEIGHTS = {Status.MEASURED: 3, Status.NO_BAR_FOUND: 1, Status.NOT_SELECTED: 1}
"""Shares of a sample by status; what one status does not fill goes to the others."""

SHOWN = (
    *("object_id", "shard", "shard_row", "survey", "survey_id", "ra", "dec"),
    *("z", "petro_r90_arcsec", "pixel_scale_arcsec"),
    *("status", "stop_reason", "bar_fraction", "bar_yes", "bar_yes_std", "galaxy_radius_px"),
    *(f"bar_length_{unit}{e}" for unit in ("px", "arcsec", "kpc") for e in ("", "_err")),
    *("bar_position_angle_deg", "bar_position_angle_frame", "bar_axis_ratio"),
    *("bar_x_px", "bar_y_px", "bar_length_px_members"),
)
"""Columns that a report shows of a galaxy."""

_PICTURED = (
    f"SELECT {', '.join(f'c.{name}' for name in SHOWN)}, p.filename, p.file_row_number "
    f"FROM {CATALOGUE} c JOIN {PICTURES} p USING (shard, shard_row)"
)
"""SQL: the galaxies whose picture was kept."""


def picked(con: duckdb.DuckDBPyConnection, pick: Pick, most: int) -> list[Row]:
    """The first `most` rows of `pick` that have a picture, with their pictures in `picture`.

    A row keeps the columns that a report shows. Where the run kept no pictures: an empty list.
    Ties are broken by shard and row, so that the same catalogue gives the same picks.
    """
    if not columns(con, PICTURES):
        return []
    return with_pictures(con, _rows(con, pick, most, f"({_PICTURED})", length_column(con)))


def sampled(con: duckdb.DuckDBPyConnection, most: int, secured: int) -> list[Row]:
    """At most `most` rows with pictures: the first `secured` of each of PICKS, then a sample.

    The sample is by chance but always the same, three measured galaxies to one without a bar and
    one not selected as long as there are such. Rows as of `picked`.
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
    """As `picked`, with the place of the picture instead of the picture."""
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
    """The column of bar lengths in the best unit that the catalogue has."""
    found = fetch(
        con,
        f"SELECT count(*) FILTER (isfinite(bar_length_kpc)) AS kpc, "
        f"count(*) FILTER (isfinite(bar_length_arcsec)) AS arcsec FROM {CATALOGUE}",
    )
    unit = next((name for name in ("kpc", "arcsec") if found[name][0].as_py()), "px")
    return f"bar_length_{unit}"


def with_pictures(con: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> list[Row]:
    """`rows` (with filename and file_row_number) with their picture's columns in `picture`."""
    by_file: dict[str, list[int]] = {}
    for row in rows:
        by_file.setdefault(row["filename"], []).append(row["file_row_number"])
    found: dict[tuple[str, int], Row] = {}
    for name, numbers in by_file.items():
        # one file at a time, without a look at the others; only the wanted rows' images leave it
        table = fetch(
            con,
            "SELECT * FROM read_parquet(?, file_row_number = true) "
            "WHERE list_contains(?, file_row_number)",
            [name, numbers],
        )
        for picture in table.to_pylist():
            found[name, picture["file_row_number"]] = picture
    return [row | {"picture": found[row["filename"], row["file_row_number"]]} for row in rows]
