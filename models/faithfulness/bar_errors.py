"""Compare the bar measured on a saliency map with the true bar."""

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
    """Measure the bar on a map (H, W) and compare it with the true bar.

    Maps of all methods are measured in the same way, with uncalibrated
    models.barlength.measure_bar. The result has

    - true_bar_length_px;
    - bar_length_ratio: measured / true length, NaN if no bar was found;
    - bar_length_error: |ratio - 1|; if no bar was found 1, as for a length of 0;
    - bar_angle_error_deg: if no bar was found 45, the mean error of a random guess.
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
    """Lengths measured on one method's maps, compared with the true lengths.

    Attributes
    ----------
    n
        Number of bars.
    found
        Share of the bars that were found; the other numbers are for these.
    ratio
        Median of measured / true length.
    scatter
        Median relative error after division by `ratio`, so that only the scatter remains.
    rho
        Pearson's correlation of measured and true lengths on the map.
    """

    n: int
    found: float
    ratio: float
    scatter: float
    rho: float


def bar_agreement(ratios: ArrayLike, true_px: ArrayLike) -> BarAgreement:
    """Summarise ratios (N,), NaN where no bar was found, with true lengths (N,).

    Undefined numbers are NaN.
    """
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
