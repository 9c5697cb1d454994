"""Paper mode against the literal transcription of Algorithm 1: equal, not close."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from catalogues.galaxyzoo import BAR
from models.barlength.chord import longest_chord
from models.barlength.linearity import THRESHOLDS, principal, threshold_moments, thresholds_below
from models.barlength.measure import BarLengthParams, StopReason, measure_bar, measure_grid
from models.networks.member import Member
from models.saliency.gradients import smoothgrad
from models.saliency.params import SmoothGradParams
from models.saliency.seeds import galaxy_seed
from tests.reference.algorithm1 import algorithm_1, largest_distance

CORRELATIONS = (0.7, 0.75, 0.8, 0.85, 0.9)
PIXEL_MINIMA = (10, 20, 30, 40, 50)
MAPS_PER_KIND = 28


def _scaled(values: np.ndarray) -> np.ndarray:
    return (values - values.min()) / (values.max() - values.min())


def _random(rng: np.random.Generator) -> np.ndarray:
    return rng.random(rng.integers(3, 30, 2))


def _smooth(rng: np.random.Generator) -> np.ndarray:
    return _scaled(ndimage.gaussian_filter(rng.random((24, 32)), rng.uniform(0.5, 4)))


def _bar(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:28, :28] - rng.uniform(12, 15, (2, 1, 1))
    angle = rng.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    light = np.exp(-((along / 8) ** 2) - (across / rng.uniform(2, 5)) ** 2)
    return _scaled(light + rng.uniform(0, 0.3) * rng.random(light.shape))


def _constant(rng: np.random.Generator) -> np.ndarray:
    return np.full((9, 11), rng.choice([-1.0, 0.0, 0.5, 0.50005, 0.7, 0.9999, 0.99995, 1.0, 3.0]))


def _one_or_two_pixels(rng: np.random.Generator) -> np.ndarray:
    image = np.zeros((8, 13))
    image.flat[rng.choice(image.size, rng.integers(1, 3), replace=False)] = rng.uniform(0.4, 1.2)
    return image


def _not_finite(rng: np.random.Generator) -> np.ndarray:
    image = rng.random((15, 12))
    image[rng.random(image.shape) < rng.choice([0.1, 0.5, 1.0])] = rng.choice(
        [np.nan, np.inf, -np.inf]
    )
    return image


def _tied(rng: np.random.Generator) -> np.ndarray:
    levels = rng.choice([2, 3, 10, 255])
    return np.round(_smooth(rng) * levels) / levels


def _on_thresholds(rng: np.random.Generator) -> np.ndarray:
    """Values on a threshold, one representable number below it, and one above."""
    values = THRESHOLDS[rng.integers(0, 5000, (16, 16))]
    return np.choose(
        rng.integers(0, 3, values.shape), [np.nextafter(values, 0), values, np.nextafter(values, 1)]
    )


def _collinear(rng: np.random.Generator) -> np.ndarray:
    """Pixels in one line: r is 1, or undefined along a row or a column."""
    image = np.zeros((48, 48))
    dy, dx = [(0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, -1)][rng.integers(6)]
    steps = np.arange(rng.integers(2, 23))
    y, x = steps * dy, steps * dx + (47 if dx < 0 else 0)
    image[y, x] = rng.uniform(0.51, 1, steps.size)
    return image


def _bright(rng: np.random.Generator) -> np.ndarray:
    """Most pixels near 1: the loop runs late."""
    return 1 - rng.random((20, 20)) ** 6


def _single_precision(rng: np.random.Generator) -> np.ndarray:
    return rng.random((20, 20), dtype=np.float32)


KINDS: list[Callable[[np.random.Generator], np.ndarray]] = [
    _random,
    _smooth,
    _bar,
    _constant,
    _one_or_two_pixels,
    _not_finite,
    _tied,
    _on_thresholds,
    _collinear,
    _bright,
    _single_precision,
]


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.strip("_"))
def test_paper_mode_equals_the_literal_loop(kind: Callable[..., np.ndarray]) -> None:
    rng = np.random.default_rng(KINDS.index(kind))
    for _ in range(MAPS_PER_KIND):
        saliency = kind(rng)
        t_c, t_1 = float(rng.choice(CORRELATIONS)), int(rng.choice((0, 3, *PIXEL_MINIMA)))
        got = measure_bar(saliency, BarLengthParams.paper(t_c, t_1))
        expected = algorithm_1(saliency, t_c, t_1)
        assert (got.length_px, got.stop, got.threshold, got.pixels) == expected


@pytest.mark.data
@pytest.mark.parametrize("multiply_by_input", [False, True])
def test_paper_mode_equals_the_loop_on_smoothgrad_maps_of_real_galaxies(
    data_dir: Path, tiny: Member, multiply_by_input: bool
) -> None:
    """Maps as the paper makes them, of EFIGI thumbnails at 32 px through a seeded network."""
    params = replace(SmoothGradParams.paper(multiply_by_input=multiply_by_input), samples=8)
    for path in sorted((data_dir / "efigi" / "thumbs88").glob("*.jpg"))[:240:10]:
        with Image.open(path) as thumbnail:
            pixels = np.asarray(thumbnail.convert("RGB").resize((32, 32)), dtype=np.float32)
        image = torch.from_numpy(pixels / 255).permute(2, 0, 1)[None]
        saliency = smoothgrad(tiny, image, BAR, params, [galaxy_seed(1, 2)])[0].numpy()
        got = measure_bar(saliency, BarLengthParams.paper(0.75, 10))
        expected = algorithm_1(saliency, 0.75, 10)
        assert (got.length_px, got.stop, got.threshold, got.pixels) == expected


def _sets_with_correlation(limit: Fraction, rng: np.random.Generator) -> list[np.ndarray]:
    """Sets of six pixels, (6, 2), whose r equals the limit exactly."""
    pixels = rng.integers(0, 7, (100_000, 6, 2))
    row, column = pixels[..., 0], pixels[..., 1]
    rows = 6 * (row * row).sum(1) - row.sum(1) ** 2
    columns = 6 * (column * column).sum(1) - column.sum(1) ** 2
    cross = 6 * (row * column).sum(1) - row.sum(1) * column.sum(1)
    exact = limit.denominator**2 * cross**2 == limit.numerator**2 * rows * columns
    exact &= (rows > 0) & (columns > 0)
    return [p for p in pixels[exact] if len(np.unique(p, axis=0)) == 6]


def test_a_correlation_on_the_limit_is_decided_as_in_the_loop() -> None:
    """Where r = T_c exactly, rounding alone decides: the loop's own arithmetic must."""
    rng = np.random.default_rng(0)
    decisions = set()
    for limit in (Fraction(3, 4), Fraction(7, 10)):
        for pixels in _sets_with_correlation(limit, rng):
            saliency = np.zeros((7, 7))
            saliency[pixels[:, 0], pixels[:, 1]] = 0.51
            got = measure_bar(saliency, BarLengthParams.paper(float(limit), 6))
            expected = algorithm_1(saliency, float(limit), 6)
            assert (got.length_px, got.stop, got.threshold, got.pixels) == expected
            decisions.add(got.stop)
    assert decisions == {StopReason.LINEAR, StopReason.FEW_PIXELS}


def test_the_grid_equals_the_literal_loop_for_every_pair() -> None:
    saliency = _bar(np.random.default_rng(1))
    got = measure_grid(saliency, CORRELATIONS, PIXEL_MINIMA, BarLengthParams.paper())
    expected = [[algorithm_1(saliency, c, p)[0] for p in PIXEL_MINIMA] for c in CORRELATIONS]
    assert len(np.unique(expected)) > 4
    np.testing.assert_array_equal(got, expected)


def test_paper_mode_knows_the_length_of_a_diagonal() -> None:
    saliency = np.eye(60)
    bar = measure_bar(saliency, BarLengthParams.paper())
    assert bar.length_px == math.hypot(59, 59)
    assert bar.stop is StopReason.LINEAR
    assert bar.threshold == 0.5
    assert bar.pixels == 60
    assert bar.position_angle_deg == pytest.approx(45)  # lower right to upper left


def test_paper_mode_turns_a_blank_map_into_a_length_of_one() -> None:
    bar = measure_bar(np.zeros((9, 9)), BarLengthParams.paper())
    assert (bar.length_px, bar.stop, bar.pixels) == (1.0, StopReason.FEW_PIXELS, 0)


def test_values_fall_on_the_right_side_of_every_threshold() -> None:
    neighbours = [np.nextafter(THRESHOLDS, 0), THRESHOLDS, np.nextafter(THRESHOLDS, 1)]
    special = np.array([np.nan, np.inf, -np.inf, -1e300, 1e300, 0.0, 0.5, 1.0, 5e-324])
    values = np.concatenate([*neighbours, special])
    expected = [(v > THRESHOLDS).sum() for v in values]
    np.testing.assert_array_equal(thresholds_below(values), expected)


def test_the_longest_chord_is_the_largest_of_all_distances() -> None:
    rng = np.random.default_rng(0)
    for density in (0.002, 0.02, 0.3, 1.0):
        mask = rng.random((40, 55)) < density
        assert longest_chord(mask) == largest_distance(*np.nonzero(mask))
    assert longest_chord(np.zeros((4, 4), bool)) == 0.0


def test_principal_linearity_is_that_of_the_ellipse_at_any_angle() -> None:
    """A flat ellipse of axis ratio q has variances a^2/4, q^2 a^2/4: (1 - q^2) / (1 + q^2)."""
    y, x = np.mgrid[:201, :201] - 100.0
    for angle in np.radians(np.arange(0, 180, 11)):
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        ellipse = ((along / 80) ** 2 + (across / 32) ** 2 <= 1).astype(float)
        got = principal(threshold_moments(ellipse))[0]
        assert got == pytest.approx((1 - 0.16) / (1 + 0.16), abs=5e-3)


def test_moments_of_a_huge_map_do_not_overflow() -> None:
    """Past a million pixels n^2 times the variance no longer fits 64 bits."""
    moments = threshold_moments(np.ones((3000, 3000)))
    n = 9_000_000
    variance_times_12 = 3000**2 - 1
    assert moments.count[0] == n
    assert moments.rows[0] == n * n * variance_times_12 // 12
    assert moments.columns[-1] == n * n * variance_times_12 // 12
    assert moments.cross[0] == 0
