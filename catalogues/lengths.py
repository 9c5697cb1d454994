"""Columns of bar lengths: the unit stands in the name; lengths in pixels of the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.conventions import ScaleConvention, pixel_scale
from catalogues.scales import kpc_per_arcsec

Unit = Literal["px", "arcsec", "kpc", "over_r90", "scaled"]

UNITS: dict[str, tuple[str, ...]] = {
    "px": (),
    "arcsec": ("pixel_scale_arcsec",),
    "kpc": ("pixel_scale_arcsec", "z"),
    "over_r90": ("pixel_scale_arcsec", "petro_r90_arcsec"),
    "scaled": ("pixel_scale_arcsec", "petro_r90_arcsec"),
}
"""Ends of a column's name and what a row must have besides, so that its length is one in pixels.

px: of the stored image; kpc: proper; over_r90: of petroR90; scaled: of 2 petroR90, which is what
Hoyle et al. 2011 call `length_scaled`.
"""

RATIO_MEDIAN = (0.1, 3.0)
"""Between these lies the median of full bar length / galaxy radius of any sample."""

_OUTSIDE_MAX = 0.05


def unit_of(column: str) -> Unit:
    """The unit that a column's name ends in. Raises ValueError where it ends in none."""
    for unit in UNITS:
        if column.lower().endswith(f"_{unit}"):
            return unit  # type: ignore[return-value]
    ends = ", ".join(f"_{unit}" for unit in UNITS)
    raise ValueError(
        f"the target column {column!r} does not say its unit: its name must end in one of {ends}; "
        "rename it, for example to bar_length_arcsec"
    )


@dataclass(frozen=True, kw_only=True)
class BarLengthColumn:
    """A column of FULL bar lengths. `scale`: whose word on the pixel scale counts."""

    name: str
    scale: ScaleConvention = "given"

    def __post_init__(self) -> None:
        unit_of(self.name)

    @property
    def unit(self) -> Unit:
        """Of its values."""
        return unit_of(self.name)

    @property
    def besides(self) -> tuple[str, ...]:
        """Columns of catalogues.manifest that are needed to make pixels of it."""
        return tuple(dict.fromkeys([*UNITS[self.unit], "petro_r90_arcsec"]))

    def length_px(
        self, row: Mapping[str, Any], header_scale_arcsec: float | None, image_px: int
    ) -> float:
        """The row's length in pixels of its stored image of `image_px` columns, NaN if unknown."""
        value = row.get(self.name)
        length = float("nan") if value is None else float(value)
        if not (np.isfinite(length) and length > 0):
            return float("nan")
        if self.unit == "px":
            return length
        r90 = _number(row.get("petro_r90_arcsec"))
        given = row.get("pixel_scale_arcsec")
        scale = pixel_scale(self.scale, given, header_scale_arcsec, r90, image_px)
        arcsec = {
            "arcsec": 1.0,
            "kpc": 1.0 / _positive(float(kpc_per_arcsec(_number(row.get("z"))))),
            "over_r90": r90,
            "scaled": 2.0 * r90,
        }[self.unit]
        return length * arcsec / (float("nan") if scale is None else scale)


def check_lengths(column: str, over_radius: ArrayLike, over_image: ArrayLike) -> None:
    """Raises ValueError where lengths that were read in the column's unit cannot be bars.

    over_radius: length / the galaxy's radius on its image, over_image: length / the image's
    diagonal, (N,) each, NaN where unknown. A wrong unit shows as bars beyond the image or of a size
    that is not a galaxy's.
    """
    ratio, part = _finite(over_radius), _finite(over_image)
    rule = f"its name says {unit_of(column)!r}"
    remedy = "rename the column after its true unit, or convert it"
    if not ratio.size:
        raise ValueError(
            f"no length of the target column {column!r} can be put on its image: {rule}, which "
            f"needs {', '.join(UNITS[unit_of(column)]) or 'positive lengths'} in the same rows; "
            "give them, or a column in px"
        )
    if (beyond := float((part > 1).mean())) > _OUTSIDE_MAX:
        raise ValueError(
            f"{beyond:.0%} of the lengths in {column!r} would be longer than their image's "
            f"diagonal: {rule}, which its values contradict; {remedy}"
        )
    low, high = RATIO_MEDIAN
    if not low <= (median := float(np.median(ratio))) <= high:
        raise ValueError(
            f"the median length in {column!r} would be {median:.3g} galaxy radii, bars have {low} "
            f"to {high}: {rule}, which its values contradict; {remedy}"
        )


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _number(value: object) -> float:
    return float("nan") if value is None else float(value)  # type: ignore[arg-type]


def _positive(value: float) -> float:
    return value if value > 0 else float("nan")
