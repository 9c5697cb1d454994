"""The surface of a grid: Pearson's rho over T_c and T_1, for every kind of map and method."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import product

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from models.grid_scores import GridPoint


def surfaces(points: Sequence[GridPoint], best: Sequence[GridPoint]) -> bytes:
    """A PNG: one row per method, one column per (X_input, S_noise), one colour scale for all.

    A ring marks the best point of each method, with its rho. Grey: the lengths are all the same.
    `best`: of models.grid_scores.best_of_methods.
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
    """The method's name for the side of a panel: two words in two lines."""
    return method.replace(" ", "\n")
