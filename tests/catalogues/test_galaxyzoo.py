"""The tree: the table of the paper, sums, and conditional fractions in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from catalogues.galaxyzoo import (
    BAR,
    COLUMNS,
    KAGGLE_COLUMNS,
    QUESTIONS,
    conditional,
    cumulative,
    question_of,
)
from tests.reference.votes import consistency_error


def consistent(seed: int, count: int = 20) -> np.ndarray:
    rng = np.random.default_rng(seed)
    parts = [rng.dirichlet(np.ones(len(q.answers)), size=count) for q in QUESTIONS]
    return cumulative(np.concatenate(parts, axis=1))


def test_the_37_columns_stand_in_kaggles_order() -> None:
    # Willett et al. 2013, table 2, and the header of training_solutions_rev1.csv
    assert len(COLUMNS) == len(set(COLUMNS)) == 37
    assert [len(q.answers) for q in QUESTIONS] == [3, 2, 2, 2, 4, 2, 3, 7, 3, 3, 6]
    assert dict(zip(KAGGLE_COLUMNS, COLUMNS, strict=True))["Class3.1"] == "bar_yes"
    assert KAGGLE_COLUMNS[5] == "Class3.1"
    assert KAGGLE_COLUMNS[BAR] == "Class3.1"
    assert (KAGGLE_COLUMNS[13], KAGGLE_COLUMNS[36]) == ("Class6.1", "Class11.6")


@pytest.mark.parametrize(
    ("question", "parent"),
    [(1, None), (2, "Class1.2"), (3, "Class2.2"), (4, "Class2.2"), (5, "Class2.2"), (6, None),
     (7, "Class1.1"), (8, "Class6.1"), (9, "Class2.1"), (10, "Class4.1"), (11, "Class4.1")],
)  # fmt: skip
def test_answers_sum_to_their_parent(question: int, parent: str | None) -> None:
    stored = QUESTIONS[question - 1].parent
    assert (None if stored is None else KAGGLE_COLUMNS[stored]) == parent


def test_cumulative_votes_are_consistent_and_conditional_undoes_them() -> None:
    votes = consistent(0)
    assert consistency_error(votes).max() < 1e-12
    share = conditional(votes, BAR)
    np.testing.assert_allclose(share * (votes[:, 5] + votes[:, 6]), votes[:, 5])


def test_one_wrong_vote_is_seen_by_its_size() -> None:
    votes = consistent(1)
    votes[3, BAR] += 0.25
    error = consistency_error(votes)
    assert error[3] == pytest.approx(0.25)
    assert np.delete(error, 3).max() < 1e-12


def test_a_question_nobody_reached_has_no_fraction() -> None:
    votes = np.zeros(37)
    assert np.isnan(conditional(votes, BAR))
    votes[5:7] = -0.1, 0.2  # unconstrained networks do that: negative counts as none
    assert conditional(votes, BAR) == 0


def test_question_of_knows_its_limits() -> None:
    assert question_of(BAR).name == "bar"
    assert question_of(36).name == "arm_number"
    with pytest.raises(IndexError, match="0-36"):
        question_of(37)
