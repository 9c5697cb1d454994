"""The paper's grid as a command: killed and gone on with, its results, mistakes in one line."""

from __future__ import annotations

import io
import json
import signal
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from catalogues.manifest import SCHEMA
from catalogues.runs.ensembles import read_ensemble
from catalogues.runs.grid_rows import read_points
from catalogues.storage import StorageError, filesystem
from models.calibration.paper_grid import methods
from models.calibration.paper_grid_scores import GridPoint, best_of_methods, winner
from models.calibration.params import GridParams
from models.networks.ensemble import Ensemble
from models.networks.spec import EnsembleSpec
from models.recipe import Recipe
from pipelines.calibrate.__main__ import main as calibrate_main
from pipelines.calibrate.options import GridOptions
from pipelines.calibrate.paper_grid import run
from pipelines.cluster.resources import ClusterOptions
from tests.commands import signalled, started
from tests.survey import galaxy_rows, tiny_ensemble, write_shard

GALAXIES = 24
SAMPLES = 60  # so that a map takes a while and there is something to interrupt
AXES = GridParams(noise_fractions=(0.1, 0.25), correlations=(0.7, 0.85), pixel_minima=(4, 12))
FIELDS = pa.schema([*SCHEMA, pa.field("bar_px", pa.float64()), pa.field("bar", pa.float64())])

pytestmark = pytest.mark.timeout(900)


def shards(folder: Path, rows: int = GALAXIES, **changes: object) -> str:
    """A shard of galaxies whose bars' lengths are known, give or take."""
    known = [
        {**row, "bar_px": 12.0 + i % 7, "bar": 4.8, **changes}
        for i, row in enumerate(galaxy_rows(rows))
    ]
    write_shard(folder / "a.parquet", known, FIELDS)
    return str(folder)


def options(folder: Path, **changes: object) -> GridOptions:
    given = GridOptions(
        input=str(folder / "shards"),
        output=str(folder / "out"),
        ensemble=str(folder / "tiny" / "ensemble.json"),
        length="bar_px",
        samples=SAMPLES,
        axes=AXES,
        split=replace(GridOptions(input="x", output="y").split, test=0.0),
        cluster=ClusterOptions(device="cpu", explainers_max=2),
    )
    return replace(given, **changes)


def words(given: GridOptions) -> list[str]:
    """The command line of `given`."""
    axes = given.axes
    return [
        "--grid", "paper", given.input, "--output", given.output, "--ensemble", given.ensemble,
        "--length", given.length, "--samples", str(given.samples), "--split.test", "0.0",
        "--axes.noise-fractions", *map(str, axes.noise_fractions),
        "--axes.correlations", *map(str, axes.correlations),
        "--axes.pixel-minima", *map(str, axes.pixel_minima),
        "--cluster.device", "cpu", "--cluster.explainers-max", "2",
    ]  # fmt: skip


def arrays(folder: Path) -> dict[Path, int]:
    """The maps that are there and when they were written."""
    return {f: f.stat().st_mtime_ns for f in (folder / "maps").glob("*/[!.]*.npy")}


def kill_after(given: GridOptions, count: int) -> None:
    """Run the command until `count` maps are there, then kill it; its workers end with it."""
    output = Path(given.output)
    with started("calibrate", words(given)) as process:
        signalled(process, signal.SIGKILL, lambda: len(arrays(output)) >= count)
    before: dict[Path, int] = {}
    while before != (before := arrays(output)):
        time.sleep(1.0)


@pytest.fixture(scope="module")
def finished(
    ray_cluster: object, tmp_path_factory: pytest.TempPathFactory
) -> tuple[GridOptions, str, dict[Path, int]]:
    """A grid that was killed while it made maps, and gone on with: the options, what the second
    session said, and the maps that the first had left."""
    folder = tmp_path_factory.mktemp("grid")
    shards(folder / "shards")
    tiny_ensemble(folder / "tiny")
    given = options(folder)
    kill_after(given, 7)
    left = arrays(folder / "out")
    said = io.StringIO()
    run(given, Console(file=said, width=120))
    return given, said.getvalue(), left


def test_nothing_is_made_twice_after_a_kill(finished) -> None:
    given, said, left = finished
    total = GALAXIES * (1 + len(AXES.noise_fractions))
    assert 7 <= len(left) < total
    assert f"{len(left)} maps and grey images exist, {total - len(left)} to make" in said
    now = arrays(Path(given.output))
    assert len(now) == total
    assert {file: now[file] for file in left} == left


def test_every_point_of_every_method_is_in_the_table(finished) -> None:
    given, _, _ = finished
    fs, root = filesystem(given.output)
    points = [GridPoint(**row) for row in read_points(fs, f"{root}/grid.parquet") or ()]
    expected = {
        (m, x, n, c, p)
        for m in methods(("first", "second"))
        for x in AXES.multiply_by_input
        for n in AXES.noise_fractions
        for c in AXES.correlations
        for p in AXES.pixel_minima
    }
    assert len(points) == len(expected) == 4 * AXES.points
    assert expected == {
        (p.method, p.multiply_by_input, p.noise_fraction, p.correlation_min, p.pixels_min)
        for p in points
    }
    assert {p.galaxies for p in points} == {GALAXIES}


def test_the_estimator_is_the_best_point_and_can_be_used(finished) -> None:
    given, said, _ = finished
    fs, root = filesystem(given.output)
    points = [GridPoint(**row) for row in read_points(fs, f"{root}/grid.parquet") or ()]
    best = winner(best_of_methods(points, ("first", "second")))
    recipe = Recipe.from_dict(json.loads(Path(f"{root}/estimator.json").read_text()))
    assert recipe.maps.samples == SAMPLES
    assert recipe.maps.noise_fraction == best.noise_fraction
    assert recipe.maps.multiply_by_input is best.multiply_by_input
    assert recipe.estimator.bar_length.correlation_min == best.correlation_min
    assert recipe.estimator.bar_length.pixels_min == best.pixels_min
    assert f"best: {best.method}" in said
    if best.method in ("first", "second"):
        files = read_ensemble(given.output)
        alone = EnsembleSpec.from_dict(files.description)
        assert [m.name for m in alone.members] == [best.method]
        Ensemble.from_bytes(alone, files.weights)
    assert Path(f"{root}/grid.png").read_bytes().startswith(b"\x89PNG")


def test_only_what_is_not_scored_is_scored_again(finished, monkeypatch: pytest.MonkeyPatch) -> None:
    given, _, _ = finished
    here = Path(given.output).parent
    monkeypatch.chdir(here)  # relative addresses are understood by workers that stand elsewhere
    relative = replace(given, input="shards", output="out", ensemble="tiny/ensemble.json")
    points = sorted((Path(given.output) / "points").glob("*.parquet"))
    assert len(points) == 4
    maps, table = arrays(Path(given.output)), Path(given.output, "grid.parquet").read_bytes()
    gone = points[0].read_bytes()
    points[0].unlink()
    before = {file: file.stat().st_mtime_ns for file in points[1:]}
    said = io.StringIO()
    run(relative, Console(file=said, width=120))
    assert "1 of 4 kinds of map" in said.getvalue()
    assert points[0].read_bytes() == gone
    assert {file: file.stat().st_mtime_ns for file in points[1:]} == before
    assert arrays(Path(given.output)) == maps
    assert Path(given.output, "grid.parquet").read_bytes() == table


def test_another_grid_does_not_go_on_with_this_one(finished) -> None:
    given, _, _ = finished
    with pytest.raises(ValueError, match=r"seed was 0, now 1.*choose another output"):
        run(replace(given, seed=1), Console(quiet=True))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"length": "true_bar_px"}, "no column 'true_bar_px'"),
        ({"length": "bar"}, "'bar' does not name its unit"),
        ({"length": "survey", "unit": "px"}, "type string and holds no lengths"),
        ({"galaxies_min": 25, "galaxies": 30}, "24 galaxies have a length in 'bar_px'"),
        ({"maps": "SAME"}, "give the maps their own folder"),
        ({"output": "INSIDE"}, "lies within the input"),
        ({"ensemble": "none.json"}, "none.json"),
    ],
)
def test_mistakes_are_found_before_anything_starts(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    shards(tmp_path / "shards")
    tiny_ensemble(tmp_path / "tiny")
    places = {"SAME": str(tmp_path / "out"), "INSIDE": str(tmp_path / "shards" / "out")}
    changes = {name: places.get(str(value), value) for name, value in changes.items()}
    with pytest.raises((ValueError, StorageError), match=said):
        run(options(tmp_path, **changes), Console(quiet=True))
    assert not (tmp_path / "out").exists()


def test_a_unit_that_the_name_contradicts_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        calibrate_main([*words(options(tmp_path)), "--unit", "kpc"])
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("ansae calibrate --grid: ")
    assert "names px, but the unit is given as kpc" in line
    assert "---" not in line


def test_too_few_galaxies_are_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards(tmp_path / "shards", rows=9)
    tiny_ensemble(tmp_path / "tiny")
    assert calibrate_main(words(options(tmp_path))) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("ansae calibrate --grid: 9 galaxies have a length in 'bar_px'")
