"""Sizes of galaxies and true lengths in the units that a comparison is made in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from catalogues.length_units import CATALOGUE_COLUMN

Floats = NDArray[np.float64]
Columns = Mapping[str, Floats]
"""Columns of `catalogues.matched.Matched`."""


def galaxy_sizes(columns: Columns, unit: str) -> tuple[Floats, str]:
    """(sizes (N,) in `unit`, what they are): the truth's own, else petroR90, else the radius that
    was measured on the image. NaN where a size or its scale is unknown."""
    if np.isfinite(columns["true_size"]).any():
        return columns["true_size"], "petroR90"
    per_px = units_per_px(columns, unit)
    petro = columns["petro_r90_arcsec"] / _above_0(columns["pixel_scale_arcsec"]) * per_px
    if np.isfinite(petro).any():
        return petro, "petroR90"
    radius = columns["galaxy_radius_px"] * per_px
    return radius, "the galaxy's radius on the image" if np.isfinite(radius).any() else ""


def units_per_px(columns: Columns, unit: str) -> Floats:
    """How much of `unit` a pixel of the stored image is, (N,).

    From the measured lengths where there are any, so that it is the catalogue's own scale; pixels
    and arcseconds without them, too.
    """
    if unit == "px":
        return np.ones_like(columns["bar_length_px"])
    measured = columns[CATALOGUE_COLUMN[unit]] / _above_0(columns["bar_length_px"])
    if unit != "arcsec":
        return measured
    return np.where(np.isfinite(measured), measured, _above_0(columns["pixel_scale_arcsec"]))


def true_lengths_px(columns: Columns, unit: str) -> Floats:
    """True lengths in pixels of the stored image, (N,), NaN where they or the scale are unknown."""
    if not unit:
        return np.full_like(columns["true_length"], np.nan)
    return columns["true_length"] / _above_0(units_per_px(columns, unit))


def _above_0(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)
