"""Ray actor that makes saliency maps of galaxies with known bars, and caches them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import numpy as np
import ray
import torch
from numpy.typing import NDArray

from actors.load_networks import load_ensemble
from catalogues.images.decode import decode
from catalogues.runs.array_cache import ArrayCache
from catalogues.storage import StorageOptions
from catalogues.truth.columns import TRUE_ANGLE_DEG, VISUAL_LENGTH_PX
from models.barlength.estimator import Combine
from models.calibration.known_bars import KnownBar
from models.calibration.refined import GradedBar, MeasuredBar
from models.networks.selection import SelectionParams
from models.preprocess import brightness, canvas
from models.saliency.bar_maps import bar_maps, bar_maps_with_jackknife, vote
from models.saliency.params import SmoothGradParams
from models.saliency.seeds import galaxy_seed


@ray.remote
class KnownBarMapper:
    """Make maps of single rows: `known` for shards with truth columns, `graded` for graded bars.

    Parameters
    ----------
    ensemble
        For actors.load_networks.load_ensemble.
    maps
        How maps are made.
    seed
        Seed of the noise.
    device
        "cpu" or "cuda".
    jackknife_maps
        How members are combined in the jackknife maps of known bars (for sampling errors).
    kept
        Folder or URL of the array cache. Maps that it holds are not made again.
    """

    def __init__(
        self,
        ensemble: str,
        maps: SmoothGradParams,
        seed: int,
        device: str,
        jackknife_maps: Combine,
        kept: str,
    ) -> None:
        torch.set_num_threads(1)
        self.ensemble = load_ensemble(ensemble, StorageOptions(), device)
        self.maps, self.seed, self.jackknife_maps = maps, seed, jackknife_maps
        self.selection = SelectionParams()
        self.kept = ArrayCache(kept)
        decided = [self.ensemble.spec.to_dict(), asdict(maps), seed, jackknife_maps]
        self.key = json.dumps(decided, sort_keys=True).encode()

    def known(self, row: dict[str, Any]) -> KnownBar | None:
        """Return maps and truth; None if the image is unreadable or the votes do not select it."""
        found = self._cached(row, "known")
        if not found:
            return None
        return KnownBar(
            maps=found["maps"],
            jackknife_maps=found["left_out"],
            length_px=row[VISUAL_LENGTH_PX] / float(found["factor"]),
            position_angle_deg=row[TRUE_ANGLE_DEG],
            bar_fraction=float(found["bar_fraction"]),
            light=found["light"],
            source=row["object_id"],
        )

    def graded(self, row: dict[str, Any], column: str) -> GradedBar | None:
        """Return maps and the grade in `column`; None for the same reasons as `known`."""
        found = self._cached(row, "graded")
        if not found:
            return None
        return GradedBar(
            maps=found["maps"], light=found["light"], grade=row[column], source=row["object_id"]
        )

    def measured(self, row: dict[str, Any]) -> MeasuredBar | None:
        """Return maps and the length that people measured; None for the same reasons as `known`.

        `row` has length_px, length_err_px and group (MeasuredBar) in pixels of the stored image.
        """
        found = self._cached(row, "graded")
        if not found:
            return None
        factor = float(found["factor"])
        return MeasuredBar(
            maps=found["maps"],
            light=found["light"],
            length_px=row["length_px"] / factor,
            length_err_px=row["length_err_px"] / factor,
            bar_fraction=float(found["bar_fraction"]),
            group=row["group"],
            source=row["object_id"],
        )

    def _cached(self, row: dict[str, Any], kind: str) -> dict[str, NDArray[Any]]:
        """Return a galaxy's arrays from the cache, or make them; empty if it has none."""
        image = (row["image"] or {}).get("bytes") or b""
        name = hashlib.blake2b(self.key + image, digest_size=8).hexdigest()
        name = f"{kind}-{row['object_id']}-{name}"
        found = self.kept.get(name)
        if found is None:
            found = self._make(image, row["object_id"], kind)
            self.kept.put(name, found)
        return found

    def _make(self, data: bytes, object_id: int, kind: str) -> dict[str, NDArray[Any]]:
        """Make a galaxy's arrays; empty if it is unreadable or its votes do not select it."""
        decoded = decode(data)
        if decoded.pixels is None:
            return {}
        cut = canvas(decoded.pixels, self.ensemble.spec.field)
        image = self.ensemble.image(cut)
        votes = vote(self.ensemble, image)
        if not self.selection.chosen(votes.mean):
            return {}
        out = {
            "light": brightness(cut.pixels, np.array(cut.sky), cut.scale),
            "bar_fraction": np.array(votes.bar_fraction),
            "factor": np.array(cut.factor_x),
        }
        seed = galaxy_seed(self.seed, object_id)
        if kind == "graded":
            return out | {"maps": bar_maps(self.ensemble, image, self.maps, seed)}
        made = bar_maps_with_jackknife(self.ensemble, image, self.maps, seed, self.jackknife_maps)
        return out | {"maps": made.maps, "left_out": made.jackknife_maps}
