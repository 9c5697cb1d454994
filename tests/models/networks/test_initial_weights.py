"""Weights to begin with: they are there where they fit, and refused where they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import timm
import torch
from safetensors.torch import save

from models.networks.checkpoints import new_member
from models.networks.length_regressor import control_member
from models.networks.member import Member
from models.networks.presets import LITE
from models.networks.spec import MemberSpec
from models.networks.weights import dump_member

NARROW = MemberSpec(name="n", architecture="narrow_vgg", input_px=32, options={"width": 4})
TIMM = MemberSpec(name="t", architecture="resnetv2_18", input_px=32)


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(
        torch.equal(a, b)
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


def test_a_member_begins_where_another_ended() -> None:
    torch.manual_seed(3)
    first = Member(NARROW)
    assert same(new_member(NARROW, weights=dump_member(first)), first)


def test_a_control_takes_the_features_and_keeps_its_own_output() -> None:
    torch.manual_seed(3)
    first = Member(NARROW)
    control = new_member(control_member(NARROW), weights=dump_member(first))
    assert same(control.backbone, first.backbone)
    assert control(torch.zeros(2, 3, 32, 32)).shape == (2, 1)


def test_timms_file_with_its_classifier() -> None:
    torch.manual_seed(3)
    published = timm.create_model(TIMM.architecture, num_classes=10)
    member = new_member(TIMM, weights=save(published.state_dict()))
    mine, theirs = member.backbone.state_dict(), published.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_shortened_network_begins_with_the_whole_ones_file() -> None:
    torch.manual_seed(3)
    whole = timm.create_model("tf_efficientnet_lite0", num_classes=10)
    member = new_member(LITE, weights=save(whole.state_dict())).eval()
    image = torch.rand(1, 3, 96, 96)
    part = whole.eval().bn1(whole.conv_stem((image - 127 / 255) / (128 / 255)))
    for stage in whole.blocks[:5]:
        part = stage(part)
    features = member._features((image - 127 / 255) / (128 / 255))
    assert torch.equal(features, part)
    torch.testing.assert_close(member(image), member.classifier(part), rtol=1e-4, atol=1e-5)
    assert sum(p.numel() for p in member.parameters()) < 0.25 * sum(
        p.numel() for p in whole.parameters()
    )


def test_weights_of_another_architecture() -> None:
    wide = replace(NARROW, options={"width": 6})
    with pytest.raises(ValueError, match=r"do not fit member 'n'.*'narrow_vgg'"):
        new_member(NARROW, weights=dump_member(Member(wide)))
    with pytest.raises(ValueError, match=r"are not a safetensors file.*pickled"):
        new_member(NARROW, weights=b"\x80\x04pickle")


def test_published_weights_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HOME", "/nonexistent")
    with pytest.raises(ValueError, match=r"'resnetv2_50' cannot be fetched.*--initial-weights"):
        new_member(replace(TIMM, architecture="resnetv2_50"), pretrained=True)
    with pytest.raises(ValueError, match="'narrow_vgg' has no published weights"):
        new_member(NARROW, pretrained=True)
