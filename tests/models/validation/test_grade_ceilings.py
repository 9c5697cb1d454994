"""Ceilings against closed forms of rank correlation."""

from __future__ import annotations

import numpy as np
import pytest

from models.validation.grade_ceilings import RELATIVE_ERRORS, grade_ceilings, presence_ceiling
from models.validation.numbers import Number

COUNT = 1500
GRADES = np.repeat([0.5, 0.75, 1.0], COUNT // 3)


def ceilings(width: float, lengths: np.ndarray) -> dict[str, Number]:
    found = grade_ceilings(GRADES, GRADES - width, GRADES + width, lengths)
    return {n.name: n for n in found}


def test_sure_grades_leave_only_their_ties() -> None:
    """k equal groups of a ranking have Spearman's rho sqrt(1 - 1 / k^2) with it."""
    exact = ceilings(0, GRADES)["ceiling_exact"]
    assert exact.value == pytest.approx(np.sqrt(1 - 1 / 9), abs=0.002)
    assert exact.low < exact.value < exact.high
    assert exact.n == COUNT


def test_a_bound_on_either_side_of_two_grades() -> None:
    """Truths even in [0.125, 0.875] and [0.375, 1.125]: rho is sqrt(3) (2 a - 1) / 2, a the
    probability that the higher grade has the higher truth, here 1 - (2 / 3)^2 / 2."""
    grade = np.repeat([0.5, 0.75], COUNT)
    found = grade_ceilings(grade, grade - 0.25, grade + 0.25, grade)
    overlap = (0.75 - 0.25) / 0.75
    above = 1 - overlap**2 / 2
    assert found[0].value == pytest.approx(np.sqrt(3) * (2 * above - 1) / 2, abs=0.01)


def test_errors_of_lengths_lower_it() -> None:
    found = ceilings(0.25, np.exp(0.8 * GRADES))
    values = [found["ceiling_exact"].value]
    values += [found[f"ceiling_error_{e:g}"].value for e in RELATIVE_ERRORS]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 0.1
    steep = ceilings(0.25, np.exp(80 * GRADES))  # beside which no error counts
    assert steep["ceiling_error_0.2"].value == pytest.approx(values[0], abs=0.01)


def test_lengths_that_do_not_grow_with_the_grade_give_no_error() -> None:
    assert set(ceilings(0.25, 2 - GRADES)) == {"ceiling_exact"}


def test_unknown_bounds_and_lengths_do_not_count() -> None:
    lengths = np.where(np.arange(COUNT) % 3 == 0, np.nan, GRADES)
    assert ceilings(0, lengths)["ceiling_exact"].n == COUNT - COUNT // 3
    nowhere = np.full(COUNT, np.nan)
    assert grade_ceilings(GRADES, nowhere, nowhere, GRADES) == []


def test_presence_of_bars_by_bounds() -> None:
    grade = np.repeat([0.0, 0.5], COUNT)
    (sure,) = presence_ceiling(grade, grade, grade, 0.5)
    assert (sure.value, sure.n) == (1, 2 * COUNT)
    # truths even in [-0.125, 0.375] and [0.125, 0.625]: 1 - (1 / 2)^2 / 2 of the pairs are right
    low, high = np.repeat([0.0, 0.25], COUNT), np.repeat([0.25, 0.5], COUNT)
    (unsure,) = presence_ceiling(grade, low, high, 0.5)
    assert unsure.value == pytest.approx(0.875, abs=0.005)
    assert unsure.low < unsure.value < unsure.high
    (without,) = presence_ceiling(
        np.append(grade, 0.25), np.append(low, 0), np.append(high, 1), 0.5
    )
    assert without.n == 2 * COUNT
    assert presence_ceiling(grade[:COUNT], low[:COUNT], high[:COUNT], 0.5) == []


def test_draws_without_a_bar_do_not_count() -> None:
    grade = np.array([*[0.0] * 48, 0.5, 0.5])
    (few,) = presence_ceiling(grade, grade, grade, 0.5)
    assert few.value == 1
