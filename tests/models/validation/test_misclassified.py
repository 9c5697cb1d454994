"""Answers that differ, question by question."""

from __future__ import annotations

import numpy as np
import pytest

from catalogues.galaxyzoo import BAR, COLUMNS, INDEX, NO_BAR, cumulative
from models.validation.misclassified import answer_numbers

N = 40


def votes(featured: float = 0.9, bar: float = 0.8) -> np.ndarray:
    """(37,) cumulative fractions of a disc seen face-on."""
    shares = np.full(len(COLUMNS), 0.0)
    shares[[0, 1]] = 1 - featured, featured
    shares[INDEX["disk_edge_on_no"]] = 1.0
    shares[[BAR, NO_BAR]] = bar, 1 - bar
    shares[INDEX["something_odd_no"]] = 1.0
    return cumulative(shares)


def numbers(volunteers: np.ndarray, predicted: np.ndarray) -> dict:
    return {n.name: n for n in answer_numbers(volunteers, predicted)}


def test_perfect_predictions() -> None:
    known = np.tile(votes(), (N, 1))
    found = numbers(known, known)
    assert found["votes_rmse"].value == 0
    assert {n.value for name, n in found.items() if name.startswith("misclassified")} == {0.0}


def test_a_tenth_of_the_bars_denied() -> None:
    known, predicted = np.tile(votes(), (N, 1)), np.tile(votes(), (N, 1))
    predicted[: N // 10] = votes(bar=0.4)
    found = numbers(known, predicted)
    assert found["misclassified_bar"].value == pytest.approx(0.1)
    assert found["misclassified_bar"].n == N
    assert found["misclassified_smooth_or_featured"].value == 0
    # two of 37 fractions are wrong by 0.9 x 0.4 in a tenth of the galaxies
    assert found["votes_rmse"].value == pytest.approx(np.sqrt(0.1 * 2 * 0.36**2 / 37))


def test_only_those_who_reached_a_question_count() -> None:
    known = np.concatenate([np.tile(votes(), (10, 1)), np.tile(votes(featured=0.3), (30, 1))])
    predicted = np.tile(votes(featured=0.9, bar=0.1), (N, 1))
    found = numbers(known, predicted)
    assert found["misclassified_bar"].n == 10
    assert found["misclassified_bar"].value == 1
    assert found["misclassified_smooth_or_featured"].value == pytest.approx(0.75)


def test_unknown_answers_are_left_out() -> None:
    known, predicted = np.tile(votes(), (N, 1)), np.tile(votes(bar=0.1), (N, 1))
    known[:, [BAR, NO_BAR]] = np.nan
    known[0] = np.nan
    found = numbers(known, predicted)
    assert "misclassified_bar" not in found
    assert found["votes_rmse"].value == 0
    assert found["votes_rmse"].n == N - 1
