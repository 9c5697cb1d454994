"""Reading a bar's length from the map's profile along the bar's own axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.barparams import BarLengthParams, BarMeasurement, StopReason

Floats = NDArray[np.float64]

_PASSES = 3  # of axis and ends: each starts from the last one's


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A line through (x, y) at a position angle, as far as the map reaches on both sides."""

    x: float
    y: float
    angle_deg: float
    reach: float


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Where a profile ends: distances a (backward) and b (forward) from the axis's origin."""

    back: float
    forth: float
    height: float
    back_height: float
    forth_height: float


def strip(light: Floats, axis: Axis, across: Floats, along: Floats) -> Floats:
    """The map (H, W) on the axis's own grid, (len(across), len(along)), bilinear, distances in px."""
    angle = math.radians(axis.angle_deg)
    sin, cos = math.sin(angle), math.cos(angle)
    x = axis.x - sin * along[None, :] + cos * across[:, None]
    y = axis.y - cos * along[None, :] - sin * across[:, None]
    return np.asarray(ndimage.map_coordinates(light, (y, x), order=1, mode="nearest"))


def first_axis(light: Floats, centre: tuple[float, float]) -> Axis:
    """The line through the centre along which most light lies on both sides.

    At each distance the fainter of the two sides counts, which silences whatever stands on
    one side only: companions, stars, single arms.
    """
    height, width = light.shape
    broad = ndimage.uniform_filter(light, max(3, round(0.04 * min(height, width)) | 1))
    reach = _reach(light.shape, *centre, None)
    radii = np.linspace(-reach, reach, 2 * max(4, min(64, round(reach))) + 1)
    angles = np.arange(0.0, 180.0, 2.5)
    sin, cos = np.sin(np.radians(angles))[:, None], np.cos(np.radians(angles))[:, None]
    rays = ndimage.map_coordinates(
        broad, (centre[1] - cos * radii, centre[0] - sin * radii), order=1, mode="nearest"
    )
    score = np.minimum(rays, rays[:, ::-1]).clip(min=0).sum(axis=1)
    return _axis(light.shape, *centre, float(angles[score.argmax()]))


def _reach(shape: tuple[int, ...], x: float, y: float, angle_deg: float | None) -> float:
    """Distance from (x, y) to the map's border, both ways along an angle or (None) any way."""
    to_x = min(x, shape[1] - 1 - x)
    to_y = min(y, shape[0] - 1 - y)
    if angle_deg is None:
        return max(1.0, min(to_x, to_y))
    sin, cos = abs(math.sin(math.radians(angle_deg))), abs(math.cos(math.radians(angle_deg)))
    return max(1.0, min(to_x / max(sin, 1e-9), to_y / max(cos, 1e-9)))


def _axis(shape: tuple[int, ...], x: float, y: float, angle_deg: float) -> Axis:
    angle_deg %= 180.0
    return Axis(x=x, y=y, angle_deg=angle_deg, reach=_reach(shape, x, y, angle_deg))


def background(light: Floats) -> tuple[float, float]:
    """Mean and standard deviation of the map outside what stands out, by sigma clipping."""
    values = light.ravel()
    for _ in range(3):
        middle, spread = float(np.median(values)), float(values.std())
        inside = values[np.abs(values - middle) <= 3 * spread]
        if inside.size in (0, values.size):
            break
        values = inside
    return float(values.mean()), float(values.std())


def find_ends(along: Floats, profile: Floats, params: BarLengthParams) -> Ends | None:
    """Ends of the symmetric structure in a profile on a symmetric grid; None if there is none.

    The outermost maximum that both sides share (at least peak_min of the highest) is the end
    of the bar; from there each side is followed outward to `level` of its own height.
    """
    middle = len(along) // 2
    forth, back = profile[middle:], profile[middle::-1]
    both = np.minimum(forth, back)
    top = float(both.max())
    if not top > 0:
        return None
    padded = np.concatenate([[-np.inf], both, [-np.inf]])
    is_peak = (both >= padded[:-2]) & (both >= padded[2:]) & (both >= params.peak_min * top)
    peak = int(np.flatnonzero(is_peak)[-1])
    height = float(both[peak])
    step = float(along[1] - along[0])
    ends = [_walk(side, peak, height, params) for side in (back, forth)]
    (b, hb), (f, hf) = ends
    return Ends(back=b * step, forth=f * step, height=height, back_height=hb, forth_height=hf)


def _walk(side: Floats, start: int, height: float, params: BarLengthParams) -> tuple[float, float]:
    """Follow one side outward from `start`; index (interpolated, inf: never) of its end, and height."""
    below = np.flatnonzero(side[start:] < params.level * height)
    if below.size == 0:
        return math.inf, height
    run = side[start : start + below[0]]
    own = min(float(run.max()), 1.5 * height)
    target = params.level * own
    after = start + int(run.argmax())
    k = after + int(np.flatnonzero(side[after:] < target)[0])
    if k == 0:
        return 0.0, own
    return k - 1 + float((side[k - 1] - target) / (side[k - 1] - side[k])), own


def half_width(across: Floats, profile: Floats) -> float:
    """Half of the full width at half maximum of a transverse profile on a symmetric grid, px."""
    peak = float(profile.max())
    inside = np.flatnonzero(profile >= 0.5 * peak)
    if not peak > 0 or inside.size == 0:
        return 0.5
    lo, hi = int(inside[0]), int(inside[-1])
    left, right = float(lo), float(hi)
    if lo > 0:
        left = lo - float((profile[lo] - 0.5 * peak) / (profile[lo] - profile[lo - 1]))
    if hi < len(profile) - 1:
        right = hi + float((profile[hi] - 0.5 * peak) / (profile[hi] - profile[hi + 1]))
    return max(0.5, 0.5 * (right - left) * float(across[1] - across[0]))


def read_profile(
    saliency: Floats, centre: tuple[float, float], params: BarLengthParams
) -> BarMeasurement:
    """The profile reading of a finite map (H, W), not blank, with its galaxy at centre (x, y)."""
    biggest = float(np.abs(saliency).max())
    scaled = saliency / biggest
    scaled = (scaled - scaled.min()) / (scaled.max() - scaled.min())
    light = ndimage.gaussian_filter(scaled, params.smoothing_px, mode="nearest")
    base, noise = background(light)
    light = light - base
    axis = first_axis(light, centre)
    width = 0.06 * min(light.shape)
    drift = params.centre_tolerance * min(light.shape)
    for last in (False,) * _PASSES + (True,):
        along = np.arange(-math.floor(axis.reach), math.floor(axis.reach) + 1.0)
        reach = math.ceil(max(3.0, 2.0 * width))
        across = np.arange(-reach, reach + 1.0)
        patch = strip(light, axis, across, along)
        core = np.abs(across) <= max(0.5, params.strip_fraction * width)
        profile = patch[core].mean(axis=0)
        ends = find_ends(along, profile, params)
        if ends is None or ends.height < params.snr_min * noise:
            return BarMeasurement(stop=StopReason.FAINT)
        if not math.isfinite(ends.back + ends.forth):
            return BarMeasurement(stop=StopReason.EDGE)
        inside = (along >= -1.2 * ends.back - 1) & (along <= 1.2 * ends.forth + 1)
        bright = np.where(patch > 0.25 * ends.height, patch, 0.0) * inside
        weights = profile.clip(min=0) * inside
        width = half_width(across, patch @ weights)
        total = bright.sum()
        if not total > 0:
            return BarMeasurement(stop=StopReason.FAINT)
        s = float((bright.sum(0) @ along) / total)
        t = float((across @ bright.sum(1)) / total)
        ss = float((bright.sum(0) @ (along - s) ** 2) / total)
        tt = float(((across - t) ** 2 @ bright.sum(1)) / total)
        st = float(((across - t) @ bright @ (along - s)) / total)
        if last:
            break
        turn = 0.5 * math.degrees(math.atan2(2 * st, ss - tt)) if ss > tt else 0.0
        middle = 0.5 * (ends.forth - ends.back)
        rad = math.radians(axis.angle_deg)
        x = axis.x - math.sin(rad) * middle + math.cos(rad) * t
        y = axis.y - math.cos(rad) * middle - math.sin(rad) * t
        far = math.hypot(x - centre[0], y - centre[1])
        if far > drift:
            x = centre[0] + (x - centre[0]) * drift / far
            y = centre[1] + (y - centre[1]) * drift / far
        axis = _axis(light.shape, x, y, axis.angle_deg - turn)
    linearity = math.hypot(ss - tt, 2 * st) / (ss + tt)
    raw = ends.back + ends.forth
    threshold = params.level * ends.height + base
    if linearity < params.linearity_min:
        return BarMeasurement(stop=StopReason.ROUND, threshold=threshold)
    if abs(ends.forth - ends.back) > params.asymmetry_max * raw:
        return BarMeasurement(stop=StopReason.ASYMMETRIC, threshold=threshold)
    return BarMeasurement(
        stop=StopReason.PROFILE,
        length_px=params.length_scale * raw + params.length_offset_px,
        position_angle_deg=axis.angle_deg,
        axis_ratio=min(1.0, 2 * width / raw) if raw > 0 else math.nan,
        x_px=axis.x,
        y_px=axis.y,
        threshold=threshold,
        pixels=int((patch > params.level * ends.height).sum()),
    )
