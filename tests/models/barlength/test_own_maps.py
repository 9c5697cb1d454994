"""From one's own map to a length: the shipped reading on ridges whose length is known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import models
from models.barlength import (
    BarLengthParams,
    EstimatorParams,
    StopReason,
    bar_of_map,
    estimate_bar,
    measure,
    measure_bar,
    shipped_estimator,
    unit_map,
)
from models.preprocess import brightness
from models.recipe import Recipe
from tests.models.barmaps import SHAPES, BarMap, angle_difference, flat_ellipse, gaussian_ridge

SIDE = 144
ESTIMATOR_JSON = Path(models.__file__).parent / "weights/compact/estimator.json"


def light_of(saliency: np.ndarray) -> np.ndarray:
    """An exponential disc, brighter where the map is."""
    y, x = np.mgrid[: saliency.shape[-2], : saliency.shape[-1]]
    middle = (saliency.shape[-1] - 1) / 2
    disc = 0.4 * np.exp(-np.hypot(x - middle, y - middle) / 16)
    return disc + 0.4 * (saliency if saliency.ndim == 2 else saliency.mean(axis=0))


@pytest.fixture
def ridge() -> np.ndarray:
    """A Gaussian ridge of 40 px at half maximum, 12 px wide, at 30 deg."""
    return gaussian_ridge(SIDE, 40, 0.3, 30)


def test_the_shipped_estimator_is_that_of_the_ensembles_folder() -> None:
    stored = Recipe.from_dict(json.loads(ESTIMATOR_JSON.read_text()))
    assert shipped_estimator() == stored.estimator
    assert shipped_estimator().refinement is not None


def test_it_differs_from_the_defaults_of_measure_bar() -> None:
    assert shipped_estimator().bar_length != BarLengthParams()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("angle", [0.0, 37.5, 90.0, 142.5])
def test_the_reading_is_that_of_measure(shape: BarMap, angle: float) -> None:
    saliency = shape(SIDE, 40, 0.3, angle)
    light = light_of(saliency)
    found = bar_of_map(saliency, light, bar_fraction=0.9)
    expected = estimate_bar(saliency[None], shipped_estimator(), 0.9, light=light)
    assert found.bar == expected.bar
    assert found.length_err_px == expected.length_err_px
    assert angle_difference(found.bar.position_angle_deg, angle) < 1


def closed_form(length: float, ratio: float) -> float:
    """L0 of a Gaussian ridge: it falls to a level v at FWHM x sqrt(ln(1 / v) / ln 2)."""
    p = shipped_estimator().bar_length
    at = length * np.sqrt(np.log(1 / np.array(p.levels)) / math.log(2))
    sizes = np.concatenate([at, np.full(len(at), ratio * length)])
    refinement = shipped_estimator().refinement
    assert refinement is not None
    return (
        refinement.scale
        * p.length_scale
        * math.prod(sizes ** np.array([*p.level_powers, *p.level_width_powers]))
    )


@pytest.mark.parametrize("length", [30.0, 40.0, 50.0])
def test_without_light_a_ridge_has_the_first_length_of_the_closed_form(length: float) -> None:
    found = bar_of_map(gaussian_ridge(SIDE, length, 0.3, 30))
    assert found.bar.length_px == pytest.approx(closed_form(length, 0.3), rel=0.05)
    assert found.bar.stop == StopReason.PROFILE
    assert (found.bar.x_px, found.bar.y_px) == pytest.approx((71.5, 71.5), abs=0.1)


def test_without_light_nothing_is_refined(ridge: np.ndarray) -> None:
    shipped = shipped_estimator()
    plain = replace(shipped, refinement=None)
    first, found = measure_bar(ridge, plain.bar_length), bar_of_map(ridge).bar
    assert bar_of_map(ridge, estimator=plain).bar == first
    assert shipped.refinement is not None
    assert found.length_px == pytest.approx(shipped.refinement.scale * first.length_px)
    assert found.position_angle_deg == first.position_angle_deg


def test_with_light_the_length_is_corrected_within_the_limit(ridge: np.ndarray) -> None:
    first, refined = bar_of_map(ridge).bar, bar_of_map(ridge, light_of(ridge)).bar
    ratio = refined.length_px / first.length_px
    assert ratio != pytest.approx(1, abs=1e-3)
    assert abs(math.log(ratio)) < 0.35 + math.log(1.02)
    assert refined.position_angle_deg == first.position_angle_deg


@pytest.mark.parametrize("bar_fraction", [0.0, 0.6, 1.0, math.nan])
def test_the_error_grows_with_the_doubt(ridge: np.ndarray, bar_fraction: float) -> None:
    found = bar_of_map(ridge, light_of(ridge), bar_fraction=bar_fraction)
    doubt = 0.5 if math.isnan(bar_fraction) else 1 - bar_fraction
    share = shipped_estimator().error_floor + shipped_estimator().error_doubt * doubt
    assert found.length_err_px == pytest.approx(share * found.bar.length_px)
    assert share == pytest.approx(0.082 + 0.346 * doubt, abs=1e-3)  # as the docstring says


def test_several_maps_are_averaged_and_their_scatter_enters_the_error() -> None:
    maps = np.stack([gaussian_ridge(SIDE, length, 0.3, 30) for length in (36.0, 40.0, 46.0)])
    found = bar_of_map(maps, bar_fraction=1.0)
    assert found.bar == bar_of_map(maps.mean(axis=0)).bar
    alone = [bar_of_map(m).bar.length_px for m in maps]
    np.testing.assert_allclose(found.member_lengths_px, alone)
    floor = shipped_estimator().error_floor * found.bar.length_px
    expected = math.hypot(floor, np.std(alone, ddof=1) / math.sqrt(3))
    assert found.length_err_px == pytest.approx(expected)
    with_nan = np.concatenate([maps, np.full((1, SIDE, SIDE), np.nan)])
    assert bar_of_map(with_nan, bar_fraction=1.0).bar == found.bar


def test_single_precision_is_good_enough(ridge: np.ndarray) -> None:
    double, single = (bar_of_map(ridge.astype(t)).bar.length_px for t in (np.float64, np.float32))
    assert single == pytest.approx(double, rel=1e-5)


def test_the_canvas_may_have_another_number_of_pixels() -> None:
    shares = [
        bar_of_map(flat_ellipse(side, side / 3, 0.3, 20)).bar.length_px / side
        for side in (72, 144, 288)
    ]
    assert max(shares) / min(shares) < 1.03


def test_ones_own_estimator_is_used(ridge: np.ndarray) -> None:
    paper = bar_of_map(ridge, estimator=EstimatorParams.paper())
    assert paper.bar.length_px == measure_bar(ridge, BarLengthParams.paper(0.85, 40)).length_px
    assert paper.bar.stop != StopReason.PROFILE


@pytest.mark.parametrize(
    ("saliency", "stop"),
    [
        (np.zeros((SIDE, SIDE)), StopReason.BLANK),
        (np.full((SIDE, SIDE), np.nan), StopReason.NOT_FINITE),
        (gaussian_ridge(SIDE, 30, 1.0, 0), StopReason.ROUND),
    ],
)
def test_a_map_without_a_bar_has_no_length_and_says_why(
    saliency: np.ndarray, stop: StopReason
) -> None:
    for light in (None, np.zeros((SIDE, SIDE))):
        found = bar_of_map(saliency, light)
        assert found.bar.stop == stop
        assert math.isnan(found.bar.length_px)
        assert math.isnan(found.length_err_px)


def test_any_map_can_be_brought_to_the_unit_interval(ridge: np.ndarray) -> None:
    signed = 7 * ridge - 3 * np.roll(ridge, SIDE // 3, axis=1)
    scaled = unit_map(signed)
    assert (scaled.min(), scaled.max()) == (0, 1)
    np.testing.assert_allclose(scaled, signed.clip(min=0) / signed.max())
    np.testing.assert_array_equal(unit_map(scaled), scaled)
    assert bar_of_map(scaled).bar.length_px == pytest.approx(
        bar_of_map(ridge).bar.length_px, rel=0.05
    )


def test_each_of_several_maps_is_scaled_alone_and_those_that_say_nothing_are_kept() -> None:
    maps = np.stack([np.eye(4), 5 * np.eye(4), np.full((4, 4), 2.0), -np.eye(4), np.eye(4)])
    maps[4, 0, 0] = np.inf
    scaled = unit_map(maps)
    np.testing.assert_array_equal(scaled[:2], np.stack([np.eye(4)] * 2))
    assert not scaled[2:4].any()
    assert np.isnan(scaled[4]).all()
    with pytest.raises(ValueError, match=r"shape \(3,\); give \(H, W\)"):
        unit_map([1.0, 2.0, 3.0])


def test_maps_that_mean_nothing_are_refused(ridge: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"lie in 0\.\.2; they must lie in 0\.\.1: unit_map"):
        bar_of_map(2 * unit_map(ridge))
    with pytest.raises(ValueError, match=r"lie in -0\.5\.\."):
        bar_of_map(unit_map(ridge) - 0.5)
    for shape in ((9,), (1, 1, 9, 9), (0, 9, 9)):
        with pytest.raises(ValueError, match=r"give one map \(H, W\)"):
            bar_of_map(np.zeros(shape))
    with pytest.raises(ValueError, match="sides of at least 3"):
        bar_of_map(np.zeros((2, 9)))
    with pytest.raises(ValueError, match=r"bar_fraction=1\.5 must lie in"):
        bar_of_map(ridge, bar_fraction=1.5)


def test_a_light_that_is_none_is_refused(ridge: np.ndarray) -> None:
    light = light_of(ridge)
    with pytest.raises(ValueError, match=r"\(143, 144\) and the map \(144, 144\)"):
        bar_of_map(ridge, light[1:])
    with pytest.raises(ValueError, match=r"use models\.preprocess\.brightness"):
        bar_of_map(ridge, 255 * light)
    with pytest.raises(ValueError, match=r"lie in nan\.\.nan"):
        bar_of_map(ridge, np.where(light > 0.5, np.nan, light))


def test_whatever_brightness_gives_is_allowed(ridge: np.ndarray) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    light = brightness(pixels, np.full(3, 60.0), 90.0)
    assert (light.min(), light.max()) == (-0.25, 1.5)
    assert bar_of_map(ridge, light).bar.stop == StopReason.PROFILE


def test_a_structure_as_wide_as_long_is_no_bar(
    ridge: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on EFIGI's maps of compact nuclei with a faint line across, whose width exceeds their
    length."""
    found = bar_of_map(ridge, light_of(ridge))
    for ratio, stop in ((0.5, StopReason.PROFILE), (1.0, StopReason.ROUND)):
        wide = replace(found.bar, axis_ratio=ratio)
        monkeypatch.setitem(measure._READERS, "levels", lambda *_, wide=wide: wide)
        again = bar_of_map(ridge, light_of(ridge))
        assert again.bar.stop == stop
        assert np.isnan(again.bar.length_px) == (stop == StopReason.ROUND)
