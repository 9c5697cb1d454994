"""What a method's maps owe to the network, told apart from what the image lends to any network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from catalogues.runs.comparison_rows import METRICS, STRANGER
from models.attribution.params import NOISE, PAPER_METHODS
from models.faithfulness.ranking import Gain, Overall, StatementTest, gain, overall, verdict
from pipelines.compare.numbers import NAMED, ByMethod, Table, title


@dataclass(frozen=True, kw_only=True)
class Beyond:
    """What maps owe to the network and not to the image alone. gains: by metric and method, over
    the same method's maps of networks with random weights. overall: methods by the mean rank of
    these gains. verdicts: by metric, on the paper's judgement, by gains."""

    gains: Mapping[str, Mapping[str, Gain]]
    overall: tuple[Overall, ...]
    verdicts: Mapping[str, StatementTest]


def beyond(table: Table) -> Beyond | None:
    """None where no metric has both numbers on enough images.

    A random network whose map is constant prefers no pixel: there the number of the image's noise
    stands for it, if that was among the methods.
    """
    ten = [method for method in table.methods if method in PAPER_METHODS]
    gains: dict[str, dict[str, Gain]] = {}
    ranked: dict[str, ByMethod] = {}
    for metric in METRICS:
        strangers = table.numbers.get(STRANGER + metric.name)
        if strangers is None:
            continue
        own, sign = table.numbers[metric.name], 1.0 if metric.better == "high" else -1.0
        chance = own.get(NOISE, np.float64(np.nan))
        strangers = {m: np.where(np.isnan(v), chance, v) for m, v in strangers.items()}
        ranked[metric.name] = {m: sign * (own[m] - strangers[m]) for m in table.methods}
        each = {m: gain(own[m], strangers[m], metric.better) for m in table.methods}
        if found := {m: g for m, g in each.items() if g is not None}:
            gains[metric.name] = found
    order = overall([(values, "high") for values in ranked.values()])
    verdicts = {
        name: said
        for name, values in ranked.items()
        if (said := verdict({m: values[m] for m in ten}, "high", NAMED))
    }
    return Beyond(gains=gains, overall=tuple(order), verdicts=verdicts) if gains else None


def beyond_rows(found: Beyond) -> list[tuple[str, str, str, list[tuple[str, ...]]]]:
    """(method, mean rank, its interval, by metric: the gain, its interval, both means)."""
    return [
        (
            title(o.method),
            f"{o.rank.value:.2f}",
            f"{o.rank.low:.2f}–{o.rank.high:.2f}",
            [_gain(gains.get(o.method)) for gains in found.gains.values()],
        )
        for o in found.overall
    ]


def _gain(found: Gain | None) -> tuple[str, ...]:
    if found is None:
        return ("—",)
    g = found.gain
    between = f"{_signed(g.low)} to {_signed(g.high)}"
    return _signed(g.value), between, f"{found.mean:.3g}, random {found.other:.3g}"


def _signed(value: float) -> str:
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00").replace("-", "−")
