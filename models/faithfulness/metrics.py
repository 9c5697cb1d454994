"""Metrics of a saliency map: does it lie on the source, and does the network depend on it?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from models.attribution.gradients import baseline_image
from models.attribution.network import placed
from models.faithfulness.curves import important_first, probability_area
from models.faithfulness.params import (
    _ONCE,
    BY_IMAGE_ALONE,
    FAITHFULNESS,
    LOCALISATION,
    FaithfulnessParams,
)
from models.faithfulness.perturbation import (
    Explain,
    Removals,
    infidelity,
    max_sensitivity,
    removals,
)
from models.faithfulness.randomisation import randomised, rank_correlation, structural_similarity
from models.networks.borrowed import borrowed
from models.saliency.seeds import sample_seed


def why_undefined(
    saliency: NDArray[np.floating], mask: NDArray[np.bool_] | None = None
) -> str | None:
    """Return why the metrics of a map (H, W) are NaN, or None if they are defined.

    With a mask (H, W), also checks what `localisation` needs.
    """
    if not np.isfinite(saliency).all():
        return "the map is not finite"
    if np.ptp(saliency) == 0:
        return "the map is constant: it prefers no pixel"
    if mask is not None and not mask.any():
        return "the mask is empty: there is no source to be on"
    if mask is not None and saliency.max() <= 0:
        return "the map holds no positive evidence"
    return None


def localisation(saliency: NDArray[np.floating], mask: NDArray[np.bool_]) -> dict[str, float]:
    """Measure how well a map (H, W) lies inside the mask (H, W) of a source.

    All metrics lie in [0, 1]; 1 is best (Arras, Osman & Samek 2022, Information Fusion 81, 14,
    section 3.2):

    - relevance_mass: share of the positive values inside. Negative values are evidence against the
      class and count as 0.
    - relevance_rank: share of the K highest pixels inside, with K the size of the mask.
    - pointing_game (Zhang et al. 2018, IJCV 126, 1084, without tolerance): whether the highest
      pixel is inside.

    Pixels of equal value count as if drawn at random. A map without any information scores the
    share of the image that the mask covers. A map that depends only on the image may score much
    more: see BY_IMAGE_ALONE. All are NaN where `why_undefined` gives a reason. Raises ValueError
    for a mask of another shape.
    """
    if saliency.shape != mask.shape:
        raise ValueError(
            f"a map of shape {saliency.shape} needs a mask of that shape, not {mask.shape}"
        )
    if why_undefined(saliency, mask):
        return dict.fromkeys(LOCALISATION, float("nan"))
    values, inside = saliency.astype(np.float64).ravel(), mask.ravel()
    positive = np.maximum(values, 0.0)
    return {
        "relevance_mass": float(positive[inside].sum() / positive.sum()),
        "relevance_rank": _share_of_highest(values, inside, int(inside.sum())),
        "pointing_game": _share_of_highest(values, inside, 1),
    }


def _share_of_highest(values: NDArray[np.float64], inside: NDArray[np.bool_], count: int) -> float:
    """Return the share of the `count` highest values inside, averaged over orders of equal ones."""
    edge = np.partition(values, values.size - count)[values.size - count]
    above, equal = values > edge, values == edge
    left = count - int(above.sum())
    return float((inside[above].sum() + left * inside[equal].mean()) / count)


@dataclass(frozen=True, kw_only=True, eq=False)
class FaithfulnessTest:
    """An image and a logit of a network, for which maps are tested.

    Results that do not depend on the map are computed once, for the first map.

    Attributes
    ----------
    network
        (B, C, H, W) -> (B, K) logits; its state is not changed.
    image
        (C, H, W).
    target
        Index of the logit.
    params
        Parameters of the metrics.
    seed
        Seed of all random numbers.
    mask
        Mask of the source (H, W), if it is known.
    """

    network: nn.Module
    image: Tensor
    target: int
    params: FaithfulnessParams
    seed: int
    mask: NDArray[np.bool_] | None = None

    @cached_property
    def stranger(self) -> nn.Module:
        """A copy of the network with random weights."""
        return randomised(self.network, sample_seed(self.seed, 3))

    @cached_property
    def removed(self) -> Removals:
        """The removed squares, with the change of the logit for each."""
        p = self.params
        side_px = max(1, round(p.infidelity_square * min(self.image.shape[-2:])))
        without = baseline_image(self.image, p.baseline, p.blur_fraction)
        return removals(
            self.network, self.image, self.target, without, p.infidelity_samples, side_px,
            sample_seed(self.seed, 1), p.chunk,
        )  # fmt: skip


def faithfulness(
    trial: FaithfulnessTest, saliency: NDArray[np.floating], explain: Explain
) -> dict[str, float]:
    """Measure how much the logit depends on what a map (H, W) of the trial's image shows.

    explain: (network, image) -> map, the function that made the map. It is called again for changed
    images and for a network with random weights. The metrics are

    - insertion_auc, deletion_auc: models.faithfulness.curves;
    - infidelity, max_sensitivity: models.faithfulness.perturbation;
    - randomisation_similarity, randomisation_ssim: rank correlation and structural similarity of
      the map with the random network's map, NaN if the latter is constant;
    - BY_IMAGE_ALONE: NaN in the same case; its localisation also without a mask.

    All are NaN where `why_undefined` gives a reason. Raises ValueError for a map of another shape,
    and the errors of models.attribution.network.placed.
    """
    image, params = trial.image, trial.params
    if saliency.shape != tuple(image.shape[-2:]):
        raise ValueError(
            f"a map of shape {saliency.shape} does not fit an image of shape "
            f"{tuple(image.shape)}: give (H, W) and (C, H, W)"
        )
    with borrowed(trial.network):
        here = placed(trial.network, image, trial.target)
        if why_undefined(saliency):
            return dict.fromkeys((*FAITHFULNESS, *BY_IMAGE_ALONE), float("nan"))
        other = explain(trial.stranger, here)  # called first: XRAI still has the image's regions
        unsteady = max_sensitivity(
            trial.network, here, saliency, explain, params.sensitivity_samples,
            params.sensitivity_radius, sample_seed(trial.seed, 2),
        )  # fmt: skip
        found = _of_image(trial, saliency)
        alone = _of_image(trial, other)
    nowhere = np.zeros(other.shape, dtype=bool)
    alone |= localisation(other, nowhere if trial.mask is None else trial.mask)
    return {
        **found,
        "max_sensitivity": unsteady,
        "randomisation_similarity": rank_correlation(saliency, other),
        "randomisation_ssim": structural_similarity(saliency, other),
        **{name: alone[name.removeprefix("random_")] for name in BY_IMAGE_ALONE},
    }


def _of_image(trial: FaithfulnessTest, saliency: NDArray[np.floating]) -> dict[str, float]:
    """Return the metrics that need no further map."""
    if why_undefined(saliency):
        return dict.fromkeys(_ONCE, float("nan"))
    insertion, deletion = _curves(trial, saliency)
    return dict(zip(_ONCE, (insertion, deletion, infidelity(saliency, trial.removed)), strict=True))


def _curves(trial: FaithfulnessTest, saliency: NDArray[np.floating]) -> tuple[float, float]:
    """Return the areas of insertion and deletion."""
    image, params = trial.image, trial.params
    places = important_first(saliency, trial.seed)

    def area(begin: Tensor, end: Tensor) -> float:
        return probability_area(
            trial.network, trial.target, begin, end, places, params.curve_steps,
            params.probability, params.chunk,
        )  # fmt: skip

    clean = baseline_image(image, params.insertion_baseline, params.blur_fraction)
    without = baseline_image(image, params.baseline, params.blur_fraction)
    return area(clean, image), area(image, without)
