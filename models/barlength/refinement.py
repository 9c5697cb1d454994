"""Refine a first bar length with the map and the galaxy's light, in the bar's frame. No torch.

A map gives the bar's middle, its axis and a first length. Resampled along that axis and folded at
the middle, the map and the galaxy's own light tell more about the ends than the crossing of a level
does. A small network takes both, along and beside the axis, and corrects the first length by at
most a limit. It was trained on galaxies with known bars (models.calibration.fit_refinement).
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
_LANES = np.array([0, 2, 4, 8]) / 144  # beside the axis, in sides of the map
_SMOOTHING_PX = 1.0
CLIP = 3.0  # in spreads: no training galaxy lies farther off

FEATURES = 1 + 2 * _LANES.size * _STATIONS.size
"""ln(first length / side of the map), then the folded map and the folded light, lane by lane."""


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """A network of one hidden layer (SiLU) from FEATURES numbers to ln(length / first length).

    Attributes
    ----------
    middle, spread
        (FEATURES,): features become (feature - middle) / spread, clipped to 3 spreads.
    hidden, hidden_offset
        Weights (H, FEATURES) and offsets (H,) of the hidden layer.
    out, out_offset
        Weights (H,) and offset of the output.
    limit
        Largest |ln| of the correction: it is limit x tanh(output / limit).
    scale
        Factor that all lengths are multiplied by in addition.
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
                f"a refinement of {sorted(widths)} features: this version has {FEATURES}; "
                "calibrate again (`ansae calibrate`)"
            )
        if not len(self.hidden) == len(self.hidden_offset) == len(self.out):
            raise ValueError(
                f"a refinement with {len(self.hidden)} rows of hidden, "
                f"{len(self.hidden_offset)} offsets and {len(self.out)} outputs: the three numbers "
                "must be equal"
            )
        if not (0 < self.limit < 3 and self.scale > 0 and min(self.spread) > 0):
            raise ValueError(
                f"limit={self.limit} must lie in 0..3, scale={self.scale} and spreads (smallest "
                f"{min(self.spread)}) must be positive"
            )

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Refinement:
        """Read plain values (lists for tuples). Raises TypeError for an unknown or missing name."""
        values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in raw.items()}
        if "hidden" in values:
            values["hidden"] = tuple(tuple(row) for row in values["hidden"])
        return cls(**values)

    def log_factor(self, features: Floats) -> Floats:
        """Return ln(length / first length), (...,), of features (..., FEATURES)."""
        scaled = ((features - np.array(self.middle)) / np.array(self.spread)).clip(-CLIP, CLIP)
        inner = scaled @ np.array(self.hidden).T + np.array(self.hidden_offset)
        raw = (inner / (1 + np.exp(-inner))) @ np.array(self.out) + self.out_offset
        return np.asarray(self.limit * np.tanh(raw / self.limit) + math.log(self.scale))


def frame_features(saliency: Floats, light: Floats, bar: BarMeasurement) -> Floats:
    """Compute the features of a map and the light (H, W) on the same pixels: (FEATURES,).

    light: models.preprocess.brightness. The four quadrants about the bar's middle have equal
    weight.
    """
    side = min(saliency.shape)
    axis = Axis(x=bar.x_px, y=bar.y_px, angle_deg=bar.position_angle_deg)
    smooth = ndimage.gaussian_filter(saliency, _SMOOTHING_PX)
    folded = [_folded(array, axis, bar.length_px / 2, side).ravel() for array in (smooth, light)]
    return np.concatenate([[math.log(bar.length_px / side)], *folded])


def _folded(array: Floats, axis: Axis, half_length: float, side: int) -> Floats:
    """Return the mean over the four quadrants, (lanes, stations)."""
    along, across = _STATIONS * half_length, _LANES * side
    patch = strip(array, axis, np.r_[-across, across], np.r_[-along, along])
    quadrants = patch.reshape(2, across.size, 2, along.size)
    return np.asarray(quadrants.mean(axis=(0, 2)))


def refined(
    bar: BarMeasurement, saliency: Floats, light: Floats, refinement: Refinement
) -> BarMeasurement:
    """Correct the bar's length; its width stays the same.

    A bar without a positive length is returned unchanged.
    """
    if not bar.length_px > 0:
        return bar
    return scaled(bar, math.exp(refinement.log_factor(frame_features(saliency, light, bar))))


def scaled(bar: BarMeasurement, factor: float) -> BarMeasurement:
    """Return the bar `factor` times as long; its width stays the same."""
    return replace(
        bar,
        length_px=bar.length_px * factor,
        length_err_px=bar.length_err_px * factor,
        axis_ratio=min(1.0, bar.axis_ratio / factor),
    )


__all__ = ["CLIP", "FEATURES", "Refinement", "frame_features", "refined", "scaled"]
