"""The reading of the shipped estimator.json: the same noiseless bar at every angle, and flags."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import models
from models.barlength.estimator import estimate_bar
from models.barlength.measure import BarMeasurement, StopReason
from models.recipe import Recipe
from tests.models.barmaps import SHAPES, BarMap, angle_difference

CANVAS_PX = 144
ANGLES = np.arange(24) * 7.5
RECIPE = Recipe.from_dict(
    json.loads((Path(models.__file__).parent / "weights/compact/estimator.json").read_text())
)


def found_on(saliency: np.ndarray) -> BarMeasurement:
    """The bar of three members that agree on a map, in a disc with light where the map is."""
    y, x = np.mgrid[:CANVAS_PX, :CANVAS_PX] - (CANVAS_PX - 1) / 2
    light = 0.4 * np.exp(-np.hypot(x, y) / 16) + 0.4 * np.nan_to_num(saliency)
    return estimate_bar(np.stack([saliency] * 3), RECIPE.estimator, light=light).bar


@pytest.mark.parametrize("length_px", [24.0, 36.0, 54.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_lengths_and_angles_do_not_depend_on_the_angle(shape: BarMap, length_px: float) -> None:
    found = [found_on(shape(CANVAS_PX, length_px, 0.3, angle)) for angle in ANGLES]
    lengths = np.array([bar.length_px for bar in found])
    assert np.isfinite(lengths).all()
    assert np.sqrt(np.mean((lengths / lengths.mean() - 1) ** 2)) < 0.05
    for bar, angle in zip(found, ANGLES, strict=True):
        assert angle_difference(bar.position_angle_deg, angle) < 3


def test_longer_bars_have_longer_lengths() -> None:
    for shape in SHAPES:
        found = [
            found_on(shape(CANVAS_PX, length, 0.3, 20.0)).length_px
            for length in (20.0, 30.0, 45.0, 60.0)
        ]
        assert np.all(np.diff(found) > 0)


def test_what_shows_no_bar_is_flagged() -> None:
    y, x = np.mgrid[:CANVAS_PX, :CANVAS_PX] - (CANVAS_PX - 1) / 2
    cases = {
        StopReason.ROUND: np.exp(-(x**2 + y**2) / 200),
        StopReason.BLANK: np.zeros((CANVAS_PX, CANVAS_PX)),
        StopReason.NOT_FINITE: np.full((CANVAS_PX, CANVAS_PX), np.nan),
    }
    for stop, saliency in cases.items():
        bar = found_on(saliency)
        assert bar.stop == stop
        assert np.isnan(bar.length_px)
