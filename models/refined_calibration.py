"""A calibrated reading refined (models.refinement), judged by galaxies that did not teach it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalogues.splits import fold_of
from models.barparams import BarMeasurement
from models.estimator import EstimatorParams, mean_map, read_bar
from models.known_bars import KnownBar, Trial, judged
from models.refinement import FEATURES, Refinement, frame_features
from models.refining import Graded, Lessons, RefiningParams, expected_of_grade, fit_refinement

Floats = NDArray[np.float64]

REFINED_MIN = 200
"""Measured known bars that a refinement needs: of fewer it would learn each by heart."""

_FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class GradedBar:
    """One real galaxy's maps (M, S, S) and light (S, S), and an expert's grade of its bar's length
    relative to the galaxy, 0.25 to 1 (EFIGI's Bar_Length)."""

    maps: NDArray[np.float32]
    light: Floats
    grade: float


@dataclass(frozen=True, kw_only=True)
class Refined:
    """params: with a refinement that all galaxies taught. each: for every known bar the same with
    one that its fold did not. trial: how these did."""

    params: EstimatorParams
    each: list[EstimatorParams]
    trial: Trial


def refine(
    known: Sequence[KnownBar],
    params: EstimatorParams,
    graded: Sequence[GradedBar] = (),
    teaching: RefiningParams | None = None,
    also: Sequence[KnownBar] = (),
) -> Refined:
    """`params`, calibrated on `known`, with a refinement that these bars, `graded` ones and those
    of `also` teach; the latter have no part in the scale and the judgement.

    Raises ValueError for fewer than REFINED_MIN bars of `known` with a length and light, and where
    params have member_powers.
    """
    if params.member_powers:
        raise ValueError("a refinement goes with the mean map alone: leave out member_powers")
    lessons, bars = _lessons(known, params)
    further, _ = _lessons(also, params)
    further = _some(further, np.isfinite(further.target))
    good = np.isfinite(lessons.target)
    if good.sum() < REFINED_MIN:
        raise ValueError(
            f"{good.sum()} known bars were measured, a refinement needs {REFINED_MIN}: give more "
            "galaxies with bars"
        )
    experts = _graded(graded, params)
    folds = np.array([fold_of(k.source, _FOLDS) for k in known])

    def taught(by: NDArray[np.bool_]) -> Refinement:
        return fit_refinement(_some(lessons, by), further, experts, teaching)

    apart = [taught(np.logical_and(good, folds != fold)) for fold in range(_FOLDS)]
    each = zip(folds, lessons.features, strict=True)
    factor = [math.exp(apart[fold].log_factor(x)) for fold, x in each]
    truth, lengths = (np.array([b.length_px for b in x]) for x in (known, bars))
    lengths = np.where(good, lengths * factor, np.nan)
    t, found = truth[good], lengths[good]
    scale = float((t @ t / (found @ t)) ** 0.5)  # half the way, as models.calibration scales powers
    whole, *others = (
        replace(params, refinement=replace(r, scale=scale)) for r in (taught(good), *apart)
    )
    angles = np.array([b.position_angle_deg for b in bars])
    trial = judged(known, whole, scale * lengths, angles)
    return Refined(params=whole, each=[others[fold] for fold in folds], trial=trial)


def _lessons(
    known: Sequence[KnownBar], params: EstimatorParams
) -> tuple[Lessons, list[BarMeasurement]]:
    """What N bars teach, NaN where there is no length or no light, and their first readings."""
    bars = [read_bar(k.maps, params) for k in known]
    features = np.full((len(known), FEATURES), np.nan)
    target = np.full(len(known), np.nan)
    for i, (k, bar) in enumerate(zip(known, bars, strict=True)):
        if np.isfinite(bar.length_px) and k.light is not None:
            features[i] = frame_features(mean_map(k.maps), k.light, bar)
            target[i] = math.log(k.length_px / bar.length_px)
    return Lessons(features, target), bars


def _some(lessons: Lessons, which: NDArray[np.bool_]) -> Lessons:
    return Lessons(lessons.features[which], lessons.target[which])


def _graded(bars: Sequence[GradedBar], params: EstimatorParams) -> Graded | None:
    features, first, grades = [], [], []
    for graded in bars:
        bar = read_bar(graded.maps, params)
        if np.isfinite(bar.length_px):
            features.append(frame_features(mean_map(graded.maps), graded.light, bar))
            first.append(features[-1][0])
            grades.append(graded.grade)
    if not first:
        return None
    return Graded(np.array(features), np.array(first), expected_of_grade(grades))
