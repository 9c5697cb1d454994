"""Errors from two runs, against lengths whose scatter is written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.two_runs import GAUSSIAN_SIGMA, two_runs


def test_each_decile_has_the_error_that_was_put_there() -> None:
    """Mean lengths 1 ... 100; in decile d the runs lie d + 1 apart, alternately 0 and 2 d + 2."""
    mean = np.arange(1.0, 101.0)
    apart = np.repeat(np.arange(1.0, 11.0), 10) * np.tile([0.0, 2.0], 50)
    order = np.random.default_rng(1).permutation(100)
    runs = two_runs((mean - apart / 2)[order], (mean + apart / 2)[order])
    np.testing.assert_allclose(runs.length, mean[order])
    np.testing.assert_allclose(runs.group_error, np.arange(1.0, 11.0))
    np.testing.assert_allclose(runs.error, (np.arange(100) // 10 + 1.0)[order])
    assert runs.group.tolist() == (np.arange(100) // 10)[order].tolist()
    assert runs.group_size.tolist() == [10] * 10
    np.testing.assert_allclose(runs.edges[0], 10.9)  # a tenth of the way from rank 0 to rank 99


def test_which_run_is_the_first_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.uniform(10, 90, (2, 60))
    np.testing.assert_array_equal(two_runs(one, other).error, two_runs(other, one).error)


def test_a_length_that_one_run_lacks_is_none() -> None:
    one = np.array([10.0, 20, 30, np.nan, 50, np.inf])
    other = np.array([12.0, np.nan, 34, 40, 50, 60])
    runs = two_runs(one, other, groups=3)
    np.testing.assert_array_equal(runs.length, [11, np.nan, 32, np.nan, 50, np.nan])
    np.testing.assert_array_equal(runs.error, [2, np.nan, 4, np.nan, 0, np.nan])
    assert runs.group.tolist() == [0, -1, 1, -1, 2, -1]


def test_equal_lengths_share_an_error() -> None:
    """Quantised lengths: half of all galaxies have one and the same."""
    one = np.r_[np.full(10, 1.0), np.arange(2.0, 12.0)]
    other = np.r_[np.full(10, 1.0), np.arange(2.0, 12.0)]
    one[::2] += 0.5
    other[::2] -= 0.5
    runs = two_runs(one, other)
    assert len(set(runs.error[:10])) == 1
    assert runs.error[0] == pytest.approx(0.5)
    assert runs.group_size.sum() == 20
    assert np.isnan(runs.group_error[runs.group_size == 0]).all()


def test_normal_noise_gives_the_error_that_theory_does() -> None:
    """Runs of scatter 3 around one length: mean |l1 - l2| is 2 x 3 / sqrt(pi)."""
    rng = np.random.default_rng(3)
    one, other = 50 + rng.normal(0, 3, (2, 40_000))
    runs = two_runs(one, other, groups=1)
    assert runs.group_error[0] == pytest.approx(6 / np.sqrt(np.pi), rel=0.02)
    assert runs.group_error[0] * GAUSSIAN_SIGMA == pytest.approx(3 / np.sqrt(2), rel=0.02)
    assert runs.length.std() == pytest.approx(3 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(
    ("first", "second", "groups", "words"),
    [
        ([1.0, 2.0], [1.0], 1, r"shapes \(2,\) and \(1,\)"),
        ([[1.0]], [[1.0]], 1, "the same galaxies in the same order"),
        ([1.0, np.nan], [1.0, 2.0], 2, "1 galaxies have a length in both runs: 2 groups"),
        ([1.0], [1.0], 0, "groups=0"),
    ],
)
def test_what_cannot_be_divided(first, second, groups: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        two_runs(first, second, groups=groups)
