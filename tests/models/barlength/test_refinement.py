"""Lengths corrected by the light in the bar's frame, against closed forms and a literal loop."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import ndimage

from models.barlength.estimator import EstimatorParams, estimate_bar, read_bar, sampling_error
from models.barlength.measure import BarMeasurement, StopReason
from models.barlength.refinement import FEATURES, Refinement, frame_features, refined
from tests.models.barmaps import axes, gaussian_ridge
from tests.reference import refinement as literal

SIDE = 144
STATIONS = (np.arange(12) + 0.5) / 6


def some(seed: int = 0, hidden: int = 3) -> Refinement:
    """A refinement of random numbers."""
    rng = np.random.default_rng(seed)

    def row(count: int) -> tuple[float, ...]:
        return tuple(rng.normal(0, 0.3, count).tolist())

    return Refinement(
        middle=row(FEATURES),
        spread=tuple(rng.uniform(0.3, 2, FEATURES).tolist()),
        hidden=tuple(row(FEATURES) for _ in range(hidden)),
        hidden_offset=row(hidden),
        out=row(hidden),
        out_offset=0.1,
        scale=1.02,
    )


def constant(log_factor: float, limit: float = 0.35) -> Refinement:
    """One that multiplies every length by about exp(log_factor)."""
    return replace(some(), out=(0.0,) * 3, out_offset=log_factor, limit=limit, scale=1.0)


def bar(angle: float = 30.0, length: float = 40.0, x: float = 70.0, y: float = 74.0) -> BarMeasurement:  # noqa: E501  # fmt: skip
    """A measurement."""
    return BarMeasurement(
        stop=StopReason.PROFILE, length_px=length, length_err_px=1.0, position_angle_deg=angle,
        axis_ratio=0.3, x_px=x, y_px=y,
    )  # fmt: skip


@pytest.mark.parametrize("angle", [0.0, 17.0, 90.0, 133.0])
def test_a_light_that_falls_along_the_bar_is_read_at_its_stations(angle: float) -> None:
    along, across = axes(SIDE, angle)
    middle = (SIDE - 1) / 2
    one = bar(angle, 40.0, middle, middle)
    of_along, of_across = (
        frame_features(0 * along, light, one)[1 + 48 :].reshape(4, 12)
        for light in (along**2, across**2)
    )
    near = STATIONS < 1.6  # those that lie in the map at every angle
    assert of_along[0][near] == pytest.approx((20 * STATIONS[near]) ** 2, abs=0.3)
    assert of_across[:, 0] == pytest.approx(np.array([0, 2, 4, 8]) ** 2, abs=0.3)
    assert np.ptp(of_across[:, near], axis=1).max() < 0.5


def test_the_length_counts_in_sides_of_the_map() -> None:
    blank = np.zeros((SIDE, SIDE))
    assert frame_features(blank, blank, bar(length=36.0))[0] == pytest.approx(math.log(0.25))
    assert frame_features(blank, blank, bar()).shape == (FEATURES,)


def test_features_and_network_are_those_of_the_literal_loop() -> None:
    rng = np.random.default_rng(5)
    saliency, light = rng.random((SIDE, SIDE)), rng.random((SIDE, SIDE))
    for number, (angle, length) in enumerate([(0.0, 30.0), (61.0, 47.0), (140.0, 130.0)]):
        one, refinement = bar(angle, length), some(number)
        smooth = ndimage.gaussian_filter(saliency, 1.0)
        expected = [math.log(length / SIDE)]
        for image in (smooth, light):
            expected += literal.folded(image, one.x_px, one.y_px, angle, length)
        found = frame_features(saliency, light, one)
        assert found == pytest.approx(expected, abs=1e-9)
        factor = math.exp(literal.log_factor(refinement, expected))
        assert refined(one, saliency, light, refinement).length_px == pytest.approx(length * factor)


def test_a_correction_keeps_the_width_and_its_limit() -> None:
    blank = np.zeros((SIDE, SIDE))
    longer = refined(bar(), blank, blank, constant(0.1, limit=2.9))
    assert longer.length_px == pytest.approx(40 * math.exp(0.1), rel=1e-3)
    assert longer.length_px * longer.axis_ratio == pytest.approx(40 * 0.3)
    assert longer.length_err_px == pytest.approx(longer.length_px / 40)
    most = refined(bar(), blank, blank, constant(50.0))
    assert most.length_px == pytest.approx(40 * math.exp(0.35))


def test_no_bar_is_none_after_it() -> None:
    none = BarMeasurement(stop=StopReason.ROUND)
    assert refined(none, np.zeros((9, 9)), np.zeros((9, 9)), some()) == none


def test_the_estimator_looks_at_the_light() -> None:
    maps = np.stack([gaussian_ridge(SIDE, 36.0, 0.3, 20.0)] * 3).astype(np.float32)
    along, _ = axes(SIDE, 20.0)
    plain, asked = EstimatorParams(), EstimatorParams(refinement=some())
    first = read_bar(maps, plain)
    found = read_bar(maps, asked, along**2)
    expected = refined(first, maps[0].astype(np.float64), along**2, some())
    assert found.length_px == pytest.approx(expected.length_px)
    assert found.length_px != pytest.approx(read_bar(maps, asked, 0 * along).length_px, rel=1e-3)
    estimate = estimate_bar(maps, asked, light=along**2)
    assert estimate.bar == found
    assert estimate.member_lengths_px == pytest.approx([found.length_px] * 3)
    with pytest.raises(ValueError, match="needs the galaxy's light: give it"):
        read_bar(maps, asked)


def test_the_sampling_error_is_that_of_corrected_lengths() -> None:
    jackknife_maps = np.stack([gaussian_ridge(SIDE, 36.0 + g, 0.3, 20.0) for g in range(8)])[None]
    blank, doubled = np.zeros((SIDE, SIDE)), constant(math.log(2), limit=2.9)
    factor = math.exp(doubled.log_factor(np.zeros(FEATURES)))
    plain = sampling_error(jackknife_maps, EstimatorParams())
    found = sampling_error(jackknife_maps, EstimatorParams(refinement=doubled), blank)
    assert found == pytest.approx(factor * plain)


def test_survives_json() -> None:
    params = EstimatorParams(refinement=some())
    assert EstimatorParams.from_dict(json.loads(json.dumps(params.to_dict()))) == params
    assert Refinement.from_dict(asdict(some())) == some()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"middle": (0.0,)}, f"this version has {FEATURES}; calibrate again"),
        ({"out": (0.0,)}, "3 rows of hidden, 3 offsets and 1 outputs"),
        ({"limit": 0.0}, "limit=0.0 must lie in 0..3"),
        ({"spread": (0.0,) * FEATURES}, "must be positive"),
    ],
)
def test_mistakes_are_named(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(some(), **changed)  # type: ignore[arg-type]


def test_a_refinement_is_for_the_mean_map() -> None:
    with pytest.raises(ValueError, match="for combine='maps'"):
        EstimatorParams(combine="lengths", refinement=some())
