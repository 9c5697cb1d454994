"""Draw the figures of a validation as SVG: lengths (paper 1's figure 4), errors, trends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.stats import gaussian_kde, norm

from models.validation.numbers import Number
from models.validation.trends import TrendBin
from pipelines.pages.plots import ACCENT, INK, LINE, MUTED, TRUTH, drawn, whole_counts

Floats = NDArray[np.float64]

CONTOURS_MIN = 60
_POINTS_MAX, _ERRORS_MAX, _DENSITY_MAX = 3000, 150, 2000
_INSIDE = (0.9, 0.6, 0.3)
"""Shares of the galaxies that are inside the density contours."""


def scatter(
    name: str,
    truth: Floats,
    measured: Floats,
    errors: Floats,
    *,
    labels: tuple[str, str],
    lines: Mapping[str, float] | None = None,
) -> str:
    """Draw measured against true lengths, with density contours.

    The contours contain 30, 60 and 90 % of the galaxies; they need at least CONTOURS_MIN galaxies.
    If there are more than 3,000 points, every n-th point is drawn.

    Parameters
    ----------
    name
        Unique name of the plot on the page.
    truth, measured
        Lengths, (K,), finite.
    errors
        1-sigma errors of the measured lengths, (K,); may be NaN.
    labels
        Labels of the two axes.
    lines
        Slopes of at most two lines through the origin, by label.
    """
    with drawn(name, square=True) as (svg, axes):
        top = 1.04 * max(float(np.quantile(v, 0.998)) for v in (truth, measured))
        axes.plot([0, top], [0, top], color=MUTED, lw=1, ls=(0, (4, 3)), label="one to one")
        step = -(-truth.size // _POINTS_MAX)
        if truth.size <= _ERRORS_MAX:
            bars = np.nan_to_num(errors)
            axes.errorbar(truth, measured, yerr=bars, fmt="none", ecolor=ACCENT, lw=0.7, alpha=0.35)
        size = 3.4 if truth.size < 500 else 2.2
        axes.plot(truth[::step], measured[::step], "o", ms=size, mew=0, color=ACCENT, alpha=0.55)
        _contours(axes, truth, measured, top)
        for (label, slope), style in zip((lines or {}).items(), ("-", (0, (1, 1.5))), strict=False):
            axes.plot([0, top], [0, slope * top], color=INK, lw=1.2, ls=style, label=label)
        axes.set(xlim=(0, top), ylim=(0, top), aspect="equal", xlabel=labels[0], ylabel=labels[1])
        axes.legend(frameon=False, loc="upper left", fontsize=8, handlelength=2.2)
    return svg[0]


def _contours(axes: Axes, x: Floats, y: Floats, top: float) -> None:
    """Draw lines of equal density that contain the shares _INSIDE of the points."""
    if x.size < CONTOURS_MIN or not (np.ptp(x) > 0 and np.ptp(y) > 0):
        return
    step = -(-x.size // _DENSITY_MAX)
    points = np.stack([x[::step], y[::step]])
    try:
        density = gaussian_kde(points)
    except np.linalg.LinAlgError:  # all points are on one line
        return
    levels = np.quantile(density(points), [1 - share for share in _INSIDE])
    if np.any(np.diff(levels) <= 0):
        return
    gx, gy = np.meshgrid(*[np.linspace(0, top, 80)] * 2)
    values = density(np.stack([gx.ravel(), gy.ravel()])).reshape(gx.shape)
    axes.contour(gx, gy, values, levels=levels, colors=TRUTH, linewidths=0.9)


def pulls(name: str, pull: Floats) -> str:
    """Draw a histogram of (measured - true) / error, (K,), with a Gaussian."""
    with drawn(name, square=True) as (svg, axes):
        edges = np.linspace(-5, 5, 31)
        counts, _ = np.histogram(np.clip(pull, -4.999, 4.999), edges)
        axes.bar(edges[:-1], counts, np.diff(edges) * 0.94, align="edge", color=ACCENT)
        x = np.linspace(-5, 5, 201)
        axes.plot(x, norm.pdf(x) * pull.size * (edges[1] - edges[0]), color=TRUTH, lw=1.4)
        axes.axvspan(-1, 1, color=ACCENT, alpha=0.13, lw=0)
        axes.set(xlim=(-5, 5), xlabel="(measured − true) / error", ylabel="galaxies")
        whole_counts(axes)
    return svg[0]


def trend(name: str, bins: Sequence[TrendBin], label: str) -> str:
    """Draw the relative error in bins: median, its interval, and the galaxies' central 68 %."""
    with drawn(name, square=False) as (svg, axes):
        x = np.array([b.middle for b in bins])
        low, high = (np.array([100 * b.spread[i] for b in bins]) for i in (0, 1))
        axes.fill_between(x, low, high, color=ACCENT, alpha=0.16, lw=0)
        middle = np.array([100 * b.bias.value for b in bins])
        below = np.maximum(0, middle - [100 * b.bias.low for b in bins])
        above = np.maximum(0, [100 * b.bias.high for b in bins] - middle)
        axes.errorbar(x, middle, yerr=[below, above], fmt="o-", ms=4, color=ACCENT, lw=1.2)
        axes.axhline(0, color=INK, lw=0.9)
        axes.grid(axis="y", color=LINE, lw=0.6)
        axes.set_axisbelow(True)
        axes.set(xlabel=label, ylabel="measured − true [%]")
    return svg[0]


def deciles(name: str, numbers: Sequence[Number], unit: str) -> str:
    """Draw the differences between two runs by decile of length."""
    with drawn(name) as (svg, axes):
        x = np.arange(1, len(numbers) + 1)
        value = np.array([n.value for n in numbers])
        below = np.maximum(0, value - [n.low for n in numbers])
        above = np.maximum(0, [n.high for n in numbers] - value)
        axes.bar(x, value, 0.8, color=ACCENT)
        axes.errorbar(x, value, yerr=[below, above], fmt="none", ecolor=INK, lw=0.9)
        axes.set(xlabel="decile of length", ylabel=f"mean |l₁ − l₂| [{unit}]", xticks=x)
        axes.grid(axis="y", color=LINE, lw=0.6)
        axes.set_axisbelow(True)
    return svg[0]


def grades(name: str, grade: Floats, scaled: Floats) -> str:
    """Draw length / galaxy radius by grade: all galaxies, the medians and central 68 %."""
    with drawn(name, square=True) as (svg, axes):
        rng = np.random.default_rng(0)
        spread = grade + rng.uniform(-0.05, 0.05, grade.size)
        axes.plot(spread, scaled, "o", ms=3, mew=0, color=ACCENT, alpha=0.5)
        for value in np.unique(grade):
            low, middle, high = np.quantile(scaled[grade == value], [0.16, 0.5, 0.84])
            axes.plot([value - 0.08, value + 0.08], [middle, middle], color=INK, lw=1.6)
            axes.plot([value, value], [low, high], color=INK, lw=0.9)
        top = 1.05 * float(np.quantile(scaled, 0.995))
        axes.set(xlim=(-0.12, 1.12), ylim=(0, top), xticks=[0, 0.25, 0.5, 0.75, 1])
        axes.set(xlabel="grade of bar length", ylabel="measured length / galaxy radius")
    return svg[0]


def learning(name: str, curve: Sequence[Mapping[str, Any]]) -> str:
    """Draw a member's loss by epoch: validation solid, training dotted (figure 2 of paper 1)."""
    with drawn(name) as (svg, axes):
        epochs = [point["epoch"] + 1 for point in curve]
        for key, colour, style, label in (
            ("validation_loss", ACCENT, "-", "validation"),
            ("train_loss", TRUTH, (0, (1, 1.5)), "training"),
        ):
            axes.plot(epochs, [p[key] for p in curve], color=colour, ls=style, lw=1.3, label=label)
        axes.set(xlabel="epoch", ylabel="loss")
        axes.legend(frameon=False, fontsize=8.5)
    return svg[0]
