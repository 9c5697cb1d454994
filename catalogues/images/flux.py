"""Decode one band of fluxes with its whole dynamic range, from FITS or greyscale PNG.

`catalogues.images.decode.decode` makes pictures that are stretched to 8 bits. The lobes of a radio
source can be a thousand times fainter than its core and would be lost in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalogues.images import kinds as image_kinds
from catalogues.images.decode import known_image
from catalogues.images.fits import read_flux
from catalogues.images.limits import ImageFault, ImageLimits
from catalogues.images.raster import read_grey
from catalogues.statuses import Status


@dataclass(frozen=True, kw_only=True)
class Flux:
    """Result of decoding one image.

    `values`: (H, W) float64 in the file's unit, row 0 at the top, NaN where blank; or None.
    `status` and `message`: as in catalogues.images.decode.Decoded.
    """

    values: NDArray[np.float64] | None = None
    status: Status | None = None
    message: str = ""


_DEFAULTS = ImageLimits()


def decode_flux(data: bytes | None, limits: ImageLimits = _DEFAULTS) -> Flux:
    """Decode the first plane of a FITS file, or a greyscale PNG of 8 or 16 bits. Never raises.

    JPEGs and colour pictures hold no fluxes: their status is UNSUPPORTED_IMAGE.
    """
    if data is None:
        return Flux(
            status=Status.MISSING_IMAGE,
            message="the row holds neither image bytes nor a readable path",
        )
    try:
        return Flux(values=_decode(bytes(data), limits))
    except ImageFault as fault:
        return Flux(status=fault.status, message=fault.message)
    except Exception as error:
        message = f"unforeseen while decoding the image: {type(error).__name__}: {error}"
        return Flux(status=Status.FAILED, message=message)


def _decode(data: bytes, limits: ImageLimits) -> NDArray[np.float64]:
    kind, data = known_image(data, limits)
    if kind == image_kinds.FITS:
        return read_flux(data, limits)
    if kind == image_kinds.JPEG:
        raise ImageFault(
            Status.UNSUPPORTED_IMAGE, "a JPEG holds a picture, not fluxes: give FITS, or a PNG"
        )
    values = read_grey(data, limits)
    if (values == values[0, 0]).all():
        raise ImageFault(Status.BLANK_IMAGE, "every pixel of the image has the same value")
    return values
