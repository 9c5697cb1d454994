"""SmoothGrad of networks that are not ours: against captum, and left as they were found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from captum.attr import NoiseTunnel, Saliency
from torch import nn

import models.saliency
from models.saliency import SmoothGradParams, smoothgrad
from models.saliency.gradients import min_max
from tests.reference.smoothgrad import smoothgrad_literal

REPOSITORY = Path(__file__).parents[3]
Made = Callable[[int], nn.Module]

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


def small_timm(channels: int) -> nn.Module:
    """A plain network of timm with batch normalisation and max-pooling, the smallest ResNet."""
    torch.manual_seed(6)
    made: nn.Module = timm.create_model("resnet10t", num_classes=5, in_chans=channels)
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
    # in float64: rounding can move the winner of a max-pooling, and then a sample's gradient
    network = published(3).double().eval()
    generator = torch.Generator().manual_seed(2)
    image = torch.rand(1, 3, 48, 48, generator=generator).double()
    noise = torch.randn(1, PLAIN.samples, 3, 48, 48, generator=generator).double()
    found = smoothgrad(network, image, 4, PLAIN, seeds=[9], noise=noise)
    mean = by_captum(network, image[0], 4, noise[0], absolute=True)
    expected = min_max(mean.amax(dim=0)[None])[0].detach()
    np.testing.assert_allclose(found[0].numpy(), expected.numpy(), atol=1e-9)


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


def noise_tunnel(network: nn.Module, image: torch.Tensor, target: int, *, absolute: bool) -> tuple[torch.Tensor, torch.Tensor]:  # noqa: E501  # fmt: skip
    """captum's NoiseTunnel over its Saliency, and the noise that it drew, in units of sigma."""
    sigma = PLAIN.noise_fraction * float(image.max() - image.min())
    torch.manual_seed(3)
    found = NoiseTunnel(Saliency(network)).attribute(
        image[None].clone(), nt_type="smoothgrad", nt_samples=PLAIN.samples, stdevs=sigma,
        target=target, abs=absolute,
    )  # fmt: skip
    torch.manual_seed(3)
    drawn = torch.normal(0.0, torch.full((PLAIN.samples, *image.shape), sigma)) / sigma
    return found[0], drawn


@pytest.mark.parametrize("gradient", ["absolute", "signed"])
@pytest.mark.parametrize("make", [convolutions, small_timm])
def test_captums_noise_tunnel_on_its_own_noise(make: Made, gradient: str) -> None:
    # in float64: rounding can move the winner of a max-pooling, and then a sample's gradient
    network = make(3).double().eval()
    image = torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(5)).double()
    mean, drawn = noise_tunnel(network, image, 1, absolute=gradient == "absolute")
    params = replace(PLAIN, gradient=gradient)
    found = smoothgrad(network, image[None], 1, params, seeds=[0], noise=drawn[None].double())
    expected = min_max(mean.clamp(min=0).amax(dim=0).detach())
    torch.testing.assert_close(found[0], expected, atol=1e-5, rtol=0)


def test_the_literal_loop_on_a_network_of_timm() -> None:
    network = small_timm(3).double().eval()
    image = torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(6)).double()
    noise = torch.randn(PLAIN.samples, 3, 48, 48, generator=torch.Generator().manual_seed(7))
    literal = smoothgrad_literal(network, image, 4, PLAIN.noise_fraction, noise.double())
    found = smoothgrad(network, image[None], 4, PLAIN, seeds=[0], noise=noise[None].double())
    torch.testing.assert_close(found[0], literal, atol=1e-9, rtol=0)


@pytest.mark.parametrize("channels", [1, 5])
def test_the_literal_loop_on_any_number_of_channels(channels: int) -> None:
    network = convolutions(channels).double().eval()
    image = torch.rand(channels, 20, 20, generator=torch.Generator().manual_seed(6)).double()
    noise = torch.randn(PLAIN.samples, *image.shape, generator=torch.Generator().manual_seed(7))
    literal = smoothgrad_literal(network, image, 2, PLAIN.noise_fraction, noise.double())
    found = smoothgrad(network, image[None], 2, PLAIN, seeds=[0], noise=noise[None].double())
    torch.testing.assert_close(found[0], literal, atol=1e-9, rtol=0)


@pytest.mark.parametrize("make", [convolutions, small_timm])
def test_a_network_in_train_mode_has_the_map_of_eval_mode(make: Made) -> None:
    network, images = make(3), torch.rand(2, 3, 32, 32)
    evaluated = smoothgrad(network.eval(), images, 1, PLAIN, seeds=[1, 2])
    trained = smoothgrad(network.train(), images, 1, PLAIN, seeds=[1, 2])
    assert torch.equal(trained, evaluated)


def test_modes_gradients_and_generators_are_left_as_found() -> None:
    network = convolutions(3).train()
    network[1].eval()
    network[0].weight.grad = torch.ones_like(network[0].weight)
    network[0].bias.requires_grad_(False)
    state = torch.get_rng_state()
    with torch.no_grad():  # a caller who switched gradients off
        smoothgrad(network, torch.rand(1, 3, 24, 24, generator=torch.Generator()), 0, PLAIN, [1])
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in network] == [i != 1 for i in range(len(network))]
    assert torch.equal(network[0].weight.grad, torch.ones_like(network[0].weight))
    assert not network[0].bias.requires_grad
    assert network[5].weight.requires_grad
    assert network[5].weight.grad is None


def test_the_users_images_are_left_alone() -> None:
    images = torch.rand(1, 3, 24, 24)
    before = images.clone()
    smoothgrad(convolutions(3), images, 0, replace(PLAIN, samples=1), [1])
    assert torch.equal(images, before)
    assert not images.requires_grad


def test_a_mistake_leaves_the_network_as_found_too() -> None:
    network = convolutions(3).train()
    with pytest.raises(ValueError, match="no class 9"):
        smoothgrad(network, torch.rand(1, 3, 24, 24), 9, PLAIN, [1])
    assert network.training
    assert all(p.requires_grad for p in network.parameters())


class Cramped(nn.Module):
    """Runs out of memory, as CUDA's allocator does, beyond 3 images at once."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = convolutions(3)
        self.seen: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(images))
        if len(images) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        scores: torch.Tensor = self.inner(images)
        return scores


def test_less_memory_gives_the_same_map_and_no_attribute() -> None:
    cramped, images = Cramped(), torch.rand(2, 3, 24, 24)
    names = set(vars(cramped))
    params = replace(PLAIN, samples=8, chunk=8)
    found = smoothgrad(cramped, images, 1, params, seeds=[1, 2])
    assert cramped.seen == [1, 8, 4, 2, 2, 2, 2, 2, 2, 2, 2]  # the first asks for the classes
    roomy = smoothgrad(cramped.inner, images, 1, params, seeds=[1, 2])
    torch.testing.assert_close(found, roomy, atol=1e-5, rtol=0)
    assert set(vars(cramped)) == names


@pytest.mark.parametrize("precision", [torch.float64, torch.bfloat16])
def test_the_map_has_the_images_precision(precision: torch.dtype) -> None:
    network = convolutions(3).to(precision)
    images = torch.rand(1, 3, 24, 24).to(precision)
    assert smoothgrad(network, images, 1, PLAIN, seeds=[1]).dtype == precision


def test_a_class_may_be_an_integer_of_numpy_or_torch() -> None:
    network, images = convolutions(3), torch.rand(1, 3, 24, 24)
    expected = smoothgrad(network, images, 2, PLAIN, seeds=[1])
    for index in (np.int64(2), torch.tensor(2)):
        assert torch.equal(smoothgrad(network, images, index, PLAIN, seeds=[1]), expected)


@pytest.mark.long
def test_the_public_names_are_listed_and_light_ones_need_no_torch() -> None:
    code = (
        "import sys, models.saliency, models.attribution, models.saliency.seeds\n"
        "from models.saliency import SmoothGradParams, galaxy_seed\n"
        "from models.attribution import METHODS, PAPER_METHODS, AttributionParams\n"
        "assert 'torch' not in sys.modules\n"
        "assert set(METHODS) == {*PAPER_METHODS, 'signed_smoothgrad'} and len(METHODS) == 11\n"
        "for package in (models.saliency, models.attribution):\n"
        "    assert set(package.__all__) <= set(dir(package))\n"
        "import models.saliency.gradients\n"
        "from models.saliency import smoothgrad\n"
        "assert callable(smoothgrad) and callable(models.saliency.smoothgrad)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=True)
    with pytest.raises(AttributeError, match="no attribute 'magic'"):
        models.saliency.magic  # noqa: B018


def test_more_mistakes() -> None:
    class Tuple(nn.Module):
        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return (images.flatten(1),)

    with pytest.raises(ValueError, match="gives a tuple: it must give a tensor"):
        smoothgrad(Tuple(), torch.rand(1, 3, 24, 24), 0, PLAIN, seeds=[1])
    with pytest.raises(ValueError, match=r"\(3, 24, 24\) must be \(B, C, H, W\): give one as"):
        smoothgrad(convolutions(3), torch.rand(3, 24, 24), 0, PLAIN, seeds=[1])
    with pytest.raises(ValueError, match="give one at least"):
        smoothgrad(convolutions(3), torch.rand(1, 3, 24, 24), [], PLAIN, seeds=[1])
    empty = smoothgrad(convolutions(3), torch.rand(0, 3, 24, 24), [0, 1], PLAIN, seeds=[])
    assert empty.shape == (0, 2, 24, 24)
