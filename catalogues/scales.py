"""From pixels to arcseconds to kiloparsecs; the cosmology has a name that outputs can say.

How a stored image lies on the sky: whose word on its pixel scale and its north counts.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

GZ2_IMAGE_PX = 424
"""Side of a Galaxy Zoo 2 cutout."""

GZ2_SCALE_R90 = 0.02
"""Pixel of a Galaxy Zoo 2 cutout in units of petroR90_r (Willett et al. 2013, section 2.2)."""

DEFAULT_COSMOLOGY = "FlatH70Om03"
"""FlatLambdaCDM(H0=70 km/s/Mpc, Om0=0.3): the cosmology of Hoyle et al. 2011's lengths."""

_ARCSEC_PER_RADIAN = 180.0 * 3600.0 / np.pi


@cache
def cosmology(name: str = DEFAULT_COSMOLOGY) -> Any:
    """The astropy cosmology called `name`: DEFAULT_COSMOLOGY or one of astropy's own.

    Raises ValueError, listing the names, for any other.
    """
    from astropy.cosmology import FlatLambdaCDM, available, realizations

    if name == DEFAULT_COSMOLOGY:
        return FlatLambdaCDM(H0=70.0, Om0=0.3, name=DEFAULT_COSMOLOGY)
    if name not in available:
        names = ", ".join((DEFAULT_COSMOLOGY, *available))
        raise ValueError(f"cosmology {name!r} is not known; choose one of {names}")
    return getattr(realizations, name)


def gz2_pixel_scale_arcsec(
    petro_r90_arcsec: ArrayLike, image_px: int = GZ2_IMAGE_PX
) -> NDArray[np.float64]:
    """Arcsec per pixel of a Galaxy Zoo 2 field that is stored with `image_px` pixels a side."""
    if image_px < 1:
        raise ValueError(f"image_px {image_px} must be at least 1: give the stored image's side")
    r90 = np.asarray(petro_r90_arcsec, dtype=np.float64)
    return np.where(r90 > 0, r90 * (GZ2_SCALE_R90 * GZ2_IMAGE_PX / image_px), np.nan)


def px_to_arcsec(length_px: ArrayLike, pixel_scale_arcsec: ArrayLike) -> NDArray[np.float64]:
    """length_px x pixel_scale_arcsec, broadcast; NaN where either is NaN or the scale is not > 0.

    An error in pixels becomes one in arcseconds in the same way: the scale is taken as exact.
    """
    scale = np.asarray(pixel_scale_arcsec, dtype=np.float64)
    return np.asarray(length_px, dtype=np.float64) * np.where(scale > 0, scale, np.nan)


def kpc_per_arcsec(z: ArrayLike, cosmology_name: str = DEFAULT_COSMOLOGY) -> NDArray[np.float64]:
    """Proper kpc in an arcsecond at redshift z, D_A(z) / 206265; NaN unless z is finite and > 0."""
    redshift = np.asarray(z, dtype=np.float64)
    out = np.full(redshift.shape, np.nan)
    good = np.isfinite(redshift) & (redshift > 0)
    if np.any(good):
        distance = cosmology(cosmology_name).angular_diameter_distance(redshift[good])
        out[good] = distance.to_value("kpc") / _ARCSEC_PER_RADIAN
    return out


def arcsec_to_kpc(
    length_arcsec: ArrayLike, z: ArrayLike, cosmology_name: str = DEFAULT_COSMOLOGY
) -> NDArray[np.float64]:
    """length_arcsec x kpc_per_arcsec(z), broadcast; NaN where the length is NaN or z unusable."""
    return np.asarray(length_arcsec, dtype=np.float64) * kpc_per_arcsec(z, cosmology_name)


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
