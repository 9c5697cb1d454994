"""Galaxies found again on the sky, against astropy's own search."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from astropy import units
from astropy.coordinates import SkyCoord, match_coordinates_sky

from catalogues.sky import SkyIndex, separations_arcsec
from catalogues.truth.crossmatch import PAIRS, pair_by_id, pair_by_position


def places(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """All over the sky, some at its poles and at its seam."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360, n), np.rad2deg(np.arcsin(rng.uniform(-1, 1, n)))
    dec[:5], ra[5:10] = rng.uniform(89.9, 90, 5), rng.uniform(-1e-3, 1e-3, 5) % 360
    return ra, dec


def moved(ra: np.ndarray, dec: np.ndarray, arcsec: np.ndarray, seed: int) -> SkyCoord:
    angle = np.random.default_rng(seed).uniform(0, 360, ra.size) * units.deg
    start = SkyCoord(ra * units.deg, dec * units.deg)
    return start.directional_offset_by(angle, arcsec * units.arcsec)


def test_nearest_is_astropys() -> None:
    ra, dec = places(400, 1)
    near = moved(*places(400, 1), np.random.default_rng(2).uniform(0, 4, 400), 3)
    expected, separation, _ = match_coordinates_sky(near, SkyCoord(ra * units.deg, dec * units.deg))
    found, arcsec = SkyIndex(ra, dec).nearest(near.ra.deg, near.dec.deg, 2.0)
    within = separation.arcsec <= 2.0
    assert 50 < within.sum() < 350
    np.testing.assert_array_equal(found, np.where(within, expected, -1))
    np.testing.assert_allclose(arcsec[within], separation.arcsec[within], atol=1e-6)
    assert np.isinf(arcsec[~within]).all()


def test_the_tolerance_is_what_it_says() -> None:
    sky = SkyIndex([10.0], [45.0])
    north = np.array([45.0]) + 1 / 3600
    assert sky.nearest([10.0], north, 1.0001)[0] == [0]
    assert sky.nearest([10.0], north, 0.9999)[0] == [-1]


def test_places_that_are_none() -> None:
    found, _ = SkyIndex([np.nan, 10, 20], [0, 95, 5]).nearest([10.0, 20, np.nan], [95.0, 5, 5], 9)
    assert found.tolist() == [-1, 2, -1]
    assert SkyIndex([], []).nearest([1.0], [1.0], 9)[0].tolist() == [-1]


def test_separations_are_astropys() -> None:
    ra, dec = places(200, 7)
    other = moved(ra, dec, np.random.default_rng(8).uniform(0, 5000, 200), 9)
    found = separations_arcsec(ra, dec, other.ra.deg, other.dec.deg)
    expected = SkyCoord(ra * units.deg, dec * units.deg).separation(other).arcsec
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.isnan(separations_arcsec([1.0, 1], [91.0, 1], [1.0, np.nan], [1.0, 1])).all()


def connection(catalogue: dict, known: dict) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    n = len(catalogue["object_id"])
    base = {"shard": ["s"] * n, "shard_row": list(range(n)), "bar_fraction": [0.5] * n}
    base |= {"ra": [None] * n, "dec": [None] * n}
    con.register("catalogue", pa.table({**base, **catalogue}))
    m = len(next(iter(known.values())))
    more = {"truth_row": list(range(m)), "object_id": [None] * m, "ra": [None] * m}
    table = pa.table({**more, "dec": [None] * m, **known})
    fields = [("truth_row", pa.int64()), ("object_id", pa.int64()), ("ra", pa.float64()), ("dec", pa.float64())]  # noqa: E501  # fmt: skip
    con.register("known", table.select([f for f, _ in fields]).cast(pa.schema(fields)))
    return con


def pairs(con: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    return con.execute(f"SELECT truth_row, shard_row FROM {PAIRS} ORDER BY ALL").fetchall()


def test_ids_agree_once_each_and_need_votes() -> None:
    con = connection(
        {"object_id": [7, 8, 9, 7, None], "bar_fraction": [0.5, None, 0.5, 0.5, 0.5]},
        {"object_id": [9, 7, 7, 8, None]},
    )
    assert pair_by_id(con, "known") == 2
    assert pairs(con) == [(0, 2), (1, 0)]  # the first of each; 8 has no votes; null is no id


def test_positions_agree_one_to_one_the_nearest_first() -> None:
    arcsec = 1 / 3600
    con = connection(
        {
            "object_id": [1, 2, 3, 4],
            "ra": [10.0, 10.0, 200.0, 359.99999],
            "dec": [1 * arcsec, 0.4 * arcsec, 5.0, 0.0],
        },
        {"ra": [10.0, 200.0, 1e-5, 10.0], "dec": [0.0, 5.0 + 3 * arcsec, 0.0, 30 * arcsec]},
    )
    assert pair_by_position(con, "known", 2.0) == 2
    assert pairs(con) == [(0, 1), (2, 3)]
    separations = con.execute(
        f"SELECT separation_arcsec FROM {PAIRS} ORDER BY truth_row"
    ).fetchall()
    assert [s for (s,) in separations] == pytest.approx([0.4, 0.072], abs=1e-6)
    assert pair_by_position(con, "known", 4.0) == 3


def test_a_catalogue_joined_by_position_is_astropys_match() -> None:
    ra, dec = places(300, 4)
    near = moved(ra, dec, np.random.default_rng(5).uniform(0, 3, 300), 6)
    con = connection(
        {"object_id": list(range(300)), "ra": near.ra.deg.tolist(), "dec": near.dec.deg.tolist()},
        {"ra": ra.tolist(), "dec": dec.tolist()},
    )
    index, separation, _ = near.match_to_catalog_sky(SkyCoord(ra * units.deg, dec * units.deg))
    best: dict[int, tuple[float, int]] = {}
    for row, (truth, arcsec) in enumerate(zip(index, separation.arcsec, strict=True)):
        if arcsec <= 1.5:
            best[truth] = min(best.get(truth, (np.inf, -1)), (arcsec, row))
    assert pair_by_position(con, "known", 1.5) == len(best) > 100
    assert pairs(con) == sorted((int(t), row) for t, (_, row) in best.items())


def test_nothing_near() -> None:
    con = connection({"object_id": [1]}, {"ra": [10.0], "dec": [0.0]})
    assert pair_by_position(con, "known", 2.0) == 0
    assert pairs(con) == []
