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
    """Why the metrics of a map (H, W), with a mask (H, W) those of `localisation`, are NaN; None
    if they are not."""
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
    """How well a map (H, W) lies inside the mask (H, W) of a source, each in [0, 1], 1 is best.

    Arras, Osman & Samek 2022, Information Fusion 81, 14, section 3.2. relevance_mass: share of the
    positive values that lies inside; negative ones are evidence against the class and count as 0.
    relevance_rank: share of the K highest pixels that lies inside, K the size of the mask.
    pointing_game (Zhang et al. 2018, IJCV 126, 1084, without tolerance): whether the highest pixel
    does. Pixels of equal value count as if drawn at random. A map that knows nothing scores the
    share of the image that the mask covers; one that knows the image alone may score much more:
    see BY_IMAGE_ALONE. All NaN where `why_undefined` gives a reason. Raises
    ValueError for a mask of another shape.
    """
    if saliency.shape != mask.shape:
        raise ValueError(f"a map of {saliency.shape} needs a mask of that shape, not {mask.shape}")
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
    """Share of the `count` highest values that is inside, expected over the order of equal ones."""
    edge = np.partition(values, values.size - count)[values.size - count]
    above, equal = values > edge, values == edge
    left = count - int(above.sum())
    return float((inside[above].sum() + left * inside[equal].mean()) / count)


@dataclass(frozen=True, kw_only=True, eq=False)
class FaithfulnessTest:
    """An image (C, H, W) and the logit `target` of a network, before which maps are judged.

    network: (B, C, H, W) -> (B, K) logits, left as found. seed: of all that is drawn. mask: of the
    source (H, W), where it is known. What no map changes is computed once, for the first.
    """

    network: nn.Module
    image: Tensor
    target: int
    params: FaithfulnessParams
    seed: int
    mask: NDArray[np.bool_] | None = None

    @cached_property
    def stranger(self) -> nn.Module:
        """The network with random weights."""
        return randomised(self.network, sample_seed(self.seed, 3))

    @cached_property
    def removed(self) -> Removals:
        """Squares without which the logit is another."""
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
    """How far the logit hangs on what a map (H, W) of the trial's image shows.

    explain: (network, image) -> map, how the map was made; asked for it again for changed images
    and for a network of random weights. insertion_auc, deletion_auc: models.faithfulness.curves.
    infidelity, max_sensitivity: models.faithfulness.perturbation. randomisation_similarity,
    randomisation_ssim: rank correlation and structural similarity of the map with the random
    network's, NaN where that is constant. BY_IMAGE_ALONE: NaN there too, localisation also without
    a mask. All NaN where `why_undefined` gives a reason. Raises ValueError for a map of another
    shape, and what models.attribution.network.placed raises.
    """
    image, params = trial.image, trial.params
    if saliency.shape != tuple(image.shape[-2:]):
        raise ValueError(f"a map of {saliency.shape} is none of an image {tuple(image.shape)}")
    with borrowed(trial.network):
        here = placed(trial.network, image, trial.target)
        if why_undefined(saliency):
            return dict.fromkeys((*FAITHFULNESS, *BY_IMAGE_ALONE), float("nan"))
        other = explain(trial.stranger, here)  # at once: XRAI still has the image's regions
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
    """The metrics for which a map is not made again."""
    if why_undefined(saliency):
        return dict.fromkeys(_ONCE, float("nan"))
    insertion, deletion = _curves(trial, saliency)
    return dict(zip(_ONCE, (insertion, deletion, infidelity(saliency, trial.removed)), strict=True))


def _curves(trial: FaithfulnessTest, saliency: NDArray[np.floating]) -> tuple[float, float]:
    """Areas of insertion and of deletion."""
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
