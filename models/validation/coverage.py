"""Check whether the quoted errors of lengths contain the true errors (coverage)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.statistics import Floats
from models.validation.numbers import DEFAULT, BootstrapParams, Number, number, share

GAUSSIAN_1, GAUSSIAN_2 = 0.6827, 0.9545
"""Share of a Gaussian within one and two standard deviations."""


def pulls(
    truth: ArrayLike, measured: ArrayLike, truth_err: ArrayLike, measured_err: ArrayLike
) -> Floats:
    """Return (measured - truth) / sqrt(measured_err^2 + truth_err^2), (K,).

    Pairs without a measured error above 0 are left out. A missing error of the truth counts as 0.
    """
    t, m, e = (np.asarray(a, dtype=np.float64) for a in (truth, measured, measured_err))
    sigma = np.hypot(e, np.nan_to_num(np.asarray(truth_err, dtype=np.float64)))
    good = np.isfinite(t) & np.isfinite(m) & (e > 0) & np.isfinite(sigma)
    return np.asarray((m - t)[good] / sigma[good], dtype=np.float64)


def coverage_numbers(pull: ArrayLike, params: BootstrapParams = DEFAULT) -> list[Number]:
    """Return the shares within 1 and 2 sigma, and the width of the pulls.

    The width is 1.4826 x median |pull|: 1 for a Gaussian.
    """
    p = np.asarray(pull, dtype=np.float64)
    return [
        share("coverage_1_sigma", np.abs(p) <= 1, params),
        share("coverage_2_sigma", np.abs(p) <= 2, params),
        number("pull_width", _width, p, params=params),
    ]


def _width(pull: Floats) -> float:
    return 1.4826022 * float(np.median(np.abs(pull))) if pull.size else float("nan")
