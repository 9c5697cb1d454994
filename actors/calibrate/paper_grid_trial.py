"""The Tune trainable of the grid: one trial reads every galaxy's maps of one kind, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from ray import tune

from catalogues import storage
from catalogues.runs.array_cache import GREY, MapCache, noise_kind
from catalogues.runs.grid_rows import read_points, write_points
from catalogues.storage import StorageOptions
from models.calibration.paper_grid import grid_lengths, methods, with_input
from models.calibration.paper_grid_scores import GridPoint, KnownLengths, score
from models.calibration.params import GridParams

GALAXIES, POINTS = "galaxies.parquet", "points"
"""In the output of a grid: which galaxies it is of; the points that have been scored."""


@dataclass(frozen=True, kw_only=True)
class GridTask:
    """One kind of map on all galaxies. `output`: where GALAXIES lies and POINTS go."""

    output: str
    cache: str
    storage: StorageOptions
    members: tuple[str, ...]
    axes: GridParams
    noise_fraction: float
    multiply_by_input: bool

    @property
    def name(self) -> str:
        """Of the file with the points."""
        times = "_times_input" if self.multiply_by_input else ""
        return f"{noise_kind(self.noise_fraction)}{times}.parquet"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> GridTask:
        """The task of plain values, as Tune hands them to a trial (`dataclasses.asdict`)."""
        axes = {name: tuple(values) for name, values in config["axes"].items()}
        options = StorageOptions(**config["storage"])
        return cls(**{**config, "axes": GridParams(**axes), "storage": options})


def read_known(output: str, options: StorageOptions) -> tuple[NDArray[np.int64], KnownLengths]:
    """The galaxies of a grid that have maps: their ids, (N,), and known lengths."""
    fs, root = storage.filesystem(output, options)
    with storage.open_random(fs, storage.join(root, GALAXIES)) as file:
        columns = ["object_id", "length", "unit_per_map_px"]
        table = pq.read_table(file, columns=columns).drop_null()
    ids, length, unit = (table[name].to_numpy() for name in columns)
    return ids, KnownLengths(truth=length, unit_per_map_px=unit)


def measure_and_score(task: GridTask) -> list[GridPoint]:
    """All points of one kind of map. One galaxy's maps are in memory at a time, and of every
    galaxy its lengths: 200 (M + 2) bytes for the paper's 25 pairs."""
    ids, known = read_known(task.output, task.storage)
    cache = MapCache(task.cache, task.storage)
    kind = noise_kind(task.noise_fraction)
    pairs = (len(task.axes.correlations), len(task.axes.pixel_minima))
    lengths = np.empty((len(ids), len(methods(task.members)), *pairs))
    for i, object_id in enumerate(ids):
        maps = cache.read(kind, int(object_id))
        if task.multiply_by_input:
            maps = with_input(maps, cache.read(GREY, int(object_id)))
        lengths[i] = grid_lengths(maps, task.axes)
    return score(
        lengths,
        known,
        task.members,
        task.axes,
        noise_fraction=task.noise_fraction,
        multiply_by_input=task.multiply_by_input,
    )


def grid_trial(config: dict[str, Any]) -> None:
    """Score the task of `config["task"]`, keep its points, report the best rho to Tune."""
    task = GridTask.from_config(config["task"])
    points = measure_and_score(task)
    fs, root = storage.filesystem(task.output, task.storage)
    write_points(fs, storage.join(root, POINTS, task.name), map(asdict, points))
    tune.report({"pearson": max(point.rank for point in points), "points": len(points)})


def kept_points(task: GridTask) -> list[GridPoint] | None:
    """The points that a trial has kept; None where it has not ended."""
    fs, root = storage.filesystem(task.output, task.storage)
    rows = read_points(fs, storage.join(root, POINTS, task.name))
    return None if rows is None else [GridPoint(**row) for row in rows]
