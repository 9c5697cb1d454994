"""Decode the bytes of an image to pixels, or to a status that says what is wrong with them.

Bad data never raise. FITS files packed with gzip (.fits.gz) are unpacked in memory, up to the limit
of an image file.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogues.images import fits as fits_images
from catalogues.images import kinds as image_kinds
from catalogues.images import raster as raster_images
from catalogues.images.kinds import is_fits
from catalogues.images.limits import ImageFault, ImageLimits
from catalogues.statuses import Status

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


def unpacked(data: bytes, limits: ImageLimits) -> bytes:
    """Unpack a FITS file packed with gzip. Any other data are returned unchanged.

    The first bytes tell whether it is FITS. No more than `bytes_max` bytes are unpacked. Raises
    ImageFault.
    """
    if not data.startswith(_GZIP) or not is_fits(_begin(data)):
        return data
    stream = zlib.decompressobj(_GZIP_WINDOW)
    try:
        whole = stream.decompress(data, limits.bytes_max + 1)
    except zlib.error as error:
        raise ImageFault(Status.CORRUPT_IMAGE, f"unpacking the FITS file fails: {error}") from error
    if len(whole) > limits.bytes_max:
        raise ImageFault(
            Status.TOO_LARGE_IMAGE,
            f"the packed FITS file has more than the limit of {limits.bytes_max} bytes",
        )
    if not stream.eof:
        raise ImageFault(Status.TRUNCATED_IMAGE, "the packed FITS file ends early")
    return whole


def _begin(data: bytes) -> bytes:
    """Unpack the first bytes of gzip data; return none if that fails."""
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(data[:65536], 80)
    except zlib.error:
        return b""


__all__ = ["Decoded", "ImageLimits", "decode"]


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """Result of decoding one image.

    Attributes
    ----------
    pixels : (H, W, 3) uint8 RGB, row 0 at the top, or None.
    status : None if there are pixels, else what is wrong with the image.
    message : the same as a sentence.
    pixel_scale_arcsec, north_deg : from the WCS of a FITS file if it has one, in the units of
        catalogues.manifest.
    """

    pixels: NDArray[np.uint8] | None = None
    status: Status | None = None
    message: str = ""
    pixel_scale_arcsec: float | None = None
    north_deg: float | None = None


_DEFAULTS = ImageLimits()


def decode(data: bytes | None, limits: ImageLimits = _DEFAULTS) -> Decoded:
    """Decode a JPEG, PNG or FITS image (FITS also within gzip). Never raises for bad data.

    Other formats (GIF, TIFF, WebP, ...) are not supported; the message names the format.
    `catalogues.images.raster` and `catalogues.images.fits` describe how each kind becomes RGB. The
    function is safe in threads: it changes no process-wide setting of Pillow, astropy or
    `warnings`.
    """
    if data is None:
        return _fault(Status.MISSING_IMAGE, "the row holds neither image bytes nor a readable path")
    try:
        return _decode(bytes(data), limits)
    except ImageFault as fault:
        return _fault(fault.status, fault.message)
    except Exception as error:
        return _fault(
            Status.FAILED, f"unforeseen while decoding the image: {type(error).__name__}: {error}"
        )


def _fault(status: Status, message: str) -> Decoded:
    return Decoded(status=status, message=message)


def known_image(data: bytes, limits: ImageLimits) -> tuple[str, bytes]:
    """Return the kind of an image (JPEG, PNG or FITS) and its bytes, unpacked from gzip.

    Raises ImageFault for other data and for files over the limit.
    """
    if not data:
        raise ImageFault(Status.EMPTY_IMAGE, "the image has zero bytes")
    if len(data) > limits.bytes_max:
        raise ImageFault(
            Status.TOO_LARGE_IMAGE,
            f"{len(data)} bytes are more than the limit of {limits.bytes_max} bytes",
        )
    data = unpacked(data, limits)
    return image_kinds.kind_of(data), data


def _decode(data: bytes, limits: ImageLimits) -> Decoded:
    kind, data = known_image(data, limits)
    if kind == image_kinds.FITS:
        image = fits_images.read_fits(data, limits)
        decoded = Decoded(
            pixels=image.pixels,
            pixel_scale_arcsec=image.pixel_scale_arcsec,
            north_deg=image.north_deg,
        )
    else:
        read = raster_images.read_jpeg if kind == image_kinds.JPEG else raster_images.read_png
        decoded = Decoded(pixels=read(data, limits))
    assert decoded.pixels is not None
    if (decoded.pixels == decoded.pixels[0, 0]).all():
        raise ImageFault(Status.BLANK_IMAGE, "every pixel of the image has the same value")
    return decoded
