"""Results of `ansae calibrate --grid paper`: table 2, all points, the surface, the estimator.

The surface shows Pearson's rho over T_c and T_1, for every kind of map and method.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from catalogues import storage
from catalogues.runs.grid_rows import write_points
from models.calibration.paper_grid_scores import GridPoint, best_of_methods, recipe, winner
from pipelines.calibrate.grid_plan import GridPlan
from pipelines.calibrate.options import GridOptions


def surfaces(points: Sequence[GridPoint], best: Sequence[GridPoint]) -> bytes:
    """Draw a PNG: one row per method, one column per (X_input, S_noise), one colour scale for all.

    A ring marks the best point of each method, with its rho. Grey means that all lengths are the
    same. `best` is the result of models.calibration.paper_grid_scores.best_of_methods.
    """
    kinds = sorted({(p.multiply_by_input, p.noise_fraction) for p in points})
    figure = Figure(
        figsize=(1.9 + 1.25 * len(kinds), 1.1 + 1.3 * len(best)), layout="constrained", dpi=120
    )
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(best), len(kinds), squeeze=False, sharex=True, sharey=True)
    known = [p.pearson for p in points if np.isfinite(p.rank)]
    limits = (min(known), max(known)) if known else (0.0, 1.0)
    image = None
    for (row, top), (column, kind) in product(enumerate(best), enumerate(kinds)):
        mine = [
            p for p in points
            if p.method == top.method and (p.multiply_by_input, p.noise_fraction) == kind
        ]  # fmt: skip
        image = _panel(grid[row, column], mine, limits, top)
        if row == 0:
            words = "times input" if kind[0] else "map alone"
            grid[row, column].set_title(f"{words}\n$S_{{noise}}$ = {kind[1]:g}", fontsize=8.5)
        if column == 0:
            grid[row, column].set_ylabel(f"{_short(top.method)}\n$T_1$ [px]", fontsize=8.5)
        if row == len(best) - 1:
            grid[row, column].set_xlabel("$T_c$", fontsize=8.5)
    if image is not None:
        figure.colorbar(image, ax=grid, label="Pearson's rho", aspect=40, pad=0.01)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _panel(
    axes: Axes, points: Sequence[GridPoint], limits: tuple[float, float], top: GridPoint
) -> AxesImage:
    correlations = sorted({p.correlation_min for p in points})
    minima = sorted({p.pixels_min for p in points})
    values: NDArray[np.float64] = np.full((len(minima), len(correlations)), np.nan)
    for p in points:
        x, y = correlations.index(p.correlation_min), minima.index(p.pixels_min)
        values[y, x] = p.pearson if np.isfinite(p.rank) else np.nan
        if p == top:
            axes.plot(x, y, "o", ms=9, mfc="none", mec="white", mew=2.2)
            axes.plot(x, y, "o", ms=9, mfc="none", mec="black", mew=1.0)
            words = axes.text(x, y + 0.6, f"{p.pearson:.2f}", ha="center", va="bottom", fontsize=8)
            words.set_path_effects([patheffects.withStroke(linewidth=2, foreground="white")])
    image = axes.imshow(
        values, origin="lower", vmin=limits[0], vmax=limits[1], cmap="viridis", aspect="auto"
    )
    axes.set_xticks(range(len(correlations)), [f"{c:g}" for c in correlations], rotation=90)
    axes.set_yticks(range(len(minima)), [str(m) for m in minima])
    axes.tick_params(labelsize=7, length=2)
    axes.set_facecolor("0.8")
    return image


def _short(method: str) -> str:
    """Return the method's name for the side of a panel, one word per line."""
    return method.replace(" ", "\n")


POINTS, SURFACE, ESTIMATOR, ENSEMBLE = (
    "grid.parquet", "grid.png", "estimator.json", "ensemble.json",
)  # fmt: skip
"""Files of the output."""


def write_results(
    plan: GridPlan[GridOptions], points: Sequence[GridPoint], console: Console
) -> None:
    """Write and print the results. Raises ValueError if the maps show nothing."""
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


def _write_alone(plan: GridPlan[GridOptions], member: str) -> None:
    """Write an ensemble of only the member whose own maps measured best, with its weights."""
    fs, root = storage.filesystem(plan.options.output, plan.options.storage_options())
    raw, names = plan.ensemble.to_dict(), [m.name for m in plan.ensemble.members]
    i = names.index(member)
    weights = f"{member}.safetensors"
    one = {"members": [raw["members"][i]], "weights": [weights], "sha256": [raw["sha256"][i]]}
    alone = {**raw, **one, "name": f"{raw['name']}-{member}"}
    storage.write_whole(fs, storage.join(root, weights), plan.files.weights[i])
    storage.write_whole(fs, storage.join(root, ENSEMBLE), json.dumps(alone, indent=1).encode())


def _table(plan: GridPlan[GridOptions], best: Sequence[GridPoint]) -> Table:
    """Return table 2 of paper 1, with further columns beside rho that qualify it."""
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
        "rho: Pearson's, of lengths in the unit of the known lengths; on map: the same, of lengths "
        "in map pixels, so that no scale is common to both; rank: Spearman's; error: median "
        "|measured - known| / known"
    )
    table.caption_justify = "left"
    return table
