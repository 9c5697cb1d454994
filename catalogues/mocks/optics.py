"""Model the telescope: point-spread functions by GalSim, convolution, and Petrosian radii.

Petrosian radii of a noiseless image follow SDSS's definition with circular apertures (Strauss et
al. 2002, section 3.2). eta(r) is the mean surface brightness in 0.8-1.25 r divided by the mean
inside r. r_P is the radius where eta falls to 0.2. The flux is measured inside 2 r_P, and petroR90
contains 90 % of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import galsim
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from catalogues.mocks.galaxy import BANDS, MockGalaxy
from catalogues.mocks.light import band_images, galaxy_light
from catalogues.mocks.profiles import Grid

ETA = 0.2
FLUX_RADII = 2.0


@dataclass(frozen=True, kw_only=True)
class Petrosian:
    """Petrosian radii in the unit of the pixel scale, and flux in the unit of the image."""

    radius: float
    r50: float
    r90: float
    flux: float


def petrosian(image: NDArray[np.floating], pixel_scale: float) -> Petrosian:
    """Measure Petrosian radii around the image's centre ((n - 1)/2).

    `image`: (n, n), noiseless, without sky. If eta does not fall to 0.2 inside the image, r_P is
    the largest radius tried, half the distance to the image's edge; so the image should reach to
    2 r_P. Raises ValueError for an image without flux.
    """
    n = image.shape[0]
    axis = np.arange(n) - (n - 1) / 2
    radius = np.hypot(axis[:, None], axis).ravel()
    edges = np.arange(0.0, n / 2, 0.5)
    growth, area = _curve_of_growth(radius, image.ravel().astype(np.float64), edges)
    if not growth[-1] > 0:
        raise ValueError("the image holds no flux: a Petrosian radius needs a galaxy at the centre")
    tried = edges[(edges >= 2.0) & (edges <= edges[-1] / FLUX_RADII)]
    inside = np.interp(tried, edges, growth) / np.interp(tried, edges, area)
    annulus = np.interp(1.25 * tried, edges, growth) - np.interp(0.8 * tried, edges, growth)
    annulus /= np.interp(1.25 * tried, edges, area) - np.interp(0.8 * tried, edges, area)
    r_petro = _first_crossing(tried, annulus / inside)
    flux = float(np.interp(FLUX_RADII * r_petro, edges, growth))
    monotone = np.maximum.accumulate(growth)
    r50, r90 = np.interp([0.5 * flux, 0.9 * flux], monotone, edges)
    return Petrosian(
        radius=r_petro * pixel_scale, r50=r50 * pixel_scale, r90=r90 * pixel_scale, flux=flux
    )


def _curve_of_growth(
    radius: NDArray[np.float64], flux: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute flux and area inside each edge; each pixel is spread over one pixel of radius."""
    order = np.argsort(radius)
    ordered = radius[order]
    # mean of the sums with hard edges over +-1/2 px: difference of the hard curve's antiderivative
    outer, inner = ordered + 0.5, ordered - 0.5
    growth = _ramp_sum(outer, inner, flux[order], edges)
    area = _ramp_sum(outer, inner, np.ones_like(flux), edges)
    return growth, area


def _ramp_sum(
    outer: NDArray[np.float64],
    inner: NDArray[np.float64],
    weight: NDArray[np.float64],
    edges: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Compute the sum over pixels of weight x clip(edge - inner, 0, 1), with two running sums."""
    zero = np.zeros(1)
    total = np.concatenate([zero, np.cumsum(weight)])
    first_inner = np.concatenate([zero, np.cumsum(weight * inner)])
    whole = np.searchsorted(outer, edges, side="right")
    begun = np.searchsorted(inner, edges, side="right")
    partial = edges * (total[begun] - total[whole]) - (first_inner[begun] - first_inner[whole])
    result: NDArray[np.float64] = total[whole] + partial
    return result


def _first_crossing(radius: NDArray[np.float64], eta: NDArray[np.float64]) -> float:
    below = np.nonzero(eta < ETA)[0]
    if len(below) == 0:
        return float(radius[-1])
    k = int(below[0])
    if k == 0:
        return float(radius[0])
    share = (eta[k - 1] - ETA) / (eta[k - 1] - eta[k])
    return float(radius[k - 1] + share * (radius[k] - radius[k - 1]))


Plane = NDArray[np.float32]

_PETRO_PIXELS = 192
_PETRO_FIELD_R90 = 9.0


def psf_profile(galaxy: MockGalaxy, band: int) -> galsim.GSObject:
    """Make a Moffat profile with `psf_beta`, or a Kolmogorov profile if that is 0; unit flux."""
    fwhm = galaxy.psf_fwhm_arcsec[band]
    if galaxy.psf_beta == 0:
        return galsim.Kolmogorov(fwhm=fwhm)
    return galsim.Moffat(beta=galaxy.psf_beta, fwhm=fwhm)


def psf_transfer(
    galaxy: MockGalaxy, band: int, grid: Grid, native_pixel_arcsec: float
) -> NDArray[np.complex64]:
    """Compute the Fourier transform (layout of rfft2) of the PSF, sampled by square pixels."""
    size = fft.next_fast_len(grid.n, real=True)
    profile = galsim.Convolve(psf_profile(galaxy, band), galsim.Pixel(native_pixel_arcsec))
    wings = 2 * int(6 * galaxy.psf_fwhm_arcsec[band] / grid.pixel_arcsec) + 9
    wings = size if galaxy.kind == "artifact" else wings  # a bright star shows its whole halo
    reach = min(size - (1 - size % 2), wings)  # odd: the stamp has a centre pixel
    stamp = profile.drawImage(
        nx=reach, ny=reach, scale=grid.pixel_arcsec, method="no_pixel", dtype=np.float32
    ).array
    kernel = np.zeros((size, size), np.float32)
    kernel[:reach, :reach] = stamp / stamp.sum()
    half = reach // 2
    kernel = np.roll(kernel, (-half, -half), axis=(0, 1))
    result: NDArray[np.complex64] = fft.rfft2(kernel)
    return result


def convolve(image: Plane, transfer: NDArray[np.complex64]) -> Plane:
    """Convolve `image` (n, n) with `transfer`, periodically: the edge of the field is sky."""
    n, size = image.shape[0], transfer.shape[0]
    padded = np.zeros((size, size), np.float32)
    padded[:n, :n] = image
    result: Plane = fft.irfft2(fft.rfft2(padded) * transfer, s=(size, size))[:n, :n]
    return result


def petrosian_radii(galaxy: MockGalaxy, native_pixel_arcsec: float = 0.396) -> Petrosian:
    """Measure Petrosian radii (arcsec) on the noiseless r-band image, on pixels of R90 / 21."""
    pixel = _PETRO_FIELD_R90 * galaxy.petro_r90_arcsec / _PETRO_PIXELS
    grid = Grid(n=_PETRO_PIXELS + 1, pixel_arcsec=pixel)
    red = band_images(galaxy, galaxy_light(galaxy, grid))["r"]
    transfer = psf_transfer(galaxy, BANDS.index("r"), grid, native_pixel_arcsec)
    return petrosian(convolve(red, transfer), pixel)
