"""The levels reading: powers known in closed form are found, faint ends count, flags stay flags."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from models.barlength.estimator import EstimatorParams
from models.barlength.levels import fit_powers
from models.barlength.measure import BarLengthParams, StopReason, measure_bar
from models.calibration.known_bars import KnownBar
from models.calibration.lengths import try_reading
from tests.models.barmaps import gaussian_ridge

LEVELS = BarLengthParams(method="levels", smoothing_px=1.0)
SIDE = 97
THIRDS = np.full(3, 1 / 3)


def test_powers_are_found_in_spite_of_outliers() -> None:
    rng = np.random.default_rng(2)
    lengths = np.exp(rng.normal(3, 0.4, (200, 3)))
    truth = 1.7 * lengths[:, 0] ** 0.6 * lengths[:, 1] ** 0.5 * lengths[:, 2] ** -0.2
    truth[::7] *= 2.5
    powers, scale = fit_powers(lengths, truth, THIRDS)
    assert powers == pytest.approx([0.6, 0.5, -0.2], abs=0.03)
    assert scale == pytest.approx(1.7, rel=0.1)


def test_levels_that_move_together_share_the_power() -> None:
    length = np.exp(np.random.default_rng(2).normal(3, 0.4, 60))
    powers, scale = fit_powers(np.column_stack([length] * 3), length, THIRDS)
    assert powers == pytest.approx([1 / 3] * 3, abs=0.02)
    assert scale == pytest.approx(1.0, abs=0.05)


def test_a_handful_is_no_calibration() -> None:
    with pytest.raises(ValueError, match="only 7 galaxies"):
        fit_powers(np.ones((7, 2)), np.ones(7), np.zeros(2))


def test_the_length_is_the_product_of_powers_of_the_levels_lengths() -> None:
    saliency = gaussian_ridge(SIDE, 40, 0.3, 30.0)
    params = replace(LEVELS, levels=(0.2, 0.6), level_powers=(0.7, 0.4), length_scale=1.2)
    alone = [
        measure_bar(saliency, replace(params, method="profile", level=level, length_scale=1.0))
        for level in params.levels
    ]
    expected = 1.2 * alone[0].length_px ** 0.7 * alone[1].length_px ** 0.4
    found = measure_bar(saliency, params)
    assert found.length_px == pytest.approx(expected)
    assert found.position_angle_deg == pytest.approx(30, abs=1)
    assert found.axis_ratio * found.length_px == pytest.approx(
        alone[1].axis_ratio * alone[1].length_px
    )


def drawn(
    bar: Callable[[float, float, float], np.ndarray], rng: np.random.Generator, count: int, *,
    longest: float, ends: tuple[float, float],
) -> list[KnownBar]:  # fmt: skip
    """Maps of bars of any length from 24 px on and any angle, whose ends are drawn from a range."""
    each = zip(
        rng.uniform(24, longest, count), rng.uniform(*ends, count), rng.uniform(0, 180, count),
        strict=True,
    )  # fmt: skip
    return [
        KnownBar(
            maps=bar(length, end, angle)[None].astype(np.float32),
            length_px=length,
            position_angle_deg=angle,
        )
        for length, end, angle in each
    ]


def test_widths_enter_with_their_own_powers() -> None:
    saliency = gaussian_ridge(SIDE, 40, 0.3, 30.0)
    params = replace(LEVELS, levels=(0.2, 0.6), level_powers=(0.7, 0.4))
    wide = replace(params, level_width_powers=(-0.3, 0.2))
    alone = [
        measure_bar(saliency, replace(params, method="profile", level=level))
        for level in params.levels
    ]
    widths = [a.axis_ratio * a.length_px for a in alone]
    expected = measure_bar(saliency, params).length_px * widths[0] ** -0.3 * widths[1] ** 0.2
    assert measure_bar(saliency, wide).length_px == pytest.approx(expected)
    with pytest.raises(ValueError, match="one power for each level, or none"):
        replace(params, level_width_powers=(1.0,))


def smeared(length: float, blur: float, angle: float) -> np.ndarray:
    """A strip of even light, 8 px wide, blurred by `blur` px along and across."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    turn = math.radians(angle)
    along = -x * math.sin(turn) - y * math.cos(turn)
    across = x * math.cos(turn) - y * math.sin(turn)

    def edge(d: np.ndarray, half: float) -> np.ndarray:
        return np.asarray(special.ndtr((half - d) / blur) - special.ndtr((-half - d) / blur))

    return edge(along, 0.5 * length) * edge(across, 4.0)


def test_widths_tell_a_blurred_bar_from_a_long_one() -> None:
    rng = np.random.default_rng(8)
    level = BarLengthParams(method="levels", smoothing_px=1.0, levels=(0.1,), level_powers=(1.0,))

    def known(count: int) -> list[KnownBar]:
        return drawn(smeared, rng, count, longest=60, ends=(1.0, 5.0))

    train = known(60)
    lengths = try_reading(train, EstimatorParams(bar_length=level))
    both = EstimatorParams(bar_length=replace(level, level_width_powers=(0.0,)))
    widths = try_reading(train, both)
    assert widths.median_error < 0.6 * lengths.median_error
    fresh = known(30)
    errors = [
        abs(measure_bar(k.maps[0], widths.params.bar_length).length_px / k.length_px - 1)
        for k in fresh
    ]
    assert np.median(errors) < 0.6 * lengths.median_error


def faded(length: float, fade: float, angle: float) -> np.ndarray:
    """A strip along `angle` whose light is even to (1 - fade) of its half length, then falls
    linearly to nothing at its end."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    turn = math.radians(angle)
    along = np.abs(-x * math.sin(turn) - y * math.cos(turn)) / (0.5 * length)
    across = x * math.cos(turn) - y * math.sin(turn)
    return np.clip((1 - along) / fade, 0, 1) * np.exp(-0.5 * (across / 2.5) ** 2)


def test_bars_that_fade_are_as_long_as_those_that_end_abruptly() -> None:
    rng = np.random.default_rng(5)

    def known(count: int) -> list[KnownBar]:
        return drawn(faded, rng, count, longest=70, ends=(0.1, 0.9))

    one = EstimatorParams(
        bar_length=BarLengthParams(method="profile", smoothing_px=1.0, level=0.35)
    )
    train = known(60)
    several = try_reading(train, EstimatorParams(bar_length=LEVELS))
    alone = try_reading(train, one)
    assert several.median_error < 0.02
    assert several.median_error < alone.median_error / 3
    fresh = known(30)
    errors = [
        abs(measure_bar(k.maps[0], several.params.bar_length).length_px / k.length_px - 1)
        for k in fresh
    ]
    assert np.median(errors) < 0.03


def test_what_one_level_flags_is_flagged() -> None:
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    blob = np.exp(-0.5 * (x**2 + y**2) / 36)
    assert measure_bar(blob, LEVELS).stop == StopReason.ROUND
    assert math.isnan(measure_bar(blob, LEVELS).length_px)
    with pytest.raises(ValueError, match="one power for each level"):
        BarLengthParams(levels=(0.2,))
    with pytest.raises(ValueError, match="levels is 1"):
        BarLengthParams(levels=(1.5,), level_powers=(1.0,))


def test_levels_survive_json() -> None:
    reading = replace(LEVELS, level_width_powers=(0.1, 0.0, -0.2))
    params = EstimatorParams(bar_length=reading, member_powers=(0.2, 0.1))
    raw = json.loads(json.dumps(params.to_dict()))
    assert EstimatorParams.from_dict(raw) == params
