"""Islands of sources whose place and brightness are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from catalogues.images.radio import RadioParams, preprocess
from models.attribution.source_masks import IslandParams, island_mask

SIDE = 150
LOBES = ((75, 45), (75, 105))
COMPANION = (20, 20)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """Two lobes of peak 1 about the centre, sigma 4 px, a companion at a corner, beam-sized noise
    of rms 0.02."""
    y, x = np.indices((SIDE, SIDE))
    noise = gaussian_filter(np.random.default_rng(3).normal(size=(SIDE, SIDE)), 1.3)
    out = 0.02 * noise / noise.std()
    for row, column in (*LOBES, COMPANION):
        out += np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 4.0**2))
    return out


def test_islands_reach_to_three_times_the_noise(image: np.ndarray) -> None:
    mask = island_mask(image)
    y, x = np.indices(mask.shape)
    # exp(-r^2 / 32) = 3 x 0.02 at r = 9.5 px
    for row, column in LOBES:
        radius = np.hypot(y - row, x - column)
        assert mask[radius < 8].all()
        assert mask[(radius > 13) & (radius < 18)].mean() < 0.02
    assert mask[COMPANION]
    assert mask.sum() == pytest.approx(3 * np.pi * 9.5**2, rel=0.1)


def test_central_islands_leave_out_companions_but_not_the_lobes_beside_the_core(
    image: np.ndarray,
) -> None:
    params = IslandParams(central=True, centre_radius=0.18)
    mask = island_mask(image, params)
    assert mask[LOBES[0]]
    assert mask[LOBES[1]]
    assert not mask[COMPANION]
    assert not island_mask(image, IslandParams(central=True, centre_radius=0.05)).any()


def test_noise_alone_has_no_island() -> None:
    noise = np.random.default_rng(4).normal(size=(SIDE, SIDE))
    assert not island_mask(noise).any()
    assert not island_mask(np.full((SIDE, SIDE), 3.0)).any()
    assert not island_mask(np.zeros((SIDE, SIDE))).any()


def test_a_clipped_image_is_its_own_mask(image: np.ndarray) -> None:
    clipped = preprocess(image, RadioParams())
    mask = island_mask(clipped)
    assert not mask[clipped == 0].any()
    assert (mask & island_mask(image)).sum() == island_mask(image).sum()


def test_pixels_that_are_not_finite_are_no_source(image: np.ndarray) -> None:
    holed = image.copy()
    holed[70:80, 40:43] = np.nan
    holed[0, 0] = np.inf
    mask = island_mask(holed)
    assert not mask[70:80, 40:43].any()
    assert not mask[0, 0]
    assert mask[75, 50]
    np.testing.assert_array_equal(mask[:, 80:], island_mask(image)[:, 80:])


def test_small_islands_are_dropped() -> None:
    image = np.random.default_rng(4).normal(size=(64, 64))
    for y, x, side in ((10, 10, 1), (40, 40, 2)):
        image[y - 3 : y + 6, x - 3 : x + 6] = 0.0
        image[y : y + side, x : x + side] = 50.0
    mask = island_mask(image)
    assert mask.sum() == 4
    assert mask[40:42, 40:42].all()
    assert island_mask(image, IslandParams(pixels_min=1))[10, 10]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"island_sigma": 6}, "island_sigma=6"),
        ({"pixels_min": 0}, "pixels_min=0"),
        ({"centre_radius": 0}, "centre_radius=0"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        IslandParams(**changes)


def test_an_image_of_several_bands_is_refused() -> None:
    with pytest.raises(ValueError, match="one band"):
        island_mask(np.zeros((3, 8, 8)))
