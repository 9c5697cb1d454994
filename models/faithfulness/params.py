"""How faithfulness is measured: parameters, and the names of the metrics. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.attribution.params import BASELINES, Baseline

Probability = Literal["softmax", "sigmoid"]


LOCALISATION: tuple[str, ...] = ("relevance_mass", "relevance_rank", "pointing_game")
"""Names of what `localisation` gives."""


FAITHFULNESS: tuple[str, ...] = (
    "insertion_auc",
    "deletion_auc",
    "infidelity",
    "max_sensitivity",
    "randomisation_similarity",
    "randomisation_ssim",
)
"""Names of what `faithfulness` gives."""


_ONCE = ("insertion_auc", "deletion_auc", "infidelity")


BY_IMAGE_ALONE: tuple[str, ...] = tuple(f"random_{name}" for name in (*LOCALISATION, *_ONCE))
"""Names of what `faithfulness` gives besides: the metrics, before the network, of the map that the
same method makes of the same network with random weights. Methods that multiply by the image (all
integrated gradients) lie on a bright source in a dark sky whatever the network is."""


_LOW = ("deletion_auc", "infidelity", "max_sensitivity")


BETTER: Mapping[str, Literal["high", "low"]] = {
    name: "low" if name in _LOW or name.startswith("randomisation") else "high"
    for name in (*LOCALISATION, *FAITHFULNESS)
}
"""Which end of each is good. A map like that of a network of random weights explains neither."""


@dataclass(frozen=True, kw_only=True)
class FaithfulnessParams:
    """How a map is judged.

    curve_steps: of insertion and deletion. baseline: what removed pixels become (deletion,
    infidelity). insertion_baseline: what insertion begins with. blur_fraction: sigma of "blurred"
    over the shorter side. probability: how logits become it. infidelity_samples,
    infidelity_square: squares removed, and their side over the shorter side. sensitivity_samples,
    sensitivity_radius: changed images, and the largest change of a pixel over the image's range;
    each costs a map. chunk: images computed at once; it changes no result beyond rounding.
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
                raise ValueError(f"{name}={getattr(self, name)!r}: one of {', '.join(BASELINES)}")
        if self.probability not in ("softmax", "sigmoid"):
            raise ValueError(f"probability={self.probability!r} must be 'softmax' or 'sigmoid'")


Mask = Literal["island", "bar", "none"]
