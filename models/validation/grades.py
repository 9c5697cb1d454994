"""Compare lengths with experts' grades of a bar's length relative to its galaxy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models import statistics
from models.statistics import Floats
from models.validation.numbers import DEFAULT, BootstrapParams, Number, number, share

CLEAR, FAINT = 0.5, 0.25
"""Lowest grades of EFIGI (Baillard et al. 2011, table 3) for a clear and for a just visible bar."""

FACE_ON = 0.5
"""Largest grade of inclination at which a galaxy's bar can be judged."""


def clear_bars(grade: Floats, inclination: Floats) -> NDArray[np.bool_]:
    """Return which of the galaxies (N,) are face-on enough and graded as clearly barred."""
    return np.asarray((inclination <= FACE_ON) & (grade >= CLEAR))


def grade_numbers(
    grade: Floats,
    inclination: Floats,
    scaled_length: Floats,
    scores: dict[str, Floats],
    params: BootstrapParams = DEFAULT,
) -> list[Number]:
    """Compare presence and length of bars with grades, for galaxies with `inclination` <= FACE_ON.

    All arrays are (N,). The numbers are

    - auc_SCORE: AUC of a score for grade >= CLEAR against 0;
    - spearman_clear, spearman_faint: correlation of scaled_length (length over the galaxy's size,
      NaN where not measured) with grades from CLEAR and from FAINT;
    - null_SCORE_spearman: correlation of a score alone with the grades from CLEAR;
    - measured_of_clear: share of clear bars with a length.
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
