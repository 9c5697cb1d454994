"""Turn the rows of a comparison into rankings: by metric and method, in every group of images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues.runs.comparison_rows import COMPARED, METRICS, Metric
from catalogues.truth.columns import TRUE_LENGTH_PX
from models.attribution.params import PAPER_METHODS
from models.faithfulness.bar_errors import BarAgreement, bar_agreement
from models.faithfulness.ranking import (
    Overall,
    Standing,
    StatementTest,
    overall,
    standings,
    verdict,
)

NAMED = ("score_cam", "grad_cam", "grad_cam_plus_plus")
"""The methods that paper 2 names and judges the best by eye."""

_TITLES = {
    "vanilla_gradient": "Vanilla Gradient", "smoothgrad": "SmoothGrad",
    "integrated_gradients": "Integrated Gradients", "smooth_integrated_gradients": "Smooth IG",
    "guided_integrated_gradients": "Guided IG", "blur_integrated_gradients": "Blur IG",
    "xrai": "XRAI", "grad_cam": "Grad-CAM", "grad_cam_plus_plus": "Grad-CAM++",
    "score_cam": "Score-CAM", "signed_smoothgrad": "signed SmoothGrad",
}  # fmt: skip


def title(method: str) -> str:
    """Return a method's name as a reader knows it."""
    return _TITLES.get(method, method)


Floats = NDArray[np.float64]
ByMethod = dict[str, Floats]
"""By method: one number for each image, shape (N,)."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows of a comparison, ordered by image.

    Attributes
    ----------
    methods
        Names of the methods.
    images
        Facts of each of the N images.
    numbers
        By metric: the numbers of each method, shape (N,); NaN if a number is missing.
    """

    methods: tuple[str, ...]
    images: list[dict[str, Any]]
    numbers: Mapping[str, ByMethod]

    def where(self, flags: Sequence[bool]) -> Table:
        """Return the table of the flagged images alone."""
        keep = np.asarray(flags, dtype=bool)
        return Table(
            methods=self.methods,
            images=[image for image, flag in zip(self.images, keep, strict=True) if flag],
            numbers={
                name: {method: column[keep] for method, column in columns.items()}
                for name, columns in self.numbers.items()
            },
        )


@dataclass(frozen=True, kw_only=True)
class MetricResult:
    """Result of one metric: the methods, the best first, and the test of the paper's judgement."""

    metric: Metric
    standings: tuple[Standing, ...]
    verdict: StatementTest | None


@dataclass(frozen=True, kw_only=True)
class ImageGroup:
    """Results of a group of images.

    Attributes
    ----------
    name
        Name of the group in ranking.json.
    title
        Title of the group in the report.
    images
        Number of images.
    overall
        The methods by their mean rank, the best first.
    metrics
        The result of each metric.
    """

    name: str
    title: str
    images: int
    overall: tuple[Overall, ...]
    metrics: tuple[MetricResult, ...]


_FACTS = (
    "object_id", "label", "predicted", "target", "probability", "correct", "confident", "status",
    "status_message",
)  # fmt: skip


def by_image(rows: pa.Table, methods: Sequence[str]) -> Table:
    """Return the table of these methods' rows, with images in order of shard and row."""
    places: dict[tuple[str, int], int] = {}
    images: list[dict[str, Any]] = []
    names = [m.name for m in METRICS] + ["bar_length_ratio", TRUE_LENGTH_PX]
    found = rows.sort_by([("shard", "ascending"), ("shard_row", "ascending")]).to_pylist()
    found = [row for row in found if row["method"] in methods]
    for row in found:
        key = (row["shard"], row["shard_row"])
        if key not in places:
            places[key] = len(images)
            images.append({name: row[name] for name in _FACTS})
    numbers = {n: {m: np.full(len(images), np.nan) for m in methods} for n in names}
    for row in found:
        place = places[row["shard"], row["shard_row"]]
        if row["status"] == COMPARED:
            images[place].update(status=COMPARED, status_message=None)
        for name in names:
            if row[name] is not None:
                numbers[name][row["method"]][place] = row[name]
    return Table(methods=tuple(methods), images=images, numbers=numbers)


def group(table: Table, name: str, title: str) -> ImageGroup:
    """Rank the methods on the table's images. The verdict compares the paper's ten methods only."""
    ten = [method for method in table.methods if method in PAPER_METHODS]
    results, ranked = [], []
    for metric in METRICS:
        if metric.stranger:
            continue
        values = table.numbers[metric.name]
        order = standings(values, metric.better)
        if not order:
            continue
        if metric.ranked:
            ranked.append((values, metric.better))
        of_ten = {m: values[m] for m in ten}
        tested = None if metric.cost else verdict(of_ten, metric.better, NAMED)
        results.append(MetricResult(metric=metric, standings=tuple(order), verdict=tested))
    return ImageGroup(
        name=name,
        title=title,
        images=len(table.images),
        overall=tuple(overall(ranked)),
        metrics=tuple(results),
    )


def groups(table: Table) -> list[ImageGroup]:
    """Rank the methods on all images, then on parts of them.

    The parts are: each class, confident and other labels, right and wrong predictions. A part that
    holds all images, or none, is left out.
    """
    labels = sorted({i["label"] for i in table.images if i["label"] is not None})
    wanted: list[tuple[str, str, Callable[[dict[str, Any]], bool]]] = [
        (f"class-{label}", f"class {label}", partial(_has_label, label)) for label in labels
    ]
    wanted += [
        ("confident", "confident labels", lambda i: i["confident"] is True),
        ("doubtful", "other labels", lambda i: i["confident"] is False),
        ("right", "right predictions", lambda i: i["correct"] is True),
        ("wrong", "wrong predictions", lambda i: i["correct"] is False),
    ]
    found = [group(table, "all", "all images")]
    for name, title, holds in wanted:
        flags = [holds(image) for image in table.images]
        if 0 < sum(flags) < len(flags):
            found.append(group(table.where(flags), name, title))
    return found


def _has_label(label: str, image: dict[str, Any]) -> bool:
    return bool(image["label"] == label)


def bar_table(table: Table) -> dict[str, BarAgreement]:
    """Compare measured with known bar lengths, by method. Empty if no length is known."""
    truth = table.numbers[TRUE_LENGTH_PX]
    found = {
        method: bar_agreement(table.numbers["bar_length_ratio"][method], truth[method])
        for method in table.methods
    }
    return {method: lengths for method, lengths in found.items() if lengths.n}
