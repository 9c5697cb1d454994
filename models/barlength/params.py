"""Parameters of a bar measurement on one saliency map, and its result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Linearity = Literal["principal", "pearson"]
Method = Literal["profile", "levels", "light", "chord"]


class StopReason(StrEnum):
    """Why the measuring of a map ended.

    By default, only PROFILE and LINEAR give a length; the others are flags.
    """

    PROFILE = "profile"  # measured on the profile along the bar's axis
    LINEAR = "linear"  # measured on the pixels above the first threshold at which they line up
    FEW_PIXELS = "few_pixels"  # fewer than pixels_min were left before they lined up
    EXHAUSTED = "exhausted"  # the thresholds ran out before the pixels lined up
    BLANK = "blank"  # the map has the same value everywhere
    NOT_FINITE = "not_finite"  # NaN or infinity in the map
    FAINT = "faint"  # no structure at the centre stands out from the rest of the map
    ROUND = "round"  # the structure that stands out has no axis
    ASYMMETRIC = "asymmetric"  # the distances of the two ends from the centre differ too much
    DIFFUSE = "diffuse"  # the bar holds too little of the map's light: the map shows other things
    DISCORD = "discord"  # the members' maps lie along different axes
    EDGE = "edge"  # the bar extends beyond the map


@dataclass(frozen=True, kw_only=True)
class BarLengthParams:
    """How one saliency map is measured.

    Attributes
    ----------
    method
        "profile" measures along the bar's axis, between the points where the profile falls to
        `level`. "levels" does this at several levels and combines them by powers
        (models.barlength.levels). "light" measures, along the same axis, how far `light_fraction`
        of the profile's light reaches. "chord" takes the longest chord of thresholded pixels.
    linearity
        Chord reading: "principal" is (l1 - l2) / (l1 + l2) with the eigenvalues l1 >= l2 of the
        pixels' covariance. "pearson" is |Pearson correlation| of rows and columns; it depends on
        the orientation, and is 0 for a bar along a row or a column.
    correlation_min
        Chord reading: T_c, the linearity above which the threshold stops rising.
    pixels_min
        Chord reading: T_1, the number of pixels below which the threshold stops rising.
    flag_unfinished
        Chord reading: give no length unless the pixels lined up. False: always give a length.
    central_only
        Chord reading: keep only components at the centre, or opposite each other across it.
    pixel_extent
        Chord reading: add the one pixel that a chord between pixel centres misses.
    centre_tolerance
        Largest distance of a bar's middle from the centre, as a fraction of the map's shorter side.
    smoothing_px
        Profile reading: standard deviation of the Gaussian that smooths the map, in map pixels.
    smoothing_fraction
        Profile reading: standard deviation of the Gaussian that smooths the profile, as a fraction
        of the bar's half width.
    strip_fraction
        Profile reading: width of the strip that is averaged, as a fraction of the bar's width.
    level
        Profile reading: the bar ends where its profile falls to this fraction of its last maximum.
    peak_min
        Profile reading: maxima below this fraction of the highest do not belong to the bar.
    gap_min
        Profile reading: a gap ends the bar if it is deeper than this fraction of the lower of the
        two maxima beside it. The middle, between the two ansae, may be empty.
    linearity_min
        Profile reading: the map counts as round if its light has less principal linearity.
    snr_min
        Profile reading: the bar's profile must reach this multiple of the noise around it.
    asymmetry_max
        Profile reading: largest |a - b| / (a + b) of the two half lengths a and b.
    levels, level_powers, level_width_powers
        Levels reading: fractions of the last maximum, the power of the length at each level, and
        the power of the width at each level (empty: widths do not enter).
    light_fraction, light_reach
        Light reading: the share of light that defines the bar's length, and the distance from the
        centre up to which light counts, as a fraction of the strip that lies in the map.
    concentration_min
        Profile and light reading: the bar's box (1.2 lengths by 5.6 % of the map's side) must hold
        at least this share of the map's light; otherwise the map shows other things.
    length_scale, length_offset_px
        Calibration: length = length_scale * raw length + length_offset_px, in map pixels.
    """

    method: Method = "profile"
    linearity: Linearity = "principal"
    correlation_min: float = 0.85
    pixels_min: int = 40
    flag_unfinished: bool = True
    central_only: bool = True
    pixel_extent: bool = True
    centre_tolerance: float = 0.1
    smoothing_px: float = 0.5
    smoothing_fraction: float = 0.3
    strip_fraction: float = 0.35
    level: float = 0.5
    peak_min: float = 0.5
    gap_min: float = 0.5
    linearity_min: float = 0.25
    snr_min: float = 2.0
    asymmetry_max: float = 0.6
    concentration_min: float = 0.0
    levels: tuple[float, ...] = (0.1, 0.35, 0.7)
    level_powers: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3)
    level_width_powers: tuple[float, ...] = ()
    light_fraction: float = 0.8
    light_reach: float = 0.31
    length_scale: float = 1.0
    length_offset_px: float = 0.0

    def __post_init__(self) -> None:
        """Check every value. Raises ValueError."""
        _one_of("method", self.method, ("profile", "levels", "light", "chord"))
        _one_of("linearity", self.linearity, ("principal", "pearson"))
        _within("correlation_min", self.correlation_min, 0.0, 1.0)
        _within("pixels_min", self.pixels_min, 0, math.inf)
        _within("centre_tolerance", self.centre_tolerance, 0.0, 0.5)
        _within("smoothing_px", self.smoothing_px, 0.0, 100.0)
        _within("smoothing_fraction", self.smoothing_fraction, 0.0, 4.0)
        _within("strip_fraction", self.strip_fraction, 0.0, 4.0)
        _within("level", self.level, 0.01, 0.99)
        _within("peak_min", self.peak_min, 0.0, 1.0)
        _within("gap_min", self.gap_min, 0.0, 1.0)
        _within("linearity_min", self.linearity_min, 0.0, 1.0)
        _within("snr_min", self.snr_min, 0.0, math.inf)
        _within("asymmetry_max", self.asymmetry_max, 0.0, 1.0)
        _within("concentration_min", self.concentration_min, 0.0, 1.0)
        for level in self.levels:
            _within("levels", level, 0.01, 0.99)
        if not self.levels or len(self.levels) != len(self.level_powers):
            raise ValueError(
                f"levels={self.levels} and level_powers={self.level_powers}: give one power for "
                "each level, and at least one"
            )
        if len(self.level_width_powers) not in (0, len(self.levels)):
            raise ValueError(
                f"level_width_powers={self.level_width_powers} and levels={self.levels}: give one "
                "power for each level, or none"
            )
        _within("light_fraction", self.light_fraction, 0.05, 0.99)
        _within("light_reach", self.light_reach, 0.05, 1.0)
        _within("length_scale", self.length_scale, 1e-6, 1e6)
        _within("length_offset_px", self.length_offset_px, -1e6, 1e6)

    @classmethod
    def paper(cls, correlation_min: float = 0.85, pixels_min: int = 40) -> BarLengthParams:
        """Return Algorithm 1 of Bhambra, Joachimi & Lahav (2022), with its known faults."""
        return cls(
            method="chord",
            linearity="pearson",
            correlation_min=correlation_min,
            pixels_min=pixels_min,
            flag_unfinished=False,
            central_only=False,
            pixel_extent=False,
        )


@dataclass(frozen=True, kw_only=True)
class BarMeasurement:
    """The bar measured on one map, in pixels of the map (centre of the first pixel: 0).

    Attributes
    ----------
    stop
        Why the measuring ended. If it is a flag, length_px is NaN. Values that could not be
        measured are NaN, too.
    length_px
        Full length, end to end.
    length_err_px
        1-sigma error from the noise of this map alone.
    position_angle_deg
        [0, 180), counter-clockwise from image up.
    axis_ratio
        Minor over major axis.
    x_px, y_px
        Centre of the bar.
    threshold
        Level of the map at which measuring ended (the profile reading scales maps to [0, 1]).
    pixels
        Number of pixels above the threshold.
    """

    stop: StopReason
    length_px: float = math.nan
    length_err_px: float = math.nan
    position_angle_deg: float = math.nan
    axis_ratio: float = math.nan
    x_px: float = math.nan
    y_px: float = math.nan
    threshold: float = math.nan
    pixels: int = 0


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(allowed)}")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # also refuses NaN
        raise ValueError(f"{name} is {value!r}; give a number from {low:g} to {high:g}")
