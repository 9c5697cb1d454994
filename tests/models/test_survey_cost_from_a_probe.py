"""From a probe to an estimate: the middle by hand, and ranges that mean what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.survey_cost import EFFICIENCY, Machines, ProbedBatch, rates, survey_interval

BATCH = ProbedBatch(
    rows=10, voted=8, selected=2, mapped=2, decode_s=0.5, votes_s=0.4, maps_s=4.0, read_s=0.2,
    image_bytes=200_000, row_bytes=5_000,
)  # fmt: skip
MACHINES = Machines(gpus=2, cores=8, gpu_hour_price=3.0)


def test_rates_by_hand() -> None:
    got = rates([BATCH, replace(BATCH, rows=30, voted=12, selected=6, maps_s=8.0, mapped=6)])
    assert (got.votes_per_s, got.maps_per_s) == (pytest.approx(20 / 0.8), pytest.approx(8 / 12))
    assert (got.decode_per_s, got.read_per_s) == (pytest.approx(40.0), pytest.approx(8 / 0.4))
    assert (got.selected_fraction, got.image_bytes, got.row_bytes) == (0.2, 10_000, 250)


def test_what_was_not_done_costs_nothing() -> None:
    got = rates([replace(BATCH, selected=0, mapped=0, maps_s=0.0)])
    assert (got.maps_per_s, got.read_per_s) == (np.inf, np.inf)
    with pytest.raises(ValueError, match="0 rows were probed"):
        rates([])


def test_the_middle_is_the_formula_and_the_range_holds_the_assumed_efficiency() -> None:
    got = survey_interval(36_000, [BATCH] * 10, MACHINES, select="all")
    # 36,000 x (0.05 s votes + 0.2 x 2 s maps) on two GPUs at 80 %
    assert got.network_hours.best == pytest.approx(4.5)
    assert got.hours.best == pytest.approx(4.5 / 2 / 0.8)
    assert got.hours.low == pytest.approx(4.5 / 2 / EFFICIENCY[1], rel=0.03)
    assert got.hours.high == pytest.approx(4.5 / 2 / EFFICIENCY[0], rel=0.03)
    assert got.cost.best == pytest.approx(got.hours.best * 2 * 3.0)
    assert got.network_hours.low == pytest.approx(got.network_hours.high)  # all batches are alike


def test_the_range_of_the_selected_fraction_holds_the_truth_as_often_as_it_says() -> None:
    """Galaxies selected with p = 0.1, probed ten at a time; 36,000 galaxies x 2 s a map."""
    rng, hits = np.random.default_rng(5), 0
    for trial in range(100):
        selected = rng.binomial(10, 0.1, size=10)
        batches = [
            replace(BATCH, selected=int(k), mapped=int(k) or 4, maps_s=2.0 * (int(k) or 4))
            for k in selected
        ]
        got = survey_interval(36_000, batches, MACHINES, draws=100, seed=trial).network_hours
        hits += got.low <= 36_000 * (0.05 + 0.1 * 2.0) / 3600 <= got.high
    assert 88 <= hits <= 99


def test_none_selected_does_not_mean_none_there_are() -> None:
    unlucky = [replace(BATCH, selected=0, mapped=4, maps_s=8.0)] * 10
    got = survey_interval(36_000, unlucky, MACHINES)
    assert got.network_hours.best == pytest.approx(0.5)
    assert got.network_hours.high > 0.5 + 10 * 0.01 * 2.0
