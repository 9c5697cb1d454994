"""Maps of galaxies whose bars are known, made where the cores are."""

from __future__ import annotations

from typing import Any

import numpy as np
import ray
import torch
from numpy.typing import NDArray

from actors.explainer import load_ensemble
from catalogues.images import decode
from catalogues.storage import StorageOptions
from models.estimator import Combine
from models.explanation import bar_maps, bar_maps_left_out, vote
from models.known_bars import KnownBar
from models.preprocess import Canvas, brightness, canvas
from models.refined_calibration import GradedBar
from models.saliency import SmoothGradParams, galaxy_seed
from models.selection import SelectionParams


@ray.remote
class Calibrator:
    """Holds the networks; `known` answers for one row of a shard with truth columns, `graded` for
    one with a column of grades.

    left_out: the way to combine members for which maps have sampling errors.
    """

    def __init__(
        self, ensemble: str, maps: SmoothGradParams, seed: int, device: str, left_out: Combine
    ) -> None:
        torch.set_num_threads(1)
        self.ensemble = load_ensemble(ensemble, StorageOptions(), device)
        self.maps, self.seed, self.left_out = maps, seed, left_out
        self.selection = SelectionParams()

    def known(self, row: dict[str, Any]) -> KnownBar | None:
        """Maps and truth; None where the image cannot be read or the votes do not select it."""
        seen = self._seen(row)
        if seen is None:
            return None
        cut, image, fraction = seen
        seed = galaxy_seed(self.seed, row["object_id"])
        made = bar_maps_left_out(self.ensemble, image, self.maps, seed, self.left_out)
        return KnownBar(
            maps=made.maps,
            left_out=made.left_out,
            length_px=row["true_bar_length_px"] / cut.factor_x,
            position_angle_deg=row["true_bar_position_angle_deg"],
            bar_fraction=fraction,
            light=_light(cut),
            source=row["object_id"],
        )

    def graded(self, row: dict[str, Any], column: str) -> GradedBar | None:
        """Maps and the grade in `column`; None as `known`."""
        seen = self._seen(row)
        if seen is None:
            return None
        cut, image, _ = seen
        maps = bar_maps(self.ensemble, image, self.maps, galaxy_seed(self.seed, row["object_id"]))
        return GradedBar(maps=maps, light=_light(cut), grade=row[column])

    def _seen(self, row: dict[str, Any]) -> tuple[Canvas, torch.Tensor, float] | None:
        """Canvas, image and bar_fraction of a galaxy that the votes select."""
        decoded = decode((row["image"] or {}).get("bytes"))
        if decoded.pixels is None:
            return None
        cut = canvas(decoded.pixels, self.ensemble.spec.field)
        image = self.ensemble.image(cut)
        votes = vote(self.ensemble, image)
        return (cut, image, votes.bar_fraction) if self.selection.chosen(votes.mean) else None


def _light(cut: Canvas) -> NDArray[np.float64]:
    return brightness(cut.pixels, np.array(cut.sky), cut.scale)
