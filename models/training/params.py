"""The recipe of a training: what an optimiser is told, by preset."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from models.networks.votes import LOSSES
from models.training.augment import AugmentParams
from models.training.guidance import GuideParams
from models.view_params import ViewParams


@dataclass(frozen=True, kw_only=True)
class TrainParams:
    """The recipe; the defaults are the paper's but for the wider augmentation.

    batch_size: galaxies per step, over all processes that train the member together. guide: a
    stage after the votes' that teaches where to look (models.training.guidance); None for none.
    schedule: "cosine_to_end" keeps the last epoch's weights, not the best's: nothing is chosen by
    those who are to judge.
    """

    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    loss: Literal["squared_error", "cross_entropy"] = "squared_error"
    schedule: Literal["plateau", "cosine", "cosine_to_end"] = "plateau"
    bar_weight: float = 1.0
    halve_after: int = 5
    stop_after: int = 10
    bfloat16: bool = False
    average: float = 0.0  # decay of an exponential moving average of the weights; 0: off
    seed: int = 0
    augment: AugmentParams = field(default_factory=AugmentParams)
    guide: GuideParams | None = None

    def __post_init__(self) -> None:
        if self.schedule not in ("plateau", "cosine", "cosine_to_end"):
            raise ValueError(
                f"schedule={self.schedule!r} must be 'plateau', 'cosine' or 'cosine_to_end'"
            )
        if self.guide is not None and self.schedule != "cosine":
            raise ValueError(
                f"schedule={self.schedule!r} with a guide: a guided stage follows a fixed number "
                "of epochs: use schedule='cosine', or guide=None"
            )
        if self.loss not in LOSSES:
            raise ValueError(f"loss={self.loss!r} must be one of {sorted(LOSSES)}")
        if min(self.epochs, self.batch_size, self.halve_after, self.stop_after) < 1:
            raise ValueError("epochs, batch_size, halve_after and stop_after must be at least 1")

    @property
    def all_epochs(self) -> int:
        """Of the votes' stage and the guided one."""
        return self.epochs + (self.guide.epochs if self.guide else 0)


RECIPES: dict[str, TrainParams] = {
    "paper": TrainParams(augment=AugmentParams.paper()),
    "compact": TrainParams(
        epochs=30, batch_size=64, learning_rate=4e-3, weight_decay=0.02, loss="cross_entropy",
        schedule="cosine", average=0.995, bar_weight=4.0,
    ),
}  # fmt: skip
"""How each preset is trained."""


def control_params(params: TrainParams, view: ViewParams) -> TrainParams:
    """The same recipe with squared error, and no zoom that would have to be undone."""
    augment = replace(params.augment, width_range=(view.width, view.width))
    return replace(params, loss="squared_error", bar_weight=1.0, augment=augment)
