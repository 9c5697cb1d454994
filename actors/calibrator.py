"""Maps of galaxies whose bars are known, made where the cores are."""

from __future__ import annotations

from typing import Any

import ray
import torch

from actors.explainer import load_ensemble
from catalogues.images import decode
from catalogues.storage import StorageOptions
from models.calibration import KnownBar
from models.explanation import bar_maps_left_out, vote
from models.preprocess import canvas
from models.saliency import SmoothGradParams, galaxy_seed
from models.selection import SelectionParams


@ray.remote
class Calibrator:
    """Holds the networks; `known` answers for one row of a shard with truth columns."""

    def __init__(self, ensemble: str, maps: SmoothGradParams, seed: int, device: str) -> None:
        torch.set_num_threads(1)
        self.ensemble = load_ensemble(ensemble, StorageOptions(), device)
        self.maps, self.seed = maps, seed
        self.selection = SelectionParams()

    def known(self, row: dict[str, Any]) -> KnownBar | None:
        """Maps and truth; None where the image cannot be read or the votes do not select it."""
        decoded = decode((row["image"] or {}).get("bytes"))
        if decoded.pixels is None:
            return None
        cut = canvas(decoded.pixels, self.ensemble.spec.field)
        image = self.ensemble.image(cut)
        votes = vote(self.ensemble, image)
        if not self.selection.chosen(votes.mean):
            return None
        seed = galaxy_seed(self.seed, row["object_id"])
        made = bar_maps_left_out(self.ensemble, image, self.maps, seed, "lengths")
        return KnownBar(
            maps=made.maps,
            left_out=made.left_out,
            length_px=row["true_bar_length_px"] / cut.factor_x,
            position_angle_deg=row["true_bar_position_angle_deg"],
            bar_fraction=votes.bar_fraction,
        )
