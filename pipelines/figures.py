"""Figures that commands leave beside their results."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def learning_curves(
    curves: Mapping[str, Sequence[Mapping[str, Any]]], answers: str = "known votes, validation"
) -> bytes:
    """Figure 2 of paper 1: training and validation loss, and RMSE, against the epoch; a PNG."""
    figure = Figure(figsize=(9, 3.6), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    loss, rmse = figure.subplots(1, 2)
    for name, curve in curves.items():
        epochs = [point["epoch"] + 1 for point in curve]
        (line,) = loss.plot(epochs, [p["validation_loss"] for p in curve], label=name)
        loss.plot(epochs, [p["train_loss"] for p in curve], ":", color=line.get_color())
        rmse.plot(epochs, [p["validation_rmse"] for p in curve], label=name)
    loss.set(xlabel="epoch", ylabel="loss (solid: validation, dotted: training)")
    rmse.set(xlabel="epoch", ylabel=f"RMSE of {answers}")
    for axes in (loss, rmse):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
