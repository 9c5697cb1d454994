"""What comes out of a grid: table 2, all points, the surface and the estimator."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from catalogues import storage
from catalogues.grid_table import write_points
from models.grid_scores import GridPoint, best_of_methods, recipe, winner
from pipelines.grid_figure import surfaces
from pipelines.grid_plan import GridPlan

POINTS, SURFACE, ESTIMATOR, ENSEMBLE = (
    "grid.parquet", "grid.png", "estimator.json", "ensemble.json",
)  # fmt: skip
"""Files of the output."""


def write_results(plan: GridPlan, points: Sequence[GridPoint], console: Console) -> None:
    """Write and print them. Raises ValueError where the maps show nothing."""
    fs, root = storage.filesystem(plan.options.output, plan.options.storage_options())
    write_points(fs, storage.join(root, POINTS), map(asdict, points))
    best = best_of_methods(points, plan.members)
    chosen = winner(best)
    estimator = json.dumps(recipe(chosen, plan.options.samples).to_dict(), indent=1)
    storage.write_whole(fs, storage.join(root, SURFACE), surfaces(points, best))
    storage.write_whole(fs, storage.join(root, ESTIMATOR), estimator.encode())
    console.print(_table(plan, best))
    where = storage.join(plan.options.output, POINTS)
    console.print(f"all {len(points)} points, surface: {where}, {SURFACE}", soft_wrap=True)
    use = f"--estimator {storage.join(plan.options.output, ESTIMATOR)}"
    if chosen.method in plan.members:
        _write_alone(plan, chosen.method)
        use = f"--ensemble {storage.join(plan.options.output, ENSEMBLE)} {use}"
    console.print(f"best: {chosen.method}; ansae measure ... {use}", soft_wrap=True)


def _write_alone(plan: GridPlan, member: str) -> None:
    """An ensemble of the member whose own maps measured best, weights and all."""
    fs, root = storage.filesystem(plan.options.output, plan.options.storage_options())
    raw, names = plan.ensemble.to_dict(), [m.name for m in plan.ensemble.members]
    i = names.index(member)
    weights = f"{member}.safetensors"
    one = {"members": [raw["members"][i]], "weights": [weights], "sha256": [raw["sha256"][i]]}
    alone = {**raw, **one, "name": f"{raw['name']}-{member}"}
    storage.write_whole(fs, storage.join(root, weights), plan.files.weights[i])
    storage.write_whole(fs, storage.join(root, ENSEMBLE), json.dumps(alone, indent=1).encode())


def _table(plan: GridPlan, best: Sequence[GridPoint]) -> Table:
    """Table 2 of paper 1, and beside its rho what else one should know."""
    o = plan.options
    title = f"best point of each method on {best[0].galaxies} galaxies, {o.length}"
    table = Table(title=title, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in (
        "method",
        "input",
        "noise",
        "T_c",
        "T_1",
        "rho",
        "68 %",
        "on map",
        "rank",
        "error",
    ):
        table.add_column(name, justify="left" if name == "method" else "right", no_wrap=True)
    for p in best:
        table.add_row(
            p.method, "x" if p.multiply_by_input else "", f"{p.noise_fraction:g}",
            f"{p.correlation_min:g}", str(p.pixels_min), f"{p.pearson:.2f}",
            f"{p.pearson_low:.2f}-{p.pearson_high:.2f}", f"{p.pearson_on_map:.2f}",
            f"{p.spearman:.2f}", f"{p.median_relative_error:.0%}",
        )  # fmt: skip
    table.caption = (
        "rho: Pearson's, of lengths in the unit of the known ones; on map: in pixels of the "
        "map, where no scale is common to both; rank: Spearman's; error: median |measured - known| "
        "/ known"
    )
    table.caption_justify = "left"
    return table
