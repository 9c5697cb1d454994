"""Who is selected, at and around the thresholds."""

from __future__ import annotations

import numpy as np
import pytest

from catalogues.galaxyzoo import BAR, NO_BAR, NOT_EDGE_ON
from models.networks.selection import SelectionParams


def votes(reached: float, bar: float) -> np.ndarray:
    out = np.zeros(37)
    out[[NOT_EDGE_ON, BAR, NO_BAR]] = reached, reached * bar, reached * (1 - bar)
    return out


@pytest.mark.parametrize(
    ("reached", "bar", "expected"),
    [
        (0.25, 0.5, True),
        (0.24, 1.0, False),
        (1.0, 0.49, False),
        (0.9, 0.9, True),
        (0.0, 0.0, False),
    ],
)
def test_bar_question_reached_and_answered_yes(reached: float, bar: float, expected: bool) -> None:
    assert SelectionParams().chosen(votes(reached, bar)) == expected


def test_all_and_none_and_many_at_once() -> None:
    both = np.stack([votes(1, 1), votes(1, 0)])
    assert SelectionParams(select="all").chosen(both).tolist() == [True, True]
    assert SelectionParams(select="none").chosen(both).tolist() == [False, False]
    assert SelectionParams().chosen(both).tolist() == [True, False]
    assert SelectionParams(bar_min=0.0).chosen(both).tolist() == [True, True]


def test_thresholds_are_fractions() -> None:
    with pytest.raises(ValueError, match="bar_min=2 must be a fraction"):
        SelectionParams(bar_min=2)
    with pytest.raises(ValueError, match="'most' must be 'bar', 'all' or 'none'"):
        SelectionParams(select="most")  # type: ignore[arg-type]
