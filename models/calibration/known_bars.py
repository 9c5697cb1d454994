"""Galaxies whose bars are known, with their maps, and how well a reading measures them."""

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
    """One galaxy's maps (M, S, S) and its bar's true length, in pixels of the maps, and angle
    (NaN where not known).

    bar_fraction: share of bars in the networks' votes, NaN where not known. jackknife_maps: as
    models.barlength.estimator.sampling_error takes them, every member's where their lengths may
    count; None where lengths shall have no sampling error. light: as
    models.barlength.estimator.estimate_bar takes it; None where nothing shall look at it. source:
    the galaxy; bars laid into one have it in common.
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
    """A calibrated reading and how it did. Errors are |length - truth| / truth."""

    params: EstimatorParams
    measured: float
    median_error: float
    rho: float
    median_angle_error_deg: float

    @property
    def cost(self) -> float:
        """What is minimised: the median error, what is missing from a perfect correlation (which
        the wildest lengths decide), and galaxies without a length."""
        return self.median_error + 0.2 * (1.0 - self.rho) + 0.5 * (1.0 - self.measured)


def judged(
    known: Sequence[KnownBar], params: EstimatorParams, lengths: Floats, angles: Floats
) -> ReadingScore:
    """How lengths and angles, (N,) each, NaN where there are none, agree with the truth."""
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
