"""The default reading of a map, against bars known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from models.barlength.measure import BarLengthParams, StopReason, measure_bar
from tests.models.barmaps import (
    SHAPES,
    BarMap,
    angle_difference,
    axes,
    flat_ellipse,
    gaussian_ridge,
    two_lobes,
)

CHORD = BarLengthParams(method="chord", pixels_min=20)
ANGLES = np.arange(24) * 7.5


def _noise(side_px: int, seed: int, correlation_px: float = 1.0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((side_px, side_px))
    noise = ndimage.gaussian_filter(noise, correlation_px)
    return noise / noise.std()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)
@pytest.mark.parametrize("side_px", [96, 224])
@pytest.mark.parametrize("share", [0.2, 0.35, 0.55])
def test_length_and_angle_are_right_at_every_position_angle(
    shape: BarMap, side_px: int, share: float
) -> None:
    length = share * side_px
    bars = [measure_bar(shape(side_px, length, 0.3, angle)) for angle in ANGLES]
    ratios = np.array([bar.length_px for bar in bars]) / length
    assert np.sqrt(((ratios - ratios.mean()) ** 2).mean()) < 0.01
    assert ratios.mean() == pytest.approx(1, abs=0.035)
    for angle, bar in zip(ANGLES, bars, strict=True):
        assert bar.stop is StopReason.PROFILE
        assert angle_difference(bar.position_angle_deg, angle) < 1
        assert bar.axis_ratio == pytest.approx(0.3, abs=0.05)
        assert (bar.x_px, bar.y_px) == pytest.approx(((side_px - 1) / 2,) * 2, abs=0.3)


@pytest.mark.parametrize("params", [BarLengthParams(), CHORD], ids=["profile", "chord"])
def test_angles_run_from_image_up_to_the_left(params: BarLengthParams) -> None:
    column = np.zeros((61, 61))
    column[15:46, 29:32] = 1
    diagonal = ndimage.gaussian_filter(np.eye(61), 1.0)[::-1] * np.outer(*[np.hanning(61)] * 2)
    diagonal /= diagonal.max()  # from lower left to upper right
    for light, angle in ((column, 0), (column.T, 90), (diagonal, 135), (diagonal[::-1], 45)):
        bar = measure_bar(light, params)
        assert angle_difference(bar.position_angle_deg, angle) < 0.5


@pytest.mark.parametrize("side_px", [96, 224])
@pytest.mark.parametrize("share", [0.2, 0.35, 0.55])
def test_the_chord_reading_does_not_depend_on_the_angle(side_px: int, share: float) -> None:
    """Axis ratio 0.2 is linear at once: (1 - 0.04) / (1 + 0.04) > 0.85."""
    length = share * side_px
    bars = [measure_bar(flat_ellipse(side_px, length, 0.2, angle), CHORD) for angle in ANGLES]
    ratios = np.array([bar.length_px for bar in bars]) / length
    assert ratios.std() < 0.04  # a chord between pixel centres is quantised
    assert ratios.mean() == pytest.approx(1, abs=0.05)
    for angle, bar in zip(ANGLES, bars, strict=True):
        assert bar.stop is StopReason.LINEAR
        assert angle_difference(bar.position_angle_deg, angle) < 3


def test_papers_length_depends_on_the_angle() -> None:
    """The first fault that the default mends, so that nobody takes it for ours."""
    lengths = [
        measure_bar(gaussian_ridge(96, 40, 0.3, angle), BarLengthParams.paper()).length_px
        for angle in (0, 45, 90)
    ]
    assert lengths[1] > 1.3 * max(lengths[0], lengths[2])


@pytest.mark.parametrize("angle", [0.0, 37.0, 90.0, 143.0])
def test_the_length_error_is_the_scatter_that_noise_makes(angle: float) -> None:
    bar = flat_ellipse(96, 40, 0.3, angle)
    got = [measure_bar(bar + 0.1 * _noise(96, seed)) for seed in range(40)]
    scatter = np.std([m.length_px for m in got])
    assert 0.6 < scatter / np.median([m.length_err_px for m in got]) < 1.6


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)
@pytest.mark.parametrize("params", [BarLengthParams(), CHORD], ids=["profile", "chord"])
def test_specks_and_a_bright_companion_change_little(
    shape: BarMap, params: BarLengthParams
) -> None:
    rng = np.random.default_rng(0)
    for angle in (10.0, 65.0, 130.0):
        clean = shape(112, 44, 0.2, angle)
        s, t = axes(112, angle)
        dirty = clean.copy()
        far = np.flatnonzero((np.hypot(s, t) > 32).ravel())
        dirty.flat[rng.choice(far, 25, replace=False)] = rng.uniform(0.3, 1, 25)
        for along, across in ((40.0, 0.0), (-12.0, 34.0)):
            dirty += 1.5 * np.exp(-(((s - along) ** 2 + (t - across) ** 2) / 8)) * (across != 0)
            dirty += 0.9 * np.exp(-(((s - along) ** 2 + (t - across) ** 2) / 8)) * (across == 0)
        if params is CHORD:
            dirty = np.minimum(dirty, 1)
        expected, got = measure_bar(clean, params), measure_bar(dirty, params)
        assert got.length_px == pytest.approx(expected.length_px, rel=0.05)
        assert angle_difference(got.position_angle_deg, angle) < 3


def test_a_bar_off_the_middle_is_followed() -> None:
    light = ndimage.shift(two_lobes(96, 40, 0.25, 60), (4, -3))
    bar = measure_bar(light)
    assert (bar.x_px, bar.y_px) == pytest.approx((47.5 - 3, 47.5 + 4), abs=0.3)
    assert bar.length_px == pytest.approx(40, rel=0.04)
    assert angle_difference(bar.position_angle_deg, 60) < 1


def test_the_centre_can_be_given() -> None:
    light = gaussian_ridge(64, 24, 0.3, 20)
    padded = np.pad(light, ((0, 40), (60, 0)))
    bar = measure_bar(padded, centre=(60 + 31.5, 31.5))
    assert bar.length_px == pytest.approx(24, rel=0.03)
    assert (bar.x_px, bar.y_px) == pytest.approx((91.5, 31.5), abs=0.3)


def test_bright_nucleus_between_the_ansae_does_not_hide_them() -> None:
    s, t = axes(96, 25)
    light = 0.7 * two_lobes(96, 44, 0.25, 25) + np.exp(-(s**2 + t**2) / 18)
    assert measure_bar(light).length_px == pytest.approx(44, rel=0.05)


def test_a_ring_beyond_a_gap_is_not_the_bar() -> None:
    s, t = axes(96, 25)
    ring = np.exp(-((np.hypot(s, t) - 38) ** 2) / 8)
    light = two_lobes(96, 40, 0.25, 25) + 0.8 * ring
    assert measure_bar(light).length_px == pytest.approx(40, rel=0.05)


def test_calibration_scales_and_shifts_the_length() -> None:
    light = gaussian_ridge(96, 40, 0.3, 20)
    raw = measure_bar(light)
    for params in (BarLengthParams(length_scale=1.5, length_offset_px=-2),):
        got = measure_bar(light, params)
        assert got.length_px == pytest.approx(1.5 * raw.length_px - 2)
        assert got.length_err_px == pytest.approx(1.5 * raw.length_err_px)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5, 1e308, 5e-324])
@pytest.mark.parametrize("reading", ["profile", "chord"])
def test_a_blank_map_is_flagged(value: float, reading: str) -> None:
    bar = measure_bar(np.full((40, 50), value), BarLengthParams(method=reading))
    assert bar.stop is StopReason.BLANK
    assert math.isnan(bar.length_px)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("reading", ["profile", "chord"])
def test_a_map_that_is_not_finite_is_flagged(value: float, reading: str) -> None:
    light = gaussian_ridge(96, 40, 0.3, 20)
    light[3, 90] = value
    bar = measure_bar(light, BarLengthParams(method=reading))
    assert bar.stop is StopReason.NOT_FINITE
    assert math.isnan(bar.length_px)


@pytest.mark.parametrize("width", [10.0, 20.0, 40.0])
@pytest.mark.parametrize("ratio", [0.9, 1.0])
@pytest.mark.parametrize("shape", [flat_ellipse, gaussian_ridge], ids=lambda s: s.__name__)
def test_a_round_map_is_flagged(shape: BarMap, width: float, ratio: float) -> None:
    light = shape(96, width, ratio, 30)
    bar = measure_bar(light)
    assert bar.stop is StopReason.ROUND
    assert math.isnan(bar.length_px)
    chord = measure_bar(light, BarLengthParams(method="chord"))
    assert chord.stop in (StopReason.FEW_PIXELS, StopReason.EXHAUSTED)
    assert math.isnan(chord.length_px)


@pytest.mark.parametrize("correlation_px", [0.3, 1.0, 2.0])
def test_noise_alone_is_flagged(correlation_px: float) -> None:
    stops = [measure_bar(np.abs(_noise(96, seed, correlation_px))).stop for seed in range(40)]
    assert stops.count(StopReason.FAINT) >= 36
    assert stops.count(StopReason.PROFILE) <= 2


def test_a_bar_that_leaves_the_map_is_flagged() -> None:
    s, t = axes(96, 30)
    assert measure_bar(np.exp(-(t**2) / 20) + 0 * s).stop is StopReason.EDGE


def test_too_asymmetric_a_bar_is_flagged() -> None:
    s, t = axes(96, 30)
    light = np.exp(-(t**2) / 20) * (s > -10) * (s < 36)
    params = BarLengthParams(asymmetry_max=0.3, centre_tolerance=0.02)
    assert measure_bar(light, params).stop is StopReason.ASYMMETRIC
    assert measure_bar(light, BarLengthParams(centre_tolerance=0.2)).stop is StopReason.PROFILE


def test_a_chord_that_never_becomes_linear_is_flagged_with_its_pixels() -> None:
    bar = measure_bar(gaussian_ridge(96, 40, 0.6, 20), BarLengthParams(method="chord"))
    assert bar.stop is StopReason.FEW_PIXELS
    assert math.isnan(bar.length_px)
    assert 0 < bar.pixels < 40


@pytest.mark.parametrize("shape", [(5,), (3, 4, 5), (2, 9), (9, 2), (0, 0), ()])
def test_a_map_of_the_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"map has shape .* must be \(H, W\)"):
        measure_bar(np.zeros(shape))


@pytest.mark.parametrize("centre", [(-1.0, 4.0), (4.0, 9.0), (math.nan, 4.0)])
def test_a_centre_outside_the_map_is_refused(centre: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="must lie in the map"):
        measure_bar(np.eye(9), centre=centre)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method", "eye"),
        ("linearity", "spearman"),
        ("correlation_min", 1.5),
        ("pixels_min", -1),
        ("level", 0.0),
        ("snr_min", math.nan),
        ("length_scale", 0.0),
    ],
)
def test_a_parameter_without_meaning_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} is "):
        BarLengthParams(**{name: value})
