"""Training under a real Ray Tune and calibrating after it, on a handful of mock galaxies."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from catalogues import storage
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.table import mock_table
from catalogues.runs.ensembles import read_ensemble
from catalogues.shards.splits import SplitFractions, parts_of
from catalogues.shards.writing import write_shards
from models.barlength.estimator import EstimatorParams
from models.calibration.fit_refinement import RefiningParams
from models.calibration.known_bars import ReadingScore
from models.calibration.lengths import candidates
from models.calibration.refined import Refined, refine
from models.networks.ensemble import Ensemble
from models.networks.spec import EnsembleSpec
from models.recipe import Recipe
from pipelines.calibrate import command as calibrate_module
from pipelines.calibrate.command import run as calibrate
from pipelines.calibrate.options import CalibrateOptions
from pipelines.train.command import TrainOptions
from pipelines.train.command import run as train

QUIET = Console(quiet=True)
SPLIT = SplitFractions(validation=0.2, test=0.2)
GALAXIES = 60
TEACHING = RefiningParams(steps=200)

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("ray_cluster")]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Mock galaxies, most of them barred, with votes and truth."""
    folder = str(tmp_path_factory.mktemp("mocks"))
    params = MockSkyParams(
        image_px=128, smooth_fraction=0.1, strong_bar_fraction=0.8, weak_bar_fraction=0.1
    )
    fs, root = storage.filesystem(folder)
    list(write_shards([mock_table(77, range(GALAXIES), params)], fs, root))
    return folder


@pytest.fixture(scope="module")
def trained(shards: str, ray_cluster: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One member, two epochs."""
    output = tmp_path_factory.mktemp("trained")
    options = TrainOptions(
        data=(shards,), output=str(output), members=("vgg",), epochs=2, batch_size=16, split=SPLIT
    )
    train(options, QUIET)
    return output


def test_the_ensemble_can_be_used_at_once(trained: Path) -> None:
    files = read_ensemble(str(trained))
    spec = EnsembleSpec.from_dict(files.description)
    assert [m.name for m in spec.members] == ["vgg"]
    Ensemble.from_bytes(spec, files.weights)
    assert (trained / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_record_says_what_was_trained_on(trained: Path, shards: str) -> None:
    record = json.loads((trained / "training.json").read_text())
    ids = mock_table(77, range(GALAXIES), MockSkyParams(image_px=32))["object_id"].to_pylist()
    parts = parts_of(ids, SPLIT).tolist()
    assert record["galaxies"] == {p: parts.count(p) for p in ("train", "validation", "test")}
    assert [p["epoch"] for p in record["curves"]["vgg"]] == [0, 1]
    assert record["recipe"]["epochs"] == 2


def test_a_calibration_needs_galaxies_that_are_measured(trained: Path, shards: str) -> None:
    options = CalibrateOptions(
        input=(shards,), output=str(trained / "estimator.json"), ensemble=str(trained), galaxies=6,
        samples=2, split=SPLIT,
    )  # fmt: skip
    with pytest.raises(ValueError, match="more galaxies"):
        calibrate(options, QUIET)
    assert not (trained / "estimator.json").exists()


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Mock galaxies with grades by their lengths, null for one, 0 without a bar."""
    table = mock_table(78, range(24), MockSkyParams(image_px=128, smooth_fraction=0.0))
    lengths = table["true_bar_length_px"].to_pylist()
    grades = [0.0 if n is None else min(1.0, max(0.25, round(n / 10) / 4)) for n in lengths]
    folder = str(tmp_path_factory.mktemp("graded"))
    fs, root = storage.filesystem(folder)
    column = pa.array([None, *grades[1:]], pa.float64())
    people = table["true_bar_visual_length_px"]
    table = table.append_column("grade", column).append_column("people_length_px", people)
    list(write_shards([table], fs, root))
    return folder


def test_a_refined_calibration_by_known_and_graded_bars_goes_on_after_a_stop(
    shards: str, graded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.calibration.refined.REFINED_MIN", 10)
    monkeypatch.setattr("pipelines.calibrate.command.refine", partial(refine, teaching=TEACHING))
    few = [p for p in candidates() if p.bar_length.method == "levels"][:2]
    monkeypatch.setattr("pipelines.calibrate.command.candidates", lambda members: few)
    options = CalibrateOptions(
        input=(shards, graded), output=str(tmp_path / "estimator.json"), samples=8, split=SPLIT,
        graded=(graded,), grade_column="grade", measured=(graded,),
        measured_length="people_length_px", group_column="survey",
    )  # fmt: skip
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.calibrate.command.tried", _stopped)
        with pytest.raises(KeyboardInterrupt):
            calibrate(options, QUIET)
    folder = tmp_path / "estimator.json.maps"
    kept = sorted(folder.iterdir())
    kept.pop(7).unlink()  # as if the stop had come before it
    written = {path: path.stat().st_mtime_ns for path in kept}

    console = Console(record=True, width=200)
    with monkeypatch.context() as patched:
        patched.setattr("catalogues.runs.array_cache.ArrayCache.forget", lambda self: None)
        recipe = calibrate(options, console)
    said = console.export_text()
    assert f"has the maps of {len(kept)} galaxies" in said
    assert len(list(folder.iterdir())) == len(kept) + 1
    assert {path: path.stat().st_mtime_ns for path in kept} == written

    assert recipe == Recipe.from_dict(json.loads((tmp_path / "estimator.json").read_text()))
    assert (recipe.estimator.refinement is None) == (
        "not refined: the error on galaxies that" in said
    )
    assert recipe.estimator.error_floor + recipe.estimator.error_doubt > 0
    assert not recipe.estimator.member_powers
    again = calibrate(replace(options, output=str(tmp_path / "again.json")), QUIET)
    assert again == recipe
    assert not (tmp_path / "again.json.maps").exists()

    monkeypatch.setattr("pipelines.calibrate.command.candidates", _with_members)
    plain = replace(options, output=str(tmp_path / "plain.json"), refine=False, graded=(), measured=(), galaxies=16)  # noqa: E501  # fmt: skip
    reading = calibrate(plain, QUIET).estimator
    assert reading.refinement is None
    assert len(reading.member_powers) == 3


@pytest.mark.parametrize(("error", "kept"), [(0.05, True), (0.5, False)])
def test_a_refinement_is_kept_where_it_is_better(
    error: float, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = EstimatorParams()
    trial = ReadingScore(
        params=params, measured=1, median_error=0.1, rho=1, median_angle_error_deg=1
    )
    made = Refined(
        params=replace(params, error_floor=0.3), each=[params],
        trial=replace(trial, median_error=error), measured_each=[],
    )  # fmt: skip
    monkeypatch.setattr("pipelines.calibrate.command.refine", lambda *_, **__: made)
    options = CalibrateOptions(input=("x",), output="y")
    console = Console(record=True, width=200)
    found = calibrate_module._refined(options, ([], [], [], []), trial, console)
    if kept:
        assert found == made
    else:
        assert found is None
        assert "50.0% (median) instead of 10.0%" in console.export_text()


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"input": ()}, "no data given"),
        ({"refine": False, "graded": ("x",)}, "leave out --graded"),
        ({"refine": False, "measured": ("x",)}, "leave out --measured"),
        (
            {"measured": ("x",), "measured_length": "bar_length_kpc"},
            "give a column in px or arcsec",
        ),
        ({"measured": ("x",), "measured_length": "r_bar_arcsec"}, "half lengths"),
        ({"grade_column": "z"}, "grade_column='z' is a standard column of the"),
    ],
)
def test_options_that_contradict_themselves(changed: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        replace(CalibrateOptions(input=("x",), output="y"), **changed)


def _with_members(members: int) -> list[EstimatorParams]:
    return [p for p in candidates(members=members) if p.member_powers][:1]


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_grades_that_are_none(shards: str, tmp_path: Path) -> None:
    options = CalibrateOptions(
        input=(shards,), output=str(tmp_path / "e.json"), graded=(shards,), split=SPLIT,
        grade_column="true_bar_length_px",
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"grades run from 0 \(no bar\) to 1"):
        calibrate(options, QUIET)


def test_the_shipped_estimator_is_one() -> None:
    files = read_ensemble(str(Path(__file__).parents[3] / "models" / "weights" / "compact"))
    recipe = Recipe.from_dict(files.estimator or {})
    assert recipe.maps.samples == 256
    assert recipe.maps.gradient == "signed"
    assert recipe.estimator.error_floor > 0
    assert sum(len(w) for w in files.weights) <= 12e6


def test_members_that_the_preset_lacks() -> None:
    with pytest.raises(ValueError, match="'vgg19' is not in preset 'compact'"):
        TrainOptions(data=("x",), output="y", members=("vgg19",))


def test_data_without_votes(tmp_path: Path) -> None:
    from tests.survey import write_survey

    source = write_survey(tmp_path / "plain", shards=1, rows=4)
    options = TrainOptions(data=(source,), output=str(tmp_path / "out"), split=SPLIT)
    with pytest.raises(ValueError, match="vote_"):
        train(options, QUIET)
