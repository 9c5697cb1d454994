"""Visual lengths of mock bars against integrals in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, optimize

from catalogues.mocks.galaxy import Bar, MockGalaxy
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.population import draw_galaxy
from catalogues.mocks.visual import VISUAL_SHARE, reach, visual_length_arcsec, visual_length_px

SKY = MockSkyParams(smooth_fraction=0.0, strong_bar_fraction=1.0, weak_bar_fraction=0.0)


def barred() -> list[MockGalaxy]:
    drawn = [draw_galaxy(11, index, SKY) for index in range(60)]
    return [galaxy for galaxy in drawn if galaxy.bar is not None]


def share_within(profile: str, slope: float, m: float) -> float:
    """The light along the axis within m, over all of it."""
    formulas = {
        "ferrers": lambda x: (1 - x * x) ** slope,
        "flat": lambda x: 1 - x**8,
        "exponential": lambda x: np.exp(-slope * x) - np.exp(-slope),
    }
    light = formulas[profile]
    return integrate.quad(light, 0, m)[0] / integrate.quad(light, 0, 1)[0]


def test_a_bar_seen_face_on_has_the_length_of_its_integral() -> None:
    seen = set()
    for galaxy in barred():
        assert isinstance(galaxy.bar, Bar)
        flat = replace(
            galaxy, inclination_deg=0.0, bar=replace(galaxy.bar, angle_deg=30.0, boxiness=2.0)
        )
        bar = flat.bar
        m = optimize.brentq(
            lambda x, b=bar: share_within(b.profile, b.slope, x) - VISUAL_SHARE, 0.01, 1
        )
        assert visual_length_arcsec(flat) == pytest.approx(2 * m * bar.semi_major_arcsec, rel=5e-3)
        seen.add(bar.profile)
    assert seen == {"ferrers", "flat", "exponential"}


def test_projection_shortens_edge_and_visual_length_alike() -> None:
    for galaxy in barred():
        bar = replace(galaxy.bar, boxiness=2.0)
        ratios = [
            visual_length_arcsec(seen) / seen.bar_length_arcsec
            for i in (0.0, 50.0)
            for seen in [replace(galaxy, inclination_deg=i, bar=bar)]
        ]
        assert ratios[1] == pytest.approx(ratios[0], rel=0.01)
        assert 0.4 < ratios[0] < 1
        expected = visual_length_arcsec(galaxy) / galaxy.pixel_scale_arcsec
        assert visual_length_px(galaxy) == pytest.approx(expected)


def test_there_is_no_length_without_a_bar_or_light() -> None:
    assert np.isnan(visual_length_arcsec(replace(barred()[0], bar=None)))
    with pytest.raises(ValueError, match="no light"):
        reach([0.5, 1.5], [0.0, -1.0])
    assert reach(np.arange(10) + 0.5, np.ones(10), 0.5) == pytest.approx(5)
