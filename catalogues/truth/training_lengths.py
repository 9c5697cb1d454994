"""Convert a column of bar lengths in any unit to training targets in pixels of the stored image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.scales import ScaleConvention, kpc_per_arcsec, pixel_scale
from catalogues.truth.length_units import NEEDS, LengthColumn, length_column

RATIO_MEDIAN = (0.1, 3.0)
"""Allowed range for the median of full bar length / galaxy radius in a sample."""

_OUTSIDE_MAX = 0.05


@dataclass(frozen=True, kw_only=True)
class BarLengthColumn:
    """A column of FULL bar lengths whose name contains the unit.

    `scale`: source of the pixel scale. Raises ValueError as length_units.length_column does.
    """

    name: str
    scale: ScaleConvention = "given"

    def __post_init__(self) -> None:
        _ = self.column  # checks the name

    @cached_property
    def column(self) -> LengthColumn:
        """Unit and factor of the column, from its name."""
        return length_column(self.name)

    @property
    def besides(self) -> tuple[str, ...]:
        """Columns of catalogues.manifest that are needed to convert the lengths to pixels."""
        scale = () if self.column.unit == "px" else ("pixel_scale_arcsec",)
        return tuple(dict.fromkeys([*scale, *NEEDS[self.column.unit], "petro_r90_arcsec"]))

    def length_px(
        self, row: Mapping[str, Any], header_scale_arcsec: float | None, image_px: int
    ) -> float:
        """Return the row's length in pixels of its image of `image_px` columns, NaN if unknown."""
        column = self.column
        length = column.factor * _number(row.get(self.name))
        if not (np.isfinite(length) and length > 0):
            return float("nan")
        if column.unit == "px":
            return length
        r90 = _number(row.get("petro_r90_arcsec"))
        given = row.get("pixel_scale_arcsec")
        scale = pixel_scale(self.scale, given, header_scale_arcsec, r90, image_px)
        arcsec = {
            "arcsec": 1.0,
            "kpc": 1.0 / _positive(float(kpc_per_arcsec(_number(row.get("z"))))),
            "over_r90": r90,
        }[column.unit]
        return length * arcsec / (float("nan") if scale is None else scale)


def check_on_images(target: BarLengthColumn, over_radius: ArrayLike, over_image: ArrayLike) -> None:
    """Check that lengths in the target's unit can be bars. Raises ValueError if not.

    over_radius: length / the galaxy's radius on its image. over_image: length / the image's
    diagonal. Both (N,), NaN where unknown. With a wrong unit, bars are longer than the image or
    have impossible sizes relative to the galaxy.
    """
    ratio, part = _finite(over_radius), _finite(over_image)
    rule = f"its name says {target.column.unit!r}"
    remedy = "rename the column after its true unit, or convert it"
    if not ratio.size:
        raise ValueError(
            f"no length of the target column {target.name!r} can be converted to pixels: {rule}, "
            f"which needs {', '.join(target.besides)} in the same rows; give these columns, or "
            "lengths in px"
        )
    if (beyond := float((part > 1).mean())) > _OUTSIDE_MAX:
        raise ValueError(
            f"{beyond:.0%} of the lengths in {target.name!r} would be longer than their image's "
            f"diagonal: {rule}, which its values contradict; {remedy}"
        )
    low, high = RATIO_MEDIAN
    if not low <= (median := float(np.median(ratio))) <= high:
        raise ValueError(
            f"the median length in {target.name!r} would be {median:.3g} galaxy radii, but bars "
            f"have {low} to {high}: {rule}, which its values contradict; {remedy}"
        )


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]


def _number(value: object) -> float:
    return float("nan") if value is None else float(value)  # type: ignore[arg-type]


def _positive(value: float) -> float:
    return value if value > 0 else float("nan")
