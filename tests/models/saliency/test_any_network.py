"""SmoothGrad of networks that are not ours: against captum, and left as they were found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import timm
import torch
from captum.attr import Saliency
from torch import nn

from models.saliency import SmoothGradParams, smoothgrad
from models.saliency.gradients import min_max

PLAIN = SmoothGradParams(
    samples=6, noise_fraction=0.15, gradient="absolute", channels="max", smoothing_px=0.0, chunk=4
)


def convolutions(channels: int) -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3), nn.BatchNorm2d(6), nn.SiLU(), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(24, 5),
    )  # fmt: skip


def published(channels: int) -> nn.Module:
    torch.manual_seed(4)
    made: nn.Module = timm.create_model("resnetv2_50", num_classes=5, in_chans=channels)
    return made


def by_captum(network: nn.Module, image: torch.Tensor, target: int, noise: torch.Tensor, *, absolute: bool) -> torch.Tensor:  # noqa: E501  # fmt: skip
    """captum's Saliency of every noisy copy, averaged: the textbook's SmoothGrad."""
    sigma = PLAIN.noise_fraction * (image.max() - image.min())
    copies = (image + sigma * noise).requires_grad_(True)
    return Saliency(network).attribute(copies, target=target, abs=absolute).mean(dim=0)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("gradient", ["absolute", "signed"])
def test_it_is_captums(channels: int, gradient: str) -> None:
    network = convolutions(channels).eval()
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(2, channels, 20, 20, generator=generator)
    noise = torch.randn(2, PLAIN.samples, channels, 20, 20, generator=generator)
    params = SmoothGradParams(
        samples=6, noise_fraction=0.15, gradient=gradient, channels="max", smoothing_px=0.0, chunk=4  # type: ignore[arg-type]
    )  # fmt: skip
    found = smoothgrad(network, images, 2, params, seeds=[5, 6], noise=noise)
    for image, sample, saliency in zip(images, noise, found, strict=True):
        mean = by_captum(network, image, 2, sample, absolute=gradient == "absolute")
        expected = min_max(mean.clamp(min=0).amax(dim=0)[None])[0].detach()
        np.testing.assert_allclose(saliency.numpy(), expected.numpy(), atol=2e-5)


def test_a_plain_network_of_timm() -> None:
    network = published(3).eval()
    generator = torch.Generator().manual_seed(2)
    image = torch.rand(1, 3, 48, 48, generator=generator)
    noise = torch.randn(1, PLAIN.samples, 3, 48, 48, generator=generator)
    found = smoothgrad(network, image, 4, PLAIN, seeds=[9], noise=noise)
    mean = by_captum(network, image[0], 4, noise[0], absolute=True)
    expected = min_max(mean.amax(dim=0)[None])[0].detach()
    np.testing.assert_allclose(found[0].numpy(), expected.numpy(), atol=1e-4)


@pytest.mark.parametrize("make", [convolutions, published])
def test_the_network_is_left_as_it_was_found(make: Callable[[int], nn.Module]) -> None:
    network = make(3).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    smoothgrad(network, torch.rand(1, 3, 32, 32), [0, 1], PLAIN, seeds=[1])
    assert network.training
    assert all(p.requires_grad and p.grad is None for p in network.parameters())
    assert not hasattr(network, "samples_at_once")
    after = network.state_dict()  # batch statistics, too
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_map_belongs_to_its_seed_and_not_to_its_neighbours() -> None:
    network = convolutions(3)
    images = torch.rand(2, 3, 24, 24)
    both = smoothgrad(network, images, [1, 3], PLAIN, seeds=[11, 12])
    assert both.shape == (2, 2, 24, 24)
    alone = smoothgrad(network, images[1:], 3, PLAIN, seeds=[12])
    np.testing.assert_allclose(both[1, 1].numpy(), alone[0].numpy(), atol=1e-6)
    other = smoothgrad(network, images[1:], 3, PLAIN, seeds=[13])
    assert not torch.allclose(alone, other)


def test_views_of_a_square_image() -> None:
    from models.view_params import ViewParams

    params = SmoothGradParams(samples=8, view=ViewParams(rotate=True, reflect=True))
    found = smoothgrad(convolutions(3), torch.rand(1, 3, 24, 24), 0, params, seeds=[3])
    assert found.shape == (1, 24, 24)
    with pytest.raises(ValueError, match="views need square images"):
        smoothgrad(convolutions(3), torch.rand(1, 3, 24, 20), 0, params, seeds=[3])


def test_mistakes() -> None:
    network, image = convolutions(3), torch.rand(1, 3, 24, 24)
    with pytest.raises(ValueError, match=r"5 classes, 0 to 4: there is no class 5"):
        smoothgrad(network, image, 5, PLAIN, seeds=[1])
    with pytest.raises(ValueError, match="counted from 0"):
        smoothgrad(network, image, -1, PLAIN, seeds=[1])
    with pytest.raises(ValueError, match="2 seeds for 1 images"):
        smoothgrad(network, image, 0, PLAIN, seeds=[1, 2])
    with pytest.raises(ValueError, match=r"outputs of shape \(1, 6, 22, 22\)"):
        smoothgrad(nn.Conv2d(3, 6, 3), image, 0, PLAIN, seeds=[1])
