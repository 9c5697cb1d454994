"""Agreement of measured with true bars, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from models.validation.agreement import agreement

NAN = float("nan")


def test_a_perfect_measurement() -> None:
    truth, angles = np.arange(10.0, 40), np.linspace(0, 179, 30)
    found = agreement(
        true_length=truth,
        length=truth,
        length_err=0.1 * truth,
        true_angle_deg=angles,
        angle_deg=angles,
    )
    for estimate in (found.pearson, found.spearman, found.slope):
        assert (estimate.low, estimate.value, estimate.high) == pytest.approx((1, 1, 1))
    assert (found.n, found.angle_n) == (30, 30)
    assert (found.error, found.relative_error, found.angle_error_deg) == (0, 0, 0)
    assert found.within_2_sigma == 1


def test_only_pairs_count() -> None:
    found = agreement(
        true_length=[10, 20, NAN, 40, 0, 50],
        length=[11, 22, 30, NAN, 5, 55],
        length_err=[1, 0.1, 1, 1, 1, NAN],
        true_angle_deg=[0, 90, 0, 0, 0, NAN],
        angle_deg=[178, 95, 0, 0, 90, 10],
    )
    assert found.n == 3
    assert found.slope.value == pytest.approx(1.1)
    assert found.relative_error == pytest.approx(0.1)
    assert found.error == pytest.approx(2)
    assert found.within_2_sigma == 0.5  # of the two with an error
    assert found.angle_n == 2
    assert found.angle_error_deg == pytest.approx(3.5)  # of 2 and 5


def test_nothing_to_compare_is_nan_not_an_error() -> None:
    found = agreement(
        true_length=[NAN], length=[3], length_err=[1], true_angle_deg=[NAN], angle_deg=[3]
    )
    assert found.n == found.angle_n == 0
    assert np.isnan([found.slope.value, found.error, found.angle_error_deg]).all()


def test_interval_holds_the_value_and_narrows_with_numbers() -> None:
    rng = np.random.default_rng(2)
    widths = []
    for n in (30, 3000):
        truth = rng.uniform(10, 60, n)
        found = agreement(
            true_length=truth,
            length=truth * rng.normal(1, 0.1, n),
            length_err=0.1 * truth,
            true_angle_deg=np.zeros(n),
            angle_deg=rng.normal(0, 4, n),
        )
        assert found.pearson.low < found.pearson.value < found.pearson.high
        widths.append(found.slope.high - found.slope.low)
    assert widths[1] < 0.3 * widths[0]
    assert found.within_2_sigma == pytest.approx(0.95, abs=0.02)
    assert found.angle_error_deg == pytest.approx(4 * 0.6745, rel=0.1)
