"""Statistics against closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from models import statistics


@pytest.fixture(params=range(4))
def sample(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Correlated pairs; every second set is rounded, so that there are many ties."""
    rng = np.random.default_rng(request.param)
    x = rng.normal(size=60)
    y = 0.6 * x + rng.normal(size=60)
    return (np.round(x), np.round(y), rng) if request.param % 2 else (x, y, rng)


def test_auc_of_separated_reversed_and_tied_scores() -> None:
    labels = [0, 0, 1, 1]
    assert statistics.auc([1, 2, 3, 4], labels) == 1.0
    assert statistics.auc([4, 3, 2, 1], labels) == 0.0
    assert statistics.auc([5, 5, 5, 5], labels) == 0.5
    assert statistics.auc([1, 3, 2, 4], labels) == 0.75  # three of four pairs in order


def test_auc_is_mann_whitney(sample) -> None:
    x, _, rng = sample
    labels = rng.random(x.size) < 0.3
    u = stats.mannwhitneyu(x[labels], x[~labels]).statistic
    assert statistics.auc(x, labels) == pytest.approx(u / (labels.sum() * (~labels).sum()))


def test_auc_needs_both_classes_and_skips_nan() -> None:
    assert np.isnan(statistics.auc([1, 2], [1, 1]))
    assert np.isnan(statistics.auc([], []))
    assert statistics.auc([1, np.nan, 2], [0, 1, 1]) == 1.0


def test_correlations_are_scipys(sample) -> None:
    x, y, _ = sample
    assert statistics.pearson(x, y) == pytest.approx(stats.pearsonr(x, y).statistic)
    assert statistics.spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic)


def test_correlations_in_closed_form() -> None:
    x = np.arange(1.0, 6.0)
    assert statistics.pearson(x, 3 * x + 2) == pytest.approx(1)
    assert statistics.pearson(x, x**3) < 1
    assert statistics.spearman(x, x**3) == pytest.approx(1)
    assert statistics.spearman(x, -np.exp(x)) == pytest.approx(-1)


@pytest.mark.parametrize("function", [statistics.pearson, statistics.spearman])
def test_no_spread_or_too_few_is_nan(function) -> None:
    assert np.isnan(function([1, 1, 1], [1, 2, 3]))
    assert np.isnan(function([1], [1]))
    assert np.isnan(function([], []))
    assert np.isnan(function([1, np.nan, 3], [1, 2, np.inf]))


def test_slope_through_origin() -> None:
    x = np.array([1.0, 2.0, 4.0])
    assert statistics.slope_through_origin(x, 2.5 * x) == pytest.approx(2.5)
    # one outlier: (1*1 + 2*2 + 4*8) / (1 + 4 + 16), and 1 when its weight is 0
    y = np.array([1.0, 2.0, 8.0])
    assert statistics.slope_through_origin(x, y) == pytest.approx(37 / 21)
    assert statistics.slope_through_origin(x, y, [1, 1, 0]) == pytest.approx(1)
    assert np.isnan(statistics.slope_through_origin([0, 0], [1, 2]))
    with pytest.raises(ValueError, match=r"a weight is -1: .* at least 0"):
        statistics.slope_through_origin(x, y, [1, 1, -1])


def test_slope_is_least_squares(sample) -> None:
    x, y, rng = sample
    sigma = rng.uniform(0.5, 2, x.size)
    solution = np.linalg.lstsq((x / sigma)[:, None], y / sigma, rcond=None)[0][0]
    assert statistics.slope_through_origin(x, y, sigma**-2) == pytest.approx(solution)


def test_median_errors() -> None:
    truth, measured = [10, 20, 40, 0, np.nan], [11, 18, 40, 5, 3]
    assert statistics.median_absolute_error(truth, measured) == 1.5  # of 1, 2, 0, 5
    assert statistics.median_relative_error(truth, measured) == pytest.approx(0.1)
    assert np.isnan(statistics.median_absolute_error([], []))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [(10, 30, 20), (179, 1, 2), (0, 180, 0), (0, 90, 90), (-5, 5, 10), (100, 5, 85), (725, 0, 5)],
)
def test_angle_between_axes(a: float, b: float, expected: float) -> None:
    assert statistics.angle_difference_deg(a, b) == pytest.approx(expected)
    assert statistics.angle_difference_deg(b, a) == pytest.approx(expected)


def test_angles_broadcast_and_keep_nan() -> None:
    difference = statistics.angle_difference_deg([0, np.nan, 170], 5)
    np.testing.assert_allclose(difference, [5, np.nan, 15])


def test_ranks_are_scipys(sample) -> None:
    x, _, _ = sample
    np.testing.assert_allclose(statistics.ranks(x), stats.rankdata(x))


def test_bootstrap_interval_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(1).normal(size=400)
    low, high = statistics.bootstrap_interval(lambda v: float(v.mean()), values, resamples=2000)
    expected = values.std() / np.sqrt(values.size) * stats.norm.ppf(0.84)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.1)
    assert low < values.mean() < high


def test_bootstrap_resamples_pairs_together_and_is_repeatable() -> None:
    x = np.arange(20.0)
    assert statistics.bootstrap_interval(statistics.pearson, x, 2 * x) == pytest.approx((1, 1))
    once = statistics.bootstrap_interval(statistics.pearson, x, x**4, seed=3)
    assert once == statistics.bootstrap_interval(statistics.pearson, x, x**4, seed=3)
    assert once != statistics.bootstrap_interval(statistics.pearson, x, x**4, seed=4)


def test_bootstrap_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match=r"level=2 must lie between 0 and 1"):
        statistics.bootstrap_interval(statistics.pearson, [1, 2], [1, 2], level=2)
    with pytest.raises(ValueError, match=r"resamples=0 must be at least 1"):
        statistics.bootstrap_interval(statistics.pearson, [1, 2], [1, 2], resamples=0)
    assert np.isnan(statistics.bootstrap_interval(statistics.pearson, [], [])).all()


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"lengths 2, 3 cannot be compared"):
        statistics.pearson([1, 2], [1, 2, 3])


def test_partial_correlation_is_the_literal_formula(sample) -> None:
    x, y, rng = sample
    g = 0.5 * x + rng.normal(size=x.size)
    xy, xg, yg = (stats.pearsonr(a, b).statistic for a, b in ((x, y), (x, g), (y, g)))
    expected = (xy - xg * yg) / np.sqrt((1 - xg**2) * (1 - yg**2))
    assert statistics.partial_pearson(x, y, g) == pytest.approx(expected)


def test_partial_correlation_at_its_ends() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 50))
    constant = np.full(50, 7.0)
    assert statistics.partial_pearson(x, y, constant) == pytest.approx(statistics.pearson(x, y))
    assert np.isnan(statistics.partial_pearson(x, y, 3 * x + 1))  # nothing is left of x
    assert np.isnan(statistics.partial_pearson([1, 2], [1, 2], [2, 1]))


def test_root_mean_square_error_and_signed_bias() -> None:
    truth, measured = [10, 20, 40, np.nan, 0], [13, 16, 40, 3, 5]
    assert statistics.root_mean_square_error(truth, measured) == pytest.approx(np.sqrt(50 / 4))
    assert statistics.median_relative_bias(truth, measured) == 0  # of 0.3, -0.2, 0
    assert np.isnan(statistics.root_mean_square_error([], []))
    assert np.isnan(statistics.median_relative_bias([0], [1]))
