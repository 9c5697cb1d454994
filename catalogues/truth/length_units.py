"""Find the unit of a column of bar lengths from its name, check its values, and convert lengths.

True lengths and sizes of galaxies are converted to the unit of a comparison.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

LengthUnit = Literal["px", "arcsec", "kpc", "over_r90"]
"""Units of full bar lengths: pixels of the stored image, arcseconds, proper kpc, petroR90."""

MEDIANS: dict[str, tuple[float, float]] = {
    "px": (2.0, 5000.0),
    "arcsec": (0.3, 600.0),
    "kpc": (0.3, 40.0),
    "over_r90": (0.05, 5.0),
}
"""Allowed medians of samples of full bar lengths. The range in kpc is generous around the 0.2 to 27
kpc of Hoyle et al. 2011's bars; the others are what fits on an image."""

NEEDS: dict[str, tuple[str, ...]] = {
    "px": (),
    "arcsec": (),
    "kpc": ("z",),
    "over_r90": ("petro_r90_arcsec",),
}
"""Columns of the manifest that a length in this unit needs. All units but px also need the pixel
scale, which may come from the image's header."""

CATALOGUE_COLUMN: dict[str, str] = {
    "px": "bar_length_px",
    "arcsec": "bar_length_arcsec",
    "kpc": "bar_length_kpc",
    "over_r90": "bar_length_over_r90",
}
"""Column of the catalogue with lengths in each unit."""

_WORDS: dict[str, tuple[str, float]] = {
    "px": ("px", 1.0),
    "pix": ("px", 1.0),
    "pixel": ("px", 1.0),
    "pixels": ("px", 1.0),
    "arcsec": ("arcsec", 1.0),
    "asec": ("arcsec", 1.0),
    "arcmin": ("arcsec", 60.0),
    "kpc": ("kpc", 1.0),
    "pc": ("kpc", 1e-3),
    "r90": ("over_r90", 1.0),
    "scaled": ("over_r90", 2.0),
}
"""Words in a column's name with unit and factor. "scaled" (Hoyle et al. 2011): of 2 petroR90."""

_HUBBLE = re.compile(r"(kpc|pc)_?(per_|/)?_?h$|(^|_)h_?(kpc|pc)$")
_HALF = re.compile(r"(^|_)(sma|semi|half|radius|rbar|r_bar|a_bar)(_|$)")


@dataclass(frozen=True, kw_only=True)
class LengthColumn:
    """A column of lengths. Its values times `factor` are full lengths in `unit`."""

    name: str
    unit: str
    factor: float


def length_column(name: str, unit: str | None = None, semi: bool = False) -> LengthColumn:
    """Find unit and factor of a column from its name and from `unit`, the user's choice if given.

    `semi`: the column holds half lengths. Raises ValueError if neither gives a unit, if they
    contradict each other, if the unit in the name contains h, or if the name suggests half lengths
    but `semi` is false.
    """
    words = name.lower()
    if _HUBBLE.search(words):
        raise ValueError(
            f"column {name!r} is in units with h: multiply or divide it by your h, and rename it "
            "after its true unit, for instance bar_length_kpc"
        )
    if _HALF.search(words) and not semi:
        raise ValueError(
            f"column {name!r} seems to hold half lengths, but lengths here are full lengths: give "
            "--semi (validate: --table.semi) if it does, or give the column another name"
        )
    found = next((_WORDS[w] for w in reversed(re.split(r"[_\W]+", words)) if w in _WORDS), None)
    if found is None and unit is None:
        raise ValueError(
            f"column {name!r} does not name its unit, one of {', '.join(MEDIANS)}: rename it, for "
            f"instance to {name}_arcsec, or give the unit (calibrate: --unit, validate: "
            "--table.unit)"
        )
    if found is not None and unit is not None and found[0] != unit:
        raise ValueError(
            f"column {name!r} names {found[0]}, but the unit is given as {unit}: leave out the "
            "unit, or give the column another name"
        )
    named, factor = found or (str(unit), 1.0)
    return LengthColumn(name=name, unit=named, factor=factor * (2.0 if semi else 1.0))


def check_lengths(column: LengthColumn, lengths: ArrayLike) -> None:
    """Check that the median of full `lengths` (N,) in column.unit lies within MEDIANS.

    Values that are not above 0 are left out. Raises ValueError if the median is outside.
    """
    values: NDArray[np.float64] = np.asarray(lengths, dtype=np.float64).ravel()
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        raise ValueError(
            f"column {column.name!r} holds no length above 0: name a column of bar lengths"
        )
    low, high = MEDIANS[column.unit]
    median = float(np.median(values))
    if low <= median <= high:
        return
    raise ValueError(
        f"column {column.name!r} has a median full length of {median:.4g} {column.unit}, but bars "
        f"have medians of {low:g} to {high:g} {column.unit}{_perhaps(column.unit, median)}: its "
        "values have another unit than its name or the given unit says; correct the unit"
    )


def _perhaps(unit: str, median: float) -> str:
    low, high = MEDIANS["kpc"]
    if unit == "kpc" and low <= median / 1000 <= high:
        return f" ({median:.4g} pc would be {median / 1000:.3g} kpc)"
    return ""


Floats = NDArray[np.float64]
Columns = Mapping[str, Floats]
"""Columns of `catalogues.truth.pairs.Matched`."""


def galaxy_sizes(columns: Columns, unit: str) -> tuple[Floats, str]:
    """Return sizes of the galaxies, (N,) in `unit`, and their name for people.

    They are the truth's own sizes, else petroR90, else the radii measured on the images. NaN where
    a size or its scale is unknown.
    """
    if np.isfinite(columns["true_size"]).any():
        return columns["true_size"], "petroR90"
    per_px = units_per_px(columns, unit)
    petro = columns["petro_r90_arcsec"] / _above_0(columns["pixel_scale_arcsec"]) * per_px
    if np.isfinite(petro).any():
        return petro, "petroR90"
    radius = columns["galaxy_radius_px"] * per_px
    return radius, "the galaxy's radius on the image" if np.isfinite(radius).any() else ""


def units_per_px(columns: Columns, unit: str) -> Floats:
    """Return the size of a pixel of the stored image in `unit`, (N,).

    It comes from the measured lengths if there are any, so it is the catalogue's own scale. For
    pixels and arcseconds it is also known without measured lengths.
    """
    if unit == "px":
        return np.ones_like(columns["bar_length_px"])
    measured = columns[CATALOGUE_COLUMN[unit]] / _above_0(columns["bar_length_px"])
    if unit != "arcsec":
        return measured
    return np.where(np.isfinite(measured), measured, _above_0(columns["pixel_scale_arcsec"]))


def true_lengths_px(columns: Columns, unit: str) -> Floats:
    """Return true lengths in pixels of the stored image, (N,), NaN where length or scale is
    unknown."""
    if not unit:
        return np.full_like(columns["true_length"], np.nan)
    return columns["true_length"] / _above_0(units_per_px(columns, unit))


def _above_0(values: Floats) -> Floats:
    return np.where(values > 0, values, np.nan)
