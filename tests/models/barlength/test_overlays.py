"""A bar drawn from its numbers lies where the bar lies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from models.barlength.placement import Line, Placement, bar_line, image_angle_deg
from models.preprocess import canvas, galaxy_frame
from models.view_params import FieldSpec
from tests.pipelines.synthetic_run import draw_galaxy

WHOLE = Placement(x0=0.0, y0=0.0, factor_x=1.0, factor_y=1.0)


@pytest.mark.parametrize(
    ("angle", "ends"),
    [
        (0, ((10.5, 0.5), (10.5, 20.5))),  # along the column
        (90, ((0.5, 10.5), (20.5, 10.5))),  # along the row
    ],
)
def test_line_along_row_and_column(angle: float, ends: tuple[tuple[float, float], ...]) -> None:
    line = bar_line(WHOLE, x_px=10, y_px=10, length_px=20, position_angle_deg=angle)
    found = sorted([(line.x1, line.y1), (line.x2, line.y2)])
    assert np.allclose(found, ends)
    assert line.length == pytest.approx(20)


def test_45_goes_from_lower_right_to_upper_left() -> None:
    line = bar_line(WHOLE, x_px=0, y_px=0, length_px=2, position_angle_deg=45)
    assert (line.x1 - line.x2) * (line.y1 - line.y2) > 0  # y runs downwards


def test_unequal_factors_and_corner() -> None:
    place = Placement(x0=4.0, y0=2.0, factor_x=2.0, factor_y=4.0)
    line = bar_line(place, x_px=9.5, y_px=9.5, length_px=8, position_angle_deg=90)
    assert (line.x1 + line.x2) / 2 == pytest.approx((9.5 + 0.5 - 4) / 2)
    assert line.y1 == pytest.approx((9.5 + 0.5 - 2) / 4)
    assert line.length == pytest.approx(4)


@pytest.mark.parametrize("angle", range(0, 180, 20))
def test_line_ends_where_the_bar_ends(angle: float) -> None:
    """Through the product's own canvas: bright just inside both ends, dark just outside."""
    x, y, length = 101.0, 110.0, 56.0
    pixels = draw_galaxy(length, angle, x, y)
    unbarred = draw_galaxy(0.0, angle, x, y)
    frame = galaxy_frame(pixels)
    cut, plain = (canvas(p, FieldSpec(canvas_px=144), frame) for p in (pixels, unbarred))
    bar = cut.pixels.mean(axis=2) - plain.pixels.mean(axis=2)
    place = Placement(x0=cut.x0, y0=cut.y0, factor_x=cut.factor_x, factor_y=cut.factor_y)
    line = bar_line(place, x_px=x, y_px=y, length_px=length, position_angle_deg=angle)

    def light(fraction: float, aside: float = 0.0) -> float:
        """At a fraction of the line from end 1 to end 2, and canvas pixels to its side."""
        moved = line.beside(aside) if aside else line
        column = moved.x1 + fraction * (moved.x2 - moved.x1) - 0.5
        row = moved.y1 + fraction * (moved.y2 - moved.y1) - 0.5
        return float(ndimage.map_coordinates(bar, [[row], [column]], order=1)[0])

    inside, step = light(0.1), 1.5 / line.length
    assert inside > 50
    for end, outwards in ((0, -step), (1, step)):
        assert light(end - outwards) > 0.8 * inside
        assert light(end + outwards) < 0.2 * inside
    half_width = 0.12 * length / cut.factor_x
    assert light(0.1, half_width - 1.5) > 0.8 * inside
    assert light(0.1, half_width + 1.5) < 0.2 * inside


def test_strokes_and_the_line_beside() -> None:
    line = Line(x1=10, y1=10, x2=10, y2=30)
    stroke = line.tick(1, 3)
    assert sorted([(stroke.x1, stroke.y1), (stroke.x2, stroke.y2)]) == [(7, 30), (13, 30)]
    assert line.beside(4) == Line(x1=14, y1=10, x2=14, y2=30)
    assert Line(x1=10, y1=30, x2=10, y2=10).beside(4) == Line(x1=14, y1=30, x2=14, y2=10)
    assert Line(x1=1, y1=1, x2=1, y2=1).tick(0, 3).length == 0  # no direction, no stroke


@pytest.mark.parametrize(
    ("angle", "frame", "north", "expected"),
    [(30, "image", 50, 30), (30, "sky", 50, 80), (170, "sky", 50, 40), (30, "sky", None, 30)],
)
def test_sky_angles_turn_with_north(angle, frame, north, expected) -> None:
    assert image_angle_deg(angle, frame, north) == pytest.approx(expected)
