"""Pair the truth's lengths with a catalogue's lengths of the same galaxies, in one unit."""

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
"""Name of the unit of paper 1's figure 4, which is neither kpc nor arcsec."""


@dataclass(frozen=True, kw_only=True)
class ValidationSample:
    """Galaxies that are in the truth and in the catalogue.

    Attributes
    ----------
    truth
        The truth.
    matched
        Columns of the matched galaxies.
    run
        Name of the run, for texts.
    pairs
        True and measured lengths in the truth's unit.
    size
        What the galaxies' size is, such as "petroR90"; "" if it is unknown.
    """

    truth: Truth
    matched: Matched
    run: str
    pairs: LengthPairs
    size: str

    def source(self, what: str) -> str:
        """Return the source of a group of numbers: the run, the truth and the group."""
        return f"{self.run} against {self.truth.kind}, {what}"

    def again(self) -> Floats | None:
        """Return the second run's lengths in the pairs' unit; None if there is no second run."""
        c = self.matched.columns
        return c["again_px"] * units_per_px(c, self.pairs.unit) if "again_px" in c else None

    def control(self) -> LengthPairs | None:
        """Return the pairs with the control's lengths; None if no control was used.

        Only galaxies with a length from the map are kept. The control's lengths have no errors.
        """
        c = self.matched.columns
        if CONTROL.name not in c:
            return None
        lengths = c[CONTROL.name] * units_per_px(c, self.pairs.unit)
        lengths = np.where(np.isfinite(self.pairs.measured), lengths, np.nan)
        return replace(self.pairs, measured=lengths, measured_err=np.full_like(lengths, np.nan))


def sample(truth: Truth, matched: Matched, run: str) -> ValidationSample:
    """Pair the lengths, in the truth's unit, or in pixels if the truth has only grades.

    Raises ValueError if there are measured lengths, but none in that unit.
    """
    c = matched.columns
    unit = truth.unit or "px"
    size, what = galaxy_sizes(c, unit)
    name = CATALOGUE_COLUMN[unit]
    if not np.isfinite(c[name]).any() and np.isfinite(c["bar_length_px"]).any():
        raise ValueError(
            f"the truth is in {unit}, and none of the {len(size)} galaxies that match has "
            f"{name}: add the columns that it needs to the input (pixel_scale_arcsec or "
            "petro_r90_arcsec; z for kpc) and measure again"
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
    """Return the pairs of paper 1's figure 4: for Hoyle's table, both axes times petroR90.

    Other kinds of truth are returned unchanged. With a second run, lengths are the means of both
    runs, and errors are those of their deciles (paper 1, section 5).
    """
    pairs, again = of.pairs, of.again()
    if again is not None:
        mean, error = (pairs.measured + again) / 2, decile_of(pairs.measured, again)
        pairs = replace(pairs, measured=mean, measured_err=error)
    return paper_axes(pairs) if of.truth.kind == "hoyle" else pairs


def paper_axes(pairs: LengthPairs) -> LengthPairs:
    """Convert lengths in arcseconds to the lengths of paper 1.

    Published lengths become 0.7 x length_scaled x petroR90 (half of the angle), measured lengths
    become those of the paper's code.
    """
    return pairs.times(H / 2, CODE_ARCSEC, PAPER_UNIT)
