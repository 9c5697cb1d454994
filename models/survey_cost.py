"""Estimate the time and money that a survey needs, from rates measured on some of its galaxies.

Every galaxy is decoded and voted on. The selected fraction s gets maps, which are then measured.
With rates r in galaxies per second, of one GPU or of one CPU core,

    network hours = galaxies x (1 / r_votes + s / r_maps) / 3600
    core hours    = galaxies x (1 / r_decode + s / r_read) / 3600
    hours         = max(network hours / GPUs, core hours / cores) / efficiency      with GPUs
                  = (network hours + core hours) / cores / efficiency               without
    hours        >= galaxies x bytes of an image / bytes per second of the store
    cost          = hours x (GPUs x price of a GPU hour + cores x price of a core hour)

With GPUs the two kinds of work overlap, and the slower sets the pace. Without GPUs, networks and
light stages share the cores. The efficiency is the pipeline's rate divided by the rate of its
slowest part.

The uncertainty comes from random draws: batches are resampled with replacement (their times
differ), the selected fraction is drawn from its Jeffreys posterior Beta(k + 1/2, n - k + 1/2), and
the pipeline's efficiency uniformly from EFFICIENCY. No torch here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

SURVEYS: Mapping[str, int] = {"GZ2": 243_434, "GZ DESI": 8_670_000, "10^8 cutouts": 100_000_000}
"""Number of galaxies in surveys: Hart et al. 2016; Walmsley et al. 2023; a future survey."""


@dataclass(frozen=True, kw_only=True)
class MeasuredRates:
    """Rates that a probe measured, in galaxies per second.

    Attributes
    ----------
    votes_per_s, maps_per_s
        Votes of all members, and maps of all members with all samples: of one GPU, or of one CPU
        core if there is no GPU.
    decode_per_s, read_per_s
        Images to canvases, and maps to bars, of one core.
    selected_fraction
        Share of galaxies that get maps.
    image_bytes, row_bytes
        Size of one image in the input, and of one row in the catalogue.
    """

    votes_per_s: float
    maps_per_s: float
    decode_per_s: float
    read_per_s: float
    selected_fraction: float
    image_bytes: float = 0.0
    row_bytes: float = 0.0

    def __post_init__(self) -> None:
        for name in ("votes_per_s", "maps_per_s", "decode_per_s", "read_per_s"):
            if not getattr(self, name) > 0:
                raise ValueError(
                    f"{name}={getattr(self, name)} must lie above 0: measure it, or give infinity "
                    "for a stage that does not run"
                )
        if not 0 <= self.selected_fraction <= 1:
            raise ValueError(f"selected_fraction={self.selected_fraction} must lie in 0..1")
        if not min(self.image_bytes, self.row_bytes) >= 0:
            raise ValueError(
                f"image_bytes={self.image_bytes} and row_bytes={self.row_bytes} must not be "
                "negative"
            )


@dataclass(frozen=True, kw_only=True)
class Machines:
    """The machines that a survey runs on.

    Attributes
    ----------
    gpus
        Number of GPUs; 0 if networks run on the cores.
    cores
        Number of CPU cores.
    gpu_hour_price, core_hour_price
        Prices in any one currency.
    efficiency
        The pipeline's rate divided by the rate of its slowest part.
    store_bytes_per_s
        Bytes of images per second that the store delivers to all workers together.
    """

    gpus: int = 0
    cores: int = 1
    gpu_hour_price: float = 0.0
    core_hour_price: float = 0.0
    efficiency: float = 0.9
    store_bytes_per_s: float = math.inf

    def __post_init__(self) -> None:
        if self.gpus < 0 or self.cores < 1:
            raise ValueError(f"gpus={self.gpus} and cores={self.cores} must be at least 0 and 1")
        if not min(self.gpu_hour_price, self.core_hour_price) >= 0:
            raise ValueError(
                f"gpu_hour_price={self.gpu_hour_price} and core_hour_price={self.core_hour_price} "
                "must not be negative"
            )
        if not 0 < self.efficiency <= 1:
            raise ValueError(f"efficiency={self.efficiency} must lie above 0, up to 1")
        if not self.store_bytes_per_s > 0:
            raise ValueError(f"store_bytes_per_s={self.store_bytes_per_s} must lie above 0")


@dataclass(frozen=True, kw_only=True)
class SurveyEstimate:
    """Time, cost and size of a survey.

    Attributes
    ----------
    galaxies
        Number of galaxies.
    network_hours
        GPU hours of the networks, or core hours if there are no GPUs.
    core_hours
        Core hours of the light stages.
    hours
        Hours from beginning to end.
    cost
        In the currency of the prices.
    input_bytes, catalogue_bytes
        Size of the input images and of the catalogue.
    limit
        The part that sets the pace: "networks", "light stages", "cores" (both, without GPUs) or
        "store".
    """

    galaxies: int
    network_hours: float
    core_hours: float
    hours: float
    cost: float
    input_bytes: float
    catalogue_bytes: float
    limit: str


def survey_estimate(galaxies: int, rates: MeasuredRates, machines: Machines) -> SurveyEstimate:
    """Apply the module's formula to a survey of `galaxies`. Raises ValueError if negative."""
    if galaxies < 0:
        raise ValueError(f"galaxies={galaxies} must not be negative")
    s = rates.selected_fraction
    network = galaxies * (1 / rates.votes_per_s + s / rates.maps_per_s) / 3600
    core = galaxies * (1 / rates.decode_per_s + s / rates.read_per_s) / 3600
    if machines.gpus:
        paces = {"networks": network / machines.gpus, "light stages": core / machines.cores}
    else:
        paces = {"cores": (network + core) / machines.cores}
    paces = {name: hours / machines.efficiency for name, hours in paces.items()}
    arriving = galaxies * rates.image_bytes
    paces["store"] = arriving / machines.store_bytes_per_s / 3600
    limit = max(paces, key=lambda name: paces[name])
    hours = paces[limit]
    price = machines.gpus * machines.gpu_hour_price + machines.cores * machines.core_hour_price
    return SurveyEstimate(
        galaxies=galaxies,
        network_hours=network,
        core_hours=core,
        hours=hours,
        cost=hours * price,
        input_bytes=arriving,
        catalogue_bytes=galaxies * rates.row_bytes,
        limit=limit,
    )


EFFICIENCY = (0.6, 1.0)
"""Range of a pipeline's rate divided by its slowest part's rate: a guess, not a measurement."""

_FLOOR_S = 1e-9


@dataclass(frozen=True, kw_only=True)
class ProbedBatch:
    """Counts, times and sizes of one batch of a probe.

    Attributes
    ----------
    rows, voted, selected, mapped
        Number of galaxies that were decoded, voted on, selected for maps, and mapped and measured.
    decode_s, votes_s, maps_s, read_s
        Seconds that these stages took.
    image_bytes, row_bytes
        Total size of the encoded images and of the catalogue's rows.
    """

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
    """The best estimate with its 2.5 % and 97.5 % quantiles."""

    best: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class SurveyInterval:
    """A `SurveyEstimate` with intervals; `rates` are the rates of the whole probe."""

    rates: MeasuredRates
    best: SurveyEstimate
    hours: Interval
    network_hours: Interval
    core_hours: Interval
    cost: Interval


def rates(batches: Sequence[ProbedBatch]) -> MeasuredRates:
    """Return the rates of all batches together; a stage that did not run has an infinite rate.

    Raises ValueError if no row was probed.
    """
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
    """Estimate time and cost of `galaxies` on `machines`, whose `efficiency` is not used.

    `select`: as in models.networks.selection. With "all" and "none" the selected fraction is known
    and not drawn. Raises ValueError if no row was probed.
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
        if not math.isfinite(some.maps_per_s):  # none of the drawn batches has maps
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
