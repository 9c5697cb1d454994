"""Read the first image of a FITS file: as 8-bit RGB, stretched, or as the stored fluxes.

One plane becomes grey, two planes the grey of their mean, and three or more planes the colours of
the first three, which are taken in order of wavelength (g, r, i or g, r, z). Axes of length one are
ignored; a second band axis is not supported. FITS row 1 is the bottom of the picture, so the rows
are reversed: row 0 is the top. Astropy unpacks tile-compressed images (RICE and others). Plain
images are read here, because astropy reports through Python's process-wide warnings: threads share
them, and they would flood a cluster's logs.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogues.images.fits_headers import BLOCK, Hdu, hdus, scale_and_north
from catalogues.images.limits import ImageFault, ImageLimits
from catalogues.images.stretch import Floats, grey, rgb
from catalogues.statuses import Status

_DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True, kw_only=True)
class FitsImage:
    """`pixels`: (H, W, 3) uint8, row 0 at the top. Scale and north: see
    catalogues.images.fits_headers."""

    pixels: NDArray[np.uint8]
    pixel_scale_arcsec: float | None
    north_deg: float | None


def read_fits(data: bytes, limits: ImageLimits) -> FitsImage:
    """Read the first image of a FITS file as RGB. Raises ImageFault."""
    for hdu in hdus(data, limits):
        if hdu.is_image:
            scale, north = scale_and_north(hdu.header)
            pixels = _picture(_varying(_planes(data, hdu, limits)[:, ::-1]))
            return FitsImage(pixels=pixels, pixel_scale_arcsec=scale, north_deg=north)
    raise _no_image()


def read_flux(data: bytes, limits: ImageLimits) -> Floats:
    """Read the first plane of the file's first image, (H, W), in the stored unit.

    Row 0 is the top; blank pixels are NaN. Raises ImageFault.
    """
    for hdu in hdus(data, limits):
        if hdu.is_image:
            plane: Floats = _planes(data, hdu, limits)[0, ::-1]
            _varying(plane[None])
            return plane
    raise _no_image()


def _no_image() -> ImageFault:
    return ImageFault(Status.NOT_AN_IMAGE, "the FITS file holds no image: only tables or spectra")


def _planes(data: bytes, hdu: Hdu, limits: ImageLimits) -> Floats:
    """Read at most three planes, (count, H, W), row 0 at the bottom."""
    width, height, *others = hdu.shape
    limits.check_size(width, height)
    bands = [n for n in others if n != 1]
    if len(bands) > 1:
        raise ImageFault(
            Status.UNSUPPORTED_IMAGE,
            f"a FITS array of {' x '.join(map(str, hdu.shape))} has more than one band axis: "
            "extract one image or cube",
        )
    count = min(3, bands[0]) if bands else 1
    if count < 1:
        raise ImageFault(Status.CORRUPT_IMAGE, "the header says the FITS cube has no planes")
    hdu.check_complete(len(data))
    return _compressed(data, hdu, count, limits) if hdu.is_compressed else _plain(data, hdu, count)


def _varying(planes: Floats) -> Floats:
    """Scale the planes to at most 1. Raises ImageFault if they are not finite or constant."""
    good = np.isfinite(planes)
    if not good.any():
        raise ImageFault(Status.NOT_FINITE_IMAGE, "no pixel of the FITS image is finite")
    largest = float(np.abs(planes[good]).max())
    scaled = planes / largest if largest > 0 else planes
    if all(_is_constant(plane[ok]) for plane, ok in zip(scaled, good, strict=True)):
        raise ImageFault(Status.BLANK_IMAGE, "every pixel of the FITS image has the same value")
    return scaled


def _is_constant(values: Floats) -> bool:
    return bool(values.size == 0 or values.min() == values.max())


def _picture(planes: Floats) -> NDArray[np.uint8]:
    if len(planes) == 3:
        return rgb(planes)
    if len(planes) == 2:
        both = np.isfinite(planes).all(axis=0)
        return grey(np.where(both, planes[0] / 2 + planes[1] / 2, np.nan))
    return grey(planes[0])


def _plain(data: bytes, hdu: Hdu, count: int) -> Floats:
    """Read the first `count` planes of a plain image, (count, H, W), blank pixels as NaN."""
    width, height = hdu.shape[:2]
    raw = np.frombuffer(data, _DTYPES[hdu.bitpix], count * height * width, hdu.data_start)
    stored = raw.reshape(count, height, width)
    with np.errstate(all="ignore"):
        values = stored.astype(np.float64)
        scale, zero = hdu.number("BSCALE", 1.0), hdu.number("BZERO", 0.0)
        if (scale, zero) != (1.0, 0.0):
            values = values * scale + zero
    blank = hdu.header.get("BLANK")
    if hdu.bitpix > 0 and isinstance(blank, int):
        values[stored == blank] = np.nan
    return values


def _compressed(data: bytes, hdu: Hdu, count: int, limits: ImageLimits) -> Floats:
    """Read a tile-compressed image (FITS standard 4.0, section 10) like `_plain`."""
    from astropy.io import fits  # slow to import, and only these files need it

    tile = math.prod(int(hdu.number(f"ZTILE{i}", 1)) for i in range(1, len(hdu.shape) + 1))
    if tile > 4 * limits.pixels_max:
        raise ImageFault(Status.TOO_LARGE_IMAGE, f"a FITS tile of {tile} pixels is over the limit")
    lone = _empty_primary() + data[hdu.start : hdu.data_start + hdu.data_bytes]
    lone += bytes(-len(lone) % BLOCK)
    try:
        with fits.open(io.BytesIO(lone), memmap=False) as opened:
            section = opened[1].section
            # unpack only the wanted planes of a cube
            values = np.asarray(section[:count] if len(hdu.shape) == 3 else section[...])
    except Exception as error:
        raise ImageFault(
            Status.CORRUPT_IMAGE, f"unpacking the compressed FITS image fails: {error}"
        ) from error
    width, height = hdu.shape[:2]
    if values.shape[-2:] != (height, width):
        raise ImageFault(
            Status.CORRUPT_IMAGE,
            f"the compressed FITS image unpacks to {values.shape}, its header says {hdu.shape}",
        )
    return values.reshape(-1, height, width)[:count].astype(np.float64)


def _empty_primary() -> bytes:
    cards = (("SIMPLE", "T"), ("BITPIX", "8"), ("NAXIS", "0"), ("EXTEND", "T"))
    text = "".join(f"{name:<8}= {value:>20}".ljust(80) for name, value in cards) + "END"
    return text.ljust(BLOCK).encode()
