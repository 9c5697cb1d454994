"""The sky divided among files: every row in one partition, and its neighbours' margins complete."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from catalogues.hats.partitions import COUNT_ORDER, count_pixels, divide, margin_order, margin_pairs
from catalogues.sky import ORDER, healpix_29

N = 4000


def sky(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """(ra, dec): half over the whole sky, half in a clump at the pole, where pixels are odd."""
    rng = np.random.default_rng(seed)
    ra = rng.uniform(0, 360, N)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, N)))
    dec[: N // 2] = 90 - np.abs(rng.normal(0, 1, N // 2))
    return ra, dec


def divided(places: np.ndarray, rows_max: int):
    counts = np.zeros(12 * 4**COUNT_ORDER, np.int64)
    pixels, found = count_pixels(places)
    counts[pixels] = found
    return divide(counts, rows_max)


def test_every_row_is_in_one_partition() -> None:
    places = healpix_29(*sky()).to_numpy()
    parts = divided(places, 50)
    assert (parts.starts[1:] >= parts.ends[:-1]).all()
    own = np.searchsorted(parts.ends, places, "right")
    assert ((places >= parts.starts[own]) & (places < parts.ends[own])).all()
    assert np.array_equal(np.bincount(own, minlength=len(parts)), parts.rows)
    assert parts.rows.min() > 0
    assert parts.rows[parts.orders < COUNT_ORDER].max() <= 50
    assert len(np.unique(parts.orders)) > 3


def test_partitions_are_as_large_as_they_may_be() -> None:
    counts = np.zeros(12 * 16, np.int64)
    counts[:16] = 1  # base pixel 0 holds 16, four in each of its children
    counts[16] = 7
    whole, halves, finest = (divide(counts, n) for n in (16, 4, 1))
    assert (whole.orders.tolist(), whole.pixels.tolist()) == ([0, 0], [0, 1])
    assert halves.orders.tolist() == [1, 1, 1, 1, 2]  # seven rows of one pixel cannot be divided
    assert halves.pixels.tolist() == [0, 1, 2, 3, 16]
    assert finest.rows.tolist() == [1] * 16 + [7]
    assert whole.starts.tolist() == [0, 4**ORDER]
    with pytest.raises(ValueError, match="rows_max=0"):
        divide(counts, 0)


@pytest.mark.parametrize("margin_arcsec", [40.0, 1000.0])
def test_margins_miss_nobody(margin_arcsec: float) -> None:
    """Against every pair of rows: whoever lies that close to a row of another partition is in its
    margin. Partitions are of all orders, some narrower than the margin."""
    ra, dec = (np.radians(c) for c in sky())
    places = healpix_29(np.degrees(ra), np.degrees(dec)).to_numpy()
    parts = divided(places, 50)
    own = np.searchsorted(parts.ends, places, "right")
    order = margin_order(margin_arcsec)
    found = set()
    for number in range(len(parts)):
        mine = np.flatnonzero(own == number)
        rows, others = margin_pairs(places[mine], number, parts, order)
        assert number not in others
        assert (np.diff(others) >= 0).all()
        found |= set(zip(mine[rows].tolist(), others.tolist(), strict=True))
    xyz = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    chord = 2 * np.sin(np.radians(margin_arcsec / 3600) / 2)
    pairs = cKDTree(xyz).query_pairs(chord, output_type="ndarray")
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    apart = pairs[own[pairs[:, 0]] != own[pairs[:, 1]]]
    needed = set(zip(apart[:, 0].tolist(), own[apart[:, 1]].tolist(), strict=True))
    assert len(needed) > 20
    assert needed <= found


def test_margins_that_cannot_be() -> None:
    for wrong in (0.0, -1.0, 3601.0, float("nan")):
        with pytest.raises(ValueError, match="up to 3600"):
            margin_order(wrong)
