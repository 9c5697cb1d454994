"""Trends of errors that were put in by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from models.validation.trends import BIN_MIN, angle_trend, bins, trend

N = 4000


@pytest.fixture
def truth() -> np.ndarray:
    return np.random.default_rng(7).uniform(10, 60, N)


def test_bins_hold_equal_numbers_and_their_bias(truth) -> None:
    quantity = np.random.default_rng(8).uniform(0, 1, N)
    measured = truth * (1 + np.where(quantity < 0.5, -0.2, 0.1))
    found = bins(quantity, truth, measured, most=4)
    assert [b.bias.n for b in found] == [N // 4] * 4
    assert [b.bias.value for b in found] == pytest.approx([-0.2, -0.2, 0.1, 0.1], abs=1e-9)
    assert [b.error.value for b in found] == pytest.approx([0.2, 0.2, 0.1, 0.1], abs=1e-9)
    assert all(a.high <= b.low for a, b in itertools.pairwise(found))
    assert found[0].low == quantity.min()
    assert found[-1].high == quantity.max()


def test_bins_show_the_spread_of_the_galaxies(truth) -> None:
    rng = np.random.default_rng(9)
    found = bins(rng.random(N), truth, truth * rng.normal(1, 0.1, N), most=2)
    for b in found:
        assert b.spread == pytest.approx((-0.0994, 0.0994), abs=0.015)
        assert b.error.value == pytest.approx(0.0674, abs=0.008)


def test_few_galaxies_or_one_value_make_no_bins() -> None:
    t = np.linspace(1, 2, 2 * BIN_MIN)
    assert len(bins(t, t, t)) == 2
    assert bins(t[:-1], t[:-1], t[:-1]) == []
    assert bins(np.ones_like(t), t, t) == []
    assert bins([], [], []) == []


def test_equal_values_stay_together(truth) -> None:
    grade = np.repeat([0.25, 0.5, 1.0], [N // 2, N // 4, N // 4])
    found = bins(grade, truth, truth, most=6)
    values = [(b.low, b.high) for b in found]
    assert sum(b.bias.n for b in found) == N
    for value in (0.25, 0.5, 1.0):
        assert sum(low <= value <= high for low, high in values) == 1


def test_trend_is_a_rank_correlation_of_the_relative_error(truth) -> None:
    quantity = np.random.default_rng(10).normal(size=N)
    found = trend("z", quantity, truth, truth * (1 + 0.1 * np.tanh(quantity)))
    assert (found.name, found.n) == ("trend_z", N)
    assert found.value == pytest.approx(1)
    rng = np.random.default_rng(11)
    flat = trend("z", quantity, truth, truth * rng.normal(1, 0.1, N))
    assert abs(flat.value) < 4 / np.sqrt(N)


def test_amplitudes_of_a_length_that_depends_on_the_angle(truth) -> None:
    angle = np.random.default_rng(12).uniform(0, 180, N)
    swing = 0.08 * np.cos(np.deg2rad(2 * (angle - 30))) - 0.2 * np.cos(np.deg2rad(4 * angle))
    found = {n.name: n.value for n in angle_trend(angle, truth, truth * (1 + swing))}
    assert found["angle_amplitude_2"] == pytest.approx(0.08)
    assert found["angle_amplitude_4"] == pytest.approx(0.2)
    assert found["angle_p_value"] == pytest.approx(0)


@pytest.mark.long
def test_chance_gives_p_values_that_are_uniform() -> None:
    rng = np.random.default_rng(13)
    values = []
    for _ in range(150):
        angle, errors = rng.uniform(0, 180, 60), rng.normal(0, 0.1, 60)
        found = angle_trend(angle, np.ones(60), 1 + errors)
        values.append(found[-1].value)
    assert np.mean(np.array(values) < 0.5) == pytest.approx(0.5, abs=0.13)
    assert min(values) > 1e-4


def test_too_few_angles() -> None:
    assert angle_trend(np.arange(11.0), np.ones(11), np.ones(11)) == []
