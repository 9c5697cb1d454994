"""Calibration: a line known in closed form is found, errors cover what they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.barlength.estimator import EstimatorParams, estimate_bar
from models.barlength.levels import at_levels, fit_powers, sizes
from models.barlength.measure import BarLengthParams
from models.calibration.errors import fit_errors, sampling_factor
from models.calibration.known_bars import KnownBar
from models.calibration.lengths import candidates, fit_line, tried, try_reading
from tests.models.barlength.test_light_reading import box
from tests.models.barmaps import gaussian_ridge

READING = EstimatorParams(bar_length=BarLengthParams(method="light", smoothing_px=1.0))


def known(count: int, scatter: float, seed: int = 0) -> list[KnownBar]:
    """Maps of uniform bars whose true length is 1.5 x the map's + 3 px, with scatter."""
    rng = np.random.default_rng(seed)
    out = []
    for length, angle in zip(rng.uniform(20, 50, count), rng.uniform(0, 180, count), strict=True):
        truth = (1.5 * length + 3) * (1 + scatter * rng.normal())
        one = box(length, 6, angle).astype(np.float32)
        out.append(KnownBar(maps=np.stack([one, one]), length_px=truth, position_angle_deg=angle))
    return out


def test_the_line_is_found_in_spite_of_outliers() -> None:
    raw = np.linspace(10, 60, 50)
    truth = 1.3 * raw - 2
    truth[::9] *= 3
    truth[4::9] *= 0.2
    scale, offset = fit_line(raw, truth)
    assert scale == pytest.approx(1.3, rel=0.05)
    assert offset == pytest.approx(-2, abs=1.5)


def test_a_handful_is_no_calibration() -> None:
    with pytest.raises(ValueError, match="only 7 galaxies"):
        fit_line(np.arange(7.0), np.arange(7.0))


def test_a_reading_is_calibrated_to_the_truth() -> None:
    trial = try_reading(known(30, 0.0), READING)
    assert trial.measured == 1
    assert trial.median_error < 0.02
    assert trial.rho > 0.99
    assert trial.median_angle_error_deg < 1
    again = estimate_bar(known(1, 0.0, seed=9)[0].maps, trial.params).bar.length_px
    assert again == pytest.approx(known(1, 0.0, seed=9)[0].length_px, rel=0.04)


@pytest.mark.long
@pytest.mark.parametrize("reading", ["profile", "levels"])
def test_what_was_chosen_on_some_bars_reads_all_as_it_was_judged(
    reading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.calibration.lengths._CHOSEN_ON", 20)
    bars, of_kind = known(60, 0.0), BarLengthParams(method=reading)  # type: ignore[arg-type]
    best = tried(bars, [EstimatorParams(bar_length=of_kind)])[0]
    lengths = np.array([estimate_bar(k.maps, best.params).bar.length_px for k in bars])
    off = np.abs(lengths / np.array([k.length_px for k in bars]) - 1)
    assert np.median(off) == pytest.approx(best.median_error, abs=1e-9)


@pytest.mark.long
def test_errors_cover_68_percent() -> None:
    calibrated = try_reading(known(60, 0.1), READING).params
    params = fit_errors(known(120, 0.1, seed=3), calibrated)
    assert params.error_floor == pytest.approx(0.1, abs=0.03)
    fresh = known(150, 0.1, seed=4)
    inside = [
        abs(e.bar.length_px - k.length_px) <= e.length_err_px
        for k, e in ((k, estimate_bar(k.maps, params)) for k in fresh)
    ]
    assert np.mean(inside) == pytest.approx(0.683, abs=4 * np.sqrt(0.683 * 0.317 / 150))


def test_the_best_candidate_wins() -> None:
    bad = EstimatorParams(bar_length=BarLengthParams(method="light", linearity_min=1.0))
    trials = tried(known(20, 0.02), [bad, READING])
    assert trials[0].params.bar_length.linearity_min == READING.bar_length.linearity_min
    assert trials[0].cost < trials[1].cost


def test_candidates_hold_both_readings() -> None:
    tried = list(candidates())
    assert {t.bar_length.method for t in tried} == {"profile", "levels", "light"}
    assert len({repr(t) for t in tried}) == len(tried)


def test_maps_that_no_reading_can_read() -> None:
    blank = KnownBar(maps=np.zeros((2, 96, 96), np.float32), length_px=30, position_angle_deg=0)
    with pytest.raises(ValueError, match="no reading measured enough"):
        tried([blank] * 10, [READING])


@pytest.mark.long
def test_errors_grow_with_the_voters_doubt() -> None:
    rng = np.random.default_rng(8)

    def doubtful(count: int) -> list[KnownBar]:
        """Lengths that scatter by 5 % where all say bar, by 25 % where half of them do."""
        fractions = rng.uniform(0.5, 1.0, count)
        galaxies = known(count, 0.0, seed=int(rng.integers(1000)))
        return [
            replace(
                k,
                bar_fraction=f,
                length_px=k.length_px * (1 + (0.05 + 0.4 * (1 - f)) * rng.normal()),
            )
            for k, f in zip(galaxies, fractions, strict=True)
        ]

    params = fit_errors(doubtful(300), try_reading(known(30, 0.0), READING).params)
    assert params.error_floor == pytest.approx(0.05, abs=0.03)
    assert params.error_doubt == pytest.approx(0.4, abs=0.13)
    fresh = [(k, estimate_bar(k.maps, params, k.bar_fraction)) for k in doubtful(400)]
    for low, high in ((0.5, 0.75), (0.75, 1.0)):
        inside = [
            abs(e.bar.length_px - k.length_px) <= e.length_err_px
            for k, e in fresh
            if low <= k.bar_fraction < high
        ]
        assert np.mean(inside) == pytest.approx(0.683, abs=0.1)
    unknown = estimate_bar(fresh[0][0].maps, params)
    half = estimate_bar(fresh[0][0].maps, params, 0.5)
    assert unknown.length_err_px == half.length_err_px


def test_lengths_that_shrink_where_bars_grow_are_no_reading() -> None:
    turned = [replace(k, length_px=80 - k.length_px) for k in known(20, 0.0)]
    trial = try_reading(turned, READING)
    assert trial.measured == 1
    assert trial.cost == np.inf


def test_the_sampling_error_stands_in_place_while_the_rest_is_fitted() -> None:
    rng = np.random.default_rng(6)

    def noisy(count: int) -> list[KnownBar]:
        """Maps of the truth itself but for samples that make them longer or shorter by 10 %."""
        out = []
        for length in rng.uniform(25, 50, count):
            groups = length * (1 + 0.1 * np.sqrt(4) * rng.normal(size=4))
            without = (groups.sum() - groups) / 3
            maps = [box(value, 6, 20.0) for value in (groups.mean(), *without)]
            one = np.stack(maps).astype(np.float32)
            out.append(
                KnownBar(
                    maps=one[:1],
                    length_px=length,
                    position_angle_deg=20,
                    jackknife_maps=one[None, 1:],
                )
            )
        return out

    calibrated = try_reading(known(30, 0.0), READING).params
    line = replace(calibrated.bar_length, length_scale=calibrated.bar_length.length_scale / 1.5, length_offset_px=0.0)  # noqa: E501  # fmt: skip
    galaxies = noisy(40)
    params = fit_errors(galaxies, replace(calibrated, bar_length=line))
    bare = fit_errors([replace(k, jackknife_maps=None) for k in galaxies], replace(calibrated, bar_length=line))  # noqa: E501  # fmt: skip
    assert bare.error_floor == pytest.approx(0.1, abs=0.03)
    assert params.error_floor < 0.6 * bare.error_floor


@pytest.mark.long
def test_the_power_of_each_member_is_found() -> None:
    rng = np.random.default_rng(6)
    levels = BarLengthParams(method="levels", smoothing_px=1.0)

    def one(length: float, angle: float) -> KnownBar:
        noise = np.exp(rng.normal(0, 0.15, 2))
        pair = [gaussian_ridge(97, length * factor, 0.3, angle) for factor in noise]
        truth = length * noise[0]  # the first member alone is right
        maps = np.stack(pair).astype(np.float32)
        return KnownBar(maps=maps, length_px=truth, position_angle_deg=angle)

    drawn = zip(rng.uniform(24, 40, 60), rng.uniform(0, 180, 60), strict=True)
    train = [one(length, angle) for length, angle in drawn]
    without = try_reading(train, EstimatorParams(bar_length=levels))
    found = try_reading(train, EstimatorParams(bar_length=levels, member_powers=(0.0, 0.0)))
    assert found.params.member_powers[0] > 0.5 + found.params.member_powers[1]
    assert found.median_error < 0.3 * without.median_error
    again = [estimate_bar(k.maps, found.params).bar.length_px / k.length_px - 1 for k in train]
    assert np.median(np.abs(again)) == pytest.approx(found.median_error)


@pytest.mark.long
def test_lengths_by_powers_rise_with_the_truth() -> None:
    rng = np.random.default_rng(7)
    reading = EstimatorParams(bar_length=BarLengthParams(method="levels", smoothing_px=1.0))
    drawn = zip(rng.uniform(24, 44, 80), np.exp(rng.normal(0, 0.2, 80)), strict=True)
    train = [
        KnownBar(
            maps=gaussian_ridge(97, length, 0.3, 20.0)[None].astype(np.float32),
            length_px=length * wrong,
            position_angle_deg=20.0,
        )
        for length, wrong in drawn
    ]
    calibrated = try_reading(train, reading).params
    lengths = np.array([estimate_bar(k.maps, calibrated).bar.length_px for k in train])
    truth = np.array([k.length_px for k in train])
    found = [sizes(at_levels(k.maps[0], (48, 48), reading.bar_length), widths=False) for k in train]
    powers, scale = fit_powers(np.array(found), truth, np.full(3, 1 / 3))
    plain = scale * np.exp(np.log(found) @ powers) @ truth / (truth @ truth)
    assert calibrated.bar_length.length_offset_px == 0
    assert lengths @ truth / (truth @ truth) == pytest.approx(plain**0.5, rel=1e-6)
    assert plain < 0.99


@pytest.mark.long
def test_the_members_part_in_the_sampling_error_is_the_scatter_of_repeated_runs() -> None:
    rng = np.random.default_rng(9)
    params = EstimatorParams(
        bar_length=BarLengthParams(smoothing_px=1.0), member_powers=(1.2, -0.9), error_floor=0.0,
        error_spread=0.0,
    )  # fmt: skip
    clean = gaussian_ridge(97, 40, 0.3, 30.0)

    def once() -> KnownBar:
        parts = clean + 0.08 * rng.normal(size=(2, 8, 97, 97))
        total = parts.sum(axis=1)
        return KnownBar(
            maps=(total / 8).astype(np.float32),
            jackknife_maps=(total[:, None] - parts) / 7,
            length_px=40.0,
            position_angle_deg=30.0,
        )

    runs = [once() for _ in range(60)]
    lengths = [estimate_bar(k.maps, params).bar.length_px for k in runs]
    plain = [estimate_bar(k.maps, replace(params, member_powers=())).bar.length_px for k in runs]
    factor = sampling_factor(runs, params)
    assert factor > 1.5
    assert factor == pytest.approx(np.std(lengths) / np.std(plain), rel=0.25)
    assert fit_errors(runs, params).error_sampling == factor
    assert sampling_factor(runs, replace(params, member_powers=())) == 1.0
    assert (
        sampling_factor([replace(k, jackknife_maps=k.jackknife_maps[:1]) for k in runs], params)
        == 1.0
    )
