"""Parameters of the faithfulness metrics, and the metrics' names. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.attribution.params import BASELINES, Baseline

Probability = Literal["softmax", "sigmoid"]


LOCALISATION: tuple[str, ...] = ("relevance_mass", "relevance_rank", "pointing_game")
"""Names of the metrics that `localisation` returns."""


FAITHFULNESS: tuple[str, ...] = (
    "insertion_auc",
    "deletion_auc",
    "infidelity",
    "max_sensitivity",
    "randomisation_similarity",
    "randomisation_ssim",
)
"""Names of the metrics that `faithfulness` returns."""


_ONCE = ("insertion_auc", "deletion_auc", "infidelity")


BY_IMAGE_ALONE: tuple[str, ...] = tuple(f"random_{name}" for name in (*LOCALISATION, *_ONCE))
"""Names of further metrics that `faithfulness` returns. They test, with the trained network, the
map that the same method makes of the network with random weights. Maps of methods that multiply by
the image (all integrated gradients) lie on a bright source in a dark sky, whatever the network."""


_LOW = ("deletion_auc", "infidelity", "max_sensitivity")


BETTER: Mapping[str, Literal["high", "low"]] = {
    name: "low" if name in _LOW or name.startswith("randomisation") else "high"
    for name in (*LOCALISATION, *FAITHFULNESS)
}
"""Which end of each metric is good. A map that equals a random network's map explains neither."""


@dataclass(frozen=True, kw_only=True)
class FaithfulnessParams:
    """How the faithfulness of a map is measured.

    Attributes
    ----------
    curve_steps
        Steps of the insertion and deletion curves.
    baseline
        Values of removed pixels (deletion, infidelity).
    insertion_baseline
        The image that insertion starts from.
    blur_fraction
        Sigma of "blurred", as a fraction of the shorter side.
    probability
        How logits become probabilities.
    infidelity_samples, infidelity_square
        Number of removed squares, and their side as a fraction of the shorter side.
    sensitivity_samples, sensitivity_radius
        Number of changed images (each costs a map), and the largest change of a pixel as a fraction
        of the image's range.
    chunk
        Images computed at once; it changes results by rounding only.
    """

    curve_steps: int = 32
    baseline: Baseline = "zero"
    insertion_baseline: Baseline = "blurred"
    blur_fraction: float = 0.1
    probability: Probability = "softmax"
    infidelity_samples: int = 64
    infidelity_square: float = 0.2
    sensitivity_samples: int = 4
    sensitivity_radius: float = 0.02
    chunk: int = 16

    def __post_init__(self) -> None:
        for name in ("curve_steps", "infidelity_samples", "sensitivity_samples", "chunk"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        for name in ("blur_fraction", "infidelity_square", "sensitivity_radius"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must lie above 0, up to 1")
        for name in ("baseline", "insertion_baseline"):
            if getattr(self, name) not in BASELINES:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} must be one of {', '.join(BASELINES)}"
                )
        if self.probability not in ("softmax", "sigmoid"):
            raise ValueError(f"probability={self.probability!r} must be 'softmax' or 'sigmoid'")


Mask = Literal["island", "bar", "none"]
