"""Parameters of a training, and the recipe of each preset. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from models.view_params import ViewParams

Loss = Literal["squared_error", "cross_entropy"]
"""Losses of votes, by name (models.networks.votes.LOSSES)."""


@dataclass(frozen=True, kw_only=True)
class AugmentParams:
    """Ranges drawn from uniformly (widths log-uniformly), per image.

    width_range: of the square seen, in canvas widths. shift: in fractions of that square.
    brightness, gamma, saturation: factors. noise: largest standard deviation of added noise as a
    fraction of the image's range.
    """

    width_range: tuple[float, float] = (0.58, 1.0)
    shift: float = 0.05
    brightness: tuple[float, float] = (0.7, 1.3)
    gamma: tuple[float, float] = (0.7, 1.4)
    saturation: tuple[float, float] = (0.0, 1.4)
    noise: float = 0.1

    @classmethod
    def paper(cls) -> AugmentParams:
        """Section 4.3: rotations, flips, shifts of 5 %, brightness 70-130 %."""
        one = (1.0, 1.0)
        return cls(width_range=one, gamma=one, saturation=one, noise=0.0)


@dataclass(frozen=True, kw_only=True)
class GuideParams:
    """The stage of a training that teaches where to look.

    epochs, learning_rate: of the stage, annealed by a cosine, after the votes' own epochs and with
    normalisation layers frozen. weight: of the gradients' loss beside the votes', reach_weight: of
    `reach_error` beside 1 - `pointing` within it. batch_size: known bars per step. noise_fraction,
    smoothing_px: as SmoothGrad's. bar_fraction_min: bars that fewer voters see are not taught.
    """

    epochs: int = 20
    learning_rate: float = 1.2e-3
    weight: float = 0.35
    reach_weight: float = 3.0
    batch_size: int = 28
    noise_fraction: float = 0.1
    smoothing_px: float = 1.0
    bar_fraction_min: float = 0.3

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch_size) < 1:
            raise ValueError(
                f"epochs={self.epochs} and batch_size={self.batch_size} of a guided stage must be "
                "at least 1: leave the stage out for none"
            )
        if not (self.weight > 0 and self.learning_rate > 0):
            raise ValueError(
                f"weight={self.weight}, learning_rate={self.learning_rate} must be positive"
            )
        if min(self.noise_fraction, self.reach_weight) < 0:
            raise ValueError(
                f"noise_fraction={self.noise_fraction} and reach_weight={self.reach_weight} must "
                "not be negative"
            )


@dataclass(frozen=True, kw_only=True)
class LaidBarParams:
    """What is laid.

    length_over_diameter: median of full length / (2 galaxy radii); length_scatter: of its natural
    logarithm; both a little wider than EFIGI's bars as measured. axis_ratio: range.
    """

    length_over_diameter: float = 0.42
    length_scatter: float = 0.38
    axis_ratio: tuple[float, float] = (0.14, 0.45)

    def __post_init__(self) -> None:
        low, high = self.axis_ratio
        if not 0 < low <= high < 1:
            raise ValueError(f"axis_ratio={self.axis_ratio} must ascend between 0 and 1")
        if not (self.length_over_diameter > 0 and self.length_scatter >= 0):
            raise ValueError(
                f"length_over_diameter={self.length_over_diameter} must be positive and "
                f"length_scatter={self.length_scatter} not negative"
            )


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
    loss: Loss = "squared_error"
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
        if self.loss not in get_args(Loss):
            raise ValueError(f"loss={self.loss!r} must be one of {sorted(get_args(Loss))}")
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
