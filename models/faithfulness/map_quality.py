"""Compute all metrics of one saliency map: localisation, faithfulness and the errors of its bar."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.attribution.methods import attribute
from models.attribution.params import NOISE, AttributionParams
from models.attribution.reference_maps import noise, oracle
from models.faithfulness.bar_errors import TrueBar, bar_errors
from models.faithfulness.metrics import FaithfulnessTest, faithfulness, localisation

Floats = NDArray[np.float32]
Explain = Callable[[nn.Module, Tensor], Floats]
"""A function of a network and an image (C, H, W) that returns a map (H, W)."""


def explainer(
    method: str,
    params: AttributionParams | None,
    target: int,
    seed: int,
    mask: NDArray[np.bool_] | None = None,
) -> Explain:
    """Return the function by which a method explains the logit `target`.

    params: None for a control of models.attribution.reference_maps; the oracle needs `mask` (H, W).
    Raises ValueError for an oracle without a mask.
    """
    if params is not None:
        return lambda network, image: attribute(network, image, target, params, seed)
    if method == NOISE:
        return noise(seed)
    if mask is None:
        raise ValueError(f"{method!r} needs a mask: leave it out if no mask is known")
    return oracle(mask)


def quality(
    trial: FaithfulnessTest, saliency: Floats, explain: Explain, bar: TrueBar | None = None
) -> dict[str, float]:
    """Return the metrics of catalogues.runs.comparison_rows.METRICS by name.

    saliency: the map that `explain` made of the trial's image. bar: the true bar; None: not known.
    Raises ValueError for a map that is not finite.
    """
    if not np.isfinite(saliency).all():
        raise ValueError("the map is not finite: give a map without NaN and infinity")
    found = dict(faithfulness(trial, saliency, explain))
    if trial.mask is not None:
        found |= localisation(saliency, trial.mask)
    if bar is not None:
        found |= bar_errors(saliency, bar)
    return found


def shown(saliency: Floats) -> Floats:
    """Scale a map (H, W) to [0, 1] for display.

    It is the positive part divided by its 99.5th percentile, so that a single bright pixel does not
    darken all others.
    """
    positive = np.clip(saliency, 0, None)
    top = float(np.percentile(positive, 99.5)) or float(positive.max())
    return np.clip(positive / top, 0, 1) if top > 0 else positive
