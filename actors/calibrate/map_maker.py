"""Galaxies with known lengths to saliency maps on disk, made where the cores or the GPUs are."""

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
    """Some rows of one shard: its path and number of rows, and which rows of it."""

    path: str
    shard_rows: int
    wanted: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class MapMakerParams:
    """What a Mapper needs to know. `maps`: by the name of their kind on disk; `jackknife_maps`: of
    which of them also the maps without one group of samples each are made, and for which way to
    combine members. `angle`: column of known position angles, where there is one."""

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
    """Holds the networks. `look` measures how images lie on canvases, `draw` makes maps."""

    def __init__(self, params: MapMakerParams) -> None:
        if params.device == "cpu":
            torch.set_num_threads(1)  # the Mappers are what fills the cores
        self.ensemble = load_ensemble(params.ensemble, params.storage, params.device)
        self.params = params
        self.cache = MapCache(params.cache, params.storage)
        self.fs, _ = storage.filesystem(params.input, params.storage)

    def look(self, rows: Rows) -> list[dict[str, Any]]:
        """object_id of each row with map_px (stored pixels in a pixel of the map), image_px (the
        image's side), pixel_scale_arcsec, position_angle_deg and (where votes select) bar_fraction,
        or with a note that says why it has no map."""
        return [self._look(row) for row in self._read(rows)]

    def draw(self, rows: Rows, missing: Mapping[int, tuple[str, ...]]) -> int:
        """Make the kinds of arrays that each galaxy (object_id) is missing; how many were made."""
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
"""The Mapper as a Ray actor."""
