"""Numbers and their intervals, where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.stats import binom_conf_interval

from models.validation.numbers import BootstrapParams, number, share


def mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float("nan")


def test_bootstrap_intervals_hold_the_true_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    params = BootstrapParams(level=0.68, resamples=200)
    trials = [number("m", mean, rng.normal(3, 2, 60), params=params) for _ in range(300)]
    inside = np.mean([t.low <= 3 <= t.high for t in trials])
    # 300 trials: one standard deviation of the share is 0.027
    assert inside == pytest.approx(0.68, abs=0.08)


def test_a_number_is_of_the_complete_entries() -> None:
    found = number("m", mean, [1.0, np.nan, 3.0, np.inf], unit="px")
    assert (found.value, found.n, found.unit, found.name) == (2.0, 2, "px", "m")
    assert found.low <= 2 <= found.high


def test_nothing_to_be_of() -> None:
    found = number("m", mean, [np.nan])
    assert found.n == 0
    assert np.isnan([found.value, found.low, found.high]).all()


@pytest.mark.parametrize(("hits", "n"), [(0, 20), (20, 20), (7, 20), (680, 1000)])
@pytest.mark.parametrize("level", [0.68, 0.95])
def test_shares_have_wilsons_interval(hits: int, n: int, level: float) -> None:
    found = share("s", np.arange(n) < hits, BootstrapParams(level=level))
    expected = binom_conf_interval(hits, n, confidence_level=level, interval="wilson")
    assert found.value == hits / n
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=1e-12)


def test_a_share_of_nothing() -> None:
    assert np.isnan(share("s", []).value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"level": 1.0}, r"level=1\.0 must lie between 0 and 1, for instance"),
        ({"resamples": 0}, r"resamples=0 must be at least 1"),
    ],
)
def test_params_are_checked(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BootstrapParams(**changes)
