"""Results of `ansae calibrate --grid maps`: all scores, a table of the best, the estimator."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from actors.calibrate.map_grid_trial import MapTask, kept_rows, known_bars, map_trial, reading_of
from catalogues import storage
from catalogues.runs.grid_rows import READINGS, write_points
from models.barlength.estimator import Combine
from models.calibration.errors import fit_errors
from models.calibration.map_kinds import MapKind
from models.recipe import Recipe
from pipelines.calibrate.grid_plan import GridPlan
from pipelines.calibrate.grid_stages import draw_maps, mappers
from pipelines.calibrate.grid_trials import scored
from pipelines.calibrate.options import MapGridOptions
from pipelines.calibrate.paper_grid_results import ESTIMATOR

POINTS = "readings.parquet"
"""File of the output with the scores of all estimators on all kinds of map."""

Row = Mapping[str, Any]
"""A row of catalogues.runs.grid_rows.READINGS."""


def score_maps(plan: GridPlan[MapGridOptions], console: Console) -> list[Row]:
    """Return the scores of all estimators on all kinds of map. Raises RunFailed."""
    axes = plan.options.axes
    tasks = [
        _task(plan, kind, times) for kind, times in product(axes.kinds, axes.multiply_by_input)
    ]
    return scored(plan, tasks, map_trial, kept_rows, console)


def best_of(rows: Sequence[Row]) -> Row:
    """Return the first row with the lowest cost. Raises ValueError if no row measures enough."""
    best = min(rows, key=lambda row: row["cost"])
    if not math.isfinite(best["cost"]):
        raise ValueError(
            "no reading of any kind of map measured 8 galaxies: give more galaxies with bars, or "
            "networks that see bars"
        )
    return best


def with_errors(
    plan: GridPlan[MapGridOptions], best: Row, galaxies: pa.Table, console: Console
) -> Recipe:
    """Return the recipe of a row, with fitted errors: 68.3 % of the intervals contain the truth.

    The sampling error needs the jackknife maps of the row's kind: the missing ones are made first.
    """
    kind, reading = _kind(best), reading_of(best)
    combine: Combine = "lengths" if reading.member_powers else reading.combine
    plan = replace(plan, jackknife_maps=((kind.name, combine),))
    with mappers(plan) as on_each:
        draw_maps(plan, galaxies, on_each, console)
    times = best["multiply_by_input"]
    known = known_bars(_task(plan, kind, times), jackknife_maps=combine)
    maps = kind.smoothgrad(plan.options.samples, multiply_by_input=times)
    return Recipe(maps=maps, estimator=fit_errors(known, reading))


def write_results(
    plan: GridPlan[MapGridOptions], rows: Sequence[Row], recipe: Recipe, console: Console
) -> None:
    """Write and print the results."""
    output = plan.options.output
    fs, root = storage.filesystem(output, plan.options.storage_options())
    write_points(fs, storage.join(root, POINTS), rows, READINGS)
    estimator = json.dumps(recipe.to_dict(), indent=1).encode()
    storage.write_whole(fs, storage.join(root, ESTIMATOR), estimator)
    console.print(_table(rows))
    where = storage.join(output, POINTS)
    console.print(f"all {len(rows)} readings: {where}", highlight=False, soft_wrap=True)
    r = recipe.estimator
    console.print(
        f"1-sigma error: {r.error_floor:.3f} + {r.error_doubt:.3f} x (1 - bar fraction) of the "
        f"length (+) the members' spread (+) {r.error_sampling:.2g} x the sampling error",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    use = f"--estimator {storage.join(output, ESTIMATOR)}"
    console.print(f"best: {best_of(rows)['reading']}; ansae measure ... {use}", soft_wrap=True)


def _task(plan: GridPlan[MapGridOptions], kind: MapKind, times: bool) -> MapTask:
    return MapTask(
        output=plan.output,
        cache=plan.cache,
        storage=plan.options.storage_options(),
        kind=kind,
        multiply_by_input=times,
        families=plan.options.axes.readings,
    )


def _kind(row: Row) -> MapKind:
    return MapKind(**{name: row[name] for name in MapKind.__dataclass_fields__})


def _table(rows: Sequence[Row]) -> Table:
    """Return a table with the best estimator of each family on each kind of map, best first."""
    best: dict[tuple[str, bool, str], Row] = {}
    for row in sorted(rows, key=lambda r: r["cost"]):
        best.setdefault((row["kind"], row["multiply_by_input"], row["family"]), row)
    title = f"the best reading of each family on each kind of map, {rows[0]['galaxies']} galaxies"
    table = Table(title=title, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("gradient", "colours", "input", "views", "crop", "noise", "sigma", "reading"):
        table.add_column(name, no_wrap=True)
    for name in ("found", "error", "rho", "deg"):
        table.add_column(name, justify="right", no_wrap=True)
    for r in best.values():
        table.add_row(
            r["gradient"], r["channels"], "x" if r["multiply_by_input"] else "",
            "x" if r["views"] else "", f"{r['width']:g}", f"{r['noise_fraction']:g}",
            f"{r['smoothing_px']:g}", r["family"], f"{r['measured']:.0%}",
            _percent(r["median_error"]), f"{r['rho']:.2f}", _degrees(r["median_angle_error_deg"]),
        )  # fmt: skip
    table.caption = (
        "input: map times the grey image; views: each sample rotated, reflected and cropped; crop: "
        "width that a network sees, as a fraction of the canvas; found: fraction of galaxies "
        "measured; error: median |measured - known| / known after the reading's own calibration; "
        "rho: Pearson's; both on the map; deg: median error of the angle; sorted by error + "
        "0.2 x (1 - rho) + 0.5 x the fraction not found"
    )
    table.caption_justify = "left"
    return table


def _percent(value: float) -> str:
    return f"{value:.1%}" if math.isfinite(value) else "-"


def _degrees(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "-"
