"""Compare the bar that a saliency map shows with the true bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.truth.columns import TRUE_LENGTH_PX
from models.barlength.measure import BarLengthParams, measure_bar
from models.statistics import angle_difference_deg, pearson

_PLAIN = BarLengthParams()


@dataclass(frozen=True, kw_only=True)
class TrueBar:
    """A bar on a map: its centre and full length in pixels, and its angle from up."""

    x_px: float
    y_px: float
    length_px: float
    position_angle_deg: float


def bar_errors(saliency: NDArray[np.floating], bar: TrueBar) -> dict[str, float]:
    """How the bar that a map (H, W) shows differs from the true one, read in the same plain way
    whatever made the map: models.barlength.measure_bar, not calibrated.

    true_bar_length_px; bar_length_ratio: read / true, NaN where no bar was found; bar_length_error:
    |ratio - 1|, there 1, as if its length were 0; bar_angle_error_deg: there 45, what a guess has
    on average.
    """
    found = measure_bar(saliency, _PLAIN, centre=(bar.x_px, bar.y_px))
    ratio = found.length_px / bar.length_px
    angle = float(angle_difference_deg(found.position_angle_deg, bar.position_angle_deg))
    return {
        TRUE_LENGTH_PX: bar.length_px,
        "bar_length_ratio": ratio,
        "bar_length_error": abs(ratio - 1) if math.isfinite(ratio) else 1.0,
        "bar_angle_error_deg": angle if math.isfinite(ratio) else 45.0,
    }


@dataclass(frozen=True, kw_only=True)
class BarAgreement:
    """Lengths that one method's maps show, beside the true ones.

    found: share of the bars that were found; of these the median of read / true, the median
    relative error once that median is divided out (so that only the scatter is left), and Pearson's
    rho of read and true lengths on the map.
    """

    n: int
    found: float
    ratio: float
    scatter: float
    rho: float


def bar_agreement(ratios: ArrayLike, true_px: ArrayLike) -> BarAgreement:
    """Of (N,) ratios, NaN where none was found, and (N,) true lengths; NaN what is undefined."""
    r, t = np.asarray(ratios, dtype=np.float64), np.asarray(true_px, dtype=np.float64)
    r, t = r[np.isfinite(t)], t[np.isfinite(t)]
    seen = np.isfinite(r)
    ratio = float(np.median(r[seen])) if seen.any() else math.nan
    return BarAgreement(
        n=r.size,
        found=float(seen.mean()) if r.size else math.nan,
        ratio=ratio,
        scatter=float(np.median(np.abs(r[seen] / ratio - 1))) if seen.any() else math.nan,
        rho=pearson(r * t, t),
    )
