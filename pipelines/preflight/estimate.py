"""Estimate of `ansae preflight` in words: time, GPU hours, cost and bytes, with uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.measure.probe import Probe
from catalogues.storage.checks import size
from catalogues.storage.findings import Finding, ok
from models.survey_cost import EFFICIENCY, Interval, Machines, survey_interval
from pipelines.cluster.resources import StageResources
from pipelines.measure.plan import Plan

if TYPE_CHECKING:
    from pipelines.preflight.options import PreflightOptions


def estimate(
    plan: Plan,
    have: StageResources,
    probes: Sequence[Probe],
    cpus: float,
    options: PreflightOptions,
) -> tuple[list[Finding], float]:
    """Estimate what the galaxies that are left, or `options.galaxies` galaxies, will cost.

    Returns the lines that say so, and the number of bytes that will be written.
    """
    pool, galaxies = have.explainers, options.galaxies or plan.rows - plan.checkpoint.rows
    gpus = round(pool.max_size * pool.gpus) or (1 if pool.gpus else 0)
    machines = Machines(
        gpus=gpus,
        cores=max(1, int(cpus)),
        gpu_hour_price=options.gpu_hour_price,
        core_hour_price=options.core_hour_price,
    )
    found = survey_interval(
        galaxies, [p.batch for p in probes], machines, select=options.selection().select
    )
    rates, unit = found.rates, "GPU" if gpus else "core"
    bytes_in, bytes_out = galaxies * rates.image_bytes, galaxies * rates.row_bytes
    pace = bytes_in / max(found.best.hours * 3600, 1e-9)
    lines = [
        ok(
            "rates",
            f"votes {rates.votes_per_s:.3g}, maps {rates.maps_per_s:.3g} galaxies/s per {unit}; "
            f"decoding {rates.decode_per_s:.3g}, measuring maps {rates.read_per_s:.3g} galaxies/s "
            f"per core; {rates.selected_fraction:.0%} of the galaxies selected",
        ),
        ok(
            "time",
            f"{_hours(found.hours)} for {galaxies} galaxies on {_machines(machines)}; the slowest "
            f"part is: {found.best.limit}",
        ),
        ok(
            "work",
            f"{unit} hours for networks: {_plain(found.network_hours)}; core hours for the rest: "
            f"{_plain(found.core_hours)}",
        ),
        ok("cost", _cost(found.cost, options)),
        ok(
            "bytes",
            f"{size(bytes_in)} to read, at {size(pace)}/s for this time (in the probe one reader "
            f"of a few rows at a time reached {size(_arriving(probes))}/s); {size(bytes_out)} to "
            "write",
        ),
        ok(
            "how sure",
            f"ranges are 95 % intervals from {sum(p.batch.rows for p in probes)} galaxies of "
            f"{len(probes)} shards; they assume that the run reaches {EFFICIENCY[0]:.0%} to "
            f"{EFFICIENCY[1]:.0%} of the slowest part's rate, and do not include the start of "
            "machines",
        ),
    ]
    return lines, bytes_out


def _arriving(probes: Sequence[Probe]) -> float:
    """Return the bytes per second at which one process reads images."""
    return sum(p.read_bytes for p in probes) / max(sum(p.read_s for p in probes), 1e-9) or 1.0


def _machines(machines: Machines) -> str:
    cores = f"{machines.cores} cores"
    return f"{machines.gpus} GPUs and {cores}" if machines.gpus else cores


def _hours(interval: Interval) -> str:
    unit, factor = ("h", 1.0) if interval.best >= 1 else ("min", 60.0)
    if unit == "min" and interval.best * 60 < 1:
        unit, factor = "s", 3600.0
    return f"{interval.best * factor:.3g} {unit} ({_range(interval, factor)})"


def _plain(interval: Interval) -> str:
    return f"{interval.best:.3g} ({_range(interval, 1.0)})"


def _range(interval: Interval, factor: float) -> str:
    return f"{interval.low * factor:.3g} to {interval.high * factor:.3g}"


def _cost(interval: Interval, options: PreflightOptions) -> str:
    if not options.gpu_hour_price and not options.core_hour_price:
        return "unknown: give --gpu-hour-price and --core-hour-price"
    return (
        f"{_plain(interval)} at {options.gpu_hour_price:g} per GPU hour and "
        f"{options.core_hour_price:g} per core hour"
    )
