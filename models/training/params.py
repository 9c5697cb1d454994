"""Parameters of a network's training, and the training recipe of each preset. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from models.view_params import ViewParams

Loss = Literal["squared_error", "cross_entropy"]
"""Losses of votes, by name (models.networks.votes.LOSSES)."""


@dataclass(frozen=True, kw_only=True)
class AugmentParams:
    """Ranges of the random changes, drawn uniformly (widths: log-uniformly) for each image.

    Attributes
    ----------
    width_range
        Width of the square that the network sees, in canvas widths.
    shift
        Largest shift, as a fraction of that square.
    brightness, gamma, saturation
        Factors.
    noise
        Largest standard deviation of added noise, as a fraction of the image's range.
    """

    width_range: tuple[float, float] = (0.58, 1.0)
    shift: float = 0.05
    brightness: tuple[float, float] = (0.7, 1.3)
    gamma: tuple[float, float] = (0.7, 1.4)
    saturation: tuple[float, float] = (0.0, 1.4)
    noise: float = 0.1

    @classmethod
    def paper(cls) -> AugmentParams:
        """Return paper 1's (section 4.3): rotations, flips, shifts of 5 %, brightness 70-130 %."""
        one = (1.0, 1.0)
        return cls(width_range=one, gamma=one, saturation=one, noise=0.0)


@dataclass(frozen=True, kw_only=True)
class GuideParams:
    """The guided stage of a training, which teaches the network where to look.

    It follows the epochs that train on votes, with normalisation layers frozen.

    Attributes
    ----------
    epochs, learning_rate
        Length and peak rate of the stage; the rate is annealed by a cosine.
    weight
        Weight of the gradients' loss; that of the votes' loss is 1.
    reach_weight
        Weight of `reach_error` within the gradients' loss; that of 1 - `pointing` is 1.
    batch_size
        Known bars per step.
    noise_fraction, smoothing_px
        As in SmoothGrad.
    bar_fraction_min
        Bars with a smaller fraction of "bar" votes are not used.
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
                "at least 1: to have no guided stage, give guide=None"
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
    """Sizes of the bars that are laid into real galaxies.

    length_over_diameter: median of full length / (2 galaxy radii). length_scatter: standard
    deviation of its natural logarithm. Both are a little larger than measured for EFIGI's bars.
    axis_ratio: (smallest, largest) axis ratio.
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
    """The training recipe. The defaults are the paper's, except for the wider augmentation.

    Attributes
    ----------
    epochs
        Number of epochs on votes; with the schedule "plateau", the largest number.
    batch_size
        Galaxies per step, over all processes that train the member together.
    learning_rate, weight_decay
        Of AdamW; the rate is the peak rate.
    loss
        "squared_error" or "cross_entropy" (models.networks.votes).
    schedule
        "plateau" halves the rate and stops early. "cosine" anneals over all epochs and keeps the
        best epoch's weights. "cosine_to_end" keeps the last epoch's weights, so that the
        validation part chooses nothing.
    bar_weight
        Weight of the bar question in the loss.
    halve_after, stop_after
        With "plateau": epochs without improvement after which the rate is halved, and training
        stops.
    bfloat16
        Whether the forward pass runs in bfloat16.
    average
        Decay of an exponential moving average of the weights; 0: off.
    seed
        Seed of batches and augmentation.
    augment
        Ranges of the augmentation.
    guide
        The guided stage after the epochs on votes (models.training.guidance); None: no such stage.
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
    average: float = 0.0
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
                "of epochs; use schedule='cosine', or guide=None"
            )
        if self.loss not in get_args(Loss):
            raise ValueError(f"loss={self.loss!r} must be one of {sorted(get_args(Loss))}")
        if min(self.epochs, self.batch_size, self.halve_after, self.stop_after) < 1:
            raise ValueError(
                f"epochs={self.epochs}, batch_size={self.batch_size}, halve_after="
                f"{self.halve_after} and stop_after={self.stop_after} must be at least 1"
            )

    @property
    def all_epochs(self) -> int:
        """Number of epochs of both stages, on votes and guided."""
        return self.epochs + (self.guide.epochs if self.guide else 0)


RECIPES: dict[str, TrainParams] = {
    "paper": TrainParams(augment=AugmentParams.paper()),
    "compact": TrainParams(
        epochs=30, batch_size=64, learning_rate=4e-3, weight_decay=0.02, loss="cross_entropy",
        schedule="cosine", average=0.995, bar_weight=4.0,
    ),
}  # fmt: skip
"""Training recipe of each preset, by name."""


def control_params(params: TrainParams, view: ViewParams) -> TrainParams:
    """Return the recipe for a control: squared error, and no zoom, which would change lengths."""
    augment = replace(params.augment, width_range=(view.width, view.width))
    return replace(params, loss="squared_error", bar_weight=1.0, augment=augment)
