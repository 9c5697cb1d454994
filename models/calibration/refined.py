"""A calibrated reading refined (models.barlength.refinement), judged by galaxies that did not teach
it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalogues.shards.splits import fold_of
from models.barlength.estimator import EstimatorParams, mean_map, read_bar
from models.barlength.params import BarMeasurement
from models.barlength.refinement import FEATURES, Refinement, frame_features
from models.calibration.fit_refinement import (
    Graded,
    Lessons,
    RefiningParams,
    expected_of_grade,
    fit_refinement,
)
from models.calibration.known_bars import KnownBar, ReadingScore, judged

Floats = NDArray[np.float64]

REFINED_MIN = 200
"""Measured known bars that a refinement needs: of fewer it would learn each by heart."""

_FOLDS = 5
_NO_FOLD = -1


class TooFewBars(ValueError):
    """Too little is known to teach a refinement, or to judge it."""


@dataclass(frozen=True, kw_only=True)
class GradedBar:
    """One real galaxy's maps (M, S, S) and light (S, S), and an expert's grade of its bar's length
    relative to the galaxy, 0.25 to 1 (EFIGI's Bar_Length). source: the galaxy, as of KnownBar."""

    maps: NDArray[np.float32]
    light: Floats
    grade: float
    source: int = 0


@dataclass(frozen=True, kw_only=True)
class Refined:
    """params: with a refinement that all galaxies taught. each: for every known bar the same with
    one that its fold did not. trial: how these did."""

    params: EstimatorParams
    each: list[EstimatorParams]
    trial: ReadingScore


def refine(
    known: Sequence[KnownBar],
    params: EstimatorParams,
    graded: Sequence[GradedBar] = (),
    teaching: RefiningParams | None = None,
    also: Sequence[KnownBar] = (),
) -> Refined:
    """`params`, calibrated on `known`, with a refinement that these bars, `graded` ones and those
    of `also` teach; the latter have no part in the scale and the judgement. No bar is judged by
    what another of the same source taught.

    Raises TooFewBars for fewer than REFINED_MIN bars of `known` with a length and light, or bars of
    too few galaxies, ValueError where params have member_powers.
    """
    if params.member_powers:
        raise ValueError("a refinement goes with the mean map alone: leave out member_powers")
    lessons, bars = _lessons(known, params)
    good, folds = np.isfinite(lessons.target), _folds(known)
    _check_enough(good, folds)
    further, _ = _lessons(also, params)
    useful, of_further = np.isfinite(further.target), _folds(also)
    experts, of_graded = _graded(graded, params), _folds(graded)

    def taught(fold: int) -> Refinement:
        return fit_refinement(
            _some(lessons, good & (folds != fold)),
            _some(further, useful & (of_further != fold)),
            _some_graded(experts, np.isfinite(experts.first) & (of_graded != fold)),
            teaching,
        )

    apart = [taught(fold) for fold in range(_FOLDS)]
    factor = np.full(len(known), np.nan)
    for i in np.flatnonzero(good).tolist():
        factor[i] = math.exp(apart[folds[i]].log_factor(lessons.features[i]))
    truth, lengths = (np.array([b.length_px for b in x]) for x in (known, bars))
    lengths = np.where(good, lengths * factor, np.nan)
    t, found = truth[good], lengths[good]
    scale = float(
        (t @ t / (found @ t)) ** 0.5
    )  # half the way, as models.calibration.lengths scales powers
    whole, *others = (
        replace(params, refinement=replace(r, scale=scale)) for r in (taught(_NO_FOLD), *apart)
    )
    angles = np.array([b.position_angle_deg for b in bars])
    trial = judged(known, whole, scale * lengths, angles)
    return Refined(params=whole, each=[others[fold] for fold in folds], trial=trial)


def _folds(bars: Sequence[KnownBar] | Sequence[GradedBar]) -> NDArray[np.int64]:
    return np.array([fold_of(bar.source, _FOLDS) for bar in bars], dtype=np.int64)


def _check_enough(good: NDArray[np.bool_], folds: NDArray[np.int64]) -> None:
    if good.sum() < REFINED_MIN:
        raise TooFewBars(
            f"{good.sum()} known bars were measured, a refinement needs {REFINED_MIN}: give more "
            "galaxies with bars"
        )
    if np.bincount(folds[good], minlength=_FOLDS).max() > good.sum() / 2:
        raise TooFewBars(
            "more than half of the known bars lie in galaxies of one fifth, so that nothing could "
            "judge a refinement: give bars of more galaxies"
        )


def _lessons(
    known: Sequence[KnownBar], params: EstimatorParams
) -> tuple[Lessons, list[BarMeasurement]]:
    """What N bars teach, NaN where there is no length or no light, and their first readings."""
    bars = [read_bar(k.maps, params) for k in known]
    features = np.full((len(known), FEATURES), np.nan)
    target = np.full(len(known), np.nan)
    for i, (k, bar) in enumerate(zip(known, bars, strict=True)):
        if bar.length_px > 0 and k.length_px > 0 and k.light is not None:
            features[i] = frame_features(mean_map(k.maps), k.light, bar)
            target[i] = math.log(k.length_px / bar.length_px)
    return Lessons(features, target), bars


def _some(lessons: Lessons, which: NDArray[np.bool_]) -> Lessons:
    return Lessons(lessons.features[which], lessons.target[which])


def _graded(bars: Sequence[GradedBar], params: EstimatorParams) -> Graded:
    """What N graded bars teach; `first` is NaN where there is no length."""
    features, first = np.full((len(bars), FEATURES), np.nan), np.full(len(bars), np.nan)
    for i, graded in enumerate(bars):
        bar = read_bar(graded.maps, params)
        if bar.length_px > 0:
            features[i] = frame_features(mean_map(graded.maps), graded.light, bar)
            first[i] = features[i, 0]
    return Graded(features, first, expected_of_grade([bar.grade for bar in bars]))


def _some_graded(graded: Graded, which: NDArray[np.bool_]) -> Graded:
    return Graded(graded.features[which], graded.first[which], graded.expected[which])
