"""What a whole survey would take, from rates that were measured on some of its galaxies.

Every galaxy is decoded and voted on; the selected fraction s gets maps, which are then read. With
rates r in galaxies per second, of one GPU or of one CPU core,

    network hours = galaxies x (1 / r_votes + s / r_maps) / 3600
    core hours    = galaxies x (1 / r_decode + s / r_read) / 3600
    hours         = max(network hours / GPUs, core hours / cores) / efficiency      with GPUs
                  = (network hours + core hours) / cores / efficiency               without
    hours        >= galaxies x bytes of an image / bytes per second of the store
    cost          = hours x (GPUs x price of a GPU hour + cores x price of a core hour)

With GPUs the two overlap, and the slower sets the pace; without, networks and light stages share
the cores. The efficiency is the pipeline's share of the rate of its slowest part. No torch here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

SURVEYS: Mapping[str, int] = {"GZ2": 243_434, "GZ DESI": 8_670_000, "10^8 cutouts": 100_000_000}
"""Galaxies of surveys to think of: Hart et al. 2016; Walmsley et al. 2023; a survey to come."""


@dataclass(frozen=True, kw_only=True)
class MeasuredRates:
    """What a probe measured, galaxies per second.

    votes_per_s, maps_per_s: of one GPU, or of one CPU core where there is none: votes of all
    members; maps of all members with all samples. decode_per_s, read_per_s: of one core, images to
    canvases, maps to bars. selected_fraction: share of galaxies that get maps. image_bytes,
    row_bytes: of one image in the input, one row in the catalogue.
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
                    "for what is not done"
                )
        if not 0 <= self.selected_fraction <= 1:
            raise ValueError(f"selected_fraction={self.selected_fraction} must lie in 0..1")
        if not min(self.image_bytes, self.row_bytes) >= 0:
            raise ValueError("image_bytes and row_bytes must not be negative")


@dataclass(frozen=True, kw_only=True)
class Machines:
    """What is rented.

    gpus: 0 where networks run on the cores. gpu_hour_price, core_hour_price: in any one currency.
    efficiency: the pipeline's share of its slowest part's rate. store_bytes_per_s: at which the
    images arrive, all workers together.
    """

    gpus: int = 0
    cores: int = 1
    gpu_hour_price: float = 0.0
    core_hour_price: float = 0.0
    efficiency: float = 0.9
    store_bytes_per_s: float = math.inf

    def __post_init__(self) -> None:
        if self.gpus < 0 or self.cores < 1:
            raise ValueError(f"gpus={self.gpus} and cores={self.cores}: at least 0 and 1")
        if not min(self.gpu_hour_price, self.core_hour_price) >= 0:
            raise ValueError("gpu_hour_price and core_hour_price must not be negative")
        if not 0 < self.efficiency <= 1:
            raise ValueError(f"efficiency={self.efficiency} must lie above 0, up to 1")
        if not self.store_bytes_per_s > 0:
            raise ValueError(f"store_bytes_per_s={self.store_bytes_per_s} must lie above 0")


@dataclass(frozen=True, kw_only=True)
class SurveyEstimate:
    """What it takes. network_hours: of GPUs, or of cores where there are none; core_hours: of the
    light stages; hours: from beginning to end; cost: in the prices' currency; limit: what sets the
    pace, "networks", "light stages", "cores" (both, without GPUs) or "store"."""

    galaxies: int
    network_hours: float
    core_hours: float
    hours: float
    cost: float
    input_bytes: float
    catalogue_bytes: float
    limit: str


def survey_estimate(galaxies: int, rates: MeasuredRates, machines: Machines) -> SurveyEstimate:
    """The formula above for a survey of `galaxies`. Raises ValueError for a negative number."""
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
