"""From a probe of some galaxies to what a survey takes, with its uncertainty.

Batches are drawn anew with replacement (their times differ), the selected fraction from its
Jeffreys posterior Beta(k + 1/2, n - k + 1/2), the pipeline's efficiency evenly from EFFICIENCY.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.survey_cost import Machines, MeasuredRates, SurveyEstimate, survey_estimate

EFFICIENCY = (0.6, 1.0)
"""Share of its slowest part's rate at which a whole pipeline runs: a guess, not a measurement."""

_FLOOR_S = 1e-9


@dataclass(frozen=True, kw_only=True)
class ProbedBatch:
    """Times of one batch, s. `rows` were decoded, `voted` of them voted on, `mapped` mapped and
    read; `row_bytes`: of the catalogue's rows; `image_bytes`: of the encoded images."""

    rows: int
    voted: int
    selected: int
    mapped: int
    decode_s: float
    votes_s: float
    maps_s: float
    read_s: float
    image_bytes: float = 0.0
    row_bytes: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The estimate, and 2.5 % and 97.5 % of what it could be."""

    best: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class SurveyInterval:
    """As models.survey_cost.SurveyEstimate; `rates` are those of the whole probe."""

    rates: MeasuredRates
    best: SurveyEstimate
    hours: Interval
    network_hours: Interval
    core_hours: Interval
    cost: Interval


def rates(batches: Sequence[ProbedBatch]) -> MeasuredRates:
    """Rates of all batches together; what was not done has an infinite one. Raises ValueError
    where not a row was probed."""
    rows = sum(b.rows for b in batches)
    if not rows:
        raise ValueError("0 rows were probed: probe at least one")

    def rate(done: str, seconds: str) -> float:
        count = sum(getattr(b, done) for b in batches)
        taken = max(sum(getattr(b, seconds) for b in batches), _FLOOR_S)
        return count / taken if count else math.inf

    return MeasuredRates(
        votes_per_s=rate("voted", "votes_s"),
        maps_per_s=rate("mapped", "maps_s"),
        decode_per_s=rate("rows", "decode_s"),
        read_per_s=rate("mapped", "read_s"),
        selected_fraction=sum(b.selected for b in batches) / rows,
        image_bytes=sum(b.image_bytes for b in batches) / rows,
        row_bytes=sum(b.row_bytes for b in batches) / rows,
    )


def survey_interval(
    galaxies: int,
    batches: Sequence[ProbedBatch],
    machines: Machines,
    *,
    select: str = "bar",
    draws: int = 400,
    seed: int = 0,
) -> SurveyInterval:
    """What `galaxies` take on `machines`, of which the efficiency is not used.

    `select`: as models.selection; with "all" and "none" the selected fraction is no estimate.
    Raises ValueError where not a row was probed.
    """
    whole = rates(batches)
    middle = replace(machines, efficiency=sum(EFFICIENCY) / 2)
    best = survey_estimate(galaxies, whole, middle)
    rng = np.random.default_rng(seed)
    rows, selected = sum(b.rows for b in batches), sum(b.selected for b in batches)
    drawn = []
    for _ in range(draws):
        some = rates([batches[i] for i in rng.integers(len(batches), size=len(batches))])
        fraction = whole.selected_fraction
        if select == "bar":
            fraction = rng.beta(selected + 0.5, rows - selected + 0.5)
        if not math.isfinite(some.maps_per_s):  # none of these batches has maps
            some = replace(some, maps_per_s=whole.maps_per_s, read_per_s=whole.read_per_s)
        some = replace(some, selected_fraction=fraction)
        with_efficiency = replace(machines, efficiency=rng.uniform(*EFFICIENCY))
        drawn.append(survey_estimate(galaxies, some, with_efficiency))

    def interval(name: str) -> Interval:
        low, high = np.percentile([getattr(d, name) for d in drawn], [2.5, 97.5])
        return Interval(best=getattr(best, name), low=float(low), high=float(high))

    return SurveyInterval(
        rates=whole,
        best=best,
        hours=interval("hours"),
        network_hours=interval("network_hours"),
        core_hours=interval("core_hours"),
        cost=interval("cost"),
    )
