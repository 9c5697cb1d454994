"""The Galaxy Zoo 2 decision tree: 11 questions, 37 answers, in the order of the Kaggle file.

A vote fraction is cumulative down the tree. It is the conditional fraction times the value of the
answer that leads to the question (Willett et al. 2013, table 2; Dieleman et al. 2015, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of the tree.

    Question 6 ("anything odd?") is asked of everybody, so its answers sum to one in the published
    file, although the web site asks it last (a known quirk of the Kaggle data).

    Attributes
    ----------
    number : Galaxy Zoo's number of the question, 1-11.
    name : snake_case name of the question.
    answers : snake_case names of the answers.
    first : column of the first answer.
    parent : column whose value the answers sum to; None if they sum to one.
    """

    number: int
    name: str
    answers: tuple[str, ...]
    first: int
    parent: int | None

    @property
    def columns(self) -> slice:
        """Columns of the answers among the 37."""
        return slice(self.first, self.first + len(self.answers))

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the answers' columns, snake_case question_answer."""
        return tuple(f"{self.name}_{answer}" for answer in self.answers)


_TREE: tuple[tuple[str, tuple[str, ...], int | None], ...] = (
    ("smooth_or_featured", ("smooth", "featured_or_disk", "artifact"), None),
    ("disk_edge_on", ("yes", "no"), 1),
    ("bar", ("yes", "no"), 4),
    ("has_spiral_arms", ("yes", "no"), 4),
    ("bulge_prominence", ("none", "just_noticeable", "obvious", "dominant"), 4),
    ("something_odd", ("yes", "no"), None),
    ("how_rounded", ("completely", "in_between", "cigar_shaped"), 0),
    (
        "odd_feature",
        ("ring", "lens_or_arc", "disturbed", "irregular", "other", "merger", "dust_lane"),
        13,
    ),
    ("edge_on_bulge", ("rounded", "boxy", "none"), 3),
    ("arm_winding", ("tight", "medium", "loose"), 7),
    ("arm_number", ("1", "2", "3", "4", "more_than_4", "cant_tell"), 7),
)


def _build() -> tuple[Question, ...]:
    questions, first = [], 0
    for number, (name, answers, parent) in enumerate(_TREE, start=1):
        questions.append(
            Question(number=number, name=name, answers=answers, first=first, parent=parent)
        )
        first += len(answers)
    return tuple(questions)


QUESTIONS: tuple[Question, ...] = _build()
"""The eleven questions in order."""

COLUMNS: tuple[str, ...] = tuple(name for q in QUESTIONS for name in q.column_names)
"""The 37 names, snake_case question_answer, in Kaggle's order."""

KAGGLE_COLUMNS: tuple[str, ...] = tuple(
    f"Class{q.number}.{i}" for q in QUESTIONS for i in range(1, len(q.answers) + 1)
)
"""The 37 names in the header of Kaggle's `training_solutions_rev1.csv`."""

INDEX: dict[str, int] = {name: i for i, name in enumerate(COLUMNS)}
"""Column number by name."""

BAR = INDEX["bar_yes"]
NO_BAR = INDEX["bar_no"]
SMOOTH = INDEX["smooth_or_featured_smooth"]
FEATURED = INDEX["smooth_or_featured_featured_or_disk"]
EDGE_ON = INDEX["disk_edge_on_yes"]
NOT_EDGE_ON = INDEX["disk_edge_on_no"]
SPIRAL = INDEX["has_spiral_arms_yes"]
OBVIOUS_BULGE = INDEX["bulge_prominence_obvious"]
DOMINANT_BULGE = INDEX["bulge_prominence_dominant"]


def question_of(column: int) -> Question:
    """Return the question that `column` (0-36) is an answer to. Raises IndexError outside 0-36."""
    for question in QUESTIONS:
        if question.first <= column < question.first + len(question.answers):
            return question
    raise IndexError(f"column {column} is not one of the {len(COLUMNS)} vote fractions (0-36)")


def conditional(votes: ArrayLike, column: int) -> NDArray[np.float64]:
    """Compute the share of answer `column` among the voters who reached its question.

    `votes`: (..., 37) cumulative fractions. Returns (...), NaN where nobody reached the question
    (its answers add up to zero or less). The denominator is the sum of the answers, not the parent:
    a network's slightly inconsistent outputs then still give a fraction in [0, 1].
    """
    v = np.clip(np.asarray(votes, dtype=np.float64), 0.0, None)
    total = v[..., question_of(column).columns].sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > 0, v[..., column] / total, np.nan)


def cumulative(conditionals: ArrayLike) -> NDArray[np.float64]:
    """Multiply conditional fractions, (..., 37), down the tree. Returns cumulative fractions."""
    out = np.array(conditionals, dtype=np.float64)
    for question in QUESTIONS:
        if question.parent is not None:
            out[..., question.columns] *= out[..., question.parent, None]
    return out
