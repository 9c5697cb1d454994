"""Tune trial of `ansae calibrate --grid maps`: try all estimators on the maps of one kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow.parquet as pq
from ray import tune

from actors.calibrate.paper_grid_trial import GALAXIES, POINTS
from catalogues import storage
from catalogues.runs.array_cache import GREY, MapCache, jackknife_kind
from catalogues.runs.grid_rows import READINGS, read_points, write_points
from catalogues.storage import StorageOptions
from models.barlength.estimator import Combine, EstimatorParams
from models.calibration.known_bars import KnownBar, ReadingScore
from models.calibration.lengths import try_reading
from models.calibration.map_kinds import MapKind
from models.calibration.paper_grid import with_input
from models.calibration.params import Family
from models.calibration.readings import family, readings_of, words


@dataclass(frozen=True, kw_only=True)
class MapTask:
    """One kind of map, with or without X_input (multiplied by the input).

    Attributes
    ----------
    output
        Folder of the grid: holds GALAXIES, receives POINTS.
    cache
        Folder of the maps.
    storage
        How both are reached.
    kind
        The kind of map.
    multiply_by_input
        Whether the maps are multiplied by the grey image.
    families
        Families of estimators to try.
    """

    output: str
    cache: str
    storage: StorageOptions
    kind: MapKind
    multiply_by_input: bool
    families: tuple[Family, ...]

    @property
    def label(self) -> str:
        """Name of the kind, with "-times-input" if its maps are multiplied by the input."""
        return self.kind.name + ("-times-input" if self.multiply_by_input else "")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> MapTask:
        """Return the task of plain values (`dataclasses.asdict`), as Tune gives them to a trial."""
        kind, access = MapKind(**config["kind"]), StorageOptions(**config["storage"])
        families = tuple(config["families"])
        return cls(**{**config, "kind": kind, "storage": access, "families": families})


def known_bars(task: MapTask, jackknife_maps: Combine | None = None) -> list[KnownBar]:
    """Load all galaxies with their maps of the task's kind.

    If `jackknife_maps` names a way to combine members, load the jackknife maps, too.
    """
    fs, root = storage.filesystem(task.output, task.storage)
    with storage.open_random(fs, storage.join(root, GALAXIES)) as file:
        rows = [row for row in pq.read_table(file).to_pylist() if row["note"] is None]
    cache = MapCache(task.cache, task.storage)

    def arrays(kind: str, object_id: int) -> Any:
        maps = cache.read(kind, object_id)
        return with_input(maps, cache.read(GREY, object_id)) if task.multiply_by_input else maps

    def number(value: float | None) -> float:
        return float("nan") if value is None else value

    known = []
    for row in rows:
        without = None
        if jackknife_maps is not None:
            kind = jackknife_kind(task.kind.name, jackknife_maps)
            without = arrays(kind, row["object_id"]).astype("float16")
        known.append(
            KnownBar(
                maps=arrays(task.kind.name, row["object_id"]),
                length_px=row["length"] / row["unit_per_map_px"],
                position_angle_deg=number(row["position_angle_deg"]),
                bar_fraction=number(row["bar_fraction"]),
                jackknife_maps=without,
            )
        )
    return known


def map_trial(config: dict[str, Any]) -> None:
    """Try all estimators on the maps of `config["task"]`, store their scores, report the best."""
    task = MapTask.from_config(config["task"])
    known = known_bars(task)
    members = len(known[0].maps) if known else 1
    trials = [try_reading(known, params) for params in readings_of(task.families, members)]
    fs, root = storage.filesystem(task.output, task.storage)
    rows = [_row(task, trial, len(known)) for trial in trials]
    write_points(fs, storage.join(root, POINTS, f"{task.label}.parquet"), rows, READINGS)
    tune.report({"cost": min(trial.cost for trial in trials), "readings": len(trials)})


def kept_rows(task: MapTask) -> list[dict[str, Any]] | None:
    """Return the rows of READINGS that a trial has stored; None if it has not ended."""
    fs, root = storage.filesystem(task.output, task.storage)
    return read_points(fs, storage.join(root, POINTS, f"{task.label}.parquet"))


def reading_of(row: Mapping[str, Any]) -> EstimatorParams:
    """Return the calibrated estimator of a row of READINGS."""
    return EstimatorParams.from_dict(json.loads(row["estimator"]))


def _row(task: MapTask, trial: ReadingScore, galaxies: int) -> dict[str, Any]:
    return {
        "kind": task.kind.name,
        **asdict(task.kind),
        "multiply_by_input": task.multiply_by_input,
        "family": family(trial.params),
        "reading": words(trial.params),
        "galaxies": galaxies,
        "measured": trial.measured,
        "median_error": trial.median_error,
        "rho": trial.rho,
        "median_angle_error_deg": trial.median_angle_error_deg,
        "cost": trial.cost,
        "estimator": json.dumps(trial.params.to_dict()),
    }
