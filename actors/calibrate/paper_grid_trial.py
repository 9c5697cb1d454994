"""Tune trial of `ansae calibrate --grid paper`: measure all galaxies' maps of one kind, once."""

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
"""In the output of a grid: the file of its galaxies, and the folder of its scored points."""


@dataclass(frozen=True, kw_only=True)
class GridTask:
    """One kind of map of all galaxies.

    Attributes
    ----------
    output
        Folder of the grid: holds GALAXIES, receives POINTS.
    cache
        Folder of the maps.
    storage
        How both are reached.
    members
        Names of the members that have maps.
    axes
        Axes of the grid.
    noise_fraction
        Noise level S_noise of the maps.
    multiply_by_input
        Whether the maps are multiplied by the grey image (X_input).
    """

    output: str
    cache: str
    storage: StorageOptions
    members: tuple[str, ...]
    axes: GridParams
    noise_fraction: float
    multiply_by_input: bool

    @property
    def name(self) -> str:
        """Name of the file with the points."""
        times = "_times_input" if self.multiply_by_input else ""
        return f"{noise_kind(self.noise_fraction)}{times}.parquet"

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> GridTask:
        """Return the task of plain values (`dataclasses.asdict`), as Tune gives them to a trial."""
        axes = {name: tuple(values) for name, values in config["axes"].items()}
        options = StorageOptions(**config["storage"])
        return cls(**{**config, "axes": GridParams(**axes), "storage": options})


def read_known(output: str, options: StorageOptions) -> tuple[NDArray[np.int64], KnownLengths]:
    """Read the galaxies of a grid that have maps: their ids, (N,), and known lengths."""
    fs, root = storage.filesystem(output, options)
    with storage.open_random(fs, storage.join(root, GALAXIES)) as file:
        columns = ["object_id", "length", "unit_per_map_px"]
        table = pq.read_table(file, columns=columns).drop_null()
    ids, length, unit = (table[name].to_numpy() for name in columns)
    return ids, KnownLengths(truth=length, unit_per_map_px=unit)


def measure_and_score(task: GridTask) -> list[GridPoint]:
    """Score all points of one kind of map.

    Memory holds the maps of one galaxy at a time, and the lengths of all galaxies: 200 (M + 2)
    bytes per galaxy for the paper's 25 pairs (M: number of members).
    """
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
    """Score the task of `config["task"]`, store its points, report the best rho to Tune."""
    task = GridTask.from_config(config["task"])
    points = measure_and_score(task)
    fs, root = storage.filesystem(task.output, task.storage)
    write_points(fs, storage.join(root, POINTS, task.name), map(asdict, points))
    tune.report({"pearson": max(point.rank for point in points), "points": len(points)})


def kept_points(task: GridTask) -> list[GridPoint] | None:
    """Return the points that a trial has stored; None if it has not ended."""
    fs, root = storage.filesystem(task.output, task.storage)
    rows = read_points(fs, storage.join(root, POINTS, task.name))
    return None if rows is None else [GridPoint(**row) for row in rows]
