"""Slopes and decile errors against explicit formulae and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import curve_fit

from models.validation.regression import decile_errors, decile_of, slopes


@pytest.fixture
def pairs() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(5)
    truth = rng.uniform(5, 60, 200)
    truth_err, err = 0.17 * truth, rng.uniform(1, 8, 200)
    return truth, 0.8 * truth + rng.normal(0, err), truth_err, err


def test_three_weightings(pairs) -> None:
    truth, measured, truth_err, err = pairs
    found = {n.name: n for n in slopes(truth, measured, truth_err, err)}
    for name, w in (
        ("slope", np.ones_like(truth)),
        ("slope_paper_weights", 1 / (truth_err + err)),
        ("slope_inverse_variance", 1 / (truth_err**2 + err**2)),
    ):
        expected = np.sum(w * truth * measured) / np.sum(w * truth**2)
        assert found[name].value == pytest.approx(expected)
        assert found[name].low < expected < found[name].high
        assert found[name].n == 200


def test_inverse_variance_is_scipys(pairs) -> None:
    truth, measured, truth_err, err = pairs
    (expected,), _ = curve_fit(
        lambda x, b: b * x, truth, measured, p0=[1], sigma=np.hypot(truth_err, err)
    )
    found = {n.name: n.value for n in slopes(truth, measured, truth_err, err)}
    assert found["slope_inverse_variance"] == pytest.approx(expected, rel=1e-6)


def test_a_missing_error_is_none_and_two_leave_no_weight() -> None:
    truth, measured = np.array([1.0, 2, 4]), np.array([1.0, 2, 8])
    nothing = np.full(3, np.nan)
    found = {n.name: n for n in slopes(truth, measured, nothing, [1, 2, np.nan])}
    assert found["slope"].n == 3
    assert found["slope_inverse_variance"].n == 2
    assert found["slope_inverse_variance"].value == pytest.approx(1)
    none = {n.name: n for n in slopes(truth, measured, nothing, nothing)}
    assert none["slope_paper_weights"].n == 0
    assert np.isnan(none["slope_paper_weights"].value)


def test_decile_errors_of_two_runs() -> None:
    rng = np.random.default_rng(6)
    length = rng.permutation(np.arange(100.0))
    difference = np.where(length < 50, 0.2, 3.0)
    found = decile_errors(length, length + difference, unit="px")
    assert [n.name for n in found] == [f"decile_error_{i}" for i in range(1, 11)]
    assert [n.value for n in found] == pytest.approx([0.2] * 5 + [3.0] * 5)
    assert {(n.n, n.unit) for n in found} == {(10, "px")}
    np.testing.assert_allclose(decile_of(length, length + difference), difference)


def test_deciles_of_a_few_and_of_missing_lengths() -> None:
    assert [n.n for n in decile_errors([1, 2, np.nan], [2, 4, 5])] == [1, 1]
    assert decile_errors([], []) == []
    np.testing.assert_allclose(decile_of([1, np.nan, 3], [2, 5, 3]), [1, np.nan, 0])
