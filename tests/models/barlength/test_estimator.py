"""Several maps, one bar: each way of combining them, its error, and maps that say nothing."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from models.barlength.estimator import (
    EstimatorParams,
    concord,
    estimate_bar,
    mean_map,
    read_bar,
    sampling_error,
)
from models.barlength.measure import BarLengthParams, StopReason, measure_bar
from tests.models.barmaps import gaussian_ridge
from tests.reference.algorithm1 import algorithm_1

BLANK = np.full((97, 97), np.nan)


def maps(*lengths: float, angle: float = 30.0) -> np.ndarray:
    return np.stack([gaussian_ridge(97, length, 0.3, angle) for length in lengths])


def test_equal_maps_give_the_members_length_and_no_spread() -> None:
    params = EstimatorParams(combine="lengths", error_floor=0.08)
    found = estimate_bar(maps(40, 40, 40), params)
    alone = measure_bar(maps(40)[0], params.bar_length).length_px
    assert found.bar.length_px == pytest.approx(alone)
    np.testing.assert_allclose(found.member_lengths_px, alone)
    assert found.length_err_px == pytest.approx(0.08 * alone)


def test_lengths_are_averaged_and_their_standard_error_is_added() -> None:
    params = EstimatorParams(combine="lengths", error_floor=0.0, error_spread=2.0)
    found = estimate_bar(maps(30, 40, 50), params)
    lengths = found.member_lengths_px
    assert found.bar.length_px == pytest.approx(lengths.mean())
    assert found.length_err_px == pytest.approx(2 * lengths.std(ddof=1) / math.sqrt(3))
    assert found.bar.position_angle_deg == pytest.approx(30, abs=2)


def test_maps_are_averaged_before_they_are_read() -> None:
    params = EstimatorParams(combine="maps")
    found = estimate_bar(maps(30, 50), params)
    assert found.bar == measure_bar(maps(30, 50).mean(axis=0), params.bar_length)
    assert found.bar.length_px != pytest.approx(found.member_lengths_px.mean(), rel=1e-3)


@pytest.mark.parametrize("combine", ["maps", "lengths"])
def test_a_member_without_a_map_is_left_out(combine: str) -> None:
    params = EstimatorParams(combine=combine)  # type: ignore[arg-type]
    with_blank = np.concatenate([maps(40, 44), BLANK[None]])
    found, without = estimate_bar(with_blank, params), estimate_bar(maps(40, 44), params)
    assert found.bar == without.bar
    assert found.length_err_px == pytest.approx(without.length_err_px)
    assert np.isnan(found.member_lengths_px).tolist() == [False, False, True]


@pytest.mark.parametrize("combine", ["maps", "lengths"])
def test_no_map_means_no_length(combine: str) -> None:
    found = estimate_bar(np.stack([BLANK, BLANK]), EstimatorParams(combine=combine))  # type: ignore[arg-type]
    assert found.bar.stop == StopReason.NOT_FINITE
    assert math.isnan(found.bar.length_px)
    assert math.isnan(found.length_err_px)


def test_paper_averages_algorithm_1() -> None:
    found = estimate_bar(maps(30, 40, 50), EstimatorParams.paper())
    expected = [algorithm_1(m, 0.85, 40)[0] for m in maps(30, 40, 50)]
    assert found.bar.length_px == pytest.approx(np.mean(expected))


def test_mean_map_is_not_rescaled() -> None:
    both = maps(30, 50) * 0.5
    np.testing.assert_allclose(mean_map(both), both.mean(axis=0))
    assert np.isnan(mean_map(np.stack([BLANK]))).all()


def test_each_members_length_enters_with_its_power() -> None:
    three, plain = maps(36, 40, 44), EstimatorParams()
    bare = estimate_bar(three, plain)
    found = estimate_bar(three, EstimatorParams(member_powers=(0.5, 0.0, -0.2)))
    ratios = bare.member_lengths_px / bare.bar.length_px
    assert found.bar.length_px == pytest.approx(
        bare.bar.length_px * ratios[0] ** 0.5 * ratios[2] ** -0.2
    )
    width = found.bar.axis_ratio * found.bar.length_px
    assert width == pytest.approx(bare.bar.axis_ratio * bare.bar.length_px)
    assert read_bar(three, EstimatorParams(member_powers=(0.5, 0.0, -0.2))) == found.bar


def test_the_sampling_error_is_of_the_mean_map_whatever_the_members_powers() -> None:
    without = maps(38, 39, 40, 41)[None]
    powers = EstimatorParams(member_powers=(0.2, 0.1, 0.1))
    assert sampling_error(without, powers) == sampling_error(without, EstimatorParams()) > 0
    found = estimate_bar(maps(36, 40, 44), powers, 0.5, without)
    assert found.sampling_err_px == sampling_error(without, EstimatorParams())


def test_members_without_a_length_or_far_off_cannot_pull() -> None:
    blank = np.concatenate([maps(40, 40), BLANK[None]])
    powers = EstimatorParams(member_powers=(0.0, 0.0, 0.7))
    assert estimate_bar(blank, powers).bar.length_px == pytest.approx(
        estimate_bar(blank, EstimatorParams()).bar.length_px
    )
    far = maps(24, 24, 24, 24, 24, 24, 72)
    bare = estimate_bar(far, EstimatorParams())
    assert bare.member_lengths_px[-1] > 2 * bare.bar.length_px
    pulled = estimate_bar(far, EstimatorParams(member_powers=(*[0.0] * 6, 1.0)))
    assert pulled.bar.length_px == pytest.approx(1.5 * bare.bar.length_px)


def test_powers_of_another_ensemble_are_refused() -> None:
    with pytest.raises(ValueError, match="2 member_powers for the maps of 3 members"):
        estimate_bar(maps(30, 40, 50), EstimatorParams(member_powers=(0.1, 0.1)))
    with pytest.raises(ValueError, match="for combine='maps'"):
        EstimatorParams(combine="lengths", member_powers=(0.1,))


def test_parameters_survive_json() -> None:
    params = EstimatorParams(
        combine="lengths", bar_length=BarLengthParams(level=0.4), error_floor=0.1, error_spread=1.5
    )
    assert EstimatorParams.from_dict(json.loads(json.dumps(params.to_dict()))) == params
    assert EstimatorParams.from_dict({}) == EstimatorParams()
    with pytest.raises(ValueError, match="not an estimator's parameters"):
        EstimatorParams.from_dict({"smoothness": 1})


def test_parameters_are_checked() -> None:
    with pytest.raises(ValueError, match="'mean' must be 'maps' or 'lengths'"):
        EstimatorParams(combine="mean")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must not be negative"):
        EstimatorParams(error_floor=-0.1)
    with pytest.raises(ValueError, match="error_sampling=nan must not be negative"):
        EstimatorParams(error_sampling=math.nan)


def test_members_that_lie_along_different_axes_give_a_flag() -> None:
    def at(*angles: float) -> np.ndarray:
        return np.concatenate([maps(40, angle=angle) for angle in angles])

    def found(*angles: float, least: float = 0.8) -> StopReason:
        return estimate_bar(
            at(*angles), EstimatorParams(combine="maps", concord_min=least)
        ).bar.stop

    assert found(30, 34, 26) == StopReason.PROFILE
    assert found(2, 178, 0) == StopReason.PROFILE  # the same axis on both sides of 180 deg
    assert found(30, 34, 80) == StopReason.DISCORD
    assert found(30, 34, 80, least=0.0) == StopReason.PROFILE
    readings = [measure_bar(m) for m in at(10, 30)]
    assert concord(readings) == pytest.approx(math.cos(math.radians(20)), abs=0.02)
    assert concord(readings[:1]) == 1.0
    with pytest.raises(ValueError, match="must lie in"):
        EstimatorParams(concord_min=1.0)


def grouped(rng: np.random.Generator, noise: float, groups: int = 8) -> tuple[np.ndarray, ...]:
    """Two members' maps of one bar, each the mean of groups with noise of their own, (2, H, W), and
    the means without one group each, (2, G, H, W)."""
    parts = maps(40)[0] + noise * np.sqrt(groups) * rng.normal(size=(2, groups, 97, 97))
    total = parts.sum(axis=1)
    return total / groups, (total[:, None] - parts) / (groups - 1)


@pytest.mark.long
@pytest.mark.parametrize("combine", ["maps", "lengths"])
def test_the_sampling_error_is_the_scatter_of_repeated_runs(combine: str) -> None:
    reading = BarLengthParams(smoothing_px=1.0)
    params = EstimatorParams(combine=combine, bar_length=reading, error_floor=0.0, error_spread=0.0)  # type: ignore[arg-type]
    rng = np.random.default_rng(3)
    runs = [
        estimate_bar(maps_, params, 1.0, jackknife_maps)
        for maps_, jackknife_maps in (grouped(rng, 0.03) for _ in range(80))
    ]
    scatter = np.std([run.bar.length_px for run in runs], ddof=1)
    errors = np.array([run.length_err_px for run in runs])
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(scatter, rel=0.15)
    np.testing.assert_array_equal(errors, [run.sampling_err_px for run in runs])


def test_half_precision_changes_nothing_that_counts() -> None:
    _, exact = grouped(np.random.default_rng(4), 0.03)
    params = EstimatorParams(bar_length=BarLengthParams(smoothing_px=1.0))
    rounded = sampling_error(exact.astype(np.float16), params)
    assert rounded == pytest.approx(sampling_error(exact, params), rel=0.01)


def test_equal_maps_have_no_sampling_error_and_flagged_ones_do_not_count() -> None:
    params = EstimatorParams(error_sampling=3.0)
    equal = np.stack([maps(40)[0]] * 4)[None]
    assert sampling_error(equal, params) == pytest.approx(0, abs=1e-9)
    unequal = np.concatenate([maps(38, 42), BLANK[None]])[None]
    lengths = [measure_bar(m, params.bar_length).length_px for m in maps(38, 42)]
    expected = sampling_error(unequal, params)
    assert expected == pytest.approx(np.std(lengths))
    found, bare = (estimate_bar(maps(40), params, 0.5, x) for x in (unequal, None))
    assert found.length_err_px == pytest.approx(math.hypot(bare.length_err_px, 3 * expected))
    assert math.isnan(bare.sampling_err_px)
    assert math.isnan(sampling_error(unequal[:, 1:], params))
