"""Differentiate a network for an attribution method, and explain votes as two logits.

A votes network asked one question: two logits, so that it is explained as any classifier is.
"""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor, nn

from catalogues.galaxyzoo import COLUMNS, question_of
from models.networks.member import Member


def placed(network: nn.Module, image: Tensor, target: int) -> Tensor:
    """`image`, (C, H, W), on the network's device. The network must be `borrowed`.

    Raises ValueError for another shape, values that are not finite, a network that does not give
    (B, K) logits, and a target outside 0 .. K - 1.
    """
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(f"an image of shape {tuple(image.shape)} must be one (C, H, W)")
    if not bool(torch.isfinite(image).all()):
        raise ValueError("the image holds NaN or infinite pixels: set them to 0 (radio_image does)")
    weight = next(chain(network.parameters(), network.buffers()), image)
    here = image.detach().to(weight.device)
    with torch.no_grad():
        logits = network(here[None])
    if logits.ndim != 2 or len(logits) != 1:
        raise ValueError(f"the network gives shape {tuple(logits.shape)} for one image: not (1, K)")
    if not 0 <= target < logits.shape[1]:
        raise ValueError(
            f"target={target} is a class that the network lacks: it has 0 .. {logits.shape[1] - 1}"
        )
    return here


def gradients(network: nn.Module, images: Tensor, target: int, chunk: int) -> Tensor:
    """d logit[target] / d pixel of every one of (B, C, H, W) images, `chunk` at a time."""
    parts = []
    for some in torch.split(images, chunk):
        leaf = some.detach().requires_grad_(True)
        parts.append(torch.autograd.grad(network(leaf)[:, target].sum(), leaf)[0])
    return torch.cat(parts)


def scores(network: nn.Module, images: Tensor, chunk: int) -> Tensor:
    """Logits (B, K) of (B, C, H, W) images, `chunk` at a time, without a graph."""
    with torch.no_grad():
        return torch.cat([network(some) for some in torch.split(images, chunk)])


def answer_classes(column: int) -> tuple[str, str]:
    """Names of the two classes: the answer, and its alternative ("other" where it has several)."""
    names = [n for n in question_of(column).column_names if n != COLUMNS[column]]
    return COLUMNS[column], names[0] if len(names) == 1 else "other"


class AnswerNetwork(nn.Module):
    """(B, 3, H, W) -> (B, 2): models.networks.votes.score of one answer, and 0.

    The softmax of the two is the share of that answer among those who reach its question ("tree"
    head), or the sigmoid of the answer's logit ("sigmoid" head).
    """

    def __init__(self, member: Member, column: int) -> None:
        super().__init__()
        self.member = member
        self.column = column

    def forward(self, images: Tensor) -> Tensor:
        """Logits of `answer_classes`."""
        score = self.member.score_of(self.member(images), self.column)
        return torch.stack([score, torch.zeros_like(score)], dim=-1)
