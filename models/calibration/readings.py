"""List the readings that are tried on each kind of map, by family, and name them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from models.barlength.estimator import Combine, EstimatorParams
from models.barlength.measure import BarLengthParams
from models.calibration.lengths import candidates
from models.calibration.params import Family

_CORRELATIONS, _PIXEL_MINIMA = (0.7, 0.8, 0.9), (10, 40)
_COMBINED: tuple[Combine, ...] = ("maps", "lengths")


def readings_of(families: Sequence[Family], members: int = 1) -> list[EstimatorParams]:
    """Return all readings of the families for maps of `members` networks, in order of FAMILIES."""
    chords = [
        EstimatorParams(combine=combine, bar_length=BarLengthParams.paper(correlation, pixels))
        for combine, correlation, pixels in product(_COMBINED, _CORRELATIONS, _PIXEL_MINIMA)
    ]
    mended = [
        EstimatorParams(
            combine=combine, bar_length=BarLengthParams(method="chord", correlation_min=correlation)
        )
        for combine, correlation in product(_COMBINED, (0.5, *_CORRELATIONS))
    ]
    return [p for p in [*chords, *mended, *candidates(members=members)] if family(p) in families]


def family(params: EstimatorParams) -> Family:
    """Return the family that a reading belongs to."""
    r = params.bar_length
    if r.method == "chord":
        return "components" if r.central_only else "paper"
    return r.method


def words(params: EstimatorParams) -> str:
    """Describe a reading in one line."""
    return _plain_words(params) + (", refined" if params.refinement else "")


def _plain_words(params: EstimatorParams) -> str:
    r = params.bar_length
    smooth = f"smoothed {r.smoothing_px:g} px"
    of = "each map" if params.combine == "lengths" else "the mean map"
    if r.method == "chord":
        name = "chord of components" if r.central_only else "Algorithm 1"
        return f"{name}, {of}, T_c {r.correlation_min:g}, T_1 {r.pixels_min}"
    if r.method == "profile":
        return f"profile to {r.level:g} of its height, {smooth}"
    if r.method == "levels":
        levels = ", ".join(f"{level:g}" for level in r.levels)
        also = ", widths" if r.level_width_powers else ""
        also += ", each member" if params.member_powers else ""
        return f"profile to {levels} of its height{also}, {smooth}"
    return (
        f"{r.light_fraction:g} of the light within {r.light_reach:g}, "
        f"strip {r.strip_fraction:g}, {smooth}"
    )
