"""Members: shapes, the paper's heads and sizes, SiLU everywhere, names that timm knows or not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.networks.member import Member
from models.networks.presets import COMPACT, PAPER
from models.networks.spec import MemberSpec
from models.networks.weights import dump_member


@pytest.mark.parametrize("spec", COMPACT, ids=lambda s: s.name)
def test_compact_members_give_37_outputs_and_weigh_little(spec: MemberSpec) -> None:
    member = Member(spec).eval()
    assert member(torch.zeros(2, 3, spec.input_px, spec.input_px)).shape == (2, 37)
    assert len(dump_member(member)) < 6e6
    assert not any(isinstance(m, nn.ReLU) for m in member.modules())
    assert any(isinstance(m, nn.SiLU) for m in member.modules())


def test_the_papers_vgg16_has_its_dense_layers() -> None:
    # 512 x 7 x 7 features, dense 592, 296, 37 (paper 1, section 4.1); VGG16's 13 convolutions
    member = Member(PAPER[0])
    dense = [m for m in member.classifier if isinstance(m, nn.Linear)]
    assert [(d.in_features, d.out_features) for d in dense] == [(25088, 592), (592, 296), (296, 37)]
    convolutions = [m for m in member.backbone.modules() if isinstance(m, nn.Conv2d)]
    assert sum(c.kernel_size == (3, 3) for c in convolutions) == 13


@pytest.mark.parametrize(("index", "millions"), [(1, 23.6), (2, 20.9)])
def test_resnet50v2_and_xception_have_their_published_size(index: int, millions: float) -> None:
    # Keras: ResNet50V2 23.6 M, Xception 20.9 M without the ImageNet top; 2048 features to 37
    member = Member(PAPER[index])
    count = sum(p.numel() for p in member.parameters())
    assert count == pytest.approx(millions * 1e6, rel=0.01)
    assert member.classifier[-1].in_features == 2048


def test_any_timm_network_works_as_a_member() -> None:
    spec = MemberSpec(
        name="x", architecture="mobilenetv3_small_050", input_px=64, mean=(0.5,) * 3, std=(0.2,) * 3
    )
    assert Member(spec).eval().votes(torch.rand(2, 3, 64, 64)).shape == (2, 37)


def test_an_unknown_name_is_refused_with_a_remedy() -> None:
    with pytest.raises(ValueError, match=r"'resnet51'.*timm\.list_models"):
        Member(MemberSpec(name="x", architecture="resnet51"))


def test_a_network_without_feature_maps_is_refused() -> None:
    spec = MemberSpec(name="x", architecture="vit_tiny_patch16_224", input_px=224)
    with pytest.raises(ValueError, match=r"feature map \(B, C, H, W\)"):
        Member(spec)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_px": 8}, "input_px=8"),
        ({"head": "softmax"}, "head='softmax'"),
        ({"head": "linear"}, "outputs=37"),
        ({"outputs": 1}, "outputs=1"),
        ({"mean": (0.1, 0.2, 0.3)}, "both mean and std"),
    ],
)
def test_specifications_that_mean_nothing(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MemberSpec(name="x", architecture="narrow_vgg", **changes)  # type: ignore[arg-type]
