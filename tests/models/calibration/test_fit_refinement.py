"""A refinement learns a rule that is known in closed form, from lengths and from grades."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.barlength.estimator import EstimatorParams, read_bar
from models.barlength.refinement import FEATURES
from models.calibration.errors import fit_errors, widened
from models.calibration.fit_refinement import (
    Graded,
    Lessons,
    Measured,
    RefiningParams,
    expected_of_grade,
    fit_refinement,
)
from models.calibration.known_bars import KnownBar
from models.calibration.refined import REFINED_MIN, GradedBar, MeasuredBar, TooFewBars, refine
from models.statistics import spearman
from tests.models.barmaps import axes, gaussian_ridge

SIDE = 96
QUICK = RefiningParams(steps=600)


def galaxies(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (count, FEATURES) and ln(true / first length), which two of them decide."""
    x = np.random.default_rng(seed).normal(size=(count, FEATURES))
    return x, 0.15 * np.tanh(x[:, 5]) - 0.1 * x[:, 60].clip(-1, 1)


def test_a_rule_is_found() -> None:
    made = fit_refinement(Lessons(*galaxies(4000, 0)), params=replace(QUICK, steps=2000, noise=0.0))
    x, truth = galaxies(1000, 1)
    assert np.median(np.abs(made.log_factor(x) - truth)) < 0.35 * np.median(np.abs(truth))


def test_the_same_galaxies_give_the_same_refinement() -> None:
    data, few = Lessons(*galaxies(300, 0)), replace(QUICK, steps=20)
    assert fit_refinement(data, params=few) == fit_refinement(data, params=few)
    assert fit_refinement(data, params=few) != fit_refinement(data, params=replace(few, seed=1))


def test_a_few_lengths_gone_wrong_do_not_matter() -> None:
    x, target = galaxies(3000, 0)
    target[::10] += 2.0
    made = fit_refinement(Lessons(x, target), params=QUICK)
    fresh, truth = galaxies(1000, 1)
    assert abs(np.median(made.log_factor(fresh) - truth)) < 0.02


def test_grades_teach_what_known_lengths_do_not_show() -> None:
    rng = np.random.default_rng(2)
    x, target = galaxies(2000, 0)
    real, first = rng.normal(size=(900, FEATURES)), rng.normal(0, 0.05, 900)
    truth = first + 0.2 * np.tanh(real[:, 30])
    order = np.digitize(truth, np.quantile(truth, [0.25, 0.5, 0.75]))
    grades = np.array([0.25, 0.5, 0.75, 1.0])[order]
    x[:, 30] = rng.normal(size=2000)  # of no consequence there
    taught, rest = slice(0, 600), slice(600, 900)
    experts = Graded(real[taught], first[taught], expected_of_grade(grades[taught]))
    ranks = []
    for graded in (None, experts):
        made = fit_refinement(Lessons(x, target), None, graded, QUICK)
        ranks.append(spearman(first[rest] + made.log_factor(real[rest]), grades[rest]))
    assert ranks[1] > ranks[0] + 0.1


def test_measured_lengths_teach_in_spite_of_unknown_scales() -> None:
    rng = np.random.default_rng(3)
    x, target = galaxies(2000, 0)
    real, usual = galaxies(3000, 3)
    truth = usual + 0.2 * np.tanh(real[:, 30])
    x[:, 30] = rng.normal(size=2000)  # of no consequence there
    group = rng.integers(-1, 2, 3000)
    told = truth + np.array([0.3, -0.2, 0.0])[group] + rng.normal(0, 0.05, 3000)
    taught, rest = slice(0, 2500), slice(2500, 3000)
    people = Measured(real[taught], told[taught], group[taught])
    off = []
    for measured in (None, people):
        made = fit_refinement(Lessons(x, target), None, None, QUICK, measured)
        off.append(made.log_factor(real[rest]) - truth[rest])
    assert np.std(off[1]) < 0.8 * np.std(off[0])
    assert abs(np.median(off[1])) < 0.03  # the groups' factors do not move the lengths


def test_lengths_far_from_the_first_ones_are_within_reach() -> None:
    x, target = galaxies(3000, 0)
    made = fit_refinement(Lessons(x, target - 0.5), params=QUICK)
    fresh, truth = galaxies(1000, 1)
    assert abs(np.median(made.log_factor(fresh) - truth + 0.5)) < 0.02


@pytest.mark.long
def test_real_bars_widen_the_errors_until_two_thirds_are_within() -> None:
    bars, rng = known(260, 0), np.random.default_rng(5)
    teaching = replace(QUICK, steps=200, noise=0.1)
    people = [
        MeasuredBar(
            maps=k.maps, light=k.light, length_px=k.length_px * 1.3 * np.exp(rng.normal(0, 0.2)),
            length_err_px=0.0, group="a", source=k.source,
        )
        for k in known(120, 2)
    ]  # fmt: skip
    made = refine(bars, EstimatorParams(), teaching=teaching, measured=people)
    plain = fit_errors(bars, made.params, made.each)
    wide = widened(plain, people, made.measured_each)
    factor = wide.error_floor / plain.error_floor
    assert factor > 1.5
    assert wide.error_doubt == pytest.approx(factor * plain.error_doubt)
    own = [replace(p, length_err_px=0.2 * p.length_px) for p in people]
    assert widened(plain, own, made.measured_each).error_floor < 0.7 * wide.error_floor
    assert widened(plain, people[:10], made.measured_each[:10]) == plain


def test_grades_stand_for_lengths_as_two_to_five() -> None:
    assert np.exp(expected_of_grade([0.25, 0.5, 0.75, 1.0])) == pytest.approx(
        np.array([2, 3, 4, 5]) / 3
    )


def known(count: int, seed: int) -> list[KnownBar]:
    """Bars whose maps end a quarter too early or too late; the light ends with them."""
    rng = np.random.default_rng(seed)
    out = []
    for number in range(count):
        length, angle = rng.uniform(20, 36), rng.uniform(0, 180)
        shown = length * np.exp(rng.uniform(-0.25, 0.25))
        along, across = axes(SIDE, angle)
        light = np.exp(-(across**2) / 32) / (1 + np.exp(np.abs(along) - length / 2))
        one = gaussian_ridge(SIDE, shown, 0.3, angle).astype(np.float32)
        out.append(
            KnownBar(
                maps=np.stack([one, one]), length_px=length, position_angle_deg=angle,
                light=light, source=number,
            )
        )  # fmt: skip
    return out


@pytest.mark.long
def test_a_calibrated_reading_is_refined_by_the_light() -> None:
    bars = known(260, 0)
    plain = EstimatorParams()
    made = refine(bars, plain, teaching=replace(QUICK, noise=0.1))
    first = np.array([read_bar(k.maps, plain).length_px for k in bars])
    truth = np.array([k.length_px for k in bars])
    error = np.median(np.abs(first / truth - 1))
    assert made.trial.measured == 1
    assert made.trial.median_error < 0.5 * error
    apart = [read_bar(k.maps, p, k.light).length_px for k, p in zip(bars, made.each, strict=True)]
    assert np.median(np.abs(np.array(apart) / truth - 1)) == pytest.approx(made.trial.median_error)
    fresh = known(60, 1)
    found = np.array([read_bar(k.maps, made.params, k.light).length_px for k in fresh])
    off = np.abs(found / np.array([k.length_px for k in fresh]) - 1)
    assert np.median(off) < 0.5 * error
    assert len({p.refinement for p in made.each}) == 5


def test_bars_of_one_galaxy_teach_together() -> None:
    bars = known(REFINED_MIN, 0)
    made = refine([replace(k, source=i // 4) for i, k in enumerate(bars)], EstimatorParams(), teaching=replace(QUICK, steps=5))  # noqa: E501  # fmt: skip
    assert all(made.each[i] == made.each[i - i % 4] for i in range(len(bars)))
    assert len({p.refinement for p in made.each}) == 5


@pytest.mark.long
def test_no_bar_is_judged_by_what_another_of_its_galaxy_taught() -> None:
    """Further and graded bars of one galaxy say something else; its own bars do not hear it."""
    teaching = replace(QUICK, steps=5)
    bars = known(REFINED_MIN, 0)
    longer = [replace(bars[0], length_px=1.4 * bars[0].length_px)] * 50
    assert bars[0].light is not None
    graded = [GradedBar(maps=bars[0].maps, light=bars[0].light, grade=1.0, source=bars[0].source)]
    alone = refine(bars, EstimatorParams(), teaching=teaching)
    for told in ({"also": longer}, {"graded": graded}):
        both = refine(bars, EstimatorParams(), teaching=teaching, **told)  # type: ignore[arg-type]
        unheard = [
            replace(a.refinement, scale=1.0) == replace(b.refinement, scale=1.0)  # type: ignore[type-var]
            for a, b in zip(alone.each, both.each, strict=True)
        ]
        assert unheard[0]
        assert 0 < sum(unheard) < len(bars) / 2


def test_bars_of_too_few_galaxies_and_lengths_that_are_none() -> None:
    bars, teaching = known(REFINED_MIN, 0), replace(QUICK, steps=5)
    with pytest.raises(TooFewBars, match="bars of more galaxies"):
        refine([replace(k, source=7) for k in bars], EstimatorParams(), teaching=teaching)
    nothing = replace(bars[0], length_px=0.0)
    assert refine([nothing, *bars], EstimatorParams(), teaching=teaching).trial.measured < 1


@pytest.mark.long
def test_further_bars_teach_and_do_not_judge() -> None:
    bars, teaching = known(REFINED_MIN, 0), replace(QUICK, steps=5)
    longer = [replace(k, length_px=1.3 * k.length_px) for k in known(REFINED_MIN, 1)]
    alone = refine(bars, EstimatorParams(), teaching=teaching)
    both = refine(bars, EstimatorParams(), teaching=teaching, also=longer)
    assert len(both.each) == len(bars)
    assert both.params != alone.params
    ratio = np.median(
        [read_bar(k.maps, both.params, k.light).length_px / k.length_px for k in bars]
    )
    assert ratio == pytest.approx(1.0, abs=0.05)  # the scale is that of the first


def test_graded_bars_without_a_length_teach_nothing() -> None:
    blank = np.zeros((2, SIDE, SIDE), np.float32)
    nothing = [GradedBar(maps=blank, light=np.zeros((SIDE, SIDE)), grade=0.5)]
    bars, teaching = known(REFINED_MIN, 0), replace(QUICK, steps=5)
    with_them = refine(bars, EstimatorParams(), nothing, teaching)
    assert with_them.params == refine(bars, EstimatorParams(), (), teaching).params


def test_too_little_to_teach() -> None:
    with pytest.raises(ValueError, match=rf"7 known bars were measured, a refinement needs {REFINED_MIN}"):  # noqa: E501  # fmt: skip
        refine(known(7, 0), EstimatorParams())
    with pytest.raises(ValueError, match="leave out member_powers"):
        refine(known(7, 0), EstimatorParams(member_powers=(0.1, 0.1)))
