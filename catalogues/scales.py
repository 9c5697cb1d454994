"""Convert lengths from pixels to arcseconds and kiloparsecs, and angles from image to sky.

The cosmology is chosen by a name, which outputs record. The rules for an image's pixel scale and
direction of north (table, FITS header or convention) are here, too.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

GZ2_IMAGE_PX = 424
"""Side of a Galaxy Zoo 2 cutout in pixels."""

GZ2_SCALE_R90 = 0.02
"""Pixel scale of a Galaxy Zoo 2 cutout in units of petroR90_r (Willett et al. 2013, sect. 2.2)."""

DEFAULT_COSMOLOGY = "FlatH70Om03"
"""FlatLambdaCDM(H0=70 km/s/Mpc, Om0=0.3): the cosmology of Hoyle et al. 2011's lengths."""

_ARCSEC_PER_RADIAN = 180.0 * 3600.0 / np.pi


@cache
def cosmology(name: str = DEFAULT_COSMOLOGY) -> Any:
    """Return the astropy cosmology called `name`: DEFAULT_COSMOLOGY or one of astropy's own.

    Raises ValueError, which lists the names, for any other name.
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
    """Compute arcsec per pixel of a Galaxy Zoo 2 field stored with `image_px` pixels per side.

    NaN where the radius is not positive.
    """
    if image_px < 1:
        raise ValueError(f"image_px {image_px} must be at least 1: give the stored image's side")
    r90 = np.asarray(petro_r90_arcsec, dtype=np.float64)
    return np.where(r90 > 0, r90 * (GZ2_SCALE_R90 * GZ2_IMAGE_PX / image_px), np.nan)


def px_to_arcsec(length_px: ArrayLike, pixel_scale_arcsec: ArrayLike) -> NDArray[np.float64]:
    """Convert pixels to arcsec, broadcast; NaN where either is NaN or the scale is not positive.

    Errors are converted in the same way: the scale counts as exact.
    """
    scale = np.asarray(pixel_scale_arcsec, dtype=np.float64)
    return np.asarray(length_px, dtype=np.float64) * np.where(scale > 0, scale, np.nan)


def kpc_per_arcsec(z: ArrayLike, cosmology_name: str = DEFAULT_COSMOLOGY) -> NDArray[np.float64]:
    """Compute proper kpc per arcsec at redshift z, D_A(z) / 206265; NaN unless z is finite, > 0."""
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
    """Convert arcsec to proper kpc at redshift z, broadcast; NaN where the length or z is unusable.

    z is unusable unless it is finite and > 0.
    """
    return np.asarray(length_arcsec, dtype=np.float64) * kpc_per_arcsec(z, cosmology_name)


ScaleConvention = Literal["given", "gz2"]
"""Source of a pixel scale. "given": the row, or else the image's FITS header. "gz2": the same, or
else the Galaxy Zoo 2 rule, by which the image's side is 424 x 0.02 petro_r90_arcsec."""


def pixel_scale(
    convention: ScaleConvention,
    row: float | None,
    header: float | None,
    petro_r90_arcsec: float | None,
    image_px: int,
) -> float | None:
    """Return arcsec per pixel of a stored image, None if it is unknown.

    Raises ValueError for an unknown convention.

    Parameters
    ----------
    convention : which sources count, see ScaleConvention.
    row : the input's pixel_scale_arcsec; ignored unless finite and positive.
    header : the FITS file's pixel scale; ignored unless finite and positive.
    petro_r90_arcsec : Petrosian radius, for the convention "gz2".
    image_px : columns of the stored image.
    """
    if convention not in ("given", "gz2"):
        raise ValueError(f"scale convention {convention!r} must be 'given' or 'gz2'")
    rule = None
    if convention == "gz2" and petro_r90_arcsec is not None:
        rule = float(gz2_pixel_scale_arcsec(petro_r90_arcsec, image_px))
    values = (v for v in (row, header, rule) if v is not None and np.isfinite(v) and v > 0)
    return next(values, None)


def north(row: float | None, header: float | None) -> float | None:
    """Return the direction of north in degrees, counter-clockwise from image up.

    The row's value counts before the FITS header's. None if neither is finite.
    """
    return next((v for v in (row, header) if v is not None and np.isfinite(v)), None)


def position_angle_on_sky(
    angle_deg: ArrayLike, north_deg: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Convert image angles to position angles in [0, 180) and return them with their frames.

    angle_deg: (N,), counter-clockwise from image up. north_deg: (N,), NaN where north is unknown.
    The frame is "sky" (angle from north through east) where north is known; else it is "image",
    and the angle is only reduced to [0, 180).
    """
    angle, up = np.asarray(angle_deg, np.float64), np.asarray(north_deg, np.float64)
    known = np.isfinite(up)
    turned = np.where(known, angle - np.where(known, up, 0.0), angle) % 180.0
    return turned % 180.0, np.where(known, "sky", "image")  # % twice: a tiny negative gives 180
