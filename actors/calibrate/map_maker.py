"""Ray actor of a grid: makes saliency maps of galaxies with known lengths and stores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import ray
import torch

from actors.load_networks import load_ensemble
from catalogues import storage
from catalogues.images.decode import decode
from catalogues.runs.array_cache import GREY, MapCache, jackknife_kind
from catalogues.scales import ScaleConvention, pixel_scale
from catalogues.shards.reading import ROW, read_shard
from catalogues.storage import StorageOptions
from models.barlength.estimator import Combine
from models.networks.selection import SelectionParams
from models.preprocess import canvas
from models.saliency.bar_maps import bar_maps_with_jackknife, maps_of_kinds, vote
from models.saliency.params import SmoothGradParams
from models.saliency.seeds import galaxy_seed

_COLUMNS = ("object_id", "image", "pixel_scale_arcsec", "petro_r90_arcsec")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Some rows (`wanted`) of the shard at `path`, which has `shard_rows` rows."""

    path: str
    shard_rows: int
    wanted: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class MapMakerParams:
    """Parameters of a MapMaker.

    Attributes
    ----------
    input
        Folder or URL of the image shards.
    cache
        Folder or URL of the maps.
    storage
        How both are reached.
    ensemble
        For actors.load_networks.load_ensemble.
    maps
        How the maps are made, by the name of their kind on disk.
    selection
        Which galaxies get maps.
    scale
        Convention for the pixel scale.
    seed
        Seed of the noise.
    device
        "cpu" or "cuda".
    angle
        Column of known position angles; None if the input has none.
    jackknife_maps
        Kinds that also get jackknife maps, and how members are combined in these.
    """

    input: str
    cache: str
    storage: StorageOptions
    ensemble: str
    maps: Mapping[str, SmoothGradParams]
    selection: SelectionParams
    scale: ScaleConvention
    seed: int
    device: str
    angle: str | None = None
    jackknife_maps: tuple[tuple[str, Combine], ...] = ()


class MapMaker:
    """Hold the networks. `look` finds how images lie on their canvases; `draw` makes maps."""

    def __init__(self, params: MapMakerParams) -> None:
        if params.device == "cpu":
            torch.set_num_threads(1)  # the pool of MapMakers already fills the cores
        self.ensemble = load_ensemble(params.ensemble, params.storage, params.device)
        self.params = params
        self.cache = MapCache(params.cache, params.storage)
        self.fs, _ = storage.filesystem(params.input, params.storage)

    def look(self, rows: Rows) -> list[dict[str, Any]]:
        """Return for each row its object_id and how its image lies on the map.

        The other keys are map_px (stored pixels per map pixel), image_px (side of the image),
        pixel_scale_arcsec, position_angle_deg and bar_fraction (None unless votes select). A row
        that gets no map has only its object_id and a note that says why.
        """
        return [self._look(row) for row in self._read(rows)]

    def draw(self, rows: Rows, missing: Mapping[int, tuple[str, ...]]) -> int:
        """Make the missing kinds of arrays of each galaxy (object_id). Returns the number made."""
        return sum(self._draw(row, missing.get(row["object_id"], ())) for row in self._read(rows))

    def _read(self, rows: Rows) -> Iterator[dict[str, Any]]:
        skip = np.ones(rows.shard_rows, dtype=bool)
        skip[list(rows.wanted)] = False
        extra = (self.params.angle,) if self.params.angle else ()
        for table in read_shard(self.fs, rows.path, skip_rows=skip, columns=_COLUMNS, extra=extra):
            yield from table.select([*_COLUMNS, *extra, ROW]).to_pylist()

    def _look(self, row: dict[str, Any]) -> dict[str, Any]:
        decoded = decode((row["image"] or {}).get("bytes"))
        if decoded.pixels is None:
            return {"object_id": row["object_id"], "note": f"image: {decoded.status}"}
        cut = canvas(decoded.pixels, self.ensemble.spec.field)
        fraction = None
        if self.params.selection.select == "bar":
            try:
                votes = vote(self.ensemble, self.ensemble.image(cut))
            except FloatingPointError as error:
                return {"object_id": row["object_id"], "note": str(error)}
            fraction = votes.bar_fraction
            if not self.params.selection.chosen(votes.mean):
                return {"object_id": row["object_id"], "note": "no bar by its votes"}
        side = decoded.pixels.shape[1]
        given, r90 = row["pixel_scale_arcsec"], row["petro_r90_arcsec"]
        return {
            "object_id": row["object_id"],
            "map_px": float(np.sqrt(cut.factor_x * cut.factor_y)),
            "image_px": side,
            "bar_fraction": fraction,
            "position_angle_deg": row[self.params.angle] if self.params.angle else None,
            "pixel_scale_arcsec": pixel_scale(
                self.params.scale, given, decoded.pixel_scale_arcsec, r90, side
            ),
        }

    def _draw(self, row: dict[str, Any], kinds: tuple[str, ...]) -> int:
        decoded = decode((row["image"] or {}).get("bytes")) if kinds else None
        if decoded is None or decoded.pixels is None:
            return 0
        image = self.ensemble.image(canvas(decoded.pixels, self.ensemble.spec.field))
        seed = galaxy_seed(self.params.seed, row["object_id"])
        if GREY in kinds:
            self.cache.write(GREY, row["object_id"], image.mean(dim=0).cpu().numpy())
        wanted = {name: maps for name, maps in self.params.maps.items() if name in kinds}
        for name, made in maps_of_kinds(self.ensemble, image, wanted, seed):
            self.cache.write(name, row["object_id"], made)
        for name, combine in self.params.jackknife_maps:
            if (kind := jackknife_kind(name, combine)) in kinds:
                maps = self.params.maps[name]
                both = bar_maps_with_jackknife(self.ensemble, image, maps, seed, combine)
                self.cache.write(kind, row["object_id"], both.jackknife_maps.astype(np.float32))
        return len(kinds)


MapperActor = ray.remote(MapMaker)
"""MapMaker as a Ray actor."""
