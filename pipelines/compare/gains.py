"""Gains: how much of a method's score comes from the trained network, not from the image alone."""

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
    """Gains of the methods over networks with random weights.

    Attributes
    ----------
    gains
        By metric and method: the gain over the same method's maps of networks with random weights.
    overall
        The methods by the mean rank of their gains.
    verdicts
        By metric: the test of the paper's judgement by gains.
    """

    gains: Mapping[str, Mapping[str, Gain]]
    overall: tuple[Overall, ...]
    verdicts: Mapping[str, StatementTest]


def beyond(table: Table) -> Beyond | None:
    """Compute the gains. Returns None if no metric has both numbers on enough images.

    If a random network's map is constant, it prefers no pixel. Its missing number is then replaced
    by the number of the noise control, if that control was among the methods.
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
        name: tested
        for name, values in ranked.items()
        if (tested := verdict({m: values[m] for m in ten}, "high", NAMED))
    }
    return Beyond(gains=gains, overall=tuple(order), verdicts=verdicts) if gains else None


def beyond_rows(found: Beyond) -> list[tuple[str, str, str, list[tuple[str, ...]]]]:
    """Return a row for each method: its title, mean rank, the rank's interval, and cells by metric.

    A cell is the gain, its interval, and both means.
    """
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
