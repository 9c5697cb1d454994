"""Draw plots as SVG for a page: letters are paths, colours are the page's CSS variables."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from catalogues.queries.summary import Distribution

INK, MUTED, LINE, ACCENT, TRUTH = "#010101", "#020202", "#030303", "#040404", "#050505"
"""Placeholders for colours that the page sets by its theme, light or dark."""

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    ACCENT: "var(--accent)",
    TRUTH: "var(--truth)",
}
_STYLE: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "ansae",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
}
_POINTS_MAX = 3000
_ERRORS_MAX = 400


def histogram(name: str, shown: Distribution, label: str, middle: bool = True) -> str:
    """Draw a distribution as SVG.

    Parameters
    ----------
    name
        Unique name of the plot on the page.
    shown
        The distribution.
    label
        Label of the horizontal axis, without the unit.
    middle
        Whether to mark the median and the central 68 %.
    """
    with drawn(name) as (svg, axes):
        width = np.diff(shown.edges)
        axes.bar(shown.edges[:-1], shown.counts, width * 0.94, align="edge", color=ACCENT)
        if middle:
            axes.axvspan(shown.quantiles[1], shown.quantiles[3], color=ACCENT, alpha=0.13, lw=0)
            axes.axvline(shown.quantiles[2], color=INK, lw=1.1)
        axes.set(xlabel=f"{label} [{shown.unit}]" if shown.unit else label, ylabel="galaxies")
        if shown.unit == "deg":
            axes.set_xticks(range(0, 181, 30))
        axes.set_xlim(shown.edges[0], shown.edges[-1])
        whole_counts(axes)
    return svg[0]


def lengths(
    name: str,
    truth: NDArray[np.float64],
    measured: NDArray[np.float64],
    errors: NDArray[np.float64],
    slope: float,
) -> str:
    """Draw measured against true lengths in pixels as SVG, with the lines y = x and y = slope x.

    The arrays have shape (N,). Truth and measured lengths are finite; errors may be NaN. If there
    are more than 3,000 points, every n-th point is drawn.
    """
    with drawn(name, square=True) as (svg, axes):
        top = 1.06 * float(max(truth.max(), measured.max()))
        step = -(-truth.size // _POINTS_MAX)
        axes.plot([0, top], [0, top], color=MUTED, lw=1, ls=(0, (4, 3)), label="one to one")
        if np.isfinite(slope):
            axes.plot([0, top], [0, slope * top], color=INK, lw=1.2, label=f"slope {slope:.3f}")
        if truth.size <= _ERRORS_MAX:
            bars = np.nan_to_num(errors)
            axes.errorbar(truth, measured, yerr=bars, fmt="none", ecolor=ACCENT, lw=0.7, alpha=0.35)
        axes.plot(truth[::step], measured[::step], "o", ms=3.6, mew=0, color=ACCENT, alpha=0.75)
        axes.set(xlim=(0, top), ylim=(0, top), aspect="equal")
        axes.set(xlabel="true bar length [px]", ylabel="measured bar length [px]")
        axes.legend(frameon=False, loc="upper left", fontsize=8.5, handlelength=2.2)
    return svg[0]


def angles(name: str, differences_deg: NDArray[np.float64]) -> str:
    """Draw a histogram of |measured - true position angle|, shape (N,), in [0, 90] deg, as SVG."""
    with drawn(name, square=True) as (svg, axes):
        counts, edges = np.histogram(differences_deg, bins=np.arange(0, 91, 3))
        axes.bar(edges[:-1], counts, 3 * 0.94, align="edge", color=ACCENT)
        axes.axvline(float(np.median(differences_deg)), color=INK, lw=1.1)
        axes.set(xlim=(0, 90), xticks=range(0, 91, 15))
        axes.set(xlabel="error of the position angle [deg]", ylabel="galaxies")
        whole_counts(axes)
    return svg[0]


def scores(
    name: str, barred: NDArray[np.float64], unbarred: NDArray[np.float64], area: float
) -> str:
    """Draw the bar fractions of truly barred and unbarred galaxies, (N,) each in [0, 1], as SVG."""
    with drawn(name, square=True) as (svg, axes):
        bins = np.linspace(0, 1, 26)
        for values, colour, label in ((barred, ACCENT, "barred"), (unbarred, TRUTH, "unbarred")):
            counts, _ = np.histogram(values, bins)
            axes.stairs(counts, bins, fill=True, color=colour, alpha=0.3)
            axes.stairs(counts, bins, color=colour, lw=1.3, label=f"truly {label}")
        axes.set(xlim=(0, 1), xlabel="bar fraction", ylabel="galaxies")
        axes.legend(frameon=False, fontsize=8.5, title=f"AUC {area:.3f}", title_fontsize=8.5)
        whole_counts(axes)
    return svg[0]


def whole_counts(axes: Axes) -> None:
    """Give the vertical axis whole numbers and a faint grid."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.grid(axis="y", color=LINE, lw=0.6)
    axes.set_axisbelow(True)


@contextmanager
def drawn(name: str, square: bool = False) -> Iterator[tuple[list[str], Axes]]:
    """Yield a list and axes to draw on; the SVG is in the list after the context has ended.

    `name` must be unique on the page.
    """
    svg: list[str] = []
    with rc_context(_STYLE):
        figure = Figure(figsize=(4.0, 3.6 if square else 2.7), layout="constrained")
        yield svg, figure.add_subplot()
        buffer = io.BytesIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing)
    svg.append(_for_page(buffer.getvalue().decode(), name))


def _for_page(text: str, name: str) -> str:
    """Return the <svg> element alone, with ids that are unique on the page and its colours."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<(metadata|style)\b.*?</\1>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'(?<=[ \n]id=")', f"{name}-", text)
    text = re.sub(r'(?<=href="#)|(?<=url\(#)', f"{name}-", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    # the page describes the figure; a screen reader should skip the parts of the drawing
    return text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
