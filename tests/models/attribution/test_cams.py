"""Class activation maps by hand on a network of two layers, and which layer is taken."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from models.attribution.cams import feature_layer
from models.attribution.methods import attribute
from models.attribution.params import CAMS, AttributionParams
from models.networks.member import Member
from tests.reference.attributions import (
    grad_cam_literal,
    grad_cam_plus_plus_literal,
    score_cam_literal,
)

SIDE = 12


class TwoLayers(nn.Module):
    """Six feature maps of the image's size, their means, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 6, 3, padding=1)
        self.activation = nn.ReLU(inplace=True)
        self.linear = nn.Linear(6, 3)

    def maps(self, images: Tensor) -> Tensor:
        return self.activation(self.convolution(images))

    def forward(self, images: Tensor) -> Tensor:
        return self.linear(self.maps(images).mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def network() -> TwoLayers:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = TwoLayers()
    with torch.no_grad():
        network.linear.weight[1] = torch.tensor([0.9, 0.5, -0.2, 1.3, 0.1, 0.7])
    return network


@pytest.fixture(scope="module")
def image() -> Tensor:
    return torch.rand(1, SIDE, SIDE, generator=torch.Generator().manual_seed(5))


def test_class_activation_maps_equal_those_by_hand(network: TwoLayers, image: Tensor) -> None:
    maps = network.maps(image[None])[0].detach()
    # d logit / d feature map is the linear layer's weight over the number of pixels, everywhere
    slopes = network.linear.weight[1].detach()[:, None, None].expand_as(maps) / SIDE**2
    by_hand = {
        "grad_cam": grad_cam_literal(maps, slopes),
        "grad_cam_plus_plus": grad_cam_plus_plus_literal(maps, slopes),
        "score_cam": score_cam_literal(network, image, 1, maps),
    }
    for method in CAMS:
        found = attribute(network, image, 1, AttributionParams(method=method), seed=0)
        assert np.ptp(by_hand[method].numpy()) == pytest.approx(1)
        np.testing.assert_allclose(found, by_hand[method], atol=1e-5)


def test_a_map_of_a_small_layer_has_the_size_of_the_image(tiny: Member) -> None:
    image = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(6))
    for method in CAMS:
        assert attribute(tiny, image, 5, AttributionParams(method=method), 0).shape == (32, 32)


def test_no_progress_is_drawn(
    network: TwoLayers, image: Tensor, capfd: pytest.CaptureFixture[str]
) -> None:
    attribute(network, image, 1, AttributionParams(method="score_cam"), seed=0)
    assert capfd.readouterr() == ("", "")


def test_the_last_feature_map_is_behind_normalisation_and_activation(
    network: TwoLayers, image: Tensor
) -> None:
    assert feature_layer(network.eval(), image, None) == "activation"
    with torch.random.fork_rng():
        residual = resnet18(weights=None).eval()
    seen = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(6))
    # its blocks use one ReLU twice; the sum with the shortcut is the block's own output
    assert feature_layer(residual, seen, None) == "layer4"
    assert feature_layer(residual, seen, "layer2.0.bn1") == "layer2.0.bn1"


def test_layers_that_do_not_exist_or_give_no_map_are_refused(
    network: TwoLayers, image: Tensor
) -> None:
    for layer, words in [
        ("features.9", "'features.9' does not exist in the network; convolutions: convolution"),
        ("", "'' does not exist"),
        ("linear", "'linear' gives 0 feature maps"),
    ]:
        with pytest.raises(ValueError, match=words):
            attribute(network, image, 1, AttributionParams(method="grad_cam", layer=layer), 0)


@pytest.mark.parametrize("method", CAMS)
def test_a_network_without_convolutions_is_refused(method: str, image: Tensor) -> None:
    perceptron = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 4), nn.ReLU(), nn.Linear(4, 2))
    with pytest.raises(ValueError, match="this network has none: choose a gradient method"):
        attribute(perceptron, image, 1, AttributionParams(method=method), seed=0)


def test_a_convolution_used_twice_gives_no_one_map(image: Tensor) -> None:
    shared = nn.Conv2d(1, 1, 3, padding=1)
    twice = nn.Sequential(shared, shared, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ValueError, match="this network has none"):
        attribute(twice, image, 0, AttributionParams(method="grad_cam"), seed=0)
    with pytest.raises(ValueError, match="gives 2 feature maps"):
        attribute(twice, image, 0, AttributionParams(method="grad_cam", layer="0"), seed=0)
