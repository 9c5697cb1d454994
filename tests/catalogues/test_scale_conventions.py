"""Pixel scale and north: whose word counts, and angles on the sky in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from catalogues.scales import north, pixel_scale, position_angle_on_sky


@pytest.mark.parametrize(
    ("row", "header", "expected"),
    [(0.4, 0.3, 0.4), (None, 0.3, 0.3), (math.nan, 0.3, 0.3), (0.0, 0.3, 0.3), (-1.0, None, None)],
)
def test_the_rows_scale_counts_before_the_headers(
    row: float | None, header: float | None, expected: float | None
) -> None:
    assert pixel_scale("given", row, header, 10.0, 424) == expected


def test_galaxy_zoos_rule_only_where_asked_for_and_nobody_knows_better() -> None:
    assert pixel_scale("given", None, None, 10.0, 424) is None
    assert pixel_scale("gz2", None, None, 10.0, 424) == pytest.approx(0.2)
    assert pixel_scale("gz2", None, None, 10.0, 212) == pytest.approx(0.4)
    assert pixel_scale("gz2", 0.396, None, 10.0, 424) == 0.396
    assert pixel_scale("gz2", None, None, None, 424) is None
    assert pixel_scale("gz2", None, None, -1.0, 424) is None
    with pytest.raises(ValueError, match="'other' must be 'given' or 'gz2'"):
        pixel_scale("other", None, None, None, 424)  # type: ignore[arg-type]


def test_north_is_the_rows_else_the_headers() -> None:
    assert north(0.0, 90.0) == 0.0
    assert north(None, 90.0) == 90.0
    assert north(math.nan, None) is None


def test_angles_are_counted_from_north_where_it_is_known() -> None:
    image, up = [10.0, 10.0, 170.0, 5.0, 90.0], [0.0, 30.0, -30.0, math.nan, 350.0]
    angle, frame = position_angle_on_sky(image, up)
    np.testing.assert_allclose(angle, [10.0, 160.0, 20.0, 5.0, 100.0])
    assert frame.tolist() == ["sky", "sky", "sky", "image", "sky"]


def test_an_angle_never_reaches_180() -> None:
    angle, _ = position_angle_on_sky([30.0], [30.0 + 1e-15 * 30])
    assert 0 <= angle[0] < 180
