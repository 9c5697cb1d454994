"""Where a galaxy lies and how large it is: uniform ellipses, whose moments are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.preprocess import brightness, canvas, galaxy_frame
from models.view_params import FieldSpec


def ellipse(
    side: int, x: float, y: float, a: float, b: float, angle_deg: float = 0.0
) -> np.ndarray:
    """A uniform ellipse of value 150 on a sky of 20, (side, side, 3) uint8."""
    rows, columns = np.mgrid[:side, :side]
    t = np.deg2rad(angle_deg)
    dx, dy = columns - x, rows - y
    u, v = dx * np.cos(t) + dy * np.sin(t), -dx * np.sin(t) + dy * np.cos(t)
    inside = (u / a) ** 2 + (v / b) ** 2 <= 1
    plane = np.where(inside, 150, 20).astype(np.uint8)
    noise = np.random.default_rng(0).integers(-3, 4, plane.shape)
    return np.repeat((plane + noise).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("side", [88, 256, 424])
@pytest.mark.parametrize("angle_deg", [0, 30, 90])
def test_the_radius_of_a_uniform_ellipse_is_its_semi_major_axis(side: int, angle_deg: int) -> None:
    a = 0.2 * side
    frame = galaxy_frame(ellipse(side, side / 2 + 1, side / 2 - 2, a, 0.5 * a, angle_deg))
    assert frame.radius_px == pytest.approx(a, rel=0.06)
    assert frame.x == pytest.approx(side / 2 + 1, abs=0.03 * side)
    assert frame.y == pytest.approx(side / 2 - 2, abs=0.03 * side)
    np.testing.assert_allclose(frame.sky, 20, atol=1.5)


def test_a_bright_neighbour_does_not_enter() -> None:
    alone = galaxy_frame(ellipse(256, 128, 128, 40, 30))
    pixels = np.maximum(ellipse(256, 128, 128, 40, 30), ellipse(256, 215, 40, 25, 25))
    assert galaxy_frame(pixels).radius_px == pytest.approx(alone.radius_px, rel=0.03)


def blended(star: bool) -> NDArray[np.uint8]:
    """An exponential disc in the image's middle; a brighter star within its outline."""
    y, x = np.indices((256, 256))
    light = 20 + 120 * np.exp(-np.hypot(x - 128, (y - 126) / 0.7) / 16)
    if star:
        light += 200 * np.exp(-0.5 * ((x - 170) ** 2 + (y - 150) ** 2) / 6.0**2)
    return np.repeat(light.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_a_star_within_the_outline_does_not_move_the_frame() -> None:
    alone, beside = galaxy_frame(blended(star=False)), galaxy_frame(blended(star=True))
    assert np.hypot(beside.x - alone.x, beside.y - alone.y) < 0.1 * alone.radius_px
    assert beside.radius_px == pytest.approx(alone.radius_px, rel=0.12)


def test_a_galaxy_off_the_middle_stays_one() -> None:
    """Its island has its centre far off, but there is nothing it could be parted from."""
    frame = galaxy_frame(ellipse(256, 160, 128, 50, 30))
    assert frame.x == pytest.approx(160, abs=4)
    assert frame.radius_px == pytest.approx(50, rel=0.06)


@pytest.mark.parametrize("value", [0, 255])
def test_where_nothing_stands_out_the_frame_is_the_image(value: int) -> None:
    frame = galaxy_frame(np.full((100, 120, 3), value, np.uint8))
    assert (frame.x, frame.y, frame.radius_px) == (59.5, 49.5, 25.0)


def test_the_canvas_shows_the_galaxy_at_one_size_whatever_the_image() -> None:
    spec = FieldSpec(canvas_px=120, half_width_radii=1.5)
    sizes = []
    for side in (120, 240, 420):
        shown = canvas(ellipse(side, side / 2, side / 2, side / 5, side / 8), spec)
        sizes.append(galaxy_frame(shown.pixels).radius_px)
        assert shown.pixels.shape == (120, 120, 3)
    np.testing.assert_allclose(sizes, 120 / 3, rtol=0.05)


def test_the_way_back_from_canvas_to_image() -> None:
    pixels = ellipse(300, 170, 120, 30, 30)
    shown = canvas(pixels, FieldSpec(canvas_px=150, half_width_radii=2.0))
    bright = np.argwhere(shown.pixels[..., 0] > 85)
    row, column = bright.mean(axis=0)
    assert shown.x0 - 0.5 + (column + 0.5) * shown.factor_x == pytest.approx(170, abs=0.5)
    assert shown.y0 - 0.5 + (row + 0.5) * shown.factor_y == pytest.approx(120, abs=0.5)


def test_beyond_the_image_the_canvas_is_sky() -> None:
    shown = canvas(ellipse(88, 44, 44, 40, 20), FieldSpec(half_width_radii=3.0))
    assert abs(int(shown.pixels[0, 0, 0]) - round(shown.sky[0])) <= 1


def test_the_paper_sees_the_whole_frame() -> None:
    pixels = ellipse(424, 212, 212, 60, 40)
    shown = canvas(pixels, FieldSpec.paper())
    assert shown.pixels.shape == (224, 224, 3)
    assert (shown.x0, shown.y0, shown.sky, shown.scale) == (0, 0, (0.0, 0.0, 0.0), 255.0)
    assert shown.factor_x == pytest.approx(424 / 224)
    same = canvas(shown.pixels, FieldSpec.paper())
    np.testing.assert_array_equal(same.pixels, shown.pixels)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(H, W, 3\)"):
        galaxy_frame(np.zeros((10, 10), np.uint8))


def test_brightness_is_above_the_sky_in_the_galaxys_scale() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[0, 0] = (60, 70, 80)
    pixels[3, 3] = 255
    light = brightness(pixels, np.array([10.0, 20.0, 30.0]), 100.0)
    assert light[0, 0] == pytest.approx(0.5)
    assert light[3, 3] == 1.5
    assert light[1, 1] == pytest.approx(-0.2 + (0.3 - 0.25) / 3)
