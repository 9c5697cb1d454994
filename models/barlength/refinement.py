"""Refine a first length by the map and the galaxy's light, in the bar's frame. No torch.

A map says where the bar lies: its middle, its axis, a first length. Laid along that axis and folded
at the middle, the map and the galaxy's own light say more about its ends than where a profile
crosses a level. A small network reads both, along and beside the axis, and corrects the first
length by no more than a limit; it was taught on galaxies whose bars are known
(models.calibration.fit_refinement).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.barlength.axis import Axis, strip
from models.barlength.params import BarMeasurement

Floats = NDArray[np.float64]
Row = tuple[float, ...]

_STATIONS = (np.arange(12) + 0.5) / 6  # along the axis, in half lengths
_LANES = np.array([0, 2, 4, 8]) / 144  # beside it, in sides of the map
_SMOOTHING_PX = 1.0
CLIP = 3.0  # in spreads: what lies farther off was not taught

FEATURES = 1 + 2 * _LANES.size * _STATIONS.size
"""ln(first length / side of the map), then the folded map and the folded light, lane by lane."""


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """A network of one hidden layer (SiLU) from FEATURES numbers to ln(length / first length).

    middle, spread: (FEATURES,), subtracted from and divided out of the features, which are cut at 3
    spreads. hidden: (H, FEATURES) with hidden_offset (H,); out: (H,) with out_offset. limit: of
    what the network says, |ln|, approached as limit x tanh(output / limit). scale: by which all
    lengths are multiplied besides.
    """

    middle: Row
    spread: Row
    hidden: tuple[Row, ...]
    hidden_offset: Row
    out: Row
    out_offset: float = 0.0
    limit: float = 0.35
    scale: float = 1.0

    def __post_init__(self) -> None:
        widths = {len(self.middle), len(self.spread), *(len(row) for row in self.hidden)}
        if widths != {FEATURES}:
            raise ValueError(
                f"a refinement of {sorted(widths)} features: this version reads {FEATURES}; "
                "calibrate anew (`ansae calibrate`)"
            )
        if not len(self.hidden) == len(self.hidden_offset) == len(self.out):
            raise ValueError(
                f"a refinement with {len(self.hidden)} rows of hidden, "
                f"{len(self.hidden_offset)} offsets and {len(self.out)} outputs: one each is needed"
            )
        if not (0 < self.limit < 3 and self.scale > 0 and min(self.spread) > 0):
            raise ValueError(
                f"limit={self.limit} must lie in 0..3, scale={self.scale} and spreads, the least "
                f"{min(self.spread)}, must be positive"
            )

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Refinement:
        """From plain values (lists for tuples). Raises TypeError for an unknown or missing name."""
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in raw.items()}
        if "hidden" in values:
            values["hidden"] = tuple(tuple(row) for row in values["hidden"])
        return cls(**values)

    def log_factor(self, features: Floats) -> Floats:
        """ln(length / first length) of (..., FEATURES)."""
        scaled = ((features - np.array(self.middle)) / np.array(self.spread)).clip(-CLIP, CLIP)
        inner = scaled @ np.array(self.hidden).T + np.array(self.hidden_offset)
        raw = (inner / (1 + np.exp(-inner))) @ np.array(self.out) + self.out_offset
        return np.asarray(self.limit * np.tanh(raw / self.limit) + math.log(self.scale))


def frame_features(saliency: Floats, light: Floats, bar: BarMeasurement) -> Floats:
    """What a refinement reads of a map and the light (H, W) on the same pixels: (FEATURES,).

    light: models.preprocess.brightness. Each quadrant about the bar's middle counts the same.
    """
    side = min(saliency.shape)
    axis = Axis(x=bar.x_px, y=bar.y_px, angle_deg=bar.position_angle_deg)
    smooth = ndimage.gaussian_filter(saliency, _SMOOTHING_PX)
    folded = [_folded(array, axis, bar.length_px / 2, side).ravel() for array in (smooth, light)]
    return np.concatenate([[math.log(bar.length_px / side)], *folded])


def _folded(array: Floats, axis: Axis, half_length: float, side: int) -> Floats:
    """(lanes, stations): the mean over the four quadrants."""
    along, across = _STATIONS * half_length, _LANES * side
    patch = strip(array, axis, np.r_[-across, across], np.r_[-along, along])
    quadrants = patch.reshape(2, across.size, 2, along.size)
    return np.asarray(quadrants.mean(axis=(0, 2)))


def refined(
    bar: BarMeasurement, saliency: Floats, light: Floats, refinement: Refinement
) -> BarMeasurement:
    """The bar with its length corrected; its width stays. One without a positive length stays."""
    if not bar.length_px > 0:
        return bar
    return scaled(bar, math.exp(refinement.log_factor(frame_features(saliency, light, bar))))


def scaled(bar: BarMeasurement, factor: float) -> BarMeasurement:
    """The bar `factor` times as long; its width stays."""
    return replace(
        bar,
        length_px=bar.length_px * factor,
        length_err_px=bar.length_err_px * factor,
        axis_ratio=min(1.0, bar.axis_ratio / factor),
    )


__all__ = ["CLIP", "FEATURES", "Refinement", "frame_features", "refined", "scaled"]
