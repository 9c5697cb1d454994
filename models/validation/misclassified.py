"""Count how often predicted answers differ from the volunteers', for each question."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from catalogues.galaxyzoo import QUESTIONS, Question
from models.statistics import Floats
from models.validation.numbers import DEFAULT, BootstrapParams, Number, number, share

REACHED = 0.5
"""A question counts for a galaxy if more than this share of the volunteers reached it."""


def answer_numbers(
    volunteers: ArrayLike, predicted: ArrayLike, params: BootstrapParams = DEFAULT
) -> list[Number]:
    """Return `votes_rmse` and `misclassified_QUESTION` from votes (N, 37).

    Votes are cumulative, NaN where unknown. votes_rmse: over all known fractions (paper 1, table
    1). misclassified: among the galaxies that reached the question, the share with another most
    frequent answer (paper 1, section 5.2). Questions that no galaxy reached are left out.
    """
    v, p = (np.asarray(a, dtype=np.float64) for a in (volunteers, predicted))
    out = [number("votes_rmse", _rms, _mean_square(v, p), params=params)]
    for question in QUESTIONS:
        wrong = misclassified(v, p, question)
        if wrong.size:
            out.append(share(f"misclassified_{question.name}", wrong, params))
    return [n for n in out if n.n]


def misclassified(volunteers: Floats, predicted: Floats, question: Question) -> Floats:
    """Return flags, (K,), for the galaxies that reached `question`: whether the answers differ."""
    v, p = volunteers[:, question.columns], predicted[:, question.columns]
    known = np.isfinite(v).all(axis=1) & np.isfinite(p).all(axis=1)
    if question.parent is not None:
        known &= np.nan_to_num(volunteers[:, question.parent]) > REACHED
    return np.asarray(v[known].argmax(axis=1) != p[known].argmax(axis=1))


def _mean_square(volunteers: Floats, predicted: Floats) -> Floats:
    """Return each galaxy's mean squared difference of known fractions, (N,); NaN without any."""
    difference = (predicted - volunteers) ** 2
    known = np.isfinite(difference)
    total = np.where(known, difference, 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _rms(squares: Floats) -> float:
    return float(np.sqrt(squares.mean())) if squares.size else float("nan")
