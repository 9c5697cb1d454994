"""Petrosian radii of profiles whose radii follow by quadrature."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from catalogues.mocks.optics import petrosian

Profile = Callable[[float], float]


def _by_quadrature(profile: Profile) -> tuple[float, float, float]:
    """r_P, R50, R90 of a circular profile by SDSS's definition."""

    def flux(r: float) -> float:
        return float(quad(lambda x: 2 * np.pi * x * profile(x), 0, r, epsabs=0, epsrel=1e-7)[0])

    def eta(r: float) -> float:
        ring = (flux(1.25 * r) - flux(0.8 * r)) / (1.25**2 - 0.8**2)
        return float(ring / flux(r))

    r_petro = brentq(lambda r: eta(r) - 0.2, 0.5, 40)
    total = flux(2 * r_petro)
    r50, r90 = (brentq(lambda r, s=s: flux(r) - s * total, 0.05, 40) for s in (0.5, 0.9))
    return r_petro, r50, r90


def _image(profile: Callable[[np.ndarray], np.ndarray], scale: float, n: int) -> np.ndarray:
    axis = (np.arange(n) - (n - 1) / 2) * scale
    return profile(np.hypot(axis[:, None], axis))


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("exponential", lambda r: np.exp(-r)),
        ("gaussian", lambda r: np.exp(-0.5 * r**2)),
        ("sersic 2", lambda r: np.exp(-3.672 * np.sqrt(r / 2.0))),
    ],
)
def test_radii_of_circular_profiles(name: str, profile: Callable[..., np.ndarray]) -> None:
    r_petro, r50, r90 = _by_quadrature(profile)
    measured = petrosian(_image(profile, 0.08, 401), 0.08)
    assert measured.radius == pytest.approx(r_petro, rel=0.015), name
    assert measured.r50 == pytest.approx(r50, rel=0.015), name
    assert measured.r90 == pytest.approx(r90, rel=0.015), name


def test_exponential_disc_has_its_known_radii() -> None:
    measured = petrosian(_image(lambda r: np.exp(-r / 3.0), 0.25, 401), 0.25)
    # r_P = 3.59 h; 2 r_P holds 99.4 % of the light, whose radii of 50 and 90 % are 1.668 and 3.82 h
    assert measured.radius / 3.0 == pytest.approx(3.59, abs=0.06)
    assert measured.r50 / 3.0 == pytest.approx(1.668, abs=0.02)
    assert measured.r90 / 3.0 == pytest.approx(3.82, abs=0.05)
    assert measured.flux == pytest.approx(2 * np.pi * (3.0 / 0.25) ** 2, rel=0.01)


def test_radii_scale_with_the_pixel() -> None:
    image = _image(lambda r: np.exp(-r), 0.1, 201)
    one, three = petrosian(image, 0.1), petrosian(image, 0.3)
    assert three.r90 == pytest.approx(3 * one.r90)
    assert three.flux == pytest.approx(one.flux)


def test_an_empty_image_has_no_radius() -> None:
    with pytest.raises(ValueError, match="holds no flux"):
        petrosian(np.zeros((51, 51)), 1.0)
