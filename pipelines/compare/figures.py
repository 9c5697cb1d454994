"""Figures of a comparison: means with intervals, and sources beside the maps of all methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogues.runs.array_cache import GREY, MapCache
from catalogues.runs.pictures import encode_map
from models.attribution.params import CONTROLS
from models.faithfulness.map_quality import shown
from models.faithfulness.ranking import Standing
from pipelines.compare.numbers import NAMED, MetricResult, Table, title
from pipelines.pages.cards import coloured_map, data_uri
from pipelines.pages.elements import Plot
from pipelines.pages.plots import ACCENT, LINE, MUTED, TRUTH, drawn


@dataclass(frozen=True, kw_only=True)
class PanelRow:
    """One row of the figure: a source and its maps.

    Attributes
    ----------
    object_id
        Id of the source.
    words
        Predicted class, its probability, and whether it is right.
    side
        Side of the picture in pixels.
    picture
        The source's picture, as a data URI.
    maps
        (method, map) pairs; a map is a data URI, or "" if it is missing.
    """

    object_id: int
    words: str
    side: int
    picture: str
    maps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The sources of one class."""

    title: str
    rows: tuple[PanelRow, ...]


def metric_plot(result: MetricResult) -> Plot:
    """Plot the means of all methods by one metric, the best on top, with their intervals."""
    metric, order = result.metric, result.standings
    with drawn(f"metric-{metric.name}", square=True) as (svg, axes):
        for place, s in enumerate(order):
            colour = MUTED if s.method in CONTROLS else TRUTH if s.method in NAMED else ACCENT
            axes.plot([s.mean.low, s.mean.high], [place, place], color=colour, lw=1.4)
            axes.plot(s.mean.value, place, "o", ms=4.5, mew=0, color=colour)
        axes.set_yticks(range(len(order)), [title(s.method) for s in order], fontsize=8)
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.set_xlabel(f"{metric.label} [{metric.unit}]" if metric.unit else metric.label)
        if _spread(order) > 100:
            axes.set_xscale("log")
        axes.grid(axis="x", color=LINE, lw=0.6)
        axes.set_axisbelow(True)
    best = f"{title(order[0].method)} is the best with {order[0].mean.value:.3g}"
    return Plot(
        svg=svg[0],
        alt=f"{metric.label} of {len(order)} methods on {order[0].n} images: {best}.",
        caption=f"{metric.meaning}; {metric.better} is better. "
        f"{order[0].n} images, 95 % intervals.",
    )


def _spread(order: Sequence[Standing]) -> float:
    """Return the highest end of an interval over the lowest one; 0 if the lowest is not > 0."""
    low = min(s.mean.low for s in order)
    return max(s.mean.high for s in order) / low if low > 0 else 0.0


def panels(table: Table, cache: MapCache, ids: frozenset[int]) -> list[Panel]:
    """Return the cached maps of the sources `ids`, by class. Raises StorageError."""
    present = {kind: cache.present(kind) for kind in (GREY, *table.methods)}
    rows: dict[str, list[PanelRow]] = {}
    for image in table.images:
        if image["object_id"] in ids and image["object_id"] in present[GREY]:
            label = image["label"] or "no label"
            rows.setdefault(label, []).append(_row(image, table, cache, present))
    return [Panel(title=label, rows=tuple(found)) for label, found in sorted(rows.items())]


def _row(
    image: Mapping[str, Any], table: Table, cache: MapCache, present: Mapping[str, set[int]]
) -> PanelRow:
    object_id = image["object_id"]
    grey = cache.read(GREY, object_id)
    maps = [
        (title(m), coloured_map(encode_map(shown(cache.read(m, object_id)))))
        if object_id in present[m]
        else (title(m), "")
        for m in table.methods
    ]
    right = {True: ", right", False: ", wrong", None: ""}[image["correct"]]
    return PanelRow(
        object_id=object_id,
        words=f"{image['predicted']} {image['probability']:.2f}{right}",
        side=grey.shape[1],
        picture=data_uri(encode_map(shown(grey))),
        maps=tuple(maps),
    )
