"""Report of a comparison: the values that fill templates/compare.html."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from actors.compare.attributor import how
from catalogues import storage
from catalogues.runs.array_cache import MapCache
from catalogues.runs.comparison_rows import COMPARED, MAPS_FOLDER, METRICS
from models.attribution.params import CITATIONS, CONTROLS, PAPER_METHODS
from models.faithfulness.bar_errors import BarAgreement
from models.faithfulness.ranking import IMAGES_MIN, StatementTest
from models.validation.agreement import Estimate
from pipelines.compare.figures import metric_plot, panels
from pipelines.compare.gains import Beyond, beyond_rows
from pipelines.compare.numbers import NAMED, ImageGroup, MetricResult, Table, title
from pipelines.compare.session import Work
from pipelines.pages import run_facts
from pipelines.pages.render import count

_PAPER = (
    "Paper 2 (Chuma et al. 2025, arXiv 2502.17207) compared ten methods by eye and found "
    "Score-CAM, Grad-CAM and Grad-CAM++ the best. It names only these three. The other seven are "
    "inferred from an earlier benchmark of the same group: "
)
_ISLANDS = (
    "If images are clipped at the noise, like those of MiraBest, the mask is all pixels that are "
    "not 0. Methods that multiply by the image (the integrated gradients) then cannot leave the "
    "mask. Their localisation shows this fact, not what the network saw. The section “Network or "
    "image” shows what the network adds."
)
_METRIC = {m.name: m.label for m in METRICS}
_VERDICTS = {
    "confirmed": "confirmed",
    "contradicted": "contradicted",
    "undecided": "undecided at 95 %",
}


@dataclass(frozen=True, kw_only=True)
class ComparisonContents:
    """Everything that the page shows."""

    work: Work
    table: Table
    groups: list[ImageGroup]
    beyond: Beyond | None
    bars: Mapping[str, BarAgreement]


def values(c: ComparisonContents) -> dict[str, Any]:
    """Return the values of all names in the template."""
    plan, whole = c.work.plan, c.groups[0]
    options = plan.options
    cache = MapCache(storage.join(options.output, MAPS_FOLDER), options.write_options())
    shown = panels(c.table, cache, plan.choice.shown)
    written = datetime.now(UTC).strftime("%-d %B %Y, %H:%M UTC")
    record = dict(json.loads(plan.stored.to_json())) if plan.stored else {}
    parts = (
        ("ranking", "Ranking", whole.overall),
        ("verdict", "The paper’s judgement", _verdicts(whole)),
        ("metrics", "Metrics", whole.metrics),
        ("beyond", "Network or image", c.beyond),
        ("groups", "Groups", c.groups[1:]),
        ("bars", "Bars", c.bars),
        ("panel", "Maps", shown),
        ("methods", "Methods", True),
        ("run", "What ran", True),
    )
    return {
        "title": "Saliency methods compared",
        "lead": f"Network {record['facts']['ensemble']['name']!r}. "
        f"Output: {storage.redact(options.output)}",
        "contents": [(anchor, name) for anchor, name, what in parts if what],
        "headline": _headline(c),
        "legend": "grey: the controls (noise, and the true mask)",
        "ranking": _ranking(whole),
        "columns": [(r.metric.label, r.metric.better) for r in whole.metrics],
        "too_few": f"There is no ranking: it needs at least {IMAGES_MIN} images.",
        "islands": _ISLANDS if plan.subject.mask == "island" else "",
        "paper": _PAPER + ", ".join(title(m) for m in PAPER_METHODS if m not in NAMED) + ".",
        "verdicts": _verdicts(whole),
        "plots": [metric_plot(r) for r in whole.metrics],
        "tests": _tests(whole),
        "beyond": beyond_rows(c.beyond) if c.beyond else [],
        "beyond_verdicts": [
            _verdict(_METRIC[name], found) for name, found in c.beyond.verdicts.items()
        ]
        if c.beyond
        else [],
        "beyond_images": count(c.beyond.overall[0].n) if c.beyond and c.beyond.overall else "",
        "beyond_columns": [_METRIC[name] for name in c.beyond.gains] if c.beyond else [],
        "groups": [(g.title, count(g.images), _places(g)) for g in c.groups if g.overall],
        "judged": _judged(c.groups),
        "methods_of_groups": [title(o.method) for o in whole.overall],
        "bars": [(title(m), b.n, _share(b.found), *_numbers(b)) for m, b in c.bars.items()],
        "panels": shown,
        "panel_columns": [title(m) for m in c.table.methods],
        "methods": _methods(plan.methods),
        "statuses": sorted(Counter(i["status"] for i in c.table.images).items()),
        "faults": [i for i in c.table.images if i["status"] != COMPARED][:50],
        "all_facts": run_facts.all_facts(record),
        "footer": f"Written by ansae on {written}. This file works offline.",
    }


def _headline(c: ComparisonContents) -> list[tuple[str, str, str]]:
    whole = c.groups[0]
    good = sum(image["status"] == COMPARED for image in c.table.images)
    right = [i["correct"] for i in c.table.images if i["correct"] is not None]
    out = [
        ("images", count(len(c.table.images)), f"{count(good)} explained"),
        ("methods", count(len(c.table.methods)), f"{len(whole.metrics)} metrics"),
    ]
    real = [o for o in whole.overall if o.method not in CONTROLS]
    if real:
        out.append(("best mean rank", title(real[0].method), f"{real[0].rank.value:.2f}"))
    if right:
        out.append(("right predictions", f"{sum(right) / len(right):.1%}", f"of {len(right)}"))
    return out


def _ranking(whole: ImageGroup) -> list[dict[str, Any]]:
    """Return a line for each method: its mean rank, and its mean by every metric."""
    means = [{s.method: s for s in r.standings} for r in whole.metrics]
    return [
        {
            "method": title(o.method),
            "control": o.method in CONTROLS,
            "named": o.method in NAMED,
            "rank": f"{o.rank.value:.2f}",
            "interval": f"{o.rank.low:.2f}–{o.rank.high:.2f}",
            "cells": [
                (_number(m[o.method].mean.value), o.method == _first(r))
                for m, r in zip(means, whole.metrics, strict=True)
            ],
        }
        for o in whole.overall
    ]


def _first(result: MetricResult) -> str:
    """Return the best method that is not a control."""
    return next((s.method for s in result.standings if s.method not in CONTROLS), "")


def _verdicts(whole: ImageGroup) -> list[dict[str, str]]:
    return [_verdict(r.metric.label, r.verdict) for r in whole.metrics if r.verdict is not None]


def _verdict(label: str, found: StatementTest) -> dict[str, str]:
    return {
        "metric": label,
        "said": _VERDICTS[found.said],
        "gap": _interval(found.gap),
        "lead": _interval(found.lead),
        "first": ", ".join(title(m) for m in found.first),
    }


def _tests(whole: ImageGroup) -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """Return, by metric: (method, mean with interval, rank within an image, p against the best)."""
    return [
        (
            r.metric.label,
            [
                (title(s.method), _interval(s.mean), f"{s.rank:.2f}", _p(s.p))
                for s in r.standings
            ],
        )
        for r in whole.metrics
    ]  # fmt: skip


def _places(found: ImageGroup) -> dict[str, tuple[str, str]]:
    """Return, by method: its mean rank, and the interval."""
    return {
        title(o.method): (f"{o.rank.value:.2f}", f"{o.rank.low:.2f}–{o.rank.high:.2f}")
        for o in found.overall
    }


def _judged(found: list[ImageGroup]) -> list[tuple[str, list[str]]]:
    """Return, by metric: the verdict on the paper's judgement in each group that is ranked."""
    ranked = [g for g in found if g.overall]
    tests = [{r.metric.label: r.verdict for r in g.metrics if r.verdict} for g in ranked]
    if not tests:
        return []
    return [
        (
            label,
            [
                _VERDICTS[by_metric[label].said] if label in by_metric else "—"
                for by_metric in tests
            ],
        )
        for label in tests[0]
    ]


def _methods(methods: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Return, for each method: (name, origin, citation, parameters)."""
    found = []
    for name, params in methods.items():
        origin = "named by paper 2" if name in NAMED else "inferred"
        if name not in PAPER_METHODS:
            origin = "control" if name in CONTROLS else "used by ansae measure"
        plain = {k: v for k, v in how(name, params).items() if k != "method"}
        listed = ", ".join(f"{k} {run_facts.text(v)}" for k, v in plain.items() if v is not None)
        found.append((title(name), origin, CITATIONS.get(name, "—"), listed or "—"))
    return found


def _number(value: float) -> str:
    return f"{value:.3g}" if value == value else "—"


def _share(value: float) -> str:
    return f"{value:.0%}" if value == value else "—"


def _numbers(b: BarAgreement) -> tuple[str, str, str]:
    return _number(b.ratio), _share(b.scatter), _number(b.rho)


def _interval(e: Estimate) -> str:
    return f"{_number(e.value)} ({_number(e.low)} to {_number(e.high)})"


def _p(value: float) -> str:
    if value != value:
        return "best"
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"
