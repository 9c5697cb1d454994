"""Ranks, paired tests and the verdict against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.faithfulness.ranking import holm, image_ranks, overall, paired_p, standings, verdict

N = 200


def normal(mean: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, N)


def test_wilcoxon_of_differences_of_one_sign_is_the_normal_tail() -> None:
    n = 40
    z = (n * (n + 1) / 4) / math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    expected = math.erfc(z / math.sqrt(2))
    assert paired_p(np.arange(1.0, n + 1), np.zeros(n)) == pytest.approx(expected, rel=1e-9)


def test_wilcoxon_leaves_missing_pairs_out_and_equal_ones_undecided() -> None:
    a, b = normal(0, 1), normal(0.3, 2)
    gap = np.r_[a, np.nan], np.r_[b, 5.0]
    assert paired_p(*gap) == paired_p(a, b)
    assert paired_p(a, a) == 1.0


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_ranks_within_an_image() -> None:
    table = np.array([[3.0, 1.0], [2.0, 1.0], [1.0, 0.0]])
    assert image_ranks(table, "high").tolist() == [[1, 1.5], [2, 1.5], [3, 3]]
    assert image_ranks(table, "low").tolist() == [[3, 2.5], [2, 2.5], [1, 1]]


def test_standings_have_the_best_first_with_intervals_of_the_mean() -> None:
    values = {"low": normal(0.0, 1), "high": normal(1.0, 2), "middle": normal(0.8, 3)}
    found = standings(values, "high")
    assert [s.method for s in found] == ["high", "middle", "low"]
    best = found[0]
    assert best.mean.value == pytest.approx(values["high"].mean())
    half = (best.mean.high - best.mean.low) / 2
    assert half == pytest.approx(1.96 * values["high"].std() / math.sqrt(N), rel=0.15)
    assert math.isnan(best.p)
    assert found[2].p < 1e-6 < found[1].p
    assert [s.method for s in standings(values, "low")] == ["low", "middle", "high"]
    assert sum(s.rank for s in found) == pytest.approx(1 + 2 + 3)


def test_only_images_that_every_method_has_are_compared() -> None:
    a, b = normal(0, 1), normal(0, 2)
    a[:100] = np.nan
    b[150:] = 1e9
    b[190:] = np.nan
    found = {s.method: s for s in standings({"a": a, "b": b}, "low")}
    assert found["a"].n == found["b"].n == 90
    assert found["b"].mean.value == pytest.approx(b[100:190].mean())
    assert standings({"a": a[:104], "b": b[:104]}, "low") == []


def test_overall_averages_ranks_over_metrics_and_skips_the_empty_one() -> None:
    good, bad = np.full(N, 2.0), np.full(N, 1.0)
    metrics = [
        ({"a": good, "b": bad}, "high"),
        ({"a": good, "b": bad}, "low"),
        ({"a": good, "b": bad}, "high"),
        ({"a": good * np.nan, "b": bad}, "low"),
    ]
    found = overall(metrics)
    assert [(o.method, o.n) for o in found] == [("a", N), ("b", N)]
    assert found[0].rank.value == pytest.approx(4 / 3)
    assert found[1].rank.value == pytest.approx(5 / 3)
    assert overall(metrics[3:]) == []


def test_a_rank_where_an_image_lacks_one_metric() -> None:
    half = np.where(np.arange(N) < 100, 1.0, np.nan)
    found = overall([({"a": half * 2, "b": half}, "high"), ({"a": half, "b": 2 * half}, "high")])
    assert [o.n for o in found] == [100, 100]
    assert [o.rank.value for o in found] == [1.5, 1.5]


CLAIM = ("x", "y")


@pytest.mark.parametrize(
    ("means", "better", "said"),
    [
        ({"x": 3, "y": 2, "p": 1, "q": 0}, "high", "confirmed"),
        ({"x": 0, "y": 1, "p": 2, "q": 3}, "low", "confirmed"),
        ({"x": 3, "y": 0, "p": 2, "q": 1}, "high", "contradicted"),
        ({"x": 3, "y": 1.0, "p": 1.0, "q": 0}, "high", "undecided"),
    ],
)
def test_the_verdict(means: dict[str, float], better: str, said: str) -> None:
    values = {name: normal(mean, i) for i, (name, mean) in enumerate(means.items())}
    found = verdict(values, better, CLAIM)  # type: ignore[arg-type]
    assert found is not None
    assert found.said == said
    assert found.gap.low <= found.gap.value <= found.gap.high
    assert found.lead.value >= found.gap.value
    sign = 1 if better == "high" else -1
    assert found.first[0] == max(means, key=lambda name: sign * values[name].mean())
    assert len(found.first) == 2


def test_no_verdict_on_what_is_not_there() -> None:
    assert verdict({"x": normal(0, 1), "p": normal(0, 2)}, "high", CLAIM) is None
    assert verdict({"x": normal(0, 1), "y": normal(0, 2)}, "high", CLAIM) is None
