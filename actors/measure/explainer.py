"""Stage of `ansae measure` with the networks: votes for all canvases, maps for selected ones."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
import torch

from actors.load_networks import load_control, load_ensemble
from actors.measure.columns import EXPLAINED, with_columns
from catalogues.bars import CONTROL, SAMPLES
from catalogues.galaxyzoo import SPIRAL
from catalogues.statuses import Status
from catalogues.storage import StorageOptions
from models.barlength.estimator import EstimatorParams
from models.networks.fast_gradients import Precision, SpeedParams
from models.networks.selection import SelectionParams
from models.saliency.adaptive import bar_maps_to_tolerance
from models.saliency.answer_maps import answer_maps, with_few_samples
from models.saliency.bar_maps import bar_maps, bar_maps_with_jackknife, combined_votes, vote
from models.saliency.params import SmoothGradParams
from models.saliency.seeds import galaxy_seed
from models.spiral_and_bulge import BULGE_ANSWERS, arms_seen

MACHINE_ERRORS = (MemoryError, torch.OutOfMemoryError, torch.AcceleratorError)
"""Errors that are not the galaxy's fault.

They end the run, which can be resumed on a machine that works.
"""


class Explainer:
    """Callable on the Decoder's tables; sets the columns of actors.measure.columns.EXPLAINED.

    Parameters
    ----------
    ensemble, storage
        For actors.find_ensemble.find_ensemble. The weights are read here, once; they are not sent.
    selection
        Which galaxies get a saliency map.
    maps
        How saliency maps are made.
    estimator
        The estimator that will measure the maps: it decides which jackknife maps are needed.
    seed
        Seed of the run.
    device
        "cpu" or "cuda".
    precision, lower_votes
        For models.networks.fast_gradients.SpeedParams.of.
    control
        For actors.load_networks.load_control; None for no control.
    length_tolerance
        For models.saliency.adaptive; None to compute all samples of every map.
    spiral_arms
        Whether galaxies whose voters see spiral arms also get a map of the arms.
    bulge
        Whether galaxies with a map also get a map of the bulge.
    """

    def __init__(
        self,
        *,
        ensemble: str,
        storage: StorageOptions,
        selection: SelectionParams,
        maps: SmoothGradParams,
        estimator: EstimatorParams,
        seed: int,
        device: str,
        precision: Precision | Literal["auto"] = "auto",
        lower_votes: bool = False,
        control: str | None = None,
        length_tolerance: float | None = None,
        spiral_arms: bool = False,
        bulge: bool = False,
    ) -> None:
        if device == "cpu":
            torch.set_num_threads(1)  # the pool of Explainers already fills the cores
        speed = SpeedParams.of(torch.device(device), precision, lower_votes)
        self.ensemble = load_ensemble(ensemble, storage, device, speed)
        self.control = load_control(control, storage, device) if control else None
        self.length_tolerance = length_tolerance
        self.spiral_arms = spiral_arms
        self.bulge = bulge
        self.selection = selection
        self.maps = maps
        self.estimator = estimator
        self.seed = seed

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the rows in order; rows that already have a status pass through."""
        rows = batch.to_pylist()
        if self.ensemble.device.type == "cuda":
            self._vote_together([row for row in rows if row["status"] is None])
        return with_columns(batch, EXPLAINED, [self._explained(row) for row in rows])

    def _vote_together(self, rows: list[dict[str, Any]]) -> None:
        """Put every member's votes into the rows; a GPU needs more than one galaxy at a time."""
        if rows:
            votes = self.ensemble.votes(torch.stack([self._image(row) for row in rows]))
            for row, own in zip(rows, votes.transpose(0, 1).cpu().numpy(), strict=True):
                row["member_votes"] = own

    def _explained(self, row: dict[str, Any]) -> dict[str, Any]:
        if row["status"] is not None:
            return {name: row[name] for name in ("status", "status_message")}
        try:
            return self._votes_and_maps(row)
        except MACHINE_ERRORS:
            raise
        except Exception as error:
            message = f"computing votes and maps: {type(error).__name__}: {error}"
            return {"status": Status.FAILED.value, "status_message": message}

    def _canvas(self, row: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pixels (1, S, S, 3) uint8, sky (1, 3) and scale (1,) float32."""
        side = self.ensemble.spec.field.canvas_px
        pixels = np.frombuffer(row["canvas"], np.uint8).reshape(1, side, side, 3)
        return pixels, np.array([row["sky"]], np.float32), np.array([row["scale"]], np.float32)

    def _image(self, row: dict[str, Any]) -> torch.Tensor:
        """Return the normalised canvas, (3, S, S)."""
        return self.ensemble.images(*self._canvas(row))[0]

    def _votes_and_maps(self, row: dict[str, Any]) -> dict[str, Any]:
        image = self._image(row)
        known = row.get("member_votes")
        if known is None:
            votes = vote(self.ensemble, image)
        else:
            votes = combined_votes(known, self.ensemble.spec.pool)
        out = {"votes": votes.mean, "votes_std": votes.std, "bar_fraction": votes.bar_fraction}
        if not self.selection.chosen(votes.mean):
            return out | {"status": Status.NOT_SELECTED.value}
        if self.control is not None:
            lengths = self.control.lengths_px(*self._canvas(row), row["galaxy_radius_px"])
            out[CONTROL.name] = float(lengths[0])
        seed = galaxy_seed(self.seed, row["object_id"])
        return out | self._other_maps(image, votes.mean, seed) | self._maps(image, seed)

    def _other_maps(self, image: torch.Tensor, votes: np.ndarray, seed: int) -> dict[str, bytes]:
        """Return the requested maps of arms and bulge; each is the mean of its answers' maps."""
        wanted: dict[str, tuple[int, ...]] = {}
        if self.spiral_arms and arms_seen(votes):
            wanted["arms_map"] = (SPIRAL,)
        if self.bulge:
            wanted["bulge_map"] = BULGE_ANSWERS
        if not wanted:
            return {}
        answers = [answer for own in wanted.values() for answer in own]
        maps = answer_maps(self.ensemble, image, answers, with_few_samples(self.maps), seed)
        of = dict(zip(answers, maps, strict=True))
        means = {name: np.mean([of[a] for a in own], axis=0) for name, own in wanted.items()}
        return {name: mean.astype(np.float32).tobytes() for name, mean in means.items()}

    def _maps(self, image: torch.Tensor, seed: int) -> dict[str, Any]:
        of = (self.ensemble, image, self.maps, seed)
        if self.length_tolerance is not None:
            made, samples = bar_maps_to_tolerance(*of, self.estimator, self.length_tolerance)
        elif self.estimator.error_sampling:
            made, samples = bar_maps_with_jackknife(*of, self.estimator.combine), None
        else:
            return {"maps": bar_maps(*of).tobytes()}
        both = {"maps": made.maps.tobytes(), "jackknife_maps": made.jackknife_maps.tobytes()}
        return both | {SAMPLES.name: samples}
