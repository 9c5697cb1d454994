"""Curved paths and regions against `saliency`, the methods' authors' own code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import saliency.core
import torch
from torch import Tensor, nn

from models.attribution.paths import (
    blur_integrated_gradients,
    guided_integrated_gradients,
    slopes_of,
)
from models.attribution.xrai import xrai
from tests.models.bar_finder import bar_finder, bars

Floats = np.ndarray


@pytest.fixture(scope="module")
def subject() -> tuple[nn.Module, Tensor]:
    return bar_finder().double(), bars(1, seed=5)[0][0].double()


def asked(network: nn.Module, image: Tensor) -> tuple[Any, list[Floats]]:
    """What `saliency` calls for gradients (of channels-last images), and where it did."""
    slopes, points = slopes_of(network, image, 1, 16), []

    def call(images: Floats, call_model_args: None, expected_keys: list[str]) -> dict[str, Floats]:
        points.extend(np.moveaxis(images, -1, 1).copy())
        return {expected_keys[0]: np.moveaxis(slopes(np.moveaxis(images, -1, 1)), 1, -1)}

    return call, points


def test_the_guided_path_is_that_of_the_authors(
    subject: tuple[nn.Module, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, image = subject
    quantile = np.quantile  # whose argument was renamed since the library was released
    monkeypatch.setattr(np, "quantile", lambda a, q, interpolation=None, method="": quantile(a, q, method=interpolation or method))  # noqa: E501  # fmt: skip
    call, theirs = asked(network, image)
    saliency.core.GuidedIG().GetMask(np.moveaxis(image.numpy(), 0, -1), call, x_steps=20)

    ours: list[Floats] = []
    slopes = slopes_of(network, image, 1, 16)

    def noted(points: Floats) -> Floats:
        ours.append(points[-1])  # the end of a step, behind its middle
        return slopes(points)

    pixels = image.numpy()
    guided_integrated_gradients(noted, pixels, 0 * pixels, 20, 0.25, 0.02)
    np.testing.assert_allclose(ours[:-1], theirs, atol=1e-12)
    np.testing.assert_allclose(ours[-1], pixels, atol=1e-8)


def test_without_a_detour_the_guided_path_is_straight(subject: tuple[nn.Module, Tensor]) -> None:
    network, image = subject
    seen: list[Floats] = []
    slopes = slopes_of(network, image, 1, 16)

    def noted(points: Floats) -> Floats:
        seen.append(points[-1])
        return slopes(points)

    pixels = image.numpy()
    guided_integrated_gradients(noted, pixels, 0 * pixels, 4, 0.25, 1e-9)
    np.testing.assert_allclose(seen, np.linspace(0, 1, 5)[:, None, None, None] * pixels, atol=1e-7)


def test_blurring_equals_the_authors_in_the_limit_of_many_steps(
    subject: tuple[nn.Module, Tensor],
) -> None:
    network, image = subject
    call, _ = asked(network, image)
    theirs = saliency.core.BlurIG().GetMask(
        np.moveaxis(image.numpy(), 0, -1), call, max_sigma=6, steps=600, batch_size=50
    )
    ours = blur_integrated_gradients(slopes_of(network, image, 1, 16), image.numpy(), 50, 0.25)
    np.testing.assert_allclose(ours[0], theirs[..., 0], atol=0.02 * np.abs(theirs).max())


def test_regions_partition_the_image_and_hold_their_mean_attribution() -> None:
    image = bars(1, seed=5)[0][0].double().numpy()
    pixels = np.random.default_rng(0).normal(size=(1, 24, 24)) + image
    map_, ranks = xrai(image, pixels)
    assert map_.shape == ranks.shape == (24, 24)
    regions = np.unique(ranks)
    np.testing.assert_array_equal(regions, np.arange(1, len(regions) + 1))
    assert len(regions) > 2
    values = [map_[ranks == rank] for rank in regions]
    for rank, value in zip(regions, values, strict=True):
        np.testing.assert_allclose(value, pixels[0][ranks == rank].mean(), rtol=1e-9)
    assert map_.sum() == pytest.approx(pixels.sum())
    other, _ = xrai(image[:, ::-1], pixels)  # regions are an image's own, also the second time
    assert not np.array_equal(other, map_)
    np.testing.assert_array_equal(xrai(image, pixels)[0], map_)


def test_regions_of_colours_and_of_many_bands_are_found() -> None:
    bands = torch.rand(5, 24, 24, generator=torch.Generator().manual_seed(1)).double().numpy()
    bands[:, 4:12, 4:20] += 2
    for image in (bands[:3], bands):
        map_, _ = xrai(image, image)
        assert map_[6:10, 8:16].mean() > 2 > map_[16:, :].mean()
