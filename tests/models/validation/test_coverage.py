"""Coverage of errors that are right, too small, or missing."""

from __future__ import annotations

import numpy as np
import pytest

from models.validation.coverage import GAUSSIAN_1, GAUSSIAN_2, coverage_numbers, pulls

N = 20_000


@pytest.mark.parametrize("too_small", [1.0, 2.0])
def test_gaussian_errors(too_small: float) -> None:
    rng = np.random.default_rng(0)
    truth, err = rng.uniform(10, 60, N), rng.uniform(1, 5, N)
    pull = pulls(truth, truth + rng.normal(0, err * too_small), np.full(N, np.nan), err)
    found = {n.name: n.value for n in coverage_numbers(pull)}
    assert found["pull_width"] == pytest.approx(too_small, rel=0.03)
    if too_small == 1:
        assert found["coverage_1_sigma"] == pytest.approx(GAUSSIAN_1, abs=0.01)
        assert found["coverage_2_sigma"] == pytest.approx(GAUSSIAN_2, abs=0.01)
    else:
        assert found["coverage_1_sigma"] == pytest.approx(0.3829, abs=0.01)  # within 1/2 sigma


def test_the_truths_own_error_counts() -> None:
    pull = pulls([10, 10], [15, 15], [3, np.nan], [4, 4])
    np.testing.assert_allclose(pull, [1.0, 1.25])


def test_lengths_without_an_error_are_left_out() -> None:
    pull = pulls([10, 10, 10, np.nan], [11, 11, np.nan, 11], [0] * 4, [0, np.nan, 1, 1])
    assert pull.size == 0
