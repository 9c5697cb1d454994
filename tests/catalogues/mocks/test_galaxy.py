"""The truth of a bar: projection in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from catalogues import scales
from catalogues.mocks.params import MockSkyParams
from tests.catalogues.mock_cases import PLAIN_DISC, PLAIN_GALAXY, barred


@pytest.mark.parametrize("angle", [0.0, 20.0, 90.0, 175.0])
@pytest.mark.parametrize("node", [0.0, 30.0, 160.0])
def test_face_on_the_truth_is_the_input(angle: float, node: float) -> None:
    galaxy = barred(position_angle_deg=node, angle_deg=angle)
    assert galaxy.bar_length_arcsec == pytest.approx(6.0)
    assert galaxy.bar_axis_ratio == pytest.approx(0.25)
    difference = (galaxy.bar_position_angle_deg - angle - node + 90) % 180 - 90
    assert difference == pytest.approx(0.0, abs=1e-9)


def test_inclination_shortens_only_across_the_line_of_nodes() -> None:
    along = barred(inclination_deg=60.0, position_angle_deg=25.0, angle_deg=0.0)
    assert along.bar_length_arcsec == pytest.approx(6.0)
    assert along.bar_axis_ratio == pytest.approx(0.125)
    assert along.bar_position_angle_deg == pytest.approx(25.0)
    across = barred(inclination_deg=60.0, position_angle_deg=25.0, angle_deg=90.0)
    assert across.bar_length_arcsec == pytest.approx(3.0)
    assert across.bar_axis_ratio == pytest.approx(0.5)
    assert across.bar_position_angle_deg == pytest.approx(115.0)


def test_a_projected_bar_is_the_hull_of_its_projected_rim() -> None:
    galaxy = barred(inclination_deg=50.0, position_angle_deg=10.0, angle_deg=40.0, axis_ratio=0.5)
    t = np.linspace(0, 2 * np.pi, 200_001)
    x, y, phi = 3.0 * np.cos(t), 1.5 * np.sin(t), np.deg2rad(40.0)
    u = x * np.cos(phi) - y * np.sin(phi)
    v = (x * np.sin(phi) + y * np.cos(phi)) * np.cos(np.deg2rad(50.0))
    radius = np.hypot(u, v)
    far = np.argmax(radius)
    assert galaxy.bar_length_arcsec == pytest.approx(2 * radius.max(), rel=1e-8)
    assert galaxy.bar_axis_ratio == pytest.approx(radius.min() / radius.max(), rel=1e-6)
    angle = (np.rad2deg(np.arctan2(v[far], u[far])) + 10.0) % 180
    assert galaxy.bar_position_angle_deg == pytest.approx(angle, abs=0.01)


def test_thickness_is_the_least_axis_ratio() -> None:
    galaxy = replace(PLAIN_GALAXY, inclination_deg=90.0, disc=replace(PLAIN_DISC, thickness=0.2))
    assert galaxy.disc_axis_ratio == pytest.approx(0.2)
    assert replace(galaxy, inclination_deg=0.0).disc_axis_ratio == pytest.approx(1.0)


def test_units_of_the_length_agree() -> None:
    galaxy = barred()
    assert galaxy.pixel_scale_arcsec == pytest.approx(0.02 * 9.55)
    assert galaxy.bar_length_px == pytest.approx(6.0 / (0.02 * 9.55))
    assert galaxy.bar_length_kpc == pytest.approx(6.0 * scales.kpc_per_arcsec(0.05))
    # half the pixels over the same field: half the length in pixels, the same in arcsec
    small = replace(galaxy, image_px=212)
    assert small.bar_length_px == pytest.approx(galaxy.bar_length_px / 2)
    assert small.bar_length_arcsec == galaxy.bar_length_arcsec


def test_without_a_bar_there_is_no_length() -> None:
    truth = (
        PLAIN_GALAXY.bar_length_arcsec,
        PLAIN_GALAXY.bar_length_px,
        PLAIN_GALAXY.bar_length_kpc,
        PLAIN_GALAXY.bar_position_angle_deg,
        PLAIN_GALAXY.bar_axis_ratio,
    )
    assert np.isnan(truth).all()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"smooth_fraction": 1.2}, r"smooth_fraction 1.2 must lie in \[0, 1\]"),
        ({"smooth_fraction": 0.98}, "class fractions leave -0.035 for discs"),
        ({"strong_bar_fraction": 0.9, "weak_bar_fraction": 0.2}, "neither may be negative"),
        ({"image_px": 3}, "image_px 3 must be at least 16"),
        ({"z": (0.2, 0.1)}, r"z \(0.2, 0.1\) must be positive and ascending"),
    ],
)
def test_impossible_skies_are_refused(options: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        MockSkyParams(**options)  # type: ignore[arg-type]
