"""How a stored image lies on the sky: whose word on its pixel scale and its north counts."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.scales import gz2_pixel_scale_arcsec

ScaleConvention = Literal["given", "gz2"]
"""Where a pixel scale comes from: "given" by the row or else by the image's FITS header; "gz2" the
same, or else by the Galaxy Zoo 2 rule that the image's side is 424 x 0.02 petro_r90_arcsec."""


def pixel_scale(
    convention: ScaleConvention,
    row: float | None,
    header: float | None,
    petro_r90_arcsec: float | None,
    image_px: int,
) -> float | None:
    """Arcsec per pixel of a stored image of `image_px` columns, None where nobody knows.

    `row`: the input's pixel_scale_arcsec; `header`: the FITS file's. A value that is no positive
    number is none. Raises ValueError for another convention.
    """
    if convention not in ("given", "gz2"):
        raise ValueError(f"scale convention {convention!r} must be 'given' or 'gz2'")
    rule = None
    if convention == "gz2" and petro_r90_arcsec is not None:
        rule = float(gz2_pixel_scale_arcsec(petro_r90_arcsec, image_px))
    values = (v for v in (row, header, rule) if v is not None and np.isfinite(v) and v > 0)
    return next(values, None)


def north(row: float | None, header: float | None) -> float | None:
    """Direction of north, degrees counter-clockwise from image up: the row's word, else the FITS
    header's, else None."""
    return next((v for v in (row, header) if v is not None and np.isfinite(v)), None)


def position_angle_on_sky(
    angle_deg: ArrayLike, north_deg: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Angles in [0, 180) from north through east, and in which frame they are: "sky" or "image".

    angle_deg: counter-clockwise from image up, (N,). north_deg: (N,), NaN where north is not
    known; there the angle stays as it is.
    """
    angle, up = np.asarray(angle_deg, np.float64), np.asarray(north_deg, np.float64)
    known = np.isfinite(up)
    turned = np.where(known, angle - np.where(known, up, 0.0), angle) % 180.0
    return turned % 180.0, np.where(known, "sky", "image")  # % twice: a tiny negative gives 180
