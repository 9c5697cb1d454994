"""The small network architectures of the shipped ensemble, built from timm's parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import timm
from timm.layers import BatchNormAct2d, create_conv2d, make_divisible
from timm.models.resnetv2 import ResNetV2
from timm.models.vgg import VGG
from timm.models.xception_aligned import XceptionAligned
from torch import nn


def _narrow_vgg(width: int = 12, **options: Any) -> nn.Module:
    """Build VGG16's stacks of 3x3 convolutions, batch-normalised, a fifth as wide."""
    w = width
    cfg = [w, w, "M", 2 * w, 2 * w, "M", 4 * w, 4 * w, 4 * w, "M", 8 * w, 8 * w, 8 * w, "M"]
    options = {"num_classes": 0, "global_pool": "", **options}
    network: nn.Module = VGG(cfg, norm_layer=nn.BatchNorm2d, mlp_ratio=0.03, **options)
    return network


def _narrow_resnetv2(
    width: int = 48, layers: tuple[int, ...] = (2, 2, 3, 2), **options: Any
) -> nn.Module:
    """Build a pre-activation ResNet (He et al. 2016) of bottlenecks.

    Its 3x3 stem keeps small bars whole.
    """
    stem_chs = make_divisible(width // 4)
    channels = tuple(width * 2**i for i in range(len(layers)))
    network: nn.Module = ResNetV2(
        list(layers), channels=channels, num_classes=0, global_pool="", stem_chs=stem_chs,
        conv_layer=create_conv2d, norm_layer=BatchNormAct2d, **options,
    )  # fmt: skip
    network.stem = nn.Conv2d(3, stem_chs, 3, stride=2, padding=1, bias=False)
    return network


def _narrow_xception(width: int = 24, **options: Any) -> nn.Module:
    """Build Xception (Chollet 2017): depthwise-separable convolutions in the aligned variant's
    blocks."""
    w = width
    blocks = [
        {"in_chs": 64, "out_chs": 2 * w, "stride": 2},
        {"in_chs": 2 * w, "out_chs": 4 * w, "stride": 2},
        *[{"in_chs": 4 * w, "out_chs": 4 * w, "stride": 1} for _ in range(3)],
        {"in_chs": 4 * w, "out_chs": (4 * w, 8 * w, 8 * w), "stride": 1},
    ]
    network: nn.Module = XceptionAligned(blocks, num_classes=0, global_pool="", **options)
    return network


def _short_efficientnet_lite(stages: int = 5, **options: Any) -> nn.Module:
    """Build EfficientNet-Lite0 (Tan & Le 2019; R. Liu 2020) without its last stages.

    It ends at a stride of 16 and has a fifth of the parameters. Its tensors keep timm's names, so
    that published weights fit.
    """
    options = {"num_classes": 0, "global_pool": "", **options}
    network: nn.Module = timm.create_model("tf_efficientnet_lite0", **options)
    network.blocks = network.blocks[:stages]  # type: ignore[index]
    network.conv_head, network.bn2 = nn.Identity(), nn.Identity()
    return network


NARROW: dict[str, Callable[..., nn.Module]] = {
    "narrow_vgg": _narrow_vgg,
    "narrow_resnetv2": _narrow_resnetv2,
    "narrow_xception": _narrow_xception,
    "short_efficientnet_lite": _short_efficientnet_lite,
}
"""Architectures built here, by name: the compact families, and a shortened one of timm's. Any other
name is looked up in timm."""
