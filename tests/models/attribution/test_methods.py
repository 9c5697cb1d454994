"""The ten methods: closed forms on a linear network, completeness, and what they leave behind."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from models.attribution.methods import attribute
from models.attribution.params import CAMS, CITATIONS, METHODS, SIGNED, AttributionParams
from models.saliency.noise import draw_noise
from models.view_params import ViewParams
from tests.models.bar_finder import bar_finder, bars
from tests.reference.attributions import integrated_gradients_literal

SIDE = 16
ALL = METHODS
NOISY = ("smoothgrad", "smooth_integrated_gradients", SIGNED)


def quick(method: str, **changes: Any) -> AttributionParams:
    return replace(AttributionParams(method=method, samples=4, steps=8), **changes)


@pytest.fixture(scope="module")
def image() -> Tensor:
    """(2, 16, 16) in [0, 1]."""
    return torch.rand(2, SIDE, SIDE, generator=torch.Generator().manual_seed(1)).double()


@pytest.fixture(scope="module")
def weight() -> Tensor:
    """Of class 2 of the linear network."""
    return torch.randn(2, SIDE, SIDE, generator=torch.Generator().manual_seed(2)).double()


@pytest.fixture(scope="module")
def linear(weight: Tensor) -> nn.Module:
    """logit 2 = weight . image; its gradient is the weight wherever one looks."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(weight.numel(), 3)).double()
    with torch.no_grad():
        network[1].weight[2] = weight.flatten()
    return network


@pytest.mark.parametrize("method", ["vanilla_gradient", "smoothgrad"])
def test_absolute_gradients_of_a_linear_network_are_its_weights(
    linear: nn.Module, image: Tensor, weight: Tensor, method: str
) -> None:
    found = attribute(linear, image, 2, quick(method), seed=3)
    np.testing.assert_allclose(found, weight.abs().amax(dim=0), rtol=1e-6)


@pytest.mark.parametrize("method", ["integrated_gradients", "guided_integrated_gradients"])
@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_integrated_gradients_of_a_linear_network_are_weight_times_input(
    linear: nn.Module, image: Tensor, weight: Tensor, method: str, baseline: str
) -> None:
    start = image.mean(dim=(1, 2), keepdim=True) if baseline == "mean" else 0.0
    found = attribute(linear, image, 2, quick(method, baseline=baseline), seed=3)
    np.testing.assert_allclose(found, (weight * (image - start)).sum(dim=0), atol=1e-6)


def test_smooth_integrated_gradients_average_the_noisy_copies(
    linear: nn.Module, image: Tensor, weight: Tensor
) -> None:
    noise = draw_noise(image.shape, 3, 0, 4, image.device).double()
    copies = image + 0.1 * (image.max() - image.min()) * noise
    found = attribute(linear, image, 2, quick("smooth_integrated_gradients"), seed=3)
    np.testing.assert_allclose(found, (weight * copies.mean(dim=0)).sum(dim=0), atol=1e-6)


def test_blurring_a_linear_network_gives_weight_times_what_was_blurred_away(
    linear: nn.Module, image: Tensor, weight: Tensor
) -> None:
    blurred = gaussian_filter(image.numpy(), (0, 4, 4), mode="constant")
    found = attribute(linear, image, 2, quick("blur_integrated_gradients"), seed=3)
    np.testing.assert_allclose(
        found, (weight.numpy() * (image.numpy() - blurred)).sum(0), atol=1e-6
    )


def test_xrai_adds_up_to_the_pixels_from_black_and_from_white(
    linear: nn.Module, image: Tensor, weight: Tensor
) -> None:
    pixels = (weight * (image - (image.min() + image.max()) / 2)).amax(dim=0)
    found = attribute(linear, image, 2, quick("xrai"), seed=3)
    assert found.sum() == pytest.approx(float(pixels.sum()), rel=1e-5)


def test_the_signed_map_of_a_linear_network_is_the_positive_part_of_its_weights(
    linear: nn.Module, image: Tensor, weight: Tensor
) -> None:
    params = quick(SIGNED, view=ViewParams(), smoothing_px=0)
    positive = weight.clamp(min=0).sum(dim=0)
    expected = (positive - positive.min()) / (positive.max() - positive.min())
    np.testing.assert_allclose(attribute(linear, image, 2, params, seed=3), expected, atol=1e-6)


def test_a_signed_map_without_evidence_is_zero(image: Tensor) -> None:
    against = nn.Sequential(nn.Flatten(), nn.Linear(image.numel(), 1)).double()
    with torch.no_grad():
        against[1].weight.fill_(-1.0)
    assert not attribute(against, image, 0, quick(SIGNED), seed=3).any()


@pytest.fixture(scope="module")
def subject() -> tuple[nn.Module, Tensor]:
    """A trained network in double precision, so that sums can be compared, and an image."""
    return bar_finder().double(), bars(1, seed=5)[0][0].double()


def logit(network: nn.Module, image: Tensor | np.ndarray) -> float:
    return float(network(torch.as_tensor(image)[None])[0, 1].detach())


@pytest.mark.parametrize(
    "method", ["integrated_gradients", "guided_integrated_gradients", "blur_integrated_gradients"]
)
def test_integrated_gradients_are_complete_within_a_hundredth(
    subject: tuple[nn.Module, Tensor], method: str
) -> None:
    network, image = subject
    end: Any = torch.zeros_like(image)
    if method.startswith("blur"):
        end = gaussian_filter(image.numpy(), (0, 6, 6), mode="constant")
    found = attribute(network, image, 1, AttributionParams(method=method), seed=3)
    change = logit(network, image) - logit(network, end)
    assert abs(change) > 1
    assert float(found.sum()) == pytest.approx(change, rel=0.01)


def test_smooth_integrated_gradients_are_complete_on_average(
    subject: tuple[nn.Module, Tensor],
) -> None:
    network, image = subject
    params = AttributionParams.usual("smooth_integrated_gradients")
    noise = draw_noise(image.shape, 3, 0, params.samples, image.device).double()
    copies = image + 0.1 * (image.max() - image.min()) * noise
    change = np.mean([logit(network, c) for c in copies]) - logit(network, 0 * image)
    found = attribute(network, image, 1, params, seed=3)
    assert float(found.sum()) == pytest.approx(change, rel=0.01)


def test_integrated_gradients_equal_the_literal_loop(subject: tuple[nn.Module, Tensor]) -> None:
    network, image = subject
    params = AttributionParams(method="integrated_gradients", steps=200, chunk=50)
    literal = integrated_gradients_literal(network, image, 1, torch.zeros_like(image), 400)
    found = attribute(network, image, 1, params, seed=3)
    np.testing.assert_allclose(found, literal[0], atol=0.01 * float(literal.abs().max()))


def test_the_kink_of_a_relu_costs_completeness_little(image: Tensor) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = nn.Sequential(
            nn.Conv2d(2, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(294, 2)
        ).double()
    change = logit(network, image) - logit(network, 0 * image)
    for method in ("integrated_gradients", "guided_integrated_gradients"):
        found = attribute(network, image, 1, AttributionParams(method=method), seed=3)
        assert float(found.sum()) == pytest.approx(change, abs=0.01 * float(np.abs(found).sum()))


@pytest.mark.parametrize("method", ALL)
def test_a_map_depends_on_its_arguments_alone_and_the_network_is_left_as_found(
    method: str,
) -> None:
    network, image = bar_finder().train(), bars(1, seed=5)[0][0]
    first = network[0].weight
    first.requires_grad_(True)
    first.grad = torch.ones_like(first)
    network[4].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    found = attribute(network, image, 1, quick(method), seed=7)
    assert found.shape == image.shape[1:]
    assert found.dtype == np.float32
    assert np.ptp(found) > 0
    np.testing.assert_array_equal(found, attribute(network, image, 1, quick(method), seed=7))
    other = attribute(network, image, 1, quick(method), seed=8)
    assert np.array_equal(found, other) == (method not in NOISY)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert [m.training for m in network] == [i != 4 for i in range(len(network))]
    assert first.requires_grad
    assert torch.equal(first.grad, torch.ones_like(first))
    assert not network[0].bias.requires_grad
    assert all(torch.equal(value, before[n]) for n, value in network.state_dict().items())
    assert not any(m._forward_hooks or m._backward_hooks for m in network.modules())


def test_chunks_change_rounding_alone(subject: tuple[nn.Module, Tensor]) -> None:
    network, image = subject
    for method in ALL:
        maps = [attribute(network, image, 1, quick(method, chunk=c), seed=7) for c in (3, 16)]
        np.testing.assert_allclose(*maps, atol=1e-5 * float(np.abs(maps[0]).max()))


@pytest.mark.parametrize("method", ALL)
def test_parameters_in_the_output_are_those_that_the_method_uses(method: str) -> None:
    said = AttributionParams.usual(method).to_dict()
    assert json.loads(json.dumps(said)) == said
    assert said["method"] == method
    assert CITATIONS[method]
    assert ("samples" in said) == (method in NOISY)
    assert ("layer" in said) == (method in CAMS)


def test_the_width_of_a_blurred_baseline_is_in_the_output() -> None:
    said = AttributionParams(method="integrated_gradients", baseline="blurred").to_dict()
    assert said["blur_fraction"] == 0.25


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "magic"}, "method='magic'"),
        ({"samples": 0}, "samples=0"),
        ({"steps": 1}, "steps=1"),
        ({"noise_fraction": -1}, "noise_fraction=-1"),
        ({"baseline": "white"}, "baseline='white'"),
        ({"guided_fraction": 0}, "guided_fraction=0"),
        ({"blur_fraction": 2}, "blur_fraction=2"),
        ({"smoothing_px": 30}, "smoothing_px=30"),
        ({"layer": "0"}, "leave it out for xrai"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AttributionParams(**{"method": "xrai", **changes})


@pytest.mark.parametrize("target", [-1, 3])
def test_a_class_that_the_network_lacks_is_refused(
    linear: nn.Module, image: Tensor, target: int
) -> None:
    with pytest.raises(ValueError, match=rf"target={target} is a class .* 0 \.\. 2"):
        attribute(linear, image, target, quick("vanilla_gradient"), seed=3)


def test_images_that_are_none_are_refused(linear: nn.Module, image: Tensor) -> None:
    params = quick("vanilla_gradient")
    with pytest.raises(ValueError, match=r"must be one \(C, H, W\)"):
        attribute(linear, image[None], 2, params, seed=3)
    with pytest.raises(ValueError, match="NaN or infinite"):
        attribute(linear, image / 0, 2, params, seed=3)
    with pytest.raises(ValueError, match=r"not \(1, K\)"):
        attribute(nn.Identity(), image, 0, params, seed=3)
    with pytest.raises(ValueError, match="views need a square image"):
        attribute(nn.Flatten(), image[:, :8], 0, quick(SIGNED), seed=3)


def test_a_gradient_that_is_not_finite_is_an_error(image: Tensor) -> None:
    class Root(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return (images - images.amin(dim=(1, 2, 3), keepdim=True)).sqrt().flatten(1)[:, :2]

    lowest = image.clone()
    lowest[0, 0, 0] = -1.0
    for method in ("vanilla_gradient", "smoothgrad"):
        with pytest.raises(FloatingPointError, match="not finite"):
            attribute(Root(), lowest, 0, quick(method, noise_fraction=0), seed=3)


@pytest.mark.parametrize("method", ALL)
def test_blank_images_are_refused_where_the_method_is_undefined(method: str) -> None:
    network, blank = bar_finder(), torch.full((1, 24, 24), 0.5)
    if method in ("vanilla_gradient", "grad_cam", "grad_cam_plus_plus"):
        assert np.isfinite(attribute(network, blank, 1, quick(method), seed=3)).all()
        return
    with pytest.raises(ValueError, match=r"blank \(every pixel 0\.5\)"):
        attribute(network, blank, 1, quick(method), seed=3)
