"""Compare lengths with experts' grades of how long a bar is, relative to its galaxy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models import statistics
from models.statistics import Floats
from models.validation.numbers import DEFAULT, BootstrapParams, Number, number, share

CLEAR, FAINT = 0.5, 0.25
"""EFIGI's grades (Baillard et al. 2011, table 3) from which a bar is clear, or just visible."""

FACE_ON = 0.5
"""Largest grade of inclination of galaxies whose bars can be judged."""


def clear_bars(grade: Floats, inclination: Floats) -> NDArray[np.bool_]:
    """Which of the galaxies (N,) are face-on enough and graded as clearly barred."""
    return np.asarray((inclination <= FACE_ON) & (grade >= CLEAR))


def grade_numbers(
    grade: Floats,
    inclination: Floats,
    scaled_length: Floats,
    scores: dict[str, Floats],
    params: BootstrapParams = DEFAULT,
) -> list[Number]:
    """Presence and length of bars of galaxies with `inclination` <= FACE_ON; (N,) each.

    auc_SCORE: grade >= CLEAR against 0. spearman_clear, spearman_faint: of scaled_length (length
    over the galaxy's size, NaN where not measured) with grades from CLEAR and FAINT. null_SCORE_
    spearman: what a score alone says of the grades from CLEAR. measured_of_clear: share with a
    length.
    """
    seen = inclination <= FACE_ON
    judged = seen & ((grade == 0) | (grade >= CLEAR))
    clear, faint = clear_bars(grade, inclination), seen & (grade >= FAINT)
    out = [
        number(f"auc_{name}", statistics.auc, values[judged], grade[judged] >= CLEAR, params=params)
        for name, values in scores.items()
    ]
    out += [
        number(f"spearman_{name}", statistics.spearman, scaled_length[of], grade[of], params=params)
        for name, of in (("clear", clear), ("faint", faint))
    ]
    measured = clear & np.isfinite(scaled_length)
    out += [
        number(
            f"null_{name}_spearman",
            statistics.spearman,
            values[measured],
            grade[measured],
            params=params,
        )
        for name, values in scores.items()
    ]
    flags = np.isfinite(scaled_length)[clear]
    return [n for n in out if n.n] + (
        [share("measured_of_clear", flags, params)] if flags.size else []
    )
