"""Measure a bar on the profile of a saliency map along the bar's axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.barlength.axis import Axis, brightest_axis, strip, symmetric_grid, symmetry_shift
from models.barlength.ends import Ends, find_ends, half_width
from models.barlength.params import BarLengthParams, BarMeasurement, StopReason

Floats = NDArray[np.float64]

_PASSES = 3  # rounds of axis, width and ends; each starts from the previous result
_FIRST_HALF_WIDTH = 0.06  # fraction of the map's shorter side
_RIDGE_LEVEL = 0.25  # fraction of the bar's height: fainter light says nothing about the axis
_CLIPPED_SHARE = 0.2  # with more pixels at the map's minimum, negative noise was clipped
_BOX_HALF_WIDTH = 0.028  # fraction of the map's shorter side: half width of the bar's box
_NORMAL_QUANTILE_70 = 0.5244  # 70 % quantile of the standard normal distribution
_HALF_NORMAL = math.sqrt(1 - 2 / math.pi)  # standard deviation of |z|, z standard normal


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """The bar's light about its axis, from first and second moments.

    across: offset from the axis, px. turn_deg: angle to the axis. linearity: 0 (round) to 1 (line).
    """

    across: float
    turn_deg: float
    linearity: float


@dataclass(frozen=True, kw_only=True)
class Sight:
    """The map along an axis: the strip, its profile, and the ends and half width found on it."""

    along: Floats
    across: Floats
    patch: Floats
    profile: Floats
    ends: Ends
    half_width: float
    ridge: Ridge


def read_profile(
    saliency: Floats, centre: tuple[float, float], params: BarLengthParams
) -> BarMeasurement:
    """Measure a map (H, W) on its profile; it must be finite and not blank, centre is (x, y)."""
    scaled = _scaled(saliency)
    light = ndimage.gaussian_filter(scaled, params.smoothing_px, mode="nearest", truncate=3.0)
    base, noise = _background(light)
    light = light - base
    found = _settle(light, centre, params.snr_min * noise, params)
    if isinstance(found, StopReason):
        return BarMeasurement(stop=found)
    axis, sight = found
    error = _length_error(light, axis, sight, params, clipped=_is_clipped(scaled))
    found_bar = _judge(axis, sight, base, error, params)
    if params.concentration_min > 0 and math.isfinite(found_bar.length_px):
        length = _raw_length(sight, params)
        if _concentration(scaled, axis, sight, length) < params.concentration_min:
            stop, pixels = StopReason.DIFFUSE, found_bar.pixels
            return BarMeasurement(stop=stop, threshold=found_bar.threshold, pixels=pixels)
    return found_bar


def _settle(
    light: Floats, centre: tuple[float, float], height_min: float, params: BarLengthParams
) -> tuple[Axis, Sight] | StopReason:
    """Move and turn the axis until it lies along the bar. Returns the axis and the map along it."""
    side = min(light.shape)
    drift = params.centre_tolerance * side
    axis = brightest_axis(light, centre, drift)
    sight: Sight | StopReason = _look(light, axis, _FIRST_HALF_WIDTH * side, height_min, params)
    for _ in range(_PASSES):
        if isinstance(sight, StopReason):
            return sight
        along = symmetry_shift(sight.profile, max(2, round(sight.half_width)))
        axis = axis.moved(along, sight.ridge.across, sight.ridge.turn_deg).kept_near(centre, drift)
        sight = _look(light, axis, sight.half_width, height_min, params)
    return sight if isinstance(sight, StopReason) else (axis, sight)


def _scaled(saliency: Floats) -> Floats:
    """Scale the map to 0..1 without overflow of max - min."""
    part = saliency / float(np.abs(saliency).max())
    return np.asarray((part - part.min()) / (part.max() - part.min()))


def _is_clipped(scaled: Floats) -> bool:
    return float((scaled <= 0.0).mean()) > _CLIPPED_SHARE


def _background(light: Floats) -> tuple[float, float]:
    """Return level and standard deviation of the background, from two quantiles of the map.

    They are correct for Gaussian noise around the level, also if it was clipped below the level, as
    in the positive part of a gradient. A bar that covers up to a fifth of the map changes them
    little.
    """
    level, above = np.percentile(light, (50.0, 70.0))
    return float(level), float(above - level) / _NORMAL_QUANTILE_70


def _look(
    light: Floats, axis: Axis, width: float, height_min: float, params: BarLengthParams
) -> Sight | StopReason:
    """Resample a strip along the axis and find the bar's ends, half width and ridge in it."""
    along = symmetric_grid(axis.reach(light.shape))
    across = symmetric_grid(max(3.0, math.ceil(2.0 * width)))
    patch = strip(light, axis, across, along)
    profile = _profile(patch, across, width, params)
    ends = find_ends(profile, params)
    if ends is None or ends.height < height_min:
        return StopReason.FAINT
    if not math.isfinite(ends.length):
        return StopReason.EDGE
    weight = np.where(_between(along, ends, 1.0), profile.clip(min=0.0), 0.0)
    return Sight(
        along=along,
        across=across,
        patch=patch,
        profile=profile,
        ends=ends,
        half_width=half_width(across, patch @ weight),
        ridge=_ridge(patch, across, along, ends),
    )


def _profile(patch: Floats, across: Floats, width: float, params: BarLengthParams) -> Floats:
    """Average the strip's inner lanes, and smooth along by a fraction of the bar's width."""
    core = np.abs(across) <= max(0.5, params.strip_fraction * width)
    profile = patch[core].mean(axis=0)
    sigma = params.smoothing_fraction * width
    return np.asarray(ndimage.gaussian_filter1d(profile, sigma, mode="nearest"))


def _between(along: Floats, ends: Ends, stretch: float) -> NDArray[np.bool_]:
    inside = (along >= -stretch * ends.back.distance) & (along <= stretch * ends.forth.distance)
    return np.asarray(inside | (along == 0))


def _ridge(patch: Floats, across: Floats, along: Floats, ends: Ends) -> Ridge:
    """Compute the moments of the bar's light within its strip; round if there is no light."""
    inside = _between(along, ends, 1.2)
    light = np.where(patch > _RIDGE_LEVEL * ends.height, patch, 0.0) * inside
    if not light.any():
        return Ridge(across=0.0, turn_deg=0.0, linearity=0.0)
    light = light / light.sum()
    s0, t0 = float(light.sum(axis=0) @ along), float(across @ light.sum(axis=1))
    s, t = along - s0, across - t0
    ss, tt = float(light.sum(axis=0) @ s**2), float(t**2 @ light.sum(axis=1))
    st = float(t @ light @ s)
    total = ss + tt
    return Ridge(
        across=t0,
        turn_deg=0.5 * math.degrees(math.atan2(2 * st, ss - tt)) if ss > tt else 0.0,
        linearity=math.hypot(ss - tt, 2 * st) / total if total > 0 else 0.0,
    )


def _length_error(
    light: Floats, axis: Axis, sight: Sight, params: BarLengthParams, *, clipped: bool
) -> float:
    """Return the 1-sigma error of the distance between the ends from the map's own noise, px.

    The noise is the scatter of a profile like the bar's, taken at right angles to the bar and
    outside it. At a slope g, the crossing of a level moves by noise / g. It also moves by `level`
    times this amount, because the height is uncertain too. NaN if too little of the map is left.
    """
    beside = Axis(x=axis.x, y=axis.y, angle_deg=axis.angle_deg + 90.0)
    along = symmetric_grid(beside.reach(light.shape))
    far = np.abs(along) > 2.0 * sight.half_width + 2.0
    if far.sum() < 8 or min(sight.ends.back.slope, sight.ends.forth.slope) <= 0:
        return math.nan
    patch = strip(light, beside, sight.across, along)
    noise = float(_profile(patch, sight.across, sight.half_width, params)[far].std())
    noise /= _HALF_NORMAL if clipped else 1.0
    noise *= math.hypot(1.0, params.level)
    return math.hypot(noise / sight.ends.back.slope, noise / sight.ends.forth.slope)


def _raw_length(sight: Sight, params: BarLengthParams) -> float:
    """Return the bar's full length by the chosen method, before calibration, px."""
    return sight.ends.length if params.method == "profile" else _light_length(sight, params)


def _concentration(scaled: Floats, axis: Axis, sight: Sight, length: float) -> float:
    """Return the share of the map's light in the bar's box: 1.2 lengths by 5.6 % of the side."""
    y, x = np.indices(scaled.shape, dtype=np.float64)
    middle = axis.moved(sight.ends.middle, 0.0, 0.0)
    dx, dy = axis.direction
    x, y = x - middle.x, y - middle.y
    inside = np.abs(x * dx + y * dy) < 0.6 * length
    inside &= np.abs(x * dy - y * dx) < _BOX_HALF_WIDTH * min(scaled.shape)
    return float(scaled[inside].sum() / scaled.sum())


def _light_length(sight: Sight, params: BarLengthParams) -> float:
    """Return the length 2 r / f, where a fraction f of the profile's light lies within r.

    For a uniform bar this is the full length. Light beyond `light_reach` of the strip does not
    count, because arms and companions shine there. The result depends on all light of both sides,
    not on one level, so that a bright inner part does not hide a faint outer part.
    """
    middle = len(sight.along) // 2
    light = sight.profile.clip(min=0.0)
    both = light[middle:] + light[middle::-1]
    both[0] *= 0.5  # the middle sample belongs to both sides once
    both[np.arange(len(both)) > params.light_reach * len(light)] = 0.0
    grown = np.concatenate([[0.0], np.cumsum(both)]) / both.sum()
    edges = np.concatenate([[0.0], np.arange(len(both)) + 0.5])
    return 2.0 * float(np.interp(params.light_fraction, grown, edges)) / params.light_fraction


def _judge(
    axis: Axis, sight: Sight, base: float, error: float, params: BarLengthParams
) -> BarMeasurement:
    """Return a measurement, or the flag that says why there is none."""
    ends = sight.ends
    threshold = params.level * ends.height
    pixels = int((sight.patch[:, _between(sight.along, ends, 1.0)] > threshold).sum())
    threshold += base
    if sight.ridge.linearity < params.linearity_min:
        return BarMeasurement(stop=StopReason.ROUND, threshold=threshold, pixels=pixels)
    if 2 * abs(ends.middle) > params.asymmetry_max * ends.length:
        return BarMeasurement(stop=StopReason.ASYMMETRIC, threshold=threshold, pixels=pixels)
    middle = axis.moved(ends.middle, 0.0, 0.0)
    raw = _raw_length(sight, params)
    return BarMeasurement(
        stop=StopReason.PROFILE,
        length_px=params.length_scale * raw + params.length_offset_px,
        length_err_px=params.length_scale * error,
        position_angle_deg=axis.angle_deg,
        axis_ratio=min(1.0, 2 * sight.half_width / ends.length),
        x_px=middle.x,
        y_px=middle.y,
        threshold=threshold,
        pixels=pixels,
    )
