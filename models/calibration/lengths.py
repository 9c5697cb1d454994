"""Choose how maps are measured: try readings on galaxies with known bars, and calibrate them.

An uncalibrated reading gives a raw length: a saliency profile need not fall to half its height at
the bar's end. All candidates are tried on the same maps. Each gets its own straight line from raw
to true length (Theil-Sen, so that a few failed maps do not tilt it). Its score is the median
relative error, with the correlation and the share of galaxies it measures (`ReadingScore.cost`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from models.barlength.estimator import EstimatorParams, mean_map, member_ratios, read_bar
from models.barlength.levels import at_levels, fit_powers, sizes
from models.barlength.measure import BarLengthParams, measure_bar
from models.calibration.known_bars import KnownBar, ReadingScore, judged

Floats = NDArray[np.float64]

_CHOSEN_ON = 500  # number of galaxies that the choice is made on


def candidates(
    base: BarLengthParams | None = None, *, members: int = 1
) -> Iterator[EstimatorParams]:
    """Yield the readings to try.

    They are profile readings at one level; readings at several levels (lengths alone, with widths,
    with each member's lengths if there are several); and light readings by share of light.
    """
    base = base or BarLengthParams(concentration_min=0.3)
    for smoothing in (1.0, 2.0):
        for level in (0.15, 0.3, 0.5):
            reading = replace(base, method="profile", smoothing_px=smoothing, level=level)
            yield EstimatorParams(combine="maps", bar_length=reading)
        for levels in ((0.1, 0.35, 0.7), (0.1, 0.2, 0.5)):
            reading = replace(base, method="levels", smoothing_px=smoothing, levels=levels)
            yield EstimatorParams(combine="maps", bar_length=reading)
            wide = replace(reading, level_width_powers=(0.0,) * len(levels))
            yield EstimatorParams(combine="maps", bar_length=wide)
            if members > 1:
                powers = (0.0,) * members
                yield EstimatorParams(combine="maps", bar_length=wide, member_powers=powers)
        for share, reach, width in product((0.7, 0.8, 0.9), (0.31, 0.5), (0.35, 1.0)):
            reading = replace(
                base, method="light", smoothing_px=smoothing, light_fraction=share,
                light_reach=reach, strip_fraction=width,
            )  # fmt: skip
            yield EstimatorParams(combine="maps", bar_length=reading)


def fit_line(raw: Floats, truth: Floats) -> tuple[float, float]:
    """Fit scale and offset of truth = scale x raw + offset (Theil-Sen); (N,) each, N >= 8.

    Raises ValueError for fewer: a line through a few galaxies is not a calibration.
    """
    if len(raw) < 8:
        raise ValueError(
            f"only {len(raw)} galaxies were measured; a calibration needs at least 8: give more "
            "galaxies with bars, or networks that see them"
        )
    fit = stats.theilslopes(truth, raw)
    return float(fit.slope), float(fit.intercept)


def _with_powers(
    known: Sequence[KnownBar], truth: Floats, params: EstimatorParams
) -> tuple[EstimatorParams, Floats, Floats]:
    """Calibrate powers and scale of a levels reading on the galaxies that it measures.

    Returns the reading, and its lengths and angles, (N,) each, NaN where there are none.
    """
    levels, widths = len(params.bar_length.levels), bool(params.bar_length.level_width_powers)
    found = np.full((len(known), levels * (1 + widths)), np.nan)
    angles = np.full(len(known), np.nan)
    for i, k in enumerate(known):
        array = mean_map(k.maps)
        if np.isfinite(array).all() and array.min() < array.max():
            middle = ((array.shape[1] - 1) / 2, (array.shape[0] - 1) / 2)
            bars = at_levels(array, middle, params.bar_length)
            found[i] = sizes(bars, widths=widths)
            angles[i] = bars[len(bars) // 2].position_angle_deg
    good = np.isfinite(found).all(axis=1)
    if not good.any():
        raise ValueError("no galaxy was measured at all levels: give more galaxies with bars")
    prior = np.repeat([1.0 / levels, 0.0], levels)[: found.shape[1]]
    powers, scale = fit_powers(found[good], truth[good], prior)
    each = [tuple(float(p) for p in part) for part in (powers[:levels], powers[levels:])]
    reading = replace(
        params.bar_length, level_powers=each[0], level_width_powers=each[1], length_scale=scale
    )
    lengths = np.where(good, scale * np.exp(np.log(found) @ powers), np.nan)
    params = replace(params, bar_length=reading)
    return (*_with_members(known, truth, params, lengths), angles)


def _with_members(
    known: Sequence[KnownBar], truth: Floats, params: EstimatorParams, lengths: Floats
) -> tuple[EstimatorParams, Floats]:
    """Calibrate the members' powers, if they enter, on the ratios of truth to `lengths` (N,).

    Returns the reading and its new lengths.
    """
    if not params.member_powers:
        return params, lengths
    good = np.isfinite(lengths)
    ratios = np.zeros((len(known), len(params.member_powers)))
    for i in np.flatnonzero(good).tolist():
        each = [measure_bar(m, params.bar_length) for m in known[i].maps]
        ratios[i] = member_ratios(float(lengths[i]), each)
    left = truth[good] / lengths[good]
    powers, scale = fit_powers(np.exp(ratios[good]), left, np.zeros(ratios.shape[1]))
    reading = replace(params.bar_length, length_scale=scale * params.bar_length.length_scale)
    params = replace(params, bar_length=reading, member_powers=tuple(float(p) for p in powers))
    return params, lengths * scale * np.exp(ratios @ powers)


def _line(raw: Floats, truth: Floats, params: EstimatorParams) -> tuple[float, float]:
    """Return scale and offset from raw to calibrated lengths.

    Powers give the smallest relative errors, but draw lengths to the middle: fitted through the
    origin, they rise with the truth by less than 1. They are scaled half the way (in the logarithm)
    to 1. Other readings get a straight line.
    """
    if params.bar_length.method != "levels":
        return fit_line(raw, truth)
    return float((truth @ truth / (raw @ truth)) ** 0.5), 0.0


def _read(
    known: Sequence[KnownBar], params: EstimatorParams
) -> tuple[EstimatorParams, Floats, Floats]:
    """Return a reading without powers, and its lengths and angles, (N,) each."""
    bars = [read_bar(k.maps, params) for k in known]
    lengths = np.array([b.length_px for b in bars], dtype=np.float64)
    return params, lengths, np.array([b.position_angle_deg for b in bars], dtype=np.float64)


def try_reading(known: Sequence[KnownBar], params: EstimatorParams) -> ReadingScore:
    """Measure every galaxy's maps, calibrate the lengths and score them.

    If too little was measured, returns a score with an infinite median error.
    """
    truth = np.array([k.length_px for k in known])
    good = np.zeros(len(known), dtype=bool)
    try:
        if params.bar_length.method == "levels":
            params, raw, angles = _with_powers(known, truth, params)
        else:
            params, raw, angles = _read(known, params)
        good = np.isfinite(raw)
        scale, offset = _line(raw[good], truth[good], params)
        reading = replace(
            params.bar_length,
            length_scale=scale * params.bar_length.length_scale,  # ValueError if not positive
            length_offset_px=offset,
        )
    except ValueError:
        return ReadingScore(params=params, measured=float(good.mean()), median_error=np.inf, rho=0.0, median_angle_error_deg=np.nan)  # noqa: E501  # fmt: skip
    return judged(known, replace(params, bar_length=reading), scale * raw + offset, angles)


def tried(known: Sequence[KnownBar], trials: Sequence[EstimatorParams]) -> list[ReadingScore]:
    """Calibrate all of `trials` and return their scores, best first.

    The best is calibrated on all of `known`, the others on the first 500, which are enough to
    choose. Raises ValueError if too little was measured.
    """
    if len(known) < 8:
        raise ValueError(
            f"only {len(known)} galaxies have maps; a calibration needs at least 8: give more "
            "galaxies with bars, or networks that see them"
        )
    few = known[:_CHOSEN_ON]
    pairs = sorted(((try_reading(few, t), t) for t in trials), key=lambda pair: pair[0].cost)
    done = [trial for trial, _ in pairs]
    if not np.isfinite(done[0].cost):
        raise ValueError("no reading measured enough galaxies: give more galaxies with bars")
    if len(few) < len(known):
        done[0] = try_reading(known, pairs[0][1])  # the original: its scale must not enter twice
    return done
