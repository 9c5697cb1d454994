"""Kinds of map, readings and crops compared on a real Ray: results, going on, mistakes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from catalogues.manifest import SCHEMA
from catalogues.runs.grid_rows import read_points
from catalogues.storage import StorageError, filesystem
from models.calibration.map_kinds import MapAxes
from models.recipe import Recipe
from pipelines.calibrate.__main__ import main as calibrate_main
from pipelines.calibrate.map_grid import run
from pipelines.calibrate.options import ANGLE, MapGridOptions
from pipelines.cluster.resources import ClusterOptions
from tests.survey import galaxy_rows, tiny_ensemble, write_shard

GALAXIES = 12
AXES = MapAxes(
    gradients=("signed",), channels=("sum",), multiply_by_input=(False, True), views=(False, True),
    widths=(0.8,), readings=("paper", "components", "levels"),
)  # fmt: skip
FIELDS = pa.schema([*SCHEMA, pa.field("bar_px", pa.float64()), pa.field(ANGLE, pa.float64())])

pytestmark = pytest.mark.timeout(300)


def options(folder: Path, **changes: object) -> MapGridOptions:
    rows = [{**r, "bar_px": 12.0 + i % 7, ANGLE: 20.0} for i, r in enumerate(galaxy_rows(GALAXIES))]
    if not (folder / "shards").exists():
        write_shard(folder / "shards" / "a.parquet", rows, FIELDS)
        tiny_ensemble(folder / "tiny")
    given = MapGridOptions(
        input=str(folder / "shards"), output=str(folder / "out"), length="bar_px", samples=10,
        ensemble=str(folder / "tiny" / "ensemble.json"), axes=AXES, select="all", galaxies_min=8,
        split=replace(MapGridOptions(input="x", output="y").split, test=0.0),
        cluster=ClusterOptions(device="cpu", explainers_max=2),
    )  # fmt: skip
    return replace(given, **changes)


def said_by(given: MapGridOptions) -> tuple[Recipe, str]:
    said = io.StringIO()
    return run(given, Console(file=said, width=200)), said.getvalue()


@pytest.fixture(scope="module")
def finished(
    ray_cluster: object, tmp_path_factory: pytest.TempPathFactory
) -> tuple[MapGridOptions, Recipe, str]:
    given = options(tmp_path_factory.mktemp("maps"))
    return given, *said_by(given)


def test_the_best_reading_of_all_kinds_becomes_the_estimator(finished) -> None:
    given, recipe, said = finished
    fs, root = filesystem(given.output)
    rows = read_points(fs, f"{root}/readings.parquet") or []
    kinds = {(r["kind"], r["multiply_by_input"]) for r in rows}
    assert len(kinds) == 4
    assert {r["family"] for r in rows} == set(AXES.readings)
    best = min(rows, key=lambda r: r["cost"])
    assert recipe == Recipe.from_dict(json.loads(Path(root, "estimator.json").read_text()))
    assert recipe.maps.gradient == best["gradient"]
    assert recipe.maps.multiply_by_input is best["multiply_by_input"]
    assert recipe.maps.view.rotate is best["views"]
    assert recipe.maps.view.width == 0.8
    assert recipe.maps.samples == 10
    assert recipe.estimator.error_sampling == 1
    assert len([*Path(root, "maps").glob(f"{best['kind']}-left-out-*/*.npy")]) == GALAXIES
    assert recipe.estimator.error_floor > 0
    assert best["reading"] in said
    assert "4 of 4 kinds of map" in said
    assert all(0 <= r["median_angle_error_deg"] <= 90 for r in rows if r["family"] == "components" and np.isfinite(r["cost"]))  # noqa: E501  # fmt: skip


@pytest.mark.slow
def test_only_what_is_missing_is_made_again(finished, monkeypatch: pytest.MonkeyPatch) -> None:
    given, recipe, _ = finished
    out = Path(given.output)
    before = (out / "readings.parquet").read_bytes()
    maps = sorted((out / "maps" / AXES.kinds[0].name).glob("*.npy"))
    maps[0].unlink()
    point = next((out / "points").glob("*.parquet"))
    kept = point.read_bytes()
    point.unlink()
    again, said = said_by(given)
    total = GALAXIES * (len(AXES.kinds) + 1)
    assert f"{total - 1} maps and grey images exist, 1 to make" in said
    assert "1 of 4 kinds of map" in said
    assert point.read_bytes() == kept
    assert again == recipe
    assert (out / "readings.parquet").read_bytes() == before


def test_other_settings_do_not_go_on_with_this_one(finished) -> None:
    given, _, _ = finished
    with pytest.raises(ValueError, match=r"samples was 10, now 11.*choose another output"):
        run(replace(given, samples=11), Console(quiet=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"length": "bar_kpc"}, "no column 'bar_kpc'"),
        ({"angle": "pa"}, r"no column 'pa' for --angle: it has .*true_bar_position_angle_deg"),
        ({"galaxies_min": 13, "galaxies": 30}, "12 galaxies have a length in 'bar_px'"),
    ],
)
def test_mistakes_are_found_before_anything_starts(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises((ValueError, StorageError), match=said):
        run(options(tmp_path, **changes), Console(quiet=True))
    assert not (tmp_path / "out").exists()


def test_a_grid_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate_main(["--grid=paint", "shards"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line == (
        "ansae calibrate --grid: there is no grid 'paint': give --grid paper or --grid maps"
    )
