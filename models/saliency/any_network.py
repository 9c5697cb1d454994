"""Wrap any classifier as SmoothGrad needs it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Protocol

from torch import Tensor, nn


class InputSize(Protocol):
    """What is known of a network's input."""

    @property
    def input_px(self) -> int:
        """Side of the square image that it sees, pixels."""


class Scorer(Protocol):
    """A network whose scores SmoothGrad differentiates; `Member` is one, `AnyNetwork` another."""

    samples_at_once: int | None
    answers_share_a_pass: bool

    @property
    def spec(self) -> InputSize:
        """What is known of its input."""

    def __call__(self, images: Tensor, /) -> Tensor:
        """(B, C, S, S) images -> (B, K) outputs."""

    def score_of(self, logits: Tensor, column: int, /) -> Tensor:
        """The score, (B,), of one class or answer."""


class AnyNetwork:
    """A torch module that maps (B, C, H, W) images to (B, K) scores.

    The score of a class is the output itself: give a network without its last sigmoid or softmax.
    """

    answers_share_a_pass = True

    def __init__(self, network: nn.Module, width: int) -> None:
        self.network = network
        self.spec: InputSize = SimpleNamespace(input_px=width)
        self.samples_at_once: int | None = None

    def __call__(self, images: Tensor) -> Tensor:
        """(B, K) scores. Raises ValueError for outputs of another shape."""
        scores = self.network(images)
        if not isinstance(scores, Tensor):
            raise ValueError(
                f"the network gives a {type(scores).__name__}: it must give a tensor of scores (B, "
                "K); wrap it in a module that returns one"
            )
        if scores.ndim != 2:
            raise ValueError(
                f"the network gives outputs of shape {tuple(scores.shape)}: it must give (B, K), "
                "one score for each of K classes"
            )
        return scores

    def score_of(self, logits: Tensor, column: int) -> Tensor:
        """The output of one class, (B,)."""
        return logits[:, column]
