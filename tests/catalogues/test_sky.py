"""HEALPix pixels against known ones."""

from __future__ import annotations

import math

from catalogues.sky import cell_corners_deg, healpix_29


def test_base_pixels_and_unknown_positions() -> None:
    # the middle of each polar base pixel lies at dec arcsin(2/3), ra 45, 135, ...
    middle = math.degrees(math.asin(2 / 3)) + 1e-3
    found = healpix_29(
        [45, 135, 225, 315, 45, math.nan, 0, 405], [middle] * 4 + [-middle, 0, 91, middle]
    )
    base = [None if p is None else p >> 58 for p in found.to_pylist()]
    assert base == [0, 1, 2, 3, 8, None, None, 0]


def test_neighbours_on_the_sky_share_coarse_pixels() -> None:
    pixels = healpix_29([120.0, 120.0 + 1e-7], [20.0, 20.0]).to_pylist()
    assert pixels[0] != pixels[1]
    assert pixels[0] >> 2 * (29 - 12) == pixels[1] >> 2 * (29 - 12)


def test_nothing_known() -> None:
    assert healpix_29([math.nan], [math.nan]).to_pylist() == [None]


def test_base_cells_have_their_corners() -> None:
    """The first polar cell reaches from the equator to the pole and over 90 degrees in between."""
    ra, dec = cell_corners_deg([0], 0)
    edge = math.degrees(math.asin(2 / 3))
    known = {
        (round(r) % 90 if abs(d) < 89 else 0, round(d, 6))
        for r, d in zip(ra[0], dec[0], strict=True)
    }
    assert known == {(0, 90.0), (0, round(edge, 6)), (45, 0.0)}
    assert sorted(round(r) for r, d in zip(ra[0], dec[0], strict=True) if 1 < d < 89) == [0, 90]
