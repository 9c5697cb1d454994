"""The numbers of a validation on pairs whose every number is known."""

from __future__ import annotations

import numpy as np
import pytest

from models.validation.grades import grade_numbers
from models.validation.lengths import (
    LengthPairs,
    detection_numbers,
    honest_numbers,
    matched_nulls,
    paper_numbers,
)

N = 3000
NAN = float("nan")


def pairs(size: np.ndarray, scaled: np.ndarray, measured: np.ndarray) -> LengthPairs:
    """Lengths in units of the size, put on the sky."""
    nothing = np.full(size.size, NAN)
    return LengthPairs(
        unit="arcsec", truth=scaled * size, truth_err=nothing, measured=measured * size,
        measured_err=0.1 * measured * size, size=size,
    )  # fmt: skip


def by_name(numbers: list) -> dict:
    return {n.name: n for n in numbers}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


def test_a_measurement_that_knows_nothing_looks_good_the_papers_way_alone(rng) -> None:
    size = np.exp(rng.normal(2.5, 0.5, N))
    blind = pairs(size, rng.uniform(0.2, 0.8, N), rng.uniform(0.2, 0.8, N))
    paper, honest = by_name(paper_numbers(blind)), by_name(honest_numbers(blind))
    null = by_name(matched_nulls(blind))
    assert paper["rho"].value > 0.4
    assert paper["rho"].value == pytest.approx(null["null_shuffled_rho"].value, abs=0.1)
    assert paper["rho"].value < null["null_constant_rho"].value
    for name in ("scaled_rho", "scaled_spearman", "partial_rho"):
        assert abs(honest[name].value) < 4 / np.sqrt(N)


def test_a_true_measurement_looks_good_both_ways(rng) -> None:
    size, scaled = np.exp(rng.normal(2.5, 0.5, N)), rng.uniform(0.2, 0.8, N)
    good = pairs(size, scaled, scaled * rng.normal(1, 0.1, N))
    honest = by_name(honest_numbers(good))
    assert honest["scaled_rho"].value > 0.9
    assert honest["partial_rho"].value > 0.9
    assert honest["median_relative_error"].value == pytest.approx(0.0674, abs=0.005)
    assert honest["median_relative_bias"].value == pytest.approx(0, abs=0.006)
    assert honest["coverage_1_sigma"].value == pytest.approx(0.68, abs=0.03)


def test_units_change_no_correlation(rng) -> None:
    size, scaled = np.exp(rng.normal(2.5, 0.5, N)), rng.uniform(0.2, 0.8, N)
    sky = pairs(size, scaled, scaled * rng.normal(1, 0.2, N))
    paper = sky.times(0.35, 0.396, "paper")
    a, b = by_name(paper_numbers(sky)), by_name(paper_numbers(paper))
    assert b["rho"].value == pytest.approx(a["rho"].value)
    assert b["slope"].value == pytest.approx(a["slope"].value * 0.396 / 0.35)
    assert b["rmse"].unit == "paper"


def test_only_pairs_count() -> None:
    nothing = np.full(4, NAN)
    some = LengthPairs(
        unit="px", truth=np.array([10.0, 20, 0, NAN]), truth_err=nothing,
        measured=np.array([11.0, NAN, 5, 6]), measured_err=nothing, size=nothing,
    )  # fmt: skip
    assert {n.n for n in paper_numbers(some)[:3]} == {1}
    honest = by_name(honest_numbers(some))
    assert honest["median_relative_error"].value == pytest.approx(0.1)
    assert not {"scaled_rho", "partial_rho", "coverage_1_sigma"} & set(honest)
    assert matched_nulls(some) == []


def test_detection() -> None:
    barred = np.array([1.0, 1, 0, 0, NAN])
    lengths = np.array([3.0, NAN, NAN, 4, 5])
    found = by_name(detection_numbers(barred, {"score": np.array([4.0, 2, 3, 1, 9])}, lengths))
    assert found["auc_score"].value == 0.75
    assert found["auc_score"].n == 4
    assert found["measured_of_barred"].value == 0.5
    assert found["measured_of_unbarred"].value == 0.5
    only = by_name(detection_numbers(np.ones(5), {"score": np.ones(5)}, lengths))
    assert set(only) == {"measured_of_barred"}


def test_grades() -> None:
    """Clear bars are 0.5 and more, faint ones count for the second correlation only, and galaxies
    seen at an angle for none."""
    grade = np.array([0.0, 0, 0.25, 0.5, 0.75, 1.0, 1.0, 0.0])
    inclination = np.array([0.0, 0.5, 0.25, 0.25, 0.0, 0.0, 1.0, 1.0])
    length = np.array([NAN, NAN, 0.9, 0.2, 0.3, 0.4, 0.1, 0.8])
    score = np.array([0.1, 0.2, 0.9, 0.5, 0.15, 0.8, 0.0, 1.0])
    found = by_name(grade_numbers(grade, inclination, length, {"s": score}))
    assert found["spearman_clear"].value == pytest.approx(1)
    assert found["spearman_clear"].n == 3
    assert found["spearman_faint"].n == 4
    assert found["spearman_faint"].value < 1
    assert found["auc_s"].value == pytest.approx(5 / 6)
    assert found["auc_s"].n == 5
    assert found["measured_of_clear"].value == 1
    assert found["null_s_spearman"].value == pytest.approx(0.5)
