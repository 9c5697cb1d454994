"""Options of `ansae train`: what they come to, and which contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from models.training.params import RECIPES
from pipelines.train.options import TrainOptions


def options(**changes: Any) -> TrainOptions:
    return TrainOptions(**{"data": ("in",), "output": "out", **changes})


def test_the_presets_are_taken_as_they_are() -> None:
    assert options().params == RECIPES["compact"]
    assert [m.name for m in options(preset="paper").specs] == ["vgg16", "resnet50v2", "xception"]


def test_any_architecture_of_timm_with_its_own_preprocessing() -> None:
    one, two = options(architecture=("a=test_resnet", "b=test_convnext"), head="sigmoid").specs
    assert (one.name, one.architecture, one.input_px, one.head) == (
        "a",
        "test_resnet",
        160,
        "sigmoid",
    )
    assert one.activation == two.activation == "relu"  # its own are kept
    assert (one.mean, two.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert options(architecture=("a=vgg16",), preset="paper").specs[0].mean == (0.485, 0.456, 0.406)
    assert options(architecture=("a=test_resnet",)).deciding()["architectures"] == ["test_resnet"]
    assert "architectures" not in options().deciding()


def test_what_a_member_sees_can_be_chosen() -> None:
    lite = options(architecture=("v=short_efficientnet_lite",)).specs[0]
    assert (lite.input_px, lite.activation, lite.mean) == (96, "relu", (127 / 255,) * 3)
    assert {m.input_px for m in options(input_px=72).specs} == {72}
    assert options(input_px=72).deciding() != options().deciding()
    with pytest.raises(ValueError, match=r"sees 96 px, preset 'paper' shows 224.*--input-px out"):
        options(input_px=96, preset="paper")


def test_a_sigmoid_head_brings_its_loss() -> None:
    asked = options(head="sigmoid")
    assert {m.head for m in asked.specs} == {"sigmoid"}
    assert asked.params.loss == "squared_error"
    assert options(loss="squared_error").params.loss == "squared_error"


def test_the_control_is_an_xception_with_a_linear_output() -> None:
    asked = options(target="bar-length", target_column="bar_length_arcsec")
    (member,) = asked.specs
    assert (member.name, member.head, member.outputs) == ("xception", "linear", 1)
    assert asked.params.loss == "squared_error"
    assert asked.params.augment.width_range == (0.72, 0.72)
    paper = options(target="bar-length", target_column="length_scaled", preset="paper")
    assert paper.specs[0].architecture == "legacy_xception"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": ()}, "no data given"),
        ({"members": ("vgg19",)}, "'vgg19' is not in preset 'compact'"),
        ({"target": "bar-length"}, "belong together"),
        ({"target_column": "a_px"}, "belong together"),
        ({"target": "bar-length", "target_column": "length"}, "does not name its unit"),
        (
            {"target": "bar-length", "target_column": "a_px", "head": "tree"},
            "leave --head and --loss out",
        ),
        ({"head": "sigmoid", "loss": "cross_entropy"}, "no questions for cross_entropy"),
        ({"preset": "paper", "loss": "cross_entropy"}, "no questions for cross_entropy"),
        ({"batch_size": 9, "workers_per_member": 2}, "must be a multiple of workers_per_member=2"),
        ({"search": 1}, "search=1 must be 0"),
        ({"search": 4, "workers_per_member": 2}, "one worker"),
        ({"cpus": 0}, "cpus=0 must be at least 1"),
        ({"pretrained": True, "initial_weights": ("vgg=a",)}, "exclude each other"),
        ({"initial_weights": ("a.safetensors",)}, "is not MEMBER=PATH"),
        ({"architecture": ("convnext_nano",)}, "is not NAME=ARCHITECTURE"),
        ({"architecture": ("a=vgg16",), "members": ("vgg",)}, "architectures replace them"),
        ({"architecture": ("a=vgg16", "a=vgg11")}, "give each a name of its own"),
        ({"architecture": ("a=resnet51",)}, "'resnet51' of member 'a' is neither"),
        ({"architecture": ("a=test_resnet",), "preset": "paper"}, "'a' sees 160 px.*shows 224"),
    ],
)
def test_options_that_contradict_each_other(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        options(**changes)
