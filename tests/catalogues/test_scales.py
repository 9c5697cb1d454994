"""Scales against distances known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from catalogues import scales


def test_gz2_pixel_is_a_fiftieth_of_petro_r90() -> None:
    np.testing.assert_allclose(scales.gz2_pixel_scale_arcsec([5.0, 13.2]), [0.1, 0.264])
    # the same field on half the pixels
    assert scales.gz2_pixel_scale_arcsec(5.0, 212) == pytest.approx(0.2)


@pytest.mark.parametrize("z", [0.01, 0.05, 0.12, 1.0])
def test_kpc_per_arcsec_is_the_distance_integral(z: float) -> None:
    def inverse_hubble(x: float) -> float:
        return float(1 / np.sqrt(0.3 * (1 + x) ** 3 + 0.7))

    comoving_kpc = 299792.458 / 70.0 * 1e3 * quad(inverse_hubble, 0, z)[0]
    expected = comoving_kpc / (1 + z) * np.pi / (180 * 3600)
    assert scales.kpc_per_arcsec(z) == pytest.approx(expected, rel=2e-4)


def test_round_trip_and_vectors() -> None:
    px, scale = np.array([10.0, 40.0]), np.array([0.1, 0.4])
    arcsec = scales.px_to_arcsec(px, scale)
    np.testing.assert_allclose(arcsec, [1.0, 16.0])
    both = scales.arcsec_to_kpc(arcsec, [0.02, 0.08])
    alone = [scales.arcsec_to_kpc(arcsec[0], 0.02), scales.arcsec_to_kpc(arcsec[1], 0.08)]
    np.testing.assert_allclose(both, alone)


def test_what_is_unknown_stays_unknown() -> None:
    z = [np.nan, 0.05, 0.0, -1.0, np.inf, 0.05]
    kpc = scales.arcsec_to_kpc([1, np.nan, 1, 1, 1, 1], z)
    assert np.isnan(kpc).tolist() == [True, True, True, True, True, False]
    assert np.isnan(scales.px_to_arcsec([1.0, np.nan, 1.0], [0.0, 0.4, np.nan])).all()
    assert np.isnan(scales.gz2_pixel_scale_arcsec([0.0, -3.0, np.nan])).all()


def test_cosmologies_by_name() -> None:
    default = scales.cosmology()
    assert (default.H0.value, default.Om0, default.name) == (70.0, 0.3, "FlatH70Om03")
    assert scales.cosmology("Planck18").H0.value == pytest.approx(67.66)
    with pytest.raises(ValueError, match=r"'Planck3000' is not known; choose one of FlatH70Om03"):
        scales.cosmology("Planck3000")
