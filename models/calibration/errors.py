"""Calibrate the errors of bar lengths on galaxies with known bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from models.barlength.estimator import EstimatorParams, estimate_bar, read_bar
from models.calibration.known_bars import KnownBar
from models.calibration.refined import MeasuredBar, groups_of

Floats = NDArray[np.float64]

_COVERAGE = 0.683  # the share of a normal distribution within one standard deviation
_DOUBT_MIN = 40  # fewest galaxies for errors that depend on the votes
REAL_MIN = 40
"""Fewest measured real bars that may widen the errors."""
_NOISE_GALAXIES = 64  # galaxies enough to know the members' part in the sampling error


def fit_errors(
    known: Sequence[KnownBar],
    params: EstimatorParams,
    each: Sequence[EstimatorParams] | None = None,
) -> EstimatorParams:
    """Return `params` with errors for which 68.3 % of the galaxies lie within 1 sigma.

    The members' spread enters unchanged, the sampling error times `sampling_factor`. The remaining
    error grows with the voters' doubt, 1 - bar_fraction, so that errors are right also for doubtful
    bars. A regression of the 68.3 % quantile (Koenker & Bassett 1978) gives floor and slope if the
    bar fractions of at least 40 galaxies are known; otherwise there is one floor.

    each: the estimators that measure each galaxy instead of `params`, trained without that galaxy.
    """
    factor = sampling_factor(known, params)
    bare = [
        replace(p, error_floor=0.0, error_doubt=0.0, error_spread=1.0, error_sampling=factor)
        for p in each or [params] * len(known)
    ]
    rows = [
        (k, estimate_bar(k.maps, p, k.bar_fraction, k.jackknife_maps, k.light))
        for k, p in zip(known, bare, strict=True)
    ]
    rows = [(k, e) for k, e in rows if np.isfinite(e.bar.length_px)]
    length = np.array([e.bar.length_px for _, e in rows])
    off = np.abs(length - np.array([k.length_px for k, _ in rows])) / length
    spread = np.array([e.length_err_px for _, e in rows]) / length
    doubt = 1.0 - np.array([k.bar_fraction for k, _ in rows])
    shape = np.array([1.0, 0.0])
    if np.isfinite(doubt).all() and len(rows) >= _DOUBT_MIN:
        shape = _quantile_line(off, spread, doubt)
    doubt = np.nan_to_num(doubt, nan=0.5)
    most = 2.0 / max(float(shape @ [1.0, doubt.mean()]), 1e-9)
    factor_of_shape = _covering(off, shape[0] + shape[1] * doubt, spread, 0.0, most)
    floor, slope = (factor_of_shape * shape).tolist()
    return replace(
        params, error_floor=floor, error_doubt=slope, error_spread=1.0, error_sampling=factor
    )


def widened(
    params: EstimatorParams, measured: Sequence[MeasuredBar], each: Sequence[EstimatorParams]
) -> EstimatorParams:
    """Return `params` with errors for which 68.3 % of real, measured bars lie within 1 sigma.

    `error_floor` and `error_doubt` are multiplied by one factor of at least 1. The errors of the
    people's lengths are added in quadrature, and each group's median ratio is taken out first: it
    is an error of scale. Fewer than REAL_MIN measured bars change nothing.

    each: the estimator that measures each bar, trained without it (Refined.measured_each).
    """
    rows = []
    for bar, estimator in zip(measured, each, strict=True):
        bare = replace(estimator, error_floor=0.0, error_doubt=0.0, error_spread=1.0)
        found = estimate_bar(bar.maps, bare, bar.bar_fraction, None, bar.light)
        length = found.bar.length_px if bar.length_px > 0 else np.nan
        doubt = 1.0 - (bar.bar_fraction if np.isfinite(bar.bar_fraction) else 0.5)
        people = np.nan_to_num(bar.length_err_px / bar.length_px)
        others = np.hypot(found.length_err_px / length, people)
        relative = params.error_floor + params.error_doubt * doubt
        rows.append((np.log(length / bar.length_px), relative, others))
    off, own, rest = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    group = groups_of(measured)
    good = np.isfinite(off)
    if good.sum() < REAL_MIN:
        return params
    for one in set(group[good].tolist()):
        off[group == one] -= np.median(off[good & (group == one)])
    by = _covering(np.abs(off[good]), own[good], rest[good], 1.0, 10.0)
    return replace(params, error_floor=params.error_floor * by, error_doubt=params.error_doubt * by)


def _covering(off: Floats, own: Floats, rest: Floats, low: float, high: float) -> float:
    """Return the least x in low..high for which 68.3 % of `off` lie within hypot(x own, rest)."""
    for _ in range(50):
        middle = 0.5 * (low + high)
        inside = off <= np.hypot(middle * own, rest)
        low, high = (middle, high) if inside.mean() < _COVERAGE else (low, middle)
    return high


def sampling_factor(known: Sequence[KnownBar], params: EstimatorParams) -> float:
    """Return the factor by which member_powers increase the sampling error of the mean map.

    Contrasts of maps from the same samples are noisier than their mean. The factor is the square
    root of the median ratio of the two relative jackknife variances, over galaxies that have every
    member's jackknife maps. It is 1 for fewer than 8 such galaxies, and without member_powers.
    """
    if not params.member_powers:
        return 1.0
    plain = replace(params, member_powers=())
    ratios: list[float] = []
    for k in known:
        if len(ratios) == _NOISE_GALAXIES:
            break
        if k.jackknife_maps is not None and len(k.jackknife_maps) == len(params.member_powers):
            groups = [k.jackknife_maps[:, g] for g in range(k.jackknife_maps.shape[1])]
            whole, mean = ([read_bar(m, p).length_px for m in groups] for p in (params, plain))
            ratio = np.var(whole) / np.mean(whole) ** 2 / (np.var(mean) / np.mean(mean) ** 2)
            ratios += [float(ratio)] if np.isfinite(ratio) else []
    return float(np.sqrt(np.median(ratios))) if len(ratios) >= 8 else 1.0


def _quantile_line(off: Floats, spread: Floats, doubt: Floats) -> Floats:
    """Fit floor and slope in doubt, both non-negative, of the 68.3 % quantile of `off`."""

    def loss(line: Floats) -> float:
        floor, slope = np.abs(line)
        rest = off - np.hypot(floor + slope * doubt, spread)
        return float(np.maximum(_COVERAGE * rest, (_COVERAGE - 1) * rest).sum())

    start = np.array([float(np.quantile(off, _COVERAGE)) * 0.7, 0.2])
    found = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": 2000})
    line: Floats = np.abs(found.x)
    return line
