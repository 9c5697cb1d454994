"""The light reading and the concentration flag on bars whose light is known in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.barlength.measure import BarLengthParams, StopReason, measure_bar

SIDE = 144
LIGHT = BarLengthParams(method="light", smoothing_px=1.0)


def box(length: float, width: float, angle_deg: float, x: float = 71.5, y: float = 71.5) -> np.ndarray:  # noqa: E501  # fmt: skip
    """A uniform rectangle with edges one pixel soft."""
    rows, columns = np.indices((SIDE, SIDE), dtype=float)
    t = np.deg2rad(angle_deg)
    u = -(columns - x) * np.sin(t) - (rows - y) * np.cos(t)
    v = (columns - x) * np.cos(t) - (rows - y) * np.sin(t)
    soft = lambda d, half: np.clip(half + 0.5 - np.abs(d), 0, 1)  # noqa: E731
    return soft(u, length / 2) * soft(v, width / 2)


@pytest.mark.parametrize("length", [20.0, 36.0, 52.0])
@pytest.mark.parametrize("angle_deg", [0.0, 33.0, 90.0, 137.0])
def test_a_uniform_bar_has_its_own_length(length: float, angle_deg: float) -> None:
    bar = measure_bar(box(length, 6, angle_deg), LIGHT)
    # its smoothed ends fade and both ends count half a sample: within 6 %
    assert bar.length_px == pytest.approx(length, rel=0.06)
    assert abs((bar.position_angle_deg - angle_deg + 90) % 180 - 90) < 1


def test_lengths_over_24_angles_scatter_by_less_than_5_percent() -> None:
    lengths = [measure_bar(box(40, 6, a), LIGHT).length_px for a in np.arange(24) * 7.5]
    assert np.std(lengths) / np.mean(lengths) < 0.03


def test_a_faint_outer_bar_counts_where_a_level_would_lose_it() -> None:
    # an inner bar three times as bright: the half height of the outer one is below its level
    two_step = box(48, 6, 20) + 2 * box(16, 6, 20)
    light = measure_bar(two_step, LIGHT).length_px
    profile = measure_bar(two_step, BarLengthParams(smoothing_px=1.0)).length_px
    assert profile < 25
    assert light > 1.3 * profile


def test_the_calibration_line_is_applied_to_the_raw_length() -> None:
    raw = measure_bar(box(36, 6, 60), LIGHT).length_px
    line = replace(LIGHT, length_scale=1.5, length_offset_px=-4.0)
    assert measure_bar(box(36, 6, 60), line).length_px == pytest.approx(1.5 * raw - 4)


def test_a_map_that_shows_other_things_is_flagged() -> None:
    params = BarLengthParams(method="light", concentration_min=0.3)
    alone = box(36, 6, 60)
    assert measure_bar(alone, params).stop == StopReason.PROFILE
    rows, columns = np.indices((SIDE, SIDE), dtype=float)
    radius = np.hypot(columns - 71.5, rows - 71.5)
    ring = 0.5 * ((radius > 45) & (radius < 52))
    share = alone.sum() / (alone.sum() + ring.sum())
    assert share < 0.2
    flagged = measure_bar(alone + ring, params)
    assert flagged.stop == StopReason.DIFFUSE
    assert np.isnan(flagged.length_px)
    without = BarLengthParams(method="light")
    assert np.isfinite(measure_bar(alone + ring, without).length_px)
