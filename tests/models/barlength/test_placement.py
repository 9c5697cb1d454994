"""A bar's ends, carried to the image one by one, say what its placement must be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.barlength.estimator import BarEstimate
from models.barlength.measure import BarMeasurement, StopReason
from models.barlength.placement import Placement, place_bar


def estimate(length: float, angle: float, x: float, y: float) -> BarEstimate:
    bar = BarMeasurement(
        stop=StopReason.PROFILE, length_px=length, position_angle_deg=angle, x_px=x, y_px=y
    )
    return BarEstimate(
        bar=bar, length_err_px=0.1 * length, member_lengths_px=np.array([length, np.nan])
    )


@pytest.mark.parametrize("angle", [0.0, 30.0, 45.0, 90.0, 135.0, 179.0])
@pytest.mark.parametrize("factors", [(2.0, 2.0), (3.0, 1.5), (0.5, 4.0)])
def test_the_ends_are_where_they_were(angle: float, factors: tuple[float, float]) -> None:
    place = Placement(x0=-7.5, y0=12.0, factor_x=factors[0], factor_y=factors[1])
    placed = place_bar(estimate(20.0, angle, 71.5, 40.0), place)

    def on_image(sign: float) -> np.ndarray:
        turn = math.radians(angle)
        column, row = 71.5 - sign * 10 * math.sin(turn), 40.0 - sign * 10 * math.cos(turn)
        return np.array(
            [
                place.x0 - 0.5 + (column + 0.5) * place.factor_x,
                place.y0 - 0.5 + (row + 0.5) * place.factor_y,
            ]
        )

    a, b = on_image(1), on_image(-1)
    np.testing.assert_allclose([placed.x_px, placed.y_px], (a + b) / 2)
    assert placed.length_px == pytest.approx(np.hypot(*(a - b)))
    assert placed.length_err_px == pytest.approx(0.1 * placed.length_px)
    assert placed.member_lengths_px[0] == pytest.approx(placed.length_px)
    assert math.isnan(placed.member_lengths_px[1])
    dx, dy = a - b
    expected = math.degrees(math.atan2(-dx, -dy)) % 180
    assert (placed.position_angle_deg - expected + 90) % 180 == pytest.approx(90)


def test_paper_length_has_no_angle_and_takes_the_mean_factor() -> None:
    placed = place_bar(
        estimate(10.0, math.nan, math.nan, math.nan),
        Placement(x0=0, y0=0, factor_x=424 / 224, factor_y=424 / 224),
    )
    assert placed.length_px == pytest.approx(10 * 424 / 224)
    assert math.isnan(placed.position_angle_deg)


def test_no_bar_stays_no_bar() -> None:
    placed = place_bar(
        estimate(math.nan, math.nan, math.nan, math.nan),
        Placement(x0=1, y0=2, factor_x=3, factor_y=3),
    )
    assert math.isnan(placed.length_px)
    assert math.isnan(placed.x_px)
