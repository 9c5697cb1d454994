"""What unit a column of bar lengths is in: its name says so, and its values must not deny it.

Sizes of galaxies and true lengths in the units that a comparison is made in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

LengthUnit = Literal["px", "arcsec", "kpc", "over_r90"]
"""Units of full bar lengths: stored pixels, arcseconds, proper kpc, petroR90."""

MEDIANS: dict[str, tuple[float, float]] = {
    "px": (2.0, 5000.0),
    "arcsec": (0.3, 600.0),
    "kpc": (0.3, 40.0),
    "over_r90": (0.05, 5.0),
}
"""Medians that samples of full bar lengths can have: those in kpc generous about the 0.2 to 27 kpc
of Hoyle et al. 2011's bars, the others about what fits on an image."""

NEEDS: dict[str, tuple[str, ...]] = {
    "px": (),
    "arcsec": (),
    "kpc": ("z",),
    "over_r90": ("petro_r90_arcsec",),
}
"""Columns of the manifest that a length in this unit cannot do without; the pixel scale, which all
but px need too, may also stand in the image's header."""

CATALOGUE_COLUMN: dict[str, str] = {
    "px": "bar_length_px",
    "arcsec": "bar_length_arcsec",
    "kpc": "bar_length_kpc",
    "over_r90": "bar_length_over_r90",
}
"""The catalogue's column of lengths in each unit."""

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
"""Words of a column's name: unit and factor. "scaled" is Hoyle et al. 2011's, of 2 petroR90."""

_HUBBLE = re.compile(r"(kpc|pc)_?(per_|/)?_?h$|(^|_)h_?(kpc|pc)$")
_HALF = re.compile(r"(^|_)(sma|semi|half|radius|rbar|r_bar|a_bar)(_|$)")


@dataclass(frozen=True, kw_only=True)
class LengthColumn:
    """A column of lengths: `factor` times its values are full lengths in `unit`."""

    name: str
    unit: str
    factor: float


def length_column(name: str, unit: str | None = None, semi: bool = False) -> LengthColumn:
    """What a column's name says, checked against `unit`, the user's word, where given.

    `semi`: the column holds half lengths. Raises ValueError where neither names a unit, where they
    contradict each other, where the name has an h in its unit, or where it speaks of half lengths
    and `semi` does not.
    """
    words = name.lower()
    if _HUBBLE.search(words):
        raise ValueError(
            f"column {name!r} is in units with h: multiply it by your h or divide by it, and call "
            "it by its true unit, for instance bar_length_kpc"
        )
    if _HALF.search(words) and not semi:
        raise ValueError(
            f"column {name!r} sounds like half a bar, and lengths here are full lengths: say "
            "--table.semi if it is, or give the column another name"
        )
    found = next((_WORDS[w] for w in reversed(re.split(r"[_\W]+", words)) if w in _WORDS), None)
    if found is None and unit is None:
        raise ValueError(
            f"column {name!r} does not name its unit, one of {', '.join(MEDIANS)}: call it "
            f"{name}_arcsec, for instance, or say it (calibrate: --unit, validate: --table.unit)"
        )
    if found is not None and unit is not None and found[0] != unit:
        raise ValueError(
            f"column {name!r} names {found[0]}, but the unit is given as {unit}: leave that "
            "away, or give the column another name"
        )
    named, factor = found or (str(unit), 1.0)
    return LengthColumn(name=name, unit=named, factor=factor * (2.0 if semi else 1.0))


def check_lengths(column: LengthColumn, lengths: ArrayLike) -> None:
    """Raises ValueError where the median of the full `lengths` (N,), in column.unit, denies the
    unit: it must lie within MEDIANS. Values not above 0 are left out."""
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
        "values are in another unit than its name or the given unit says; correct it"
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
