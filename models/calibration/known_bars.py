"""Galaxies with known bars and their maps, and the score of an estimator on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.barlength.estimator import EstimatorParams
from models.statistics import angle_difference_deg, pearson

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class KnownBar:
    """One galaxy with a known bar.

    Attributes
    ----------
    maps
        (M, S, S).
    length_px
        The bar's true length, in pixels of the maps.
    position_angle_deg
        The bar's true angle; NaN if not known.
    bar_fraction
        Fraction of "bar" in the networks' votes; NaN if not known.
    jackknife_maps
        Maps for models.barlength.estimator.sampling_error; every member's, if their lengths may
        enter. None: no sampling error.
    light
        The galaxy's light for models.barlength.estimator.estimate_bar; None if it is not needed.
    source
        The galaxy. Bars laid into the same galaxy have the same source.
    """

    maps: NDArray[np.float32]
    length_px: float
    position_angle_deg: float
    bar_fraction: float = float("nan")
    jackknife_maps: NDArray[np.floating[Any]] | None = None
    light: Floats | None = None
    source: int = 0


@dataclass(frozen=True, kw_only=True)
class ReadingScore:
    """A calibrated estimator and its score.

    Attributes
    ----------
    params
        The calibrated estimator.
    measured
        Share of galaxies with a length.
    median_error
        Median of |length - truth| / truth.
    rho
        Pearson's correlation of lengths and truth.
    median_angle_error_deg
        Median difference of the position angles; NaN if no angle is known.
    """

    params: EstimatorParams
    measured: float
    median_error: float
    rho: float
    median_angle_error_deg: float

    @property
    def cost(self) -> float:
        """The cost to minimise: median error + 0.2 x (1 - rho) + 0.5 x share without a length.

        rho depends mostly on the lengths that are farthest off.
        """
        return self.median_error + 0.2 * (1.0 - self.rho) + 0.5 * (1.0 - self.measured)


def judged(
    known: Sequence[KnownBar], params: EstimatorParams, lengths: Floats, angles: Floats
) -> ReadingScore:
    """Score lengths and angles, (N,) each, NaN where there are none, against the truth."""
    good = np.isfinite(lengths)
    truth = np.array([k.length_px for k in known])[good]
    off = angle_difference_deg(angles[good], np.array([k.position_angle_deg for k in known])[good])
    off = off[np.isfinite(off)]
    rho = pearson(lengths[good], truth)
    return ReadingScore(
        params=params,
        measured=float(good.mean()),
        median_error=float(np.median(np.abs(lengths[good] - truth) / truth)),
        rho=rho if np.isfinite(rho) else 0.0,
        median_angle_error_deg=float(np.median(off)) if off.size else np.nan,
    )
