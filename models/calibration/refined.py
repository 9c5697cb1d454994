"""Add a refinement to a calibrated estimator, and evaluate it on galaxies it was not trained on.

models.barlength.refinement explains what a refinement does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from catalogues.shards.splits import fold_of
from models.barlength.estimator import EstimatorParams, mean_map, read_bar
from models.barlength.params import BarMeasurement
from models.barlength.refinement import FEATURES, Refinement, frame_features
from models.calibration.fit_refinement import (
    Graded,
    Lessons,
    Measured,
    RefiningParams,
    expected_of_grade,
    fit_refinement,
)
from models.calibration.known_bars import KnownBar, ReadingScore, judged

Floats = NDArray[np.float64]
Rows = TypeVar("Rows", Lessons, Graded, Measured)

REFINED_MIN = 200
"""Number of measured known bars that a refinement needs; fewer would be learned by heart."""

_FOLDS = 5
_NO_FOLD = -1


class TooFewBars(ValueError):
    """There are too few known bars to train a refinement, or to evaluate it."""


@dataclass(frozen=True, kw_only=True)
class GradedBar:
    """One real galaxy with an expert's grade of its bar.

    maps: (M, S, S). light: (S, S). grade: the bar's length relative to the galaxy, 0.25 to 1
    (EFIGI's Bar_Length). source: the galaxy, as in KnownBar.
    """

    maps: NDArray[np.float32]
    light: Floats
    grade: float
    source: int = 0


@dataclass(frozen=True, kw_only=True)
class MeasuredBar:
    """One real galaxy whose bar people measured.

    Attributes
    ----------
    maps, light
        (M, S, S) and (S, S).
    length_px
        The full length that they measured, in pixels of the maps.
    length_err_px
        Its 1-sigma error, people's scatter included; NaN if not known.
    bar_fraction
        As in KnownBar.
    group
        Set of images that shares one unknown factor of scale; "" if the pixel scale is known.
    source
        The galaxy, as in KnownBar.
    """

    maps: NDArray[np.float32]
    light: Floats
    length_px: float
    length_err_px: float = float("nan")
    bar_fraction: float = float("nan")
    group: str = ""
    source: int = 0


@dataclass(frozen=True, kw_only=True)
class Refined:
    """Result of `refine`.

    params: the estimator with a refinement trained on all galaxies. each, measured_each: for every
    known and every measured bar, the estimator with a refinement trained without the bar's fold.
    trial: the score of `each`.
    """

    params: EstimatorParams
    each: list[EstimatorParams]
    trial: ReadingScore
    measured_each: list[EstimatorParams]


def refine(
    known: Sequence[KnownBar],
    params: EstimatorParams,
    graded: Sequence[GradedBar] = (),
    teaching: RefiningParams | None = None,
    also: Sequence[KnownBar] = (),
    measured: Sequence[MeasuredBar] = (),
) -> Refined:
    """Train a refinement for `params`, which were calibrated on `known`.

    It is trained on `known`, `graded`, `also` and `measured`. Only `known` enters the scale and
    the evaluation. No bar is evaluated with a refinement trained on a bar of the same source.

    Raises TooFewBars for fewer than REFINED_MIN bars of `known` with a length and light, or for
    bars of too few galaxies; ValueError if params have member_powers.
    """
    if params.member_powers:
        raise ValueError(
            f"member_powers={params.member_powers}: a refinement uses the mean map alone; "
            "leave out member_powers"
        )
    lessons, bars = _training_data(known, params)
    good, folds = np.isfinite(lessons.target), _folds(known)
    _check_enough(good, folds)
    further, _ = _training_data(also, params)
    useful, of_further = np.isfinite(further.target), _folds(also)
    experts, of_graded = _graded(graded, params), _folds(graded)
    people, of_measured = _measured(measured, params), _folds(measured)

    def train_without(fold: int) -> Refinement:
        return fit_refinement(
            _select(lessons, good & (folds != fold)),
            _select(further, useful & (of_further != fold)),
            _select(experts, np.isfinite(experts.first) & (of_graded != fold)),
            teaching,
            _select(people, np.isfinite(people.target) & (of_measured != fold)),
        )

    apart = [train_without(fold) for fold in range(_FOLDS)]
    factor = np.full(len(known), np.nan)
    for i in np.flatnonzero(good).tolist():
        factor[i] = math.exp(apart[folds[i]].log_factor(lessons.features[i]))
    truth, lengths = (np.array([b.length_px for b in x]) for x in (known, bars))
    lengths = np.where(good, lengths * factor, np.nan)
    t, found = truth[good], lengths[good]
    scale = float((t @ t / (found @ t)) ** 0.5)  # half the way, as in models.calibration.lengths
    whole, *others = (
        replace(params, refinement=replace(r, scale=r.scale * scale))
        for r in (train_without(_NO_FOLD), *apart)
    )
    angles = np.array([b.position_angle_deg for b in bars])
    trial = judged(known, whole, scale * lengths, angles)
    return Refined(
        params=whole, each=[others[fold] for fold in folds], trial=trial,
        measured_each=[others[fold] for fold in of_measured],
    )  # fmt: skip


def _folds(
    bars: Sequence[KnownBar] | Sequence[GradedBar] | Sequence[MeasuredBar],
) -> NDArray[np.int64]:
    return np.array([fold_of(bar.source, _FOLDS) for bar in bars], dtype=np.int64)


def _check_enough(good: NDArray[np.bool_], folds: NDArray[np.int64]) -> None:
    if good.sum() < REFINED_MIN:
        raise TooFewBars(
            f"{good.sum()} known bars were measured, a refinement needs {REFINED_MIN}: give more "
            "galaxies with bars"
        )
    if np.bincount(folds[good], minlength=_FOLDS).max() > good.sum() / 2:
        raise TooFewBars(
            "more than half of the known bars belong to one fifth of the galaxies, so that a "
            "refinement cannot be evaluated: give bars of more galaxies"
        )


def _training_data(
    known: Sequence[KnownBar | MeasuredBar], params: EstimatorParams
) -> tuple[Lessons, list[BarMeasurement]]:
    """Return training data of N bars (NaN without length or light) and their first readings."""
    bars = [read_bar(k.maps, params) for k in known]
    features = np.full((len(known), FEATURES), np.nan)
    target = np.full(len(known), np.nan)
    for i, (k, bar) in enumerate(zip(known, bars, strict=True)):
        if bar.length_px > 0 and k.length_px > 0 and k.light is not None:
            features[i] = frame_features(mean_map(k.maps), k.light, bar)
            target[i] = math.log(k.length_px / bar.length_px)
    return Lessons(features, target), bars


def _select(data: Rows, which: NDArray[np.bool_]) -> Rows:
    return type(data)(*(getattr(data, field.name)[which] for field in fields(data)))


def _graded(bars: Sequence[GradedBar], params: EstimatorParams) -> Graded:
    """Return the training data of N graded bars; `first` is NaN where there is no length."""
    features, first = np.full((len(bars), FEATURES), np.nan), np.full(len(bars), np.nan)
    for i, graded in enumerate(bars):
        bar = read_bar(graded.maps, params)
        if bar.length_px > 0:
            features[i] = frame_features(mean_map(graded.maps), graded.light, bar)
            first[i] = features[i, 0]
    return Graded(features, first, expected_of_grade([bar.grade for bar in bars]))


def groups_of(bars: Sequence[MeasuredBar]) -> NDArray[np.int64]:
    """Return the number of each bar's group, (N,), counted from 0; -1 where the scale is known."""
    names = sorted({bar.group for bar in bars} - {""})
    return np.array([names.index(b.group) if b.group else -1 for b in bars], dtype=np.int64)


def _measured(bars: Sequence[MeasuredBar], params: EstimatorParams) -> Measured:
    """Return the training data of N measured bars; `target` is NaN where there is no length."""
    lessons, _ = _training_data(bars, params)
    return Measured(lessons.features, lessons.target, groups_of(bars))
