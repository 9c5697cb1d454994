"""Mollweide's projection against what it is defined by."""

from __future__ import annotations

import numpy as np
import pytest

from catalogues.sky import mollweide


def test_landmarks_are_where_they_belong() -> None:
    x, y = mollweide([0, 180, -180, 90, 0, 77], [0, 0, 0, 0, 90, -90])
    np.testing.assert_allclose(x, [0, 2, -2, 1, 0, 0], atol=1e-5)
    np.testing.assert_allclose(y, [0, 0, 0, 0, 1, -1], atol=1e-9)


def test_equal_areas_stay_equal() -> None:
    latitude = np.linspace(-89.9, 89.9, 401)
    _, y = mollweide(np.zeros_like(latitude), latitude)
    # below y lies the share of the sphere south of the latitude, on the ellipse of axes 2 and 1
    share = (np.arcsin(y) + y * np.sqrt(1 - y**2)) / np.pi + 0.5
    np.testing.assert_allclose(share, (1 + np.sin(np.radians(latitude))) / 2, atol=1e-9)


@pytest.mark.parametrize("longitude", [-180, -37.5, 12, 180])
def test_meridians_are_ellipses(longitude) -> None:
    latitude = np.linspace(-90, 90, 61)
    x, y = mollweide(np.full_like(latitude, longitude), latitude)
    np.testing.assert_allclose((x / (longitude / 90)) ** 2 + y**2, 1, atol=1e-9)
