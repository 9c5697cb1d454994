"""What must hold for any map: symmetry, scaling, and an answer whatever the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from models.barlength.measure import BarLengthParams, BarMeasurement, StopReason, measure_bar
from tests.models.barmaps import SHAPES, angle_difference

READINGS = {
    "profile": BarLengthParams(),
    "chord": BarLengthParams(method="chord", pixels_min=3),
    "paper": BarLengthParams.paper(),
    "central pearson": BarLengthParams(
        method="chord", linearity="pearson", flag_unfinished=False, pixels_min=2
    ),
}
MEASURED = {StopReason.PROFILE, StopReason.LINEAR}


@st.composite
def bars(draw: st.DrawFn) -> np.ndarray:
    """A bar with some noise, not through the middle of a pixel, on a map of odd or even side."""
    side = draw(st.integers(60, 75))
    shape = draw(st.sampled_from(SHAPES))
    light = shape(
        side,
        side * draw(st.floats(0.25, 0.6)),
        draw(st.floats(0.2, 0.4)),
        draw(st.floats(0, 180, exclude_max=True)),
    )
    seed = draw(st.integers(0, 1000))
    return light + 0.02 * np.random.default_rng(seed).standard_normal(light.shape)


def _same(a: BarMeasurement, b: BarMeasurement, angle: float, x: float, y: float) -> None:
    assert b.stop is a.stop
    if math.isnan(a.length_px):
        assert math.isnan(b.length_px)
        return
    assert b.length_px == pytest.approx(a.length_px, rel=1e-3)
    assert b.axis_ratio == pytest.approx(a.axis_ratio, rel=1e-2)
    assert angle_difference(b.position_angle_deg, angle) < 0.1
    assert (b.x_px, b.y_px) == pytest.approx((x, y), abs=0.05)


@settings(max_examples=40, deadline=None)
@given(light=bars())
def test_turned_and_mirrored_maps_give_turned_and_mirrored_bars(light: np.ndarray) -> None:
    bar = measure_bar(light)
    end = light.shape[0] - 1
    angle, x, y = bar.position_angle_deg, bar.x_px, bar.y_px
    _same(bar, measure_bar(np.rot90(light)), angle + 90, y, end - x)
    _same(bar, measure_bar(light[:, ::-1]), -angle, end - x, y)
    _same(bar, measure_bar(light[::-1]), -angle, x, end - y)
    _same(bar, measure_bar(light.T), 90 - angle, y, x)


@settings(max_examples=40, deadline=None)
@given(light=bars(), scale=st.floats(1e-200, 1e200), offset=st.floats(-10, 10))
def test_the_unit_of_the_map_does_not_matter(
    light: np.ndarray, scale: float, offset: float
) -> None:
    bar = measure_bar(light)
    scaled = measure_bar(scale * (light + offset))
    _same(bar, scaled, bar.position_angle_deg, bar.x_px, bar.y_px)
    assert scaled.pixels == pytest.approx(bar.pixels, abs=2)


ANY_MAP = npst.arrays(
    dtype=st.one_of(npst.floating_dtypes(endianness="="), npst.integer_dtypes(endianness="=")),
    shape=npst.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=24),
)


@pytest.mark.parametrize("params", READINGS.values(), ids=READINGS.keys())
@settings(max_examples=150, deadline=None)
@given(saliency=ANY_MAP)
def test_any_map_gives_an_answer(params: BarLengthParams, saliency: np.ndarray) -> None:
    before = saliency.copy()
    bar = measure_bar(saliency, params)
    np.testing.assert_array_equal(saliency, before)  # the caller's map is left alone
    if params.flag_unfinished:
        assert math.isfinite(bar.length_px) == (bar.stop in MEASURED)
    else:
        assert bar.length_px >= 1
    if not math.isnan(bar.length_px):
        assert 0 < bar.length_px <= math.hypot(*saliency.shape) + 1
    if not math.isnan(bar.position_angle_deg):
        assert 0 <= bar.position_angle_deg < 180
    if not math.isnan(bar.axis_ratio):
        assert 0 <= bar.axis_ratio <= 1
    assert math.isnan(bar.length_err_px) or bar.length_err_px >= 0


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(3, 60), st.integers(3, 60)),
    sharpness=st.floats(0.2, 8),
)
def test_any_random_map_gives_an_answer(
    seed: int, shape: tuple[int, int], sharpness: float
) -> None:
    saliency = np.random.default_rng(seed).random(shape) ** sharpness
    for params in READINGS.values():
        bar = measure_bar(saliency, params)
        assert math.isnan(bar.length_px) or bar.length_px > 0
