"""Draw the votes on a galaxy's main questions as bars, with their spread over the networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

PANEL, INK, MUTED = "#171b21", "#f1f3f5", "#9aa4af"
BAR_COLOUR, VOTE = "#7df0a6", "#5aa9e6"

QUESTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "shape",
        (
            ("smooth", "smooth_or_featured_smooth"),
            ("features or disc", "smooth_or_featured_featured_or_disk"),
            ("star or artefact", "smooth_or_featured_artifact"),
        ),
    ),
    ("disc", (("seen edge-on", "disk_edge_on_yes"), ("not edge-on", "disk_edge_on_no"))),
    ("bar", (("bar", "bar_yes"), ("no bar", "bar_no"))),
    ("arms", (("spiral arms", "has_spiral_arms_yes"), ("none", "has_spiral_arms_no"))),
    (
        "bulge",
        (
            ("none", "bulge_prominence_none"),
            ("just noticeable", "bulge_prominence_just_noticeable"),
            ("obvious", "bulge_prominence_obvious"),
            ("dominant", "bulge_prominence_dominant"),
        ),
    ),
)
"""Questions whose votes are shown: name, and (answer, column) pairs."""


def draw_votes(axes: Axes, row: Mapping[str, Any]) -> None:
    """Draw the bars to the right of the answers' names; the questions' names are on the left."""
    y, ticks, labels = 0.0, [], []
    for question, answers in QUESTIONS:
        axes.text(-0.563, y, question, fontsize=9.5, color=MUTED, va="center_baseline")
        for label, column in answers:
            mean, std = row[column], row[f"{column}_std"]
            colour = BAR_COLOUR if column == "bar_yes" else VOTE
            axes.barh(y, 1.0, height=0.62, color=PANEL, lw=0)
            axes.barh(y, mean, height=0.62, color=colour, lw=0)
            axes.plot([max(mean - std, 0), min(mean + std, 1)], [y, y], color=INK, lw=1.5)
            words = f"{mean:.2f} ± {std:.2f}"
            axes.text(1.025, y, words, va="center_baseline", fontsize=9)
            ticks.append(y)
            labels.append(label)
            y += 1.0
        y += 0.5
    axes.set(xlim=(0, 1), ylim=(y - 1.1, -0.4), xticks=[], facecolor="none")
    axes.set_yticks(ticks, labels, fontsize=9)
    axes.tick_params(length=0, pad=5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    title = "expected votes, as fractions of all volunteers; white lines: spread over the networks"
    axes.text(-0.563, -1.35, title, fontsize=10)
