"""Which galaxy of one table is which of another: by identifier, or by place on the sky."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from catalogues.catalogue_files import CATALOGUE
from catalogues.database import fetch

Floats = NDArray[np.float64]

PAIRS = "pairs"
"""Table of pairs: truth_row, shard, shard_row, separation_arcsec (null where joined by id)."""

HEALTHY = "c.bar_fraction IS NOT NULL"
"""SQL: the catalogue's rows that can be compared."""

_BATCH = 200_000


class Sky:
    """Places to be found again. ra_deg, dec_deg: (N,), ICRS; those not finite are never found."""

    def __init__(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> None:
        ra, dec = (np.asarray(v, dtype=np.float64) for v in (ra_deg, dec_deg))
        self.index = np.flatnonzero(_valid(ra, dec))
        self._tree = cKDTree(_unit(ra[self.index], dec[self.index]))

    def nearest(
        self, ra_deg: ArrayLike, dec_deg: ArrayLike, tolerance_arcsec: float
    ) -> tuple[NDArray[np.int64], Floats]:
        """(index, separation in arcsec) of the nearest place to each, (M,); -1 and inf where none
        lies within the tolerance. Great circles."""
        ra, dec = (np.asarray(v, dtype=np.float64) for v in (ra_deg, dec_deg))
        found = np.full(ra.shape, -1, dtype=np.int64)
        separation = np.full(ra.shape, np.inf)
        good = np.flatnonzero(_valid(ra, dec))
        if not self.index.size or not good.size:
            return found, separation
        chord, near = self._tree.query(_unit(ra[good], dec[good]))
        arcsec = np.rad2deg(2 * np.arcsin(np.minimum(chord / 2, 1))) * 3600
        within = arcsec <= tolerance_arcsec
        found[good[within]] = self.index[np.asarray(near)[within]]
        separation[good[within]] = arcsec[within]
        return found, separation

    def within(
        self, ra_deg: ArrayLike, dec_deg: ArrayLike, tolerance_arcsec: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(which of those asked, (M,), which place) of every pair within the tolerance."""
        ra, dec = (np.asarray(v, dtype=np.float64) for v in (ra_deg, dec_deg))
        good = np.flatnonzero(_valid(ra, dec))
        if not self.index.size or not good.size:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        chord = 2 * np.sin(np.deg2rad(tolerance_arcsec / 3600) / 2)
        near = self._tree.query_ball_point(_unit(ra[good], dec[good]), chord, return_sorted=True)
        count = [len(places) for places in near]
        found = np.fromiter((p for places in near for p in places), np.int64, sum(count))
        return np.repeat(good, count), self.index[found]

    def groups(self, count: int, linking_arcsec: float) -> NDArray[np.int64]:
        """(count,): the first place of each place's group, friends of friends within the length.

        count: N; a place that is never found is a group of its own.
        """
        first = np.arange(count, dtype=np.int64)
        chord = 2 * np.sin(np.deg2rad(linking_arcsec / 3600) / 2)
        pairs = self._tree.query_pairs(chord, output_type="ndarray")
        links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(self.index),) * 2)
        _, label = connected_components(links, directed=False)
        lowest = np.full(len(self.index), count, dtype=np.int64)
        np.minimum.at(lowest, label, self.index)
        first[self.index] = lowest[label]
        return first


def separations_arcsec(
    ra_deg: ArrayLike, dec_deg: ArrayLike, other_ra_deg: ArrayLike, other_dec_deg: ArrayLike
) -> Floats:
    """Great-circle distances of places, (N,) each, NaN where a coordinate is none."""
    a, b, c, d = (
        np.asarray(v, dtype=np.float64) for v in (ra_deg, dec_deg, other_ra_deg, other_dec_deg)
    )
    chord = np.linalg.norm(_unit(a, b) - _unit(c, d), axis=1)
    arcsec = np.rad2deg(2 * np.arcsin(np.minimum(chord / 2, 1))) * 3600
    return np.where(_valid(a, b) & _valid(c, d), arcsec, np.nan)


def pair_by_id(con: duckdb.DuckDBPyConnection, known: str) -> int:
    """Make PAIRS of the catalogue's healthy rows and the table `known` (truth_row, object_id).

    Of rows with one identifier the first counts, on both sides. Returns how many pairs there are.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PAIRS} AS "
        f"SELECT k.truth_row, c.shard, c.shard_row, NULL::DOUBLE AS separation_arcsec "
        f"FROM {CATALOGUE} c JOIN (SELECT object_id, min(truth_row) AS truth_row FROM {known} "
        f"WHERE object_id IS NOT NULL GROUP BY 1) k USING (object_id) WHERE {HEALTHY} "
        f"QUALIFY row_number() OVER (PARTITION BY k.truth_row ORDER BY c.shard, c.shard_row) = 1"
    )
    return _count(con)


def pair_by_position(con: duckdb.DuckDBPyConnection, known: str, tolerance_arcsec: float) -> int:
    """The same by place: a catalogue galaxy goes to the nearest of `known` (truth_row, ra, dec)
    within the tolerance, and of several the nearest stays. Returns how many pairs there are."""
    places = fetch(con, f"SELECT truth_row, ra, dec FROM {known} ORDER BY truth_row")
    rows = places["truth_row"].to_numpy()
    sky = Sky(_floats(places["ra"]), _floats(places["dec"]))
    found = [_near(batch, sky, rows, tolerance_arcsec) for batch in _places(con)]
    candidates = pa.concat_tables(found) if found else None
    if candidates is None or not len(candidates):
        _no_pairs(con)
        return 0
    con.register("candidates", candidates)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PAIRS} AS SELECT * FROM candidates QUALIFY row_number() "
        f"OVER (PARTITION BY truth_row ORDER BY separation_arcsec, shard, shard_row) = 1"
    )
    con.unregister("candidates")
    return _count(con)


def _places(con: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
    """The catalogue's healthy rows that have a place, in portions."""
    answer = con.sql(
        f"SELECT c.shard, c.shard_row, c.ra, c.dec FROM {CATALOGUE} c "
        f"WHERE {HEALTHY} AND c.ra IS NOT NULL AND c.dec IS NOT NULL"
    )
    for batch in answer.to_arrow_reader(_BATCH):
        yield pa.Table.from_batches([batch])


def _near(table: pa.Table, sky: Sky, rows: NDArray[np.int64], tolerance: float) -> pa.Table:
    index, separation = sky.nearest(_floats(table["ra"]), _floats(table["dec"]), tolerance)
    hit = index >= 0
    kept = table.select(["shard", "shard_row"]).filter(pa.array(hit))
    columns = [pa.array(rows[index[hit]]), *kept.columns, pa.array(separation[hit])]
    return pa.table(columns, names=["truth_row", "shard", "shard_row", "separation_arcsec"])


def _no_pairs(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {PAIRS} (truth_row BIGINT, shard VARCHAR, "
        "shard_row BIGINT, separation_arcsec DOUBLE)"
    )


def _count(con: duckdb.DuckDBPyConnection) -> int:
    return int(fetch(con, f"SELECT count(*) AS n FROM {PAIRS}")["n"][0].as_py())


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _valid(ra: Floats, dec: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90))


def _unit(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Unit vectors, (N, 3)."""
    ra, dec = np.deg2rad(ra_deg), np.deg2rad(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
