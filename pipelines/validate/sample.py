"""A truth and what a catalogue says of its galaxies, as pairs of lengths in one unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalogues.bars import CONTROL
from catalogues.truth.hoyle import CODE_ARCSEC, H
from catalogues.truth.length_units import CATALOGUE_COLUMN, galaxy_sizes, units_per_px
from catalogues.truth.pairs import Matched
from catalogues.truth.table import Truth
from models.validation.lengths import LengthPairs
from models.validation.regression import decile_of

Floats = NDArray[np.float64]

PAPER_UNIT = "paper"
"""Unit of paper 1's figure 4, which is neither kpc nor arcsec."""


@dataclass(frozen=True, kw_only=True)
class ValidationSample:
    """`pairs`: in the truth's unit. `size`: what galaxies' sizes are, in words, "" if unknown."""

    truth: Truth
    matched: Matched
    run: str
    pairs: LengthPairs
    size: str

    def source(self, what: str) -> str:
        """Source of a group of numbers: which run, against what, which lengths or galaxies."""
        return f"{self.run} against {self.truth.kind}, {what}"

    def again(self) -> Floats | None:
        """The second run's lengths in the pairs' unit, where there is a second run."""
        c = self.matched.columns
        return c["again_px"] * units_per_px(c, self.pairs.unit) if "again_px" in c else None

    def control(self) -> LengthPairs | None:
        """The pairs with the control's lengths, which have no errors, of galaxies with a length
        by the map; None where no control was used."""
        c = self.matched.columns
        if CONTROL.name not in c:
            return None
        lengths = c[CONTROL.name] * units_per_px(c, self.pairs.unit)
        lengths = np.where(np.isfinite(self.pairs.measured), lengths, np.nan)
        return replace(self.pairs, measured=lengths, measured_err=np.full_like(lengths, np.nan))


def sample(truth: Truth, matched: Matched, run: str) -> ValidationSample:
    """The pairs in the truth's unit, or in pixels for grades.

    Raises ValueError where there are measured lengths, but none in that unit.
    """
    c = matched.columns
    unit = truth.unit or "px"
    size, what = galaxy_sizes(c, unit)
    name = CATALOGUE_COLUMN[unit]
    if not np.isfinite(c[name]).any() and np.isfinite(c["bar_length_px"]).any():
        raise ValueError(
            f"the truth is in {unit}, and none of the {len(size)} galaxies that agree has "
            f"{name}: measure again with what it needs in the input (pixel_scale_arcsec or "
            "petro_r90_arcsec, z for kpc)"
        )
    pairs = LengthPairs(
        unit=unit,
        truth=c["true_length"],
        truth_err=c["true_length_err"],
        measured=c[name],
        measured_err=c[f"{name}_err"],
        size=size,
    )
    return ValidationSample(truth=truth, matched=matched, run=run, pairs=pairs, size=what)


def paper_pairs(of: ValidationSample) -> LengthPairs:
    """What paper 1's figure 4 shows: for Hoyle's table both axes times petroR90, else as they are.

    With a second run, lengths are the means of both and errors those of their deciles (paper 1,
    section 5).
    """
    pairs, again = of.pairs, of.again()
    if again is not None:
        mean, error = (pairs.measured + again) / 2, decile_of(pairs.measured, again)
        pairs = replace(pairs, measured=mean, measured_err=error)
    return paper_axes(pairs) if of.truth.kind == "hoyle" else pairs


def paper_axes(pairs: LengthPairs) -> LengthPairs:
    """Angles in arcseconds as paper 1's lengths: the published ones as 0.7 x length_scaled x
    petroR90 (half of the angle), the measured ones as its code has them."""
    return pairs.times(H / 2, CODE_ARCSEC, PAPER_UNIT)
