"""The telescope: point-spread functions by GalSim, convolution, and radii as seen through them."""

from __future__ import annotations

import galsim
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from catalogues.mock_galaxies import BANDS, MockGalaxy
from catalogues.mock_light import band_images, galaxy_light
from catalogues.mock_profiles import Grid
from catalogues.petrosian import Petrosian, petrosian

Plane = NDArray[np.float32]

_PETRO_PIXELS = 192
_PETRO_FIELD_R90 = 9.0


def psf_profile(galaxy: MockGalaxy, band: int) -> galsim.GSObject:
    """Moffat with `psf_beta`, or Kolmogorov where that is 0; unit flux."""
    fwhm = galaxy.psf_fwhm_arcsec[band]
    if galaxy.psf_beta == 0:
        return galsim.Kolmogorov(fwhm=fwhm)
    return galsim.Moffat(beta=galaxy.psf_beta, fwhm=fwhm)


def psf_transfer(
    galaxy: MockGalaxy, band: int, grid: Grid, native_pixel_arcsec: float
) -> NDArray[np.complex64]:
    """Fourier transform, on rfft2's layout, of the PSF as the camera's square pixel samples it."""
    size = fft.next_fast_len(grid.n, real=True)
    profile = galsim.Convolve(psf_profile(galaxy, band), galsim.Pixel(native_pixel_arcsec))
    wings = 2 * int(6 * galaxy.psf_fwhm_arcsec[band] / grid.pixel_arcsec) + 9
    wings = size if galaxy.kind == "artifact" else wings  # a bright star shows all of its halo
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
    """`image` (n, n) through `transfer`; periodic, the field's rim being sky."""
    n, size = image.shape[0], transfer.shape[0]
    padded = np.zeros((size, size), np.float32)
    padded[:n, :n] = image
    result: Plane = fft.irfft2(fft.rfft2(padded) * transfer, s=(size, size))[:n, :n]
    return result


def petrosian_radii(galaxy: MockGalaxy, native_pixel_arcsec: float = 0.396) -> Petrosian:
    """Petrosian radii (arcsec) of the noiseless r-band image, on pixels of R90 / 21."""
    pixel = _PETRO_FIELD_R90 * galaxy.petro_r90_arcsec / _PETRO_PIXELS
    grid = Grid(n=_PETRO_PIXELS + 1, pixel_arcsec=pixel)
    red = band_images(galaxy, galaxy_light(galaxy, grid))["r"]
    transfer = psf_transfer(galaxy, BANDS.index("r"), grid, native_pixel_arcsec)
    return petrosian(convolve(red, transfer), pixel)
