"""Draw the training recipes that a search tries: the given one and random neighbours of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.training.params import TrainParams


@dataclass(frozen=True, kw_only=True)
class SearchParams:
    """The search space around a given recipe.

    Attributes
    ----------
    learning_rate_factor
        The rate is drawn log-uniformly from the recipe's divided by this to the recipe's times
        this.
    weight_decay, average
        Values to draw from.
    batch_factors
        Factors to draw from; they multiply the recipe's batch size.
    noise
        Range of the augmentation's noise, drawn uniformly.
    reduction
        ASHA continues one in this many trials at each rung (Li et al. 2020).
    grace_epochs
        No trial is stopped before this epoch.
    """

    learning_rate_factor: float = 4.0
    weight_decay: tuple[float, ...] = (0.0, 0.005, 0.02, 0.05)
    batch_factors: tuple[float, ...] = (0.5, 1.0, 2.0)
    average: tuple[float, ...] = (0.0, 0.99, 0.995)
    noise: tuple[float, float] = (0.0, 0.15)
    reduction: int = 3
    grace_epochs: int = 3

    def __post_init__(self) -> None:
        if not self.learning_rate_factor >= 1:
            raise ValueError(f"learning_rate_factor={self.learning_rate_factor} must be at least 1")
        if self.reduction < 2 or self.grace_epochs < 1:
            raise ValueError(
                f"reduction={self.reduction} must be at least 2 and grace_epochs="
                f"{self.grace_epochs} at least 1"
            )


def variants(
    params: TrainParams, count: int, seed: int, space: SearchParams | None = None
) -> tuple[TrainParams, ...]:
    """Return `count` recipes, the first being `params` itself. They depend on `seed` alone."""
    space = space or SearchParams()
    return (params, *(_drawn(params, space, seed, i) for i in range(1, count)))[:count]


def _drawn(params: TrainParams, space: SearchParams, seed: int, index: int) -> TrainParams:
    rng = np.random.default_rng([seed, index])
    factor = space.learning_rate_factor ** rng.uniform(-1, 1)
    batch = params.batch_size * float(rng.choice(space.batch_factors))
    return replace(
        params,
        learning_rate=float(f"{params.learning_rate * factor:.3g}"),
        batch_size=max(1, round(batch)),
        weight_decay=float(rng.choice(space.weight_decay)),
        average=float(rng.choice(space.average)),
        augment=replace(params.augment, noise=round(float(rng.uniform(*space.noise)), 3)),
    )
