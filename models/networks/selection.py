"""Select the galaxies that get saliency maps, by their votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.galaxyzoo import BAR, NOT_EDGE_ON, conditional

Select = Literal["bar", "all", "none"]


@dataclass(frozen=True, kw_only=True)
class SelectionParams:
    """Which galaxies get saliency maps and lengths, by the ensemble's votes.

    Attributes
    ----------
    select
        "bar": galaxies for which at least `reached_min` of the votes reach the bar question
        (featured and not edge-on), and at least `bar_min` of those answer "bar". "all": every
        galaxy (paper 1). "none": no galaxy; votes only.
    reached_min, bar_min
        Thresholds, fractions from 0 to 1.
    """

    select: Select = "bar"
    reached_min: float = 0.25
    bar_min: float = 0.5

    def __post_init__(self) -> None:
        if self.select not in ("bar", "all", "none"):
            raise ValueError(f"select={self.select!r} must be 'bar', 'all' or 'none'")
        for name in ("reached_min", "bar_min"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must be a fraction, 0 to 1")

    def chosen(self, votes: ArrayLike) -> NDArray[np.bool_]:
        """Return for each galaxy, from its votes (..., 37), whether it gets a map: (...) bool."""
        array = np.asarray(votes, dtype=np.float64)
        if self.select != "bar":
            return np.full(array.shape[:-1], self.select == "all")
        reached = array[..., NOT_EDGE_ON] >= self.reached_min
        return np.asarray(reached & (conditional(array, BAR) >= self.bar_min))
