"""The null predictors, against what probability theory says of them."""

from __future__ import annotations

import numpy as np
import pytest

from models.validation.nulls import constant_times, null_numbers


def numbers(truth: np.ndarray, size: np.ndarray) -> dict:
    return {n.name: n for n in null_numbers(truth, size, unit="px")}


def test_lengths_that_are_a_constant_times_the_size() -> None:
    size = np.arange(1.0, 101)
    found = numbers(0.7 * size, size)
    assert found["null_constant_rho"].value == pytest.approx(1)
    assert found["null_constant_rmse"].value == pytest.approx(0, abs=1e-9)
    assert found["null_shuffled_rho"].value == pytest.approx(1)
    assert found["null_constant_median_relative_error"].value == pytest.approx(0, abs=1e-9)


@pytest.mark.long
def test_correlations_that_the_size_alone_lends() -> None:
    """truth = s R, s and R independent: rho(R, s R) = <s> sd(R) / sd(s R), and that of two draws
    of s is <s>^2 var(R) / var(s R)."""
    rng = np.random.default_rng(4)
    size, scaled = np.exp(rng.normal(2.5, 0.45, 40_000)), rng.normal(0.5, 0.15, 40_000).clip(0.05)
    truth = scaled * size
    found = numbers(truth, size)
    assert found["null_constant_rho"].value == pytest.approx(
        scaled.mean() * size.std() / truth.std(), abs=0.01
    )
    assert found["null_shuffled_rho"].value == pytest.approx(
        scaled.mean() ** 2 * size.var() / truth.var(), abs=0.01
    )
    assert found["null_shuffled_rho"].value > 0.5  # and not a bar was measured


def test_constant_is_least_squares() -> None:
    rng = np.random.default_rng(1)
    size, truth = rng.uniform(1, 9, 50), rng.uniform(1, 9, 50)
    slope = np.linalg.lstsq(size[:, None], truth, rcond=None)[0][0]
    np.testing.assert_allclose(constant_times(truth, size), slope * size)
    rmse = np.sqrt(np.mean((truth - slope * size) ** 2))
    assert numbers(truth, size)["null_constant_rmse"].value == pytest.approx(rmse)


def test_sizes_that_are_all_the_same_predict_nothing() -> None:
    rng = np.random.default_rng(2)
    truth = rng.uniform(10, 60, 300)
    size = 50.0 * (1 + 1e-15 * rng.integers(-4, 5, 300))  # the same but for rounding
    found = numbers(truth, size)
    assert np.isnan(found["null_constant_rho"].value)
    assert found["null_constant_rmse"].value == pytest.approx(truth.std())
    assert found["null_shuffled_rho"].value == pytest.approx(0, abs=0.02)


def test_what_has_no_size_or_length_is_left_out() -> None:
    found = numbers(np.array([1.0, 2, -1, 4, np.nan]), np.array([1.0, 2, 3, 0, 5]))
    assert {n.n for n in found.values()} == {2}
    none = numbers(np.array([np.nan]), np.array([1.0]))
    assert {n.n for n in none.values()} == {0}
    assert all(np.isnan(n.value) for n in none.values())


def test_the_same_seed_gives_the_same_numbers() -> None:
    rng = np.random.default_rng(3)
    size, truth = rng.uniform(1, 9, 80), rng.uniform(1, 9, 80)
    assert null_numbers(truth, size) == null_numbers(truth, size)
