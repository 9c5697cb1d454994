"""Bars laid into images: where the truth says, as long as it says, and the galaxy left alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.preprocess import galaxy_frame
from models.training.laid_bars import LaidBar, lay_bar
from models.training.params import LaidBarParams

PLAIN = LaidBarParams(length_scatter=0.1)


def disc(x: float = 80.0, y: float = 80.0, star: bool = False) -> NDArray[np.uint8]:
    """A round exponential disc on a sky of 20, (161, 161, 3), reddish."""
    rows, columns = np.indices((161, 161))
    r = np.hypot(columns - x, rows - y)
    light = 20 + 150 * np.exp(-r / 18.0)
    image = light[..., None] * np.array([1.0, 0.9, 0.7])
    if star:
        image[10:14, 10:14] = 255.0
    return image.round().astype(np.uint8)


def added(bar: LaidBar, image: NDArray[np.uint8]) -> NDArray[np.float64]:
    light = bar.pixels.astype(float).mean(axis=2) - image.astype(float).mean(axis=2)
    return np.where(np.abs(light) > 0.7, light, 0.0)  # rounding


def along_and_across(bar: LaidBar) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    high, wide = bar.pixels.shape[:2]
    y, x = np.indices((high, wide), dtype=float)
    turn = np.deg2rad(bar.position_angle_deg)
    dx, dy = x - (wide - 1) / 2, y - (high - 1) / 2
    return -dx * np.sin(turn) - dy * np.cos(turn), dx * np.cos(turn) - dy * np.sin(turn)


@pytest.mark.parametrize("seed", range(8))
def test_the_light_lies_where_the_truth_says(seed: int) -> None:
    image = disc()
    bar = lay_bar(image, np.random.default_rng(seed), PLAIN)
    light = added(bar, image)
    along, across = along_and_across(bar)
    share = light / light.sum()
    assert light.min() >= 0
    assert (share * along).sum() == pytest.approx(0.0, abs=0.3)
    assert (share * across).sum() == pytest.approx(0.0, abs=0.3)
    uu, vv, uv = ((share * a).sum() for a in (along**2, across**2, along * across))
    assert 0.5 * np.rad2deg(np.arctan2(2 * uv, uu - vv)) == pytest.approx(0.0, abs=1.5)
    radius = galaxy_frame(image).radius_px
    reach = 0.5 * bar.length_px + 3 * 0.045 * radius  # the seeing's
    assert share[np.abs(along) > reach].sum() < 0.005
    assert share[np.abs(along) > 0.6 * 0.5 * bar.length_px].sum() > 0.05  # and not shorter
    assert 0.14 <= bar.axis_ratio <= 0.8


def test_lengths_follow_the_galaxys_size() -> None:
    image = disc()
    lengths = [lay_bar(image, np.random.default_rng(k)).length_px for k in range(200)]
    radius = galaxy_frame(image).radius_px
    assert np.median(lengths) == pytest.approx(0.42 * 2 * radius, rel=0.1)
    assert np.std(np.log(lengths)) == pytest.approx(0.38, rel=0.2)
    assert min(lengths) >= 8.0


def test_the_galaxy_comes_to_the_middle_and_the_rest_stays() -> None:
    image = disc(x=71.0, y=84.0, star=True)
    bar = lay_bar(image, np.random.default_rng(1), PLAIN)
    assert bar.pixels.shape == (153, 143, 3)
    cut = image[8:161, 0:143]
    far = np.abs(along_and_across(bar)[0]) > bar.length_px
    assert np.abs(bar.pixels.astype(int) - cut)[far].max() <= 1
    assert (bar.pixels[2:6, 10:14] == 255).all()  # the star
    peak = np.unravel_index(bar.pixels.mean(axis=2)[10:-10, 20:-20].argmax(), (133, 103))
    assert peak == pytest.approx((66, 51), abs=2)


def test_the_same_numbers_give_the_same_bar() -> None:
    image = disc()
    bars = [lay_bar(image, np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(bars[0].pixels, bars[1].pixels)
    assert bars[0].length_px == bars[1].length_px


@pytest.mark.parametrize("pixels", [np.zeros((16, 16, 3), np.uint8), np.full((40, 9, 3), 255, np.uint8)])  # noqa: E501  # fmt: skip
def test_an_image_of_nothing_is_survived(pixels: NDArray[np.uint8]) -> None:
    bar = lay_bar(pixels, np.random.default_rng(0))
    assert bar.pixels.dtype == np.uint8
    assert np.isfinite(bar.length_px)
    assert 0.3 * bar.length_px < bar.visual_length_px < 1.1 * bar.length_px


def test_what_cannot_be_laid_is_refused() -> None:
    with pytest.raises(ValueError, match=r"axis_ratio=.* must ascend between 0 and 1"):
        LaidBarParams(axis_ratio=(0.5, 0.2))
    with pytest.raises(ValueError, match="length_over_diameter=0 must be positive"):
        LaidBarParams(length_over_diameter=0)
