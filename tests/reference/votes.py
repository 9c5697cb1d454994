"""How far votes are from what the decision tree says: an oracle for networks, mocks and loaders."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalogues.galaxyzoo import QUESTIONS


def consistency_error(votes: ArrayLike) -> NDArray[np.float64]:
    """Largest |sum of a question's answers - what the tree says it is|; (..., 37) -> (...).

    Zero (to rounding) for consistent votes. NaN where any vote is NaN.
    """
    v = np.asarray(votes, dtype=np.float64)
    errors = [
        np.abs(v[..., q.columns].sum(axis=-1) - (1.0 if q.parent is None else v[..., q.parent]))
        for q in QUESTIONS
    ]
    return np.asarray(np.max(np.stack(errors, axis=-1), axis=-1))
