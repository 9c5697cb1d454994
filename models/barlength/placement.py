"""Convert a bar from canvas pixels to pixels of the stored image, and back for drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.barlength.estimator import BarEstimate


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Position of a canvas on its image (models.preprocess.Canvas).

    Canvas position c (first pixel centre 0) is the image position
    x0 - 0.5 + (c + 0.5) * factor_x, and likewise for y.
    """

    x0: float
    y0: float
    factor_x: float
    factor_y: float


@dataclass(frozen=True, kw_only=True)
class PlacedBar:
    """A bar in pixels of the stored image; NaN as in the estimate.

    `position_angle_deg`: in [0, 180), counter-clockwise from image up. `member_lengths_px`: (M,).
    """

    length_px: float
    length_err_px: float
    position_angle_deg: float
    x_px: float
    y_px: float
    member_lengths_px: NDArray[np.float64]


def place_bar(estimate: BarEstimate, placement: Placement) -> PlacedBar:
    """Convert an estimate from pixels of the map to pixels of the stored image.

    If the image was squeezed into the canvas (unequal factors), the length is stretched along its
    own axis and the angle is turned accordingly. A bar without an angle uses the mean factor.
    """
    bar, p = estimate.bar, placement
    stretch, turned = place_axis(bar.position_angle_deg, p)
    return PlacedBar(
        length_px=bar.length_px * stretch,
        length_err_px=estimate.length_err_px * stretch,
        position_angle_deg=turned,
        x_px=p.x0 - 0.5 + (bar.x_px + 0.5) * p.factor_x,
        y_px=p.y0 - 0.5 + (bar.y_px + 0.5) * p.factor_y,
        member_lengths_px=estimate.member_lengths_px * stretch,
    )


def place_axis(position_angle_deg: float, placement: Placement) -> tuple[float, float]:
    """Convert a line at a position angle on the map to the image.

    Returns (image pixels per map pixel along the line, its angle on the image). A line without an
    angle uses the mean factor.
    """
    p = placement
    angle = math.radians(position_angle_deg)
    across, up = math.sin(angle) * p.factor_x, math.cos(angle) * p.factor_y
    stretch = math.hypot(across, up)
    if p.factor_x == p.factor_y or math.isnan(stretch):
        return math.sqrt(p.factor_x * p.factor_y), position_angle_deg
    return stretch, math.degrees(math.atan2(across, up)) % 180.0


@dataclass(frozen=True, kw_only=True)
class Line:
    """A straight line on a picture, in canvas pixels from the picture's upper left corner."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def length(self) -> float:
        """Length in canvas pixels."""
        return math.hypot(self.x2 - self.x1, self.y2 - self.y1)

    def tick(self, end: int, half_length: float) -> Line:
        """Return the short stroke across end 0 (x1, y1) or end 1 (x2, y2)."""
        x, y = (self.x1, self.y1) if end == 0 else (self.x2, self.y2)
        dx, dy = self._across(half_length)
        return Line(x1=x - dx, y1=y - dy, x2=x + dx, y2=y + dy)

    def beside(self, distance: float) -> Line:
        """Return the line moved at right angles to itself; an upright line moves to the right."""
        dx, dy = self._across(distance)
        if dx < 0 or (dx == 0 and dy < 0):
            dx, dy = -dx, -dy
        return Line(x1=self.x1 + dx, y1=self.y1 + dy, x2=self.x2 + dx, y2=self.y2 + dy)

    def _across(self, distance: float) -> tuple[float, float]:
        """Return the vector of length `distance` at right angles to the line."""
        length = self.length or 1.0
        scale = distance / length
        return -(self.y2 - self.y1) * scale, (self.x2 - self.x1) * scale


def bar_line(
    place: Placement, *, x_px: float, y_px: float, length_px: float, position_angle_deg: float
) -> Line:
    """Return the bar's major axis as a line on the canvas.

    x_px, y_px (centre) and length_px (full length) are in image pixels. position_angle_deg is
    counter-clockwise from image up (0 along a column, 90 along a row).
    """
    angle = math.radians(position_angle_deg)
    dx, dy = -0.5 * length_px * math.sin(angle), -0.5 * length_px * math.cos(angle)
    x1, y1 = _corner_position(place, x_px + dx, y_px + dy)
    x2, y2 = _corner_position(place, x_px - dx, y_px - dy)
    return Line(x1=x1, y1=y1, x2=x2, y2=y2)


def _corner_position(place: Placement, x_px: float, y_px: float) -> tuple[float, float]:
    """Convert an image position (first pixel centre 0) to canvas pixels from the corner."""
    return (x_px + 0.5 - place.x0) / place.factor_x, (y_px + 0.5 - place.y0) / place.factor_y


def image_angle_deg(position_angle_deg: float, frame: str | None, north_deg: float | None) -> float:
    """Convert a catalogue's position angle to an angle from image up.

    frame: bar_position_angle_frame, "sky" or "image". north_deg: direction of north,
    counter-clockwise from image up (None: up).
    """
    if frame == "sky" and north_deg is not None and math.isfinite(north_deg):
        return (position_angle_deg + north_deg) % 180.0
    return position_angle_deg
