"""Fold batch normalisations into the layer before them: the same function with fewer operations.

In evaluation mode a batch normalisation is y = s x + t per channel, with s = gamma / sqrt(var +
eps) and t = beta - mean s. If it follows a convolution whose output nothing else reads, s goes into
the weights and t into the bias. Elsewhere (a pre-activation block reads its input twice) one
multiplication and one addition remain. Results differ by rounding only.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from timm.layers import Conv2dSame
from torch import Tensor, fx, nn

from models.networks.member import Member


class _Tracer(fx.Tracer):
    """A tracer that does not enter batch normalisations (timm's include their activation), nor
    convolutions whose padding depends on the input's size."""

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        kept = isinstance(module, nn.BatchNorm2d | Conv2dSame)
        return kept or super().is_leaf_module(module, name)


class _Straight(nn.Module):
    """A member's forward pass without its checks, because these cannot be traced."""

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.backbone, self.classifier = member.backbone, member.classifier
        self.normalises = member.spec.mean is not None
        if self.normalises:
            scale = 1 / member.get_buffer("std")
            self.normalise = ScaleShift(scale, -member.get_buffer("mean") * scale)

    def forward(self, images: Tensor) -> Tensor:
        images = self.normalise(images) if self.normalises else images
        return self.classifier(self.backbone.forward_features(images))  # type: ignore


class ScaleShift(nn.Module):
    """y = scale x + shift."""

    def __init__(self, scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.get_buffer("shift"), x, self.get_buffer("scale"))


def folded(member: Member) -> fx.GraphModule:
    """Return the function from images to logits of a frozen member in evaluation mode.

    It shares the parameters that did not change. Raises torch.fx's error for a network whose
    control flow depends on its values.
    """
    root = _Straight(member)
    module = fx.GraphModule(root, _Tracer().trace(root))
    parts = dict(module.named_modules())
    for node in module.graph.nodes:
        norm = parts.get(str(node.target)) if node.op == "call_module" else None
        if not isinstance(norm, nn.BatchNorm2d) or norm.running_mean is None:
            continue
        before = node.args[0]
        conv = parts.get(str(before.target)) if before.op == "call_module" else None
        scale, shift = _scale_and_shift(norm)
        after: list[Any] = [norm.drop, norm.act] if hasattr(norm, "act") else []
        if isinstance(conv, nn.Conv2d) and len(before.users) == 1:
            module.set_submodule(str(before.target), _convolution(conv, scale, shift))
        else:
            per_channel = [v.to(norm.running_mean.dtype).view(1, -1, 1, 1) for v in (scale, shift)]
            after = [ScaleShift(*per_channel), *after]
        module.set_submodule(str(node.target), nn.Sequential(*after))
    module.recompile()
    return module.eval().requires_grad_(False)


def _scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return s and t of every channel, float64."""
    scale = torch.rsqrt(norm.get_buffer("running_var").double() + norm.eps)
    if norm.affine:
        scale = scale * norm.weight.double()
    shift = -norm.get_buffer("running_mean").double() * scale
    return scale, shift + norm.bias.double() if norm.affine else shift


def _convolution(conv: nn.Conv2d, scale: Tensor, shift: Tensor) -> nn.Conv2d:
    """Return one convolution that equals `conv` followed by y = scale x + shift."""
    new, weight = copy.deepcopy(conv), conv.weight
    scaled = (weight.double() * scale.view(-1, 1, 1, 1)).to(weight.dtype)
    new.weight = nn.Parameter(scaled.contiguous(memory_format=torch.channels_last))
    if conv.bias is not None:
        shift = conv.bias.double() * scale + shift
    new.bias = nn.Parameter(shift.to(weight.dtype))
    return new
