"""Shapes whose second moments are known in closed form come back, in any position."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.spiral_and_bulge import read_bulge
from models.statistics import angle_difference_deg

SIDE = 144


def radii(
    axis_ratio: float = 1.0, angle_deg: float = 0.0, x: float = 0.0, y: float = 0.0
) -> np.ndarray:
    """Of every pixel, in units of an ellipse whose major axis lies at a position angle; (x, y):
    its centre from the middle, to the right and up."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    right, up = columns - (SIDE - 1) / 2 - x, (SIDE - 1) / 2 - rows - y
    turn = math.radians(angle_deg)
    along = up * math.cos(turn) - right * math.sin(turn)
    across = right * math.cos(turn) + up * math.sin(turn)
    return np.hypot(along, across / axis_ratio)


@pytest.mark.parametrize("diameter", [9.0, 24.0, 61.5])
def test_a_uniform_disc_has_its_diameter_and_no_angle(diameter: float) -> None:
    found = read_bulge(np.where(radii() < diameter / 2, 0.7, 0.0))
    assert found.extent_px == pytest.approx(diameter, rel=0.02)
    assert math.isnan(found.position_angle_deg)


@pytest.mark.parametrize("angle_deg", [0.0, 20.0, 45.0, 90.0, 135.0, 179.0])
@pytest.mark.parametrize("centre", [(0.0, 0.0), (11.3, -7.6)])
def test_a_uniform_ellipse_has_its_major_axis(
    angle_deg: float, centre: tuple[float, float]
) -> None:
    found = read_bulge(np.where(radii(0.5, angle_deg, *centre) < 20, 1.0, 0.0))
    assert found.extent_px == pytest.approx(40.0, rel=0.01)
    assert 0 <= found.position_angle_deg < 180
    assert angle_difference_deg(found.position_angle_deg, angle_deg) < 1


@pytest.mark.parametrize(("height", "width", "angle"), [(30, 10, 0.0), (1, 8, 90.0), (7, 5, 0.0)])
def test_a_rectangle_is_exact(height: int, width: int, angle: float) -> None:
    saliency = np.zeros((SIDE, SIDE))
    saliency[40 : 40 + height, 90 : 90 + width] = 0.3
    found = read_bulge(saliency)
    assert found.extent_px == pytest.approx(4 * max(height, width) / math.sqrt(12))
    assert found.position_angle_deg == pytest.approx(angle, abs=1e-6)


def test_a_gaussian_has_its_full_width_at_half_maximum() -> None:
    bright, faint = (read_bulge(peak * np.exp(-0.5 * (radii() / 8) ** 2)) for peak in (1.0, 0.01))
    assert bright.extent_px == pytest.approx(8 * math.sqrt(8 * math.log(2)), rel=0.02)
    assert faint.extent_px == bright.extent_px


def test_turned_and_mirrored_maps() -> None:
    saliency = np.exp(-0.5 * (radii(0.6, 30.0, 4.0, 9.0) / 9) ** 2)
    found = read_bulge(saliency)
    for other, angle in (
        (np.rot90(saliency), found.position_angle_deg + 90),
        (saliency[:, ::-1], -found.position_angle_deg),
        (np.roll(saliency, (5, -8), (0, 1)), found.position_angle_deg),
    ):
        seen = read_bulge(other)
        assert seen.extent_px == pytest.approx(found.extent_px)
        assert angle_difference_deg(seen.position_angle_deg, angle) < 1e-6


def test_one_pixel_is_a_square_without_an_angle() -> None:
    saliency = np.zeros((SIDE, SIDE))
    saliency[3, 5] = 1.0
    found = read_bulge(saliency)
    assert found.extent_px == pytest.approx(4 / math.sqrt(12))
    assert math.isnan(found.position_angle_deg)


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_a_map_that_says_nothing(value: float) -> None:
    found = read_bulge(np.full((SIDE, SIDE), value))
    assert np.isnan([found.extent_px, found.position_angle_deg]).all()
