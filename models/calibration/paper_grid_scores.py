"""Score every point of paper 1's grid, and turn the best point into an estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models import statistics
from models.barlength.estimator import EstimatorParams
from models.barlength.measure import BarLengthParams
from models.calibration.paper_grid import AVERAGE_MAPS, Floats, methods
from models.calibration.params import GridParams
from models.recipe import Recipe
from models.saliency.params import SmoothGradParams

_COVERAGE = 0.683  # the share of a normal distribution within one standard deviation


@dataclass(frozen=True, kw_only=True)
class GridPoint:
    """One method at one point of the grid, with its scores.

    Values that are not computed or not defined (all lengths equal) are NaN.

    Attributes
    ----------
    method
        The way to a length (models.calibration.paper_grid.methods).
    multiply_by_input, noise_fraction, correlation_min, pixels_min
        The point: X_input, S_noise, T_c and T_1.
    galaxies
        Number of galaxies.
    pearson, spearman
        Correlations of measured and true lengths in the truth's unit.
    median_relative_error
        Median of |measured - true| / true.
    pearson_on_map
        Correlation of both lengths in pixels of the map, where no common scale correlates them.
    best
        Whether `pearson` is the highest of its method among the points that share its maps.
    pearson_low, pearson_high
        Central 68 % bootstrap interval of `pearson`; only if `best`.
    error_floor
        See the function `error_floor`; only if `best`.
    """

    method: str
    multiply_by_input: bool
    noise_fraction: float
    correlation_min: float
    pixels_min: int
    galaxies: int
    pearson: float
    spearman: float
    median_relative_error: float
    pearson_on_map: float
    best: bool = False
    pearson_low: float = float("nan")
    pearson_high: float = float("nan")
    error_floor: float = float("nan")

    @property
    def rank(self) -> float:
        """The score to maximise: Pearson's rho.

        -inf if all lengths on the maps are equal: then only the images' scale correlates.
        """
        known = np.isfinite(self.pearson) and np.isfinite(self.pearson_on_map)
        return self.pearson if known else -np.inf


@dataclass(frozen=True, kw_only=True)
class KnownLengths:
    """True lengths in some unit, (N,) > 0, and units per pixel of the map, (N,) > 0."""

    truth: Floats
    unit_per_map_px: Floats

    @property
    def on_map(self) -> Floats:
        """True lengths in pixels of the map."""
        return self.truth / self.unit_per_map_px


def score(
    lengths_px: Floats,
    known: KnownLengths,
    members: Sequence[str],
    params: GridParams,
    *,
    noise_fraction: float,
    multiply_by_input: bool,
) -> list[GridPoint]:
    """Score all points that share their maps, in the order of methods, T_c, T_1.

    lengths_px: (N, M + 2, T_c, T_1) of models.calibration.paper_grid.grid_lengths, in pixels of the
    map.
    """
    points: list[GridPoint] = []
    for m, method in enumerate(methods(members)):
        mine = [
            GridPoint(
                method=method,
                multiply_by_input=multiply_by_input,
                noise_fraction=noise_fraction,
                correlation_min=correlation,
                pixels_min=pixels,
                galaxies=len(lengths_px),
                **_agreement(lengths_px[:, m, c, p], known),
            )
            for c, correlation in enumerate(params.correlations)
            for p, pixels in enumerate(params.pixel_minima)
        ]
        first = max(range(len(mine)), key=lambda i: mine[i].rank)
        at = (slice(None), slice(None), *divmod(first, len(params.pixel_minima)))
        mine[first] = _with_interval(mine[first], lengths_px[at], m, known, members)
        points += mine
    return points


def _agreement(length_px: Floats, known: KnownLengths) -> dict[str, Any]:
    measured = length_px * known.unit_per_map_px
    return {
        "pearson": statistics.pearson(known.truth, measured),
        "spearman": statistics.spearman(known.truth, measured),
        "median_relative_error": statistics.median_relative_error(known.truth, measured),
        "pearson_on_map": statistics.pearson(known.on_map, length_px),
    }


def _with_interval(
    point: GridPoint, lengths_px: Floats, method: int, known: KnownLengths, members: Sequence[str]
) -> GridPoint:
    """Return the point with its interval and error. lengths_px: (N, M + 2), of all methods."""
    length = lengths_px[:, method]
    low, high = statistics.bootstrap_interval(
        statistics.pearson, known.truth, length * known.unit_per_map_px
    )
    spread = np.zeros(len(length))
    if point.method not in members and len(members) > 1:
        spread = lengths_px[:, : len(members)].std(axis=1, ddof=1) / np.sqrt(len(members))
    floor = error_floor(length, known.on_map, spread)
    return replace(point, best=True, pearson_low=low, pearson_high=high, error_floor=floor)


def error_floor(length: Floats, truth: Floats, spread: Floats) -> float:
    """Return f for which 68.3 % of the lengths l lie within hypot(f l, spread) of the truth.

    All arrays are (N,), in one unit, l > 0. spread: standard error of the members' lengths;
    models.barlength.estimator adds it to an estimator's error_floor in the same way.
    """
    needed = np.sqrt(np.maximum((length - truth) ** 2 - spread**2, 0.0)) / length
    return float(np.quantile(needed, _COVERAGE, method="higher"))


def best_of_methods(points: Sequence[GridPoint], members: Sequence[str]) -> list[GridPoint]:
    """Return each method's best point, as in table 2 of paper 1.

    The order is that of models.calibration.paper_grid.methods. Of equal points, the first counts.
    Raises ValueError if no method's lengths differ between galaxies.
    """
    if not any(np.isfinite(p.rank) for p in points):
        raise ValueError(
            "no point of the grid gives lengths that differ between galaxies: the maps show "
            "nothing; give networks that see bars, or more samples"
        )
    return [max((p for p in points if p.method == m), key=_rank) for m in methods(members)]


def winner(best: Sequence[GridPoint]) -> GridPoint:
    """Return the point with the highest Pearson's rho; of equal points, the first."""
    return max(best, key=_rank)


def _rank(point: GridPoint) -> float:
    return point.rank


def recipe(point: GridPoint, samples: int) -> Recipe:
    """Turn a grid point into a recipe for `ansae measure`.

    A point of a single member's maps measures with that member alone: use it with an ensemble of
    this member only.
    """
    maps = SmoothGradParams.paper(point.noise_fraction, multiply_by_input=point.multiply_by_input)
    return Recipe(
        maps=replace(maps, samples=samples),
        estimator=EstimatorParams(
            combine="maps" if point.method == AVERAGE_MAPS else "lengths",
            bar_length=BarLengthParams.paper(point.correlation_min, point.pixels_min),
            error_floor=point.error_floor if np.isfinite(point.error_floor) else 0.0,
            error_spread=1.0,
        ),
    )
