"""Where a measured bar lies on the picture of its galaxy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.placement import Placement


@dataclass(frozen=True, kw_only=True)
class Line:
    """A straight line on a picture, canvas pixels from the upper left corner of the picture."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def length(self) -> float:
        """Canvas pixels."""
        return math.hypot(self.x2 - self.x1, self.y2 - self.y1)

    def tick(self, end: int, half_length: float) -> Line:
        """The short stroke across end 0 (x1, y1) or 1 (x2, y2)."""
        x, y = (self.x1, self.y1) if end == 0 else (self.x2, self.y2)
        dx, dy = self._across(half_length)
        return Line(x1=x - dx, y1=y - dy, x2=x + dx, y2=y + dy)

    def beside(self, distance: float) -> Line:
        """The same line moved across itself, to the right of an upright one."""
        dx, dy = self._across(distance)
        if dx < 0 or (dx == 0 and dy < 0):
            dx, dy = -dx, -dy
        return Line(x1=self.x1 + dx, y1=self.y1 + dy, x2=self.x2 + dx, y2=self.y2 + dy)

    def _across(self, distance: float) -> tuple[float, float]:
        """The vector of that length at right angles to the line."""
        length = self.length or 1.0
        scale = distance / length
        return -(self.y2 - self.y1) * scale, (self.x2 - self.x1) * scale


def bar_line(
    place: Placement, *, x_px: float, y_px: float, length_px: float, position_angle_deg: float
) -> Line:
    """The bar's major axis on the canvas.

    x_px, y_px: its centre, length_px: its full length, all in image pixels; position_angle_deg:
    counter-clockwise from image up (0 along a column, 90 along a row).
    """
    angle = math.radians(position_angle_deg)
    dx, dy = -0.5 * length_px * math.sin(angle), -0.5 * length_px * math.cos(angle)
    x1, y1 = _corner_position(place, x_px + dx, y_px + dy)
    x2, y2 = _corner_position(place, x_px - dx, y_px - dy)
    return Line(x1=x1, y1=y1, x2=x2, y2=y2)


def _corner_position(place: Placement, x_px: float, y_px: float) -> tuple[float, float]:
    """Image position (first pixel centre 0) as canvas lengths from the upper left corner."""
    return (x_px + 0.5 - place.x0) / place.factor_x, (y_px + 0.5 - place.y0) / place.factor_y


def image_angle_deg(position_angle_deg: float, frame: str | None, north_deg: float | None) -> float:
    """A catalogue's position angle as an angle from image up.

    frame: bar_position_angle_frame, "sky" or "image"; north_deg: the direction of north,
    counter-clockwise from image up (None: up).
    """
    if frame == "sky" and north_deg is not None and math.isfinite(north_deg):
        return (position_angle_deg + north_deg) % 180.0
    return position_angle_deg
