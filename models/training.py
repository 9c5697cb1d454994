"""Training one member: an epoch, a validation, a schedule. No engine, no files.

Paper 1, sections 4.2-4.3: Adam, learning rate 1e-3 halved after 5 epochs without improvement of the
validation loss, stop after 10, at most 100 epochs, batches of 32, MSE on the 37 votes reported as
RMSE. "cosine" anneals over a fixed number of epochs instead, which suits a short training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.augment import AugmentParams, augment
from models.ensemble import normalise
from models.networks import Member, to_device
from models.views import ViewParams, resample, sequence
from models.votes import LOSSES, votes_from_logits


@dataclass(frozen=True, kw_only=True)
class TrainParams:
    """The recipe; the defaults are the paper's but for the wider augmentation."""

    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    loss: Literal["squared_error", "cross_entropy"] = "squared_error"
    schedule: Literal["plateau", "cosine"] = "plateau"
    bar_weight: float = 1.0
    halve_after: int = 5
    stop_after: int = 10
    bfloat16: bool = False
    average: float = 0.0  # decay of an exponential moving average of the weights; 0: off
    seed: int = 0
    augment: AugmentParams = field(default_factory=AugmentParams)

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise ValueError(f"loss={self.loss!r} must be one of {sorted(LOSSES)}")
        if min(self.epochs, self.batch_size, self.halve_after, self.stop_after) < 1:
            raise ValueError("epochs, batch_size, halve_after and stop_after must be at least 1")


RECIPES: dict[str, TrainParams] = {
    "paper": TrainParams(augment=AugmentParams.paper()),
    "compact": TrainParams(
        epochs=30, batch_size=64, learning_rate=4e-3, weight_decay=0.02, loss="cross_entropy",
        schedule="cosine", average=0.995, bar_weight=4.0,
    ),
}  # fmt: skip
"""How each preset is trained."""


@dataclass(frozen=True)
class Examples:
    """Canvases and votes: pixels (N, S, S, 3) uint8, sky (N, 3), scale (N,), votes (N, 37).

    Votes are cumulative fractions, NaN where unknown.
    """

    pixels: NDArray[np.uint8]
    sky: NDArray[np.float32]
    scale: NDArray[np.float32]
    votes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pixels)

    def batch(self, rows: NDArray[np.int64], device: torch.device) -> tuple[Tensor, Tensor]:
        """Normalised canvases (B, 3, S, S) and votes (B, 37) on `device`."""
        images = normalise(
            torch.from_numpy(self.pixels[rows]).to(device),
            torch.from_numpy(self.sky[rows]).to(device),
            torch.from_numpy(self.scale[rows]).to(device),
        )
        return images, torch.from_numpy(self.votes[rows]).to(device)


@dataclass(frozen=True, kw_only=True)
class EpochResult:
    """What an epoch came to. RMSE over known votes, as in table 1."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_rmse: float
    learning_rate: float
    improved: bool


class Trainer:
    """Holds one member, its optimiser, schedule and best weights; `epochs()` yields the results."""

    def __init__(
        self, member: Member, params: TrainParams, view: ViewParams, device: torch.device
    ) -> None:
        self.member = to_device(member, device)
        self.params, self.view, self.device = params, view, device
        self.optimiser = torch.optim.AdamW(
            member.parameters(), lr=params.learning_rate, weight_decay=params.weight_decay
        )
        self.averaged: torch.optim.swa_utils.AveragedModel | None = None
        if params.average > 0:
            self.averaged = torch.optim.swa_utils.AveragedModel(
                member,
                multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(params.average),  # type: ignore[no-untyped-call]
                use_buffers=True,
            )
        self.best_loss = float("inf")
        self.best_state = {k: v.detach().clone() for k, v in member.state_dict().items()}
        self.since_best = 0

    @property
    def evaluated(self) -> Member:
        """The member whose weights are judged and kept."""
        return self.member if self.averaged is None else self.averaged.module  # type: ignore[return-value]

    def _loss(self, images: Tensor, votes: Tensor, member: nn.Module) -> Tensor:
        head = self.member.spec.head
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.params.bfloat16):
            logits = member(images.contiguous(memory_format=torch.channels_last))
        return LOSSES[self.params.loss](logits.float(), votes, head, self.params.bar_weight)

    def train_epoch(self, examples: Examples, epoch: int) -> float:
        """One pass over shuffled, augmented examples; returns the mean training loss."""
        self.member.train()
        rng = np.random.default_rng([self.params.seed, epoch])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        order = rng.permutation(len(examples))
        size = self.params.batch_size
        steps = max(1, len(order) // size)
        losses = []
        for step in range(steps):
            self._set_rate(epoch + step / steps)
            images, votes = examples.batch(order[step * size : (step + 1) * size], self.device)
            seen = augment(images, self.params.augment, self.member.spec.input_px, generator)
            loss = self._loss(seen, votes, self.member)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.member.parameters(), 5.0)
            self.optimiser.step()
            if self.averaged is not None:
                self.averaged.update_parameters(self.member)
            losses.append(float(loss.detach()))
        return float(np.mean(losses))

    def _set_rate(self, progress: float) -> None:
        if self.params.schedule != "cosine":
            return
        warm = min(1.0, (progress + 0.05) / 1.0)
        decay = 0.5 * (1 + np.cos(np.pi * min(1.0, progress / self.params.epochs)))
        for group in self.optimiser.param_groups:
            group["lr"] = self.params.learning_rate * warm * max(decay, 1e-3)

    @torch.no_grad()
    def validate(self, examples: Examples) -> tuple[float, float]:
        """Loss and RMSE of images as they are (the published code augmented them: an error)."""
        member = self.evaluated.eval()
        total, squares, known_count = 0.0, 0.0, 0
        for start in range(0, len(examples), 128):
            rows = np.arange(start, min(start + 128, len(examples)))
            images, votes = examples.batch(rows, self.device)
            matrices = sequence(ViewParams(width=self.view.width), 0, 1, (0.0, 0.0))
            matrices = matrices.to(self.device).expand(len(rows), 2, 3)
            side = member.spec.input_px
            seen = images if self.view.identity else resample(images, matrices, side)
            logits = member(seen.contiguous(memory_format=torch.channels_last)).float()
            loss = LOSSES[self.params.loss](logits, votes, member.spec.head, self.params.bar_weight)
            total += float(loss) * len(rows)
            error = votes_from_logits(logits, member.spec.head) - votes
            known = torch.isfinite(error)
            squares += float(error[known].double().square().sum())
            known_count += int(known.sum())
        return total / len(examples), float(np.sqrt(squares / max(1, known_count)))

    def _judge(self, loss: float) -> bool:
        improved = loss < self.best_loss
        if improved:
            self.best_loss, self.since_best = loss, 0
            state = self.evaluated.state_dict()
            self.best_state = {k: v.detach().clone() for k, v in state.items()}
            return True
        self.since_best += 1
        if self.params.schedule == "plateau" and self.since_best % self.params.halve_after == 0:
            for group in self.optimiser.param_groups:
                group["lr"] *= 0.5
        return False

    def epochs(
        self, train: Examples, validation: Examples, tick: Callable[[], None] = lambda: None
    ) -> Iterator[EpochResult]:
        """Train to the end of the recipe, one result an epoch. Best weights in `best_state`."""
        for epoch in range(self.params.epochs):
            train_loss = self.train_epoch(train, epoch)
            loss, rmse = self.validate(validation)
            rate = float(self.optimiser.param_groups[0]["lr"])
            improved = self._judge(loss)
            tick()
            yield EpochResult(
                epoch=epoch, train_loss=train_loss, validation_loss=loss, validation_rmse=rmse,
                learning_rate=rate, improved=improved,
            )  # fmt: skip
            if self.params.schedule == "plateau" and self.since_best >= self.params.stop_after:
                return
