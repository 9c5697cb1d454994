"""Measure a bar by the longest chord of the pixels above a rising threshold (Algorithm 1).

Algorithm 1 is that of paper 1 (Bhambra, Joachimi & Lahav 2022). Optionally, only pixels of the
galaxy at the centre count (`central_components`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.distance import pdist

from models.barlength.axis import position_angle
from models.barlength.linearity import (
    THRESHOLDS,
    Floats,
    ThresholdMoments,
    pearson,
    pearson_of,
    principal,
    threshold_moments,
)
from models.barlength.params import BarLengthParams, BarMeasurement, Linearity, StopReason

_LOBES_CONSIDERED = 8  # the brightest components away from the centre
_LOBE_FLUX_RATIO = 0.2  # least flux of the fainter lobe: relative to the other, and to the centre


def central_components(
    mask: Mask, light: Floats, centre: tuple[float, float], params: BarLengthParams
) -> Mask:
    """Return the part of a mask (H, W) that belongs to the object at centre (x, y).

    It keeps the components (8-connected) that come within params.centre_tolerance of the centre,
    and the two ansae of a bar: the brightest pair of other components with a midpoint that near.
    """
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count == 0:
        return mask
    radius = params.centre_tolerance * min(mask.shape)
    y, x = np.nonzero(mask)
    label = labels[y, x]
    distance = np.hypot(x - centre[0], y - centre[1])
    nearest = np.full(count + 1, math.inf)
    np.minimum.at(nearest, label, distance)
    kept = nearest <= max(radius, 1.0)
    weight = np.nan_to_num(light[y, x], nan=0.0).clip(0.0, 1.0)
    flux = np.bincount(label, weight, count + 1)
    flux[0] = 0.0
    floor = _LOBE_FLUX_RATIO * flux[kept].sum()
    with np.errstate(invalid="ignore"):
        middle_x = np.bincount(label, weight * (x - centre[0]), count + 1) / flux
        middle_y = np.bincount(label, weight * (y - centre[1]), count + 1) / flux
    kept[_lobes(np.where(kept, 0.0, flux), middle_x, middle_y, floor, radius)] = True
    return np.asarray(kept[labels] & mask)


def _lobes(flux: Floats, x: Floats, y: Floats, floor: float, radius: float) -> list[int]:
    """Return the pair with its midpoint near 0 whose fainter component has the most flux."""
    order = [int(i) for i in np.argsort(flux)[::-1][:_LOBES_CONSIDERED] if flux[i] > floor]
    best: list[int] = []
    best_flux = 0.0
    for a, i in enumerate(order):
        for j in order[a + 1 :]:
            fainter = float(flux[j])
            opposite = math.hypot(x[i] + x[j], y[i] + y[j]) / 2 <= radius
            if opposite and fainter >= _LOBE_FLUX_RATIO * flux[i] and fainter > best_flux:
                best, best_flux = [i, j], fainter
    return best


Mask = NDArray[np.bool_]

_TIE = 1e-9  # linearities closer than this to T_c are computed again in the textbook's order


def longest_chord(mask: Mask) -> float:
    """Return the largest distance between the centres of two true pixels of a mask (H, W).

    0 for fewer than two. The two pixels are corners of the convex hull, and a corner is the first
    or the last pixel of its row, so only such pixels are compared.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return 0.0
    band = mask[rows]
    first = band.argmax(axis=1)
    last = mask.shape[1] - 1 - band[:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.stack([rows, first], 1), np.stack([rows, last], 1)])
    return math.sqrt(pdist(ends.astype(np.float64), "sqeuclidean").max())


def first_linear(
    saliency: Floats, moments: ThresholdMoments, linearity: Linearity, correlation_min: float
) -> int:
    """Return the index of the first threshold whose pixels have linearity > correlation_min.

    5000 if there is none. A Pearson correlation within 1e-9 of correlation_min is computed again
    from its pixels, so that rounding has the same effect as in the literal loop of Algorithm 1.
    """
    if linearity == "principal":
        hits = np.flatnonzero(principal(moments) > correlation_min)
        return int(hits[0]) if hits.size else len(THRESHOLDS)
    values = pearson(moments)
    for k in np.flatnonzero(values > correlation_min - _TIE):
        value = float(values[k])
        if abs(value - correlation_min) <= _TIE:
            value = pearson_of(*np.nonzero(saliency > THRESHOLDS[k]))
        if value > correlation_min:
            return int(k)
    return len(THRESHOLDS)


def first_few(moments: ThresholdMoments, pixels_min: int) -> int:
    """Return the index of the first threshold with fewer than pixels_min pixels; 5000 if none."""
    hits = np.flatnonzero(moments.count < pixels_min)
    return int(hits[0]) if hits.size else len(THRESHOLDS)


def chord_grid(
    saliency: Floats,
    correlations: Sequence[float],
    pixel_minima: Sequence[int],
    linearity: Linearity,
) -> Floats:
    """Compute max(1, longest chord) for every pair of T_c and T_1 in one pass over the map.

    Returns (len(correlations), len(pixel_minima)), in pixels of the map.
    """
    moments = threshold_moments(saliency)
    linear = [first_linear(saliency, moments, linearity, c) for c in correlations]
    few = [first_few(moments, p) for p in pixel_minima]
    stops = np.minimum.outer(linear, few).clip(max=len(THRESHOLDS) - 1)
    chords = {k: max(1.0, longest_chord(saliency > THRESHOLDS[k])) for k in set(stops.flat)}
    return np.array([[chords[k] for k in row] for row in stops])


def read_chord(
    saliency: Floats, centre: tuple[float, float], params: BarLengthParams
) -> BarMeasurement:
    """Measure a map (H, W) by its longest chord; the galaxy is at centre (x, y)."""
    if params.central_only:
        kept = central_components(saliency > THRESHOLDS[0], saliency, centre, params)
        saliency = np.where(kept, saliency, 0.0)
    moments = threshold_moments(saliency)
    linear = first_linear(saliency, moments, params.linearity, params.correlation_min)
    few = first_few(moments, params.pixels_min)
    k = min(linear, few, len(THRESHOLDS) - 1)
    if linear <= few and linear < len(THRESHOLDS):
        stop = StopReason.LINEAR
    else:
        stop = StopReason.FEW_PIXELS if few < len(THRESHOLDS) else StopReason.EXHAUSTED
    return _describe(saliency > THRESHOLDS[k], float(THRESHOLDS[k]), stop, params)


def _describe(
    mask: Mask, threshold: float, stop: StopReason, params: BarLengthParams
) -> BarMeasurement:
    if params.flag_unfinished and stop is not StopReason.LINEAR:
        return BarMeasurement(stop=stop, threshold=threshold, pixels=int(mask.sum()))
    chord = max(1.0, longest_chord(mask) + (1.0 if params.pixel_extent else 0.0))
    y, x = np.divmod(np.flatnonzero(mask), mask.shape[1])
    if x.size == 0:
        return BarMeasurement(stop=stop, length_px=chord, threshold=threshold)
    angle, ratio = _ellipse(x, y)
    return BarMeasurement(
        stop=stop,
        length_px=params.length_scale * chord + params.length_offset_px,
        position_angle_deg=angle,
        axis_ratio=ratio,
        x_px=float(x.mean()),
        y_px=float(y.mean()),
        threshold=threshold,
        pixels=int(x.size),
    )


def _ellipse(x: NDArray[np.intp], y: NDArray[np.intp]) -> tuple[float, float]:
    """Return position angle and axis ratio of the pixels' second moments (unit squares)."""
    xx, yy = x.var() + 1 / 12, y.var() + 1 / 12
    xy = ((x - x.mean()) * (y - y.mean())).mean()
    spread = math.hypot(xx - yy, 2 * xy)
    if spread <= 1e-12 * (xx + yy):
        return math.nan, 1.0
    # image y points down; the angle runs from up to the left
    angle = position_angle(math.degrees(0.5 * math.atan2(2 * xy, yy - xx)))
    ratio = math.sqrt(max(0.0, xx + yy - spread) / (xx + yy + spread))
    return angle, ratio
