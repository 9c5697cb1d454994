"""Find the two ends of a bar on the profile along its axis, and its width across the axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.barlength.params import BarLengthParams

Floats = NDArray[np.float64]

_OWN_HEIGHT_MAX = 1.5  # largest ratio of one side's maximum to the maximum that both share


@dataclass(frozen=True, kw_only=True)
class End:
    """One end of a bar.

    distance: from the origin, px; infinite if the profile does not fall before the map ends.
    height: the maximum that the end belongs to. slope: fall of the profile at the end, per px.
    """

    distance: float
    height: float
    slope: float


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Both ends of a profile. `height`: the outermost maximum that both sides share."""

    back: End
    forth: End
    height: float

    @property
    def length(self) -> float:
        """Distance between the ends."""
        return self.back.distance + self.forth.distance

    @property
    def middle(self) -> float:
        """Position of the middle between the ends."""
        return 0.5 * (self.forth.distance - self.back.distance)


def find_ends(profile: Floats, params: BarLengthParams) -> Ends | None:
    """Find the ends of the symmetric structure in a profile of odd length, samples 1 px apart.

    The shared profile is the fainter of the two sides at each distance. Its outermost maximum that
    reaches peak_min of the highest, and is not cut off by a gap deeper than gap_min, belongs to
    the bar's end. From there each side is followed outward until it falls to `level` of its own
    height. Distances are from the middle sample. Returns None if the shared profile is not
    positive anywhere.
    """
    middle = len(profile) // 2
    back, forth = profile[middle::-1], profile[middle:]
    shared = np.minimum(back, forth)
    if not shared.max() > 0:
        return None
    peak = _outermost_peak(shared, params)
    height = float(shared[peak])
    return Ends(
        back=_follow(back, peak, height, params.level),
        forth=_follow(forth, peak, height, params.level),
        height=height,
    )


def _outermost_peak(shared: Floats, params: BarLengthParams) -> int:
    """Return the index of the last maximum of a half profile that belongs to the bar."""
    padded = np.concatenate([[-np.inf], shared, [-np.inf]])
    is_peak = (shared >= padded[:-2]) & (shared >= padded[2:])
    peaks = np.flatnonzero(is_peak & (shared >= params.peak_min * shared.max()))
    last = int(peaks[0])
    for peak in peaks[1:]:
        lower = min(shared[last], shared[peak])
        gap = last > 0 and shared[last:peak].min() < params.gap_min * lower
        if gap and shared[peak:].max() <= shared[: last + 1].max():
            break  # the bar is on the higher side of a gap
        last = int(peak)
    return last


def _follow(side: Floats, start: int, height: float, level: float) -> End:
    """Follow one side outward from `start` to where it falls below `level` of its height."""
    below = np.flatnonzero(side[start:] < level * height)
    if below.size == 0:
        return End(distance=math.inf, height=height, slope=0.0)
    run = side[start : start + below[0]]
    own = min(float(run.max()), _OWN_HEIGHT_MAX * height)
    top = start + int(run.argmax())
    k = top + int(np.flatnonzero(side[top:] < level * own)[0])
    fall = float(side[k - 1] - side[k])
    distance = k - 1 + float(side[k - 1] - level * own) / fall
    lo, hi = max(0, k - 2), min(len(side) - 1, k + 1)
    slope = float(side[lo] - side[hi]) / (hi - lo)
    return End(distance=distance, height=own, slope=max(slope, 0.0))


def half_width(across: Floats, profile: Floats) -> float:
    """Return half the full width at half maximum of a profile across the bar, at least 0.5 px.

    across: a symmetric grid of 1 px. Only the contiguous part that contains the maximum counts.
    """
    peak = int(profile.argmax())
    half = 0.5 * float(profile[peak])
    if not half > 0:
        return 0.5
    below = np.flatnonzero(profile < half)
    before, after = below[below < peak], below[below > peak]
    left, right = float(across[0]), float(across[-1])
    if before.size:
        i = int(before[-1])
        left = float(across[i] + (half - profile[i]) / (profile[i + 1] - profile[i]))
    if after.size:
        i = int(after[0])
        right = float(across[i] - (half - profile[i]) / (profile[i - 1] - profile[i]))
    return max(0.5, 0.5 * (right - left))
