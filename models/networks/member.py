"""One network of the ensemble: a timm backbone, SiLU for every ReLU, a head of 37 outputs.

Paper 1, section 4.1: VGG16 with dense layers of 592 and 296, ResNet50v2 and Xception with global
average pooling; the published code replaces every ReLU by swish. The narrow networks are the same
three families, small enough to ship and to run on a laptop.
"""

from __future__ import annotations

import timm
import torch
from torch import Tensor, nn

from models.networks.architectures import NARROW
from models.networks.spec import MemberSpec
from models.networks.votes import score, votes_from_logits


def _backbone(spec: MemberSpec, pretrained: bool) -> nn.Module:
    if spec.architecture in NARROW:
        if pretrained:
            raise ValueError(
                f"{spec.architecture!r} has no published weights: use pretrained=False"
            )
        return NARROW[spec.architecture](**spec.options)
    if not timm.is_model(spec.architecture.split(".")[0]):
        raise ValueError(
            f"architecture {spec.architecture!r} is neither one of {', '.join(NARROW)} nor known "
            "to timm: timm.list_models() lists its names (checkpoints: models.networks.checkpoints)"
        )
    return timm.create_model(  # type: ignore[no-any-return]
        spec.architecture, pretrained=pretrained, num_classes=0, global_pool="", **spec.options
    )


def replace_relu(module: nn.Module) -> None:
    """Replace every ReLU by SiLU, in place (published code of paper 1: swish everywhere)."""
    for name, child in module.named_children():
        if isinstance(child, nn.ReLU | nn.ReLU6):
            setattr(module, name, nn.SiLU(inplace=False))
        else:
            replace_relu(child)


class Member(nn.Module):
    """One network: (B, 3, input_px, input_px) in [0, 1] or sky-normalised -> (B, 37) logits.

    A control returns (B, 1), a length; a classifier returns (B, K).

    Attributes
    ----------
    samples_at_once
        Number of SmoothGrad samples that fit into the device's memory. None: use the number in
        the parameters.
    answers_share_a_pass
        Whether the gradients of several answers can follow one forward pass.
    """

    samples_at_once: int | None = None
    answers_share_a_pass = True

    def __init__(self, spec: MemberSpec, *, pretrained: bool = False) -> None:
        super().__init__()
        self.spec = spec
        self.backbone = _backbone(spec, pretrained)
        if spec.mean is not None and spec.std is not None:
            self.register_buffer("mean", torch.tensor(spec.mean).view(1, 3, 1, 1), persistent=False)
            self.register_buffer("std", torch.tensor(spec.std).view(1, 3, 1, 1), persistent=False)
        self.classifier = self._classifier(self._feature_shape())
        if spec.activation == "silu":
            replace_relu(self)

    def _feature_shape(self) -> tuple[int, int, int]:
        was_training = self.backbone.training
        self.backbone.eval()
        with torch.no_grad():
            shape = self._features(torch.zeros(1, 3, self.spec.input_px, self.spec.input_px)).shape
        self.backbone.train(was_training)
        return int(shape[1]), int(shape[2]), int(shape[3])

    def _features(self, images: Tensor) -> Tensor:
        features = self.backbone.forward_features(images)  # type: ignore[operator]
        if features.ndim != 4:
            raise ValueError(
                f"{self.spec.architecture!r} gives features of shape {tuple(features.shape)}; "
                "a member needs a feature map (B, C, H, W): choose a convolutional network"
            )
        return features  # type: ignore[no-any-return]

    def _classifier(self, shape: tuple[int, int, int]) -> nn.Sequential:
        channels, height, width = shape
        layers: list[nn.Module] = [] if self.spec.flatten else [nn.AdaptiveAvgPool2d(1)]
        layers.append(nn.Flatten())
        wide = channels * height * width if self.spec.flatten else channels
        for hidden in self.spec.hidden:
            layers += [nn.Linear(wide, hidden), nn.ReLU()]
            wide = hidden
        return nn.Sequential(*layers, nn.Linear(wide, self.spec.outputs))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, (B, 37)."""
        if self.spec.mean is not None:
            images = (images - self.get_buffer("mean")) / self.get_buffer("std")
        out: Tensor = self.classifier(self._features(images))
        return out

    def votes(self, images: Tensor) -> Tensor:
        """Return vote fractions, (B, 37)."""
        return votes_from_logits(self(images), self.spec.head)

    def score_of(self, logits: Tensor, column: int) -> Tensor:
        """Return the quantity that a map of answer `column` explains, (B,), from logits (B, 37)."""
        return score(logits, column, self.spec.head)


def to_device(member: Member, device: torch.device) -> Member:
    """Move a member to `device`, in the memory layout that makes convolutions fastest."""
    for parameter in member.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return member.to(device)
