"""Votes that make sense and votes that do not, each fault alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalogues.galaxyzoo import BAR, COLUMNS, NO_BAR, QUESTIONS, SMOOTH, cumulative
from catalogues.shards.votes import VOTES, VoteTally, checked_votes, votes_of


def uniform(count: int = 1) -> np.ndarray:
    """Everybody undecided: consistent by construction."""
    parts = [np.full(len(q.answers), 1 / len(q.answers)) for q in QUESTIONS]
    return np.tile(cumulative(np.concatenate(parts)), (count, 1)).astype(np.float32)


def test_consistent_votes_pass_untouched() -> None:
    votes = uniform(3)
    clean, tally = checked_votes(votes)
    assert np.array_equal(clean, votes)
    assert tally == VoteTally(rows=3)
    assert tally.words() == []
    tally.check()


def test_a_question_that_does_not_add_up_is_taken_as_unknown_alone() -> None:
    votes = uniform(2)
    votes[1, BAR] += 0.1
    clean, tally = checked_votes(votes)
    assert tally.inconsistent == 1
    assert np.isnan(clean[1, [BAR, NO_BAR]]).all()
    assert np.isfinite(clean).sum() == 2 * len(COLUMNS) - 2
    assert "1 galaxies have answers that do not add up" in tally.words()[0]


def test_rounding_is_no_fault() -> None:
    votes = np.round(uniform(), 3)
    assert checked_votes(votes)[1].inconsistent == 0


def test_unknown_answers_are_no_fault_but_counted() -> None:
    votes = uniform(3)
    votes[0] = np.nan
    votes[1, BAR] = np.nan
    votes[2, SMOOTH] = np.inf
    clean, tally = checked_votes(votes)
    assert (tally.unknown, tally.incomplete, tally.inconsistent) == (1, 2, 0)
    assert np.isnan(clean[1, BAR])
    assert clean[1, NO_BAR] == votes[1, NO_BAR]


def test_percent_are_refused() -> None:
    _, tally = checked_votes(100 * uniform(4))
    assert tally.out_of_range == 4
    with pytest.raises(ValueError, match="4 of 4 galaxies lie outside"):
        tally.check()


def test_conditional_fractions_are_refused() -> None:
    parts = [np.full(len(q.answers), 1 / len(q.answers)) for q in QUESTIONS]
    votes = np.tile(np.concatenate(parts), (5, 1)).astype(np.float32)
    with pytest.raises(ValueError, match=r"do not add up down the tree.*cumulative"):
        checked_votes(votes)[1].check()


def test_nothing_known_is_refused() -> None:
    with pytest.raises(ValueError, match="all unknown"):
        checked_votes(np.full((3, 37), np.nan, np.float32))[1].check()


def test_tallies_add() -> None:
    one = checked_votes(uniform(2))[1] + checked_votes(np.full((1, 37), np.nan, np.float32))[1]
    assert one == VoteTally(rows=3, unknown=1)


def test_votes_come_out_of_any_table() -> None:
    columns = {name: pa.array([0.25, None]) for name in VOTES}
    votes = votes_of(pa.table(columns))
    assert votes.shape == (2, 37)
    assert votes[0, 0] == 0.25
    assert np.isnan(votes[1]).all()
    assert votes_of(pa.table(columns).slice(0, 0)).shape == (0, 37)
