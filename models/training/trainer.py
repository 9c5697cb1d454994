"""Train one network: epochs, validation and schedule. No Ray, no files.

Paper 1, sections 4.2-4.3: Adam with learning rate 1e-3, halved after 5 epochs without improvement
of the validation loss; stop after 10 such epochs; at most 100 epochs; batches of 32; MSE on the 37
votes, reported as RMSE. The schedule "cosine" instead anneals over a fixed number of epochs, which
suits a short training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.networks.member import Member, to_device
from models.networks.votes import LOSSES, votes_from_logits
from models.training.augment import augment
from models.training.examples import ExampleSource
from models.training.guidance import Guidance
from models.training.params import GuideParams, TrainParams
from models.training.process_group import ALONE, ProcessGroup
from models.view_params import ViewParams
from models.views import plain_view


@dataclass(frozen=True, kw_only=True)
class EpochResult:
    """Result of one epoch.

    Attributes
    ----------
    epoch
        Number of the epoch, from 0.
    train_loss, validation_loss
        Mean losses.
    validation_rmse
        RMSE over known votes, as in table 1 of paper 1.
    learning_rate
        Rate at the end of the epoch.
    improved
        Whether this epoch's weights are kept as the best.
    pointing
        How well gradients lie on known bars (models.training.guidance); None before the guided
        stage.
    """

    epoch: int
    train_loss: float
    validation_loss: float
    validation_rmse: float
    learning_rate: float
    improved: bool
    pointing: float | None = None


_COUNTERS = ("epoch", "best_loss", "since_best")


class Trainer:
    """One member with its optimiser, schedule and best weights; `epochs()` yields the results.

    To resume, take `state_dict()` after an epoch and give it to `load_state_dict()` of a new
    Trainer of the same member and recipe: training continues as without the break. `group`: the
    processes that train together.
    """

    def __init__(
        self, member: Member, params: TrainParams, view: ViewParams, device: torch.device,
        group: ProcessGroup = ALONE, guidance: Guidance | None = None,
    ) -> None:  # fmt: skip
        if params.guide is not None and (guidance is None or group.size > 1):
            raise ValueError(
                f"a guided stage needs known bars and one process per member, not {group.size}: "
                "give data with known bars and one worker, or guide=None"
            )
        self.guidance = guidance
        self.member = to_device(member, device)
        self.params, self.view, self.device, self.group = params, view, device, group
        self.network = group.parallel(self.member, device)
        self.epoch = 0  # number of finished epochs
        self.optimiser = self._new_optimiser()
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

    def _new_optimiser(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.member.parameters(),
            lr=self.params.learning_rate,
            weight_decay=self.params.weight_decay,
        )

    @property
    def guide(self) -> GuideParams | None:
        """Parameters of the guided stage, None before it begins."""
        return self.params.guide if self.epoch >= self.params.epochs else None

    def _begin_guide(self) -> None:
        """Start the guided stage from the best weights; earlier losses do not count any more."""
        self.member.load_state_dict(self.best_state)
        if self.averaged is not None:
            self.averaged.module.load_state_dict(self.best_state)
        self.optimiser = self._new_optimiser()
        self.best_loss, self.since_best = float("inf"), 0

    @property
    def evaluated(self) -> Member:
        """The member whose weights are validated and kept."""
        return self.member if self.averaged is None else self.averaged.module  # type: ignore[return-value]

    def _loss(self, images: Tensor, votes: Tensor, member: nn.Module) -> Tensor:
        head = self.member.spec.head
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.params.bfloat16):
            logits = member(images.contiguous(memory_format=torch.channels_last))
        return LOSSES[self.params.loss](logits.float(), votes, head, self.params.bar_weight)

    def train_epoch(self, examples: ExampleSource, epoch: int) -> float:
        """Train on one pass of shuffled, augmented examples; returns the mean training loss."""
        self.network.train(self.guide is None)  # the guided stage uses the final normalisation
        rng = np.random.default_rng([self.params.seed, epoch])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)) + self.group.rank)
        size = self.params.batch_size
        steps = max(1, len(examples) // size)
        losses = []
        batches = examples.shuffled(size, rng, self.device, self.group)
        for step, (images, votes) in enumerate(batches):
            self._set_rate(epoch + step / steps)
            seen = augment(images, self.params.augment, self.member.spec.input_px, generator)
            loss = self._loss(seen, votes, self.network)
            if self.guide is not None and self.guidance is not None:
                look = self.guidance.loss(self.member, self.device, generator)
                loss = loss + self.guide.weight * look
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.member.parameters(), 5.0)
            self.optimiser.step()
            if self.averaged is not None:
                self.averaged.update_parameters(self.member)
            losses.append(float(loss.detach()))
        total, count = self.group.total([sum(losses), len(losses)], self.device)
        return total / count

    def _set_rate(self, progress: float) -> None:
        if self.params.schedule == "plateau":
            return
        peak, length = self.params.learning_rate, self.params.epochs
        if self.guide is not None:
            progress -= length
            peak, length = self.guide.learning_rate, self.guide.epochs
        warm = min(1.0, (progress + 0.05) / 1.0)
        decay = 0.5 * (1 + math.cos(math.pi * min(1.0, progress / length)))
        for group in self.optimiser.param_groups:
            group["lr"] = peak * warm * max(decay, 1e-3)

    @torch.no_grad()
    def validate(self, examples: ExampleSource) -> tuple[float, float]:
        """Return loss and RMSE of images without augmentation.

        The published code augments validation images, which is an error.
        """
        member = self.evaluated.eval()
        self.group.agree(member)
        sums = [0.0] * 4  # loss x galaxies, galaxies, squared errors, known answers
        for images, votes in examples.ordered(128, self.device, self.group):
            logits = member(self.seen(images).contiguous(memory_format=torch.channels_last)).float()
            loss = LOSSES[self.params.loss](logits, votes, member.spec.head, self.params.bar_weight)
            error = votes_from_logits(logits, member.spec.head) - votes
            known = torch.isfinite(error)
            squares = float(error[known].double().square().sum())
            parts = (float(loss) * len(votes), len(votes), squares, int(known.sum()))
            sums = [total + part for total, part in zip(sums, parts, strict=True)]
        losses, galaxies, squares, count = self.group.total(sums, self.device)
        return losses / max(1, galaxies), float(np.sqrt(squares / max(1, count)))

    def seen(self, images: Tensor) -> Tensor:
        """Return what the member sees of canvases (B, 3, S, S) without augmentation."""
        return plain_view(images, self.view, self.member.spec.input_px)

    def _keep_best(self, loss: float) -> bool:
        if loss < self.best_loss or self.params.schedule == "cosine_to_end":
            self.best_loss, self.since_best = loss, 0
            state = self.evaluated.state_dict()
            self.best_state = {k: v.detach().clone() for k, v in state.items()}
            return True
        self.since_best += 1
        if self.params.schedule == "plateau" and self.since_best % self.params.halve_after == 0:
            for group in self.optimiser.param_groups:
                group["lr"] *= 0.5
        return False

    @property
    def finished(self) -> bool:
        """Whether the training is complete."""
        waited = self.params.schedule == "plateau" and self.since_best >= self.params.stop_after
        return waited or self.epoch >= self.params.all_epochs

    def epochs(
        self,
        train: ExampleSource,
        validation: ExampleSource,
        tick: Callable[[], None] = lambda: None,
    ) -> Iterator[EpochResult]:
        """Train to the end of the recipe and yield one result per epoch.

        `best_state` holds the best weights. `tick` is called after each epoch.
        """
        while not self.finished:
            if self.guide is not None and self.epoch == self.params.epochs:
                self._begin_guide()
            train_loss = self.train_epoch(train, self.epoch)
            loss, rmse = self.validate(validation)
            pointing = None
            if self.guide is not None and self.guidance is not None:
                pointing = self.guidance.evaluate(self.evaluated, self.device)
                loss += self.guide.weight * (1.0 - pointing)
            rate = float(self.optimiser.param_groups[0]["lr"])
            improved = self._keep_best(loss)
            self.epoch += 1
            tick()
            yield EpochResult(
                epoch=self.epoch - 1, train_loss=train_loss, validation_loss=loss,
                validation_rmse=rmse, learning_rate=rate, improved=improved, pointing=pointing,
            )  # fmt: skip

    def state_dict(self) -> dict[str, Any]:
        """Return everything that training changes, as tensors and plain values for torch.save."""
        on_gpu = self.device.type == "cuda"
        return {
            **{name: getattr(self, name) for name in _COUNTERS},
            "member": self.member.state_dict(),
            "averaged": None if self.averaged is None else self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best_state": self.best_state,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state(self.device) if on_gpu else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state` (of `state_dict`).

        Raises KeyError or RuntimeError for the state of another member or recipe.
        """
        self.member.load_state_dict(state["member"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best_state = {k: v.to(self.device) for k, v in state["best_state"].items()}
        for name in _COUNTERS:
            setattr(self, name, state[name])
        torch.set_rng_state(state["random"].cpu())
        if state["random_cuda"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["random_cuda"].cpu(), self.device)
