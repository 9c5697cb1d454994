"""Training under a real Ray: what comes out, in every way the data can be read and shared out."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from rich.console import Console
from timm.models import save_for_hf

from actors.find_ensemble import find_ensemble
from catalogues.runs.ensembles import read_ensemble
from catalogues.shards.splits import SplitFractions
from catalogues.storage import StorageOptions
from models.networks.ensemble import Ensemble
from models.networks.length_regressor import Control
from models.networks.spec import EnsembleSpec
from pipelines.train.command import TrainOptions, run
from tests.training import COLUMNS as TRAINING_COLUMNS
from tests.training import LENGTH, OTHER_LENGTH, rows, spoiled, write_shard, write_training

SPLIT = SplitFractions(validation=0.2, test=0.2)

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("ray_cluster")]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_training(tmp_path_factory.mktemp("training"))


def train(data: str, output: Path | str, **changes: object) -> tuple[EnsembleSpec, str]:
    """One member, quietly; its description and what was told."""
    told = io.StringIO()
    options = {
        "data": (data,), "output": str(output), "members": ("xception",), "epochs": 2,
        "batch_size": 16, "split": SPLIT, **changes,
    }  # fmt: skip
    return run(TrainOptions(**options), Console(file=told, width=200)), told.getvalue()  # type: ignore[arg-type]


def record(output: Path) -> dict:  # type: ignore[type-arg]
    return json.loads((output / "training.json").read_text())


def usable(output: Path) -> Ensemble:
    files = read_ensemble(str(output))
    return Ensemble.from_bytes(EnsembleSpec.from_dict(files.description), files.weights)


def test_two_members_and_their_table(shards: str, tmp_path: Path) -> None:
    _, told = train(shards, tmp_path, members=("vgg", "xception"))
    usable(tmp_path)
    found = record(tmp_path)
    assert [s["name"] for s in found["table_1"]] == ["vgg", "xception", "ensemble"]
    for score in found["table_1"][:2]:
        best = [p for p in found["curves"][score["name"]] if p["improved"]][-1]
        assert score["rmse"] == pytest.approx(best["validation_rmse"], rel=1e-5)
        assert f"{score['rmse']:.5f}" in told
    assert found["table_1"][2]["rmse"] < max(s["rmse"] for s in found["table_1"][:2])
    assert "vgg: epoch 2 of 2, loss" in told
    card = (tmp_path / "README.md").read_text()
    for words in ("# Model card: compact", "The test part was not used", "curves.png"):
        assert words in card
    assert f"{found['table_1'][2]['rmse']:.5f}" in card
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")

    _, told = train(shards, tmp_path, members=("vgg", "xception"))
    assert "vgg: already trained" in told
    assert "examples: already made" in told
    assert record(tmp_path)["curves"] == found["curves"]

    with pytest.raises(ValueError, match=r"params\.learning_rate=0\.004, not 0\.001: it can only"):
        train(shards, tmp_path, members=("vgg", "xception"), learning_rate=0.001)


@pytest.mark.slow
def test_a_published_checkpoint_becomes_a_member(shards: str, tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    network = timm.create_model("test_convnext", num_classes=0)
    save_for_hf(network, str(folder), safe_serialization=True)
    asked = (f"zoobot=local-dir:{folder}",)
    spec, _ = train(shards, tmp_path / "run", members=(), architecture=asked, epochs=1)
    (member,) = spec.members
    assert (member.name, member.architecture, member.input_px) == ("zoobot", "test_convnext", 160)
    assert member.mean == (0.5, 0.5, 0.5)
    begun = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert any(begun in path.read_text() for path in (tmp_path / "run").rglob("options.json"))
    shutil.rmtree(folder)
    usable(tmp_path / "run")


def test_a_network_joins_an_ensemble_and_only_votes(shards: str, tmp_path: Path) -> None:
    base = find_ensemble("compact", StorageOptions())
    asked = {"joins": "compact", "members": (), "epochs": 1, "architecture": ("a=narrow_resnetv2",)}
    spec, told = train(shards, tmp_path / "both", **asked)
    before = EnsembleSpec.from_dict(base.description)
    assert spec.members[:-1] == before.members
    assert (spec.members[-1].name, spec.members[-1].explained) == ("a", False)
    assert f"ensemble of {len(spec.members)} written" in told
    assert json.loads((tmp_path / "both" / "estimator.json").read_text()) == base.estimator
    card = (tmp_path / "both" / "README.md").read_text()
    assert "| a (votes only) | `narrow_resnetv2` |" in card
    assert "`compact`, joined by new networks" in card
    assert [s["name"] for s in record(tmp_path / "both")["table_1"]][-2:] == ["a", "ensemble"]

    image = torch.rand(1, 3, spec.field.canvas_px, spec.field.canvas_px)
    alone, both = Ensemble.from_bytes(before, base.weights), usable(tmp_path / "both")
    assert torch.equal(both.votes(image)[:-1], alone.votes(image))
    assert [m.spec for m in both.members] == [m.spec for m in alone.members]

    for changes, words in (
        ({"architecture": (), "members": ("vgg",)}, r"has a member 'vgg' already.*NAME=ARCH"),
        ({"preset": "paper", "architecture": ("a=vgg11",)}, "looks at other squares of sky than"),
        ({"head": "sigmoid"}, "'sigmoid' head in an ensemble that pools odds"),
        ({"target": "bar-length", "target_column": LENGTH}, "leave --target out"),
    ):
        with pytest.raises(ValueError, match=words):
            train(shards, tmp_path / "out", **{**asked, **changes})
    assert not (tmp_path / "out").exists()


def test_streamed_from_the_shards(shards: str, tmp_path: Path) -> None:
    train(shards, tmp_path, stream=True, shuffle_buffer=32)
    usable(tmp_path)
    assert not (tmp_path / "examples").exists()
    found = record(tmp_path)
    assert found["table_1"][0]["rmse"] == pytest.approx(
        [p for p in found["curves"]["xception"] if p["improved"]][-1]["validation_rmse"], rel=1e-5
    )


@pytest.mark.slow
def test_two_processes_train_one_member(shards: str, tmp_path: Path) -> None:
    train(shards, tmp_path, workers_per_member=2)
    usable(tmp_path)
    curve = record(tmp_path)["curves"]["xception"]
    assert [p["epoch"] for p in curve] == [0, 1]
    assert all(np.isfinite(p["validation_loss"]) for p in curve)


@pytest.mark.slow
def test_a_search_takes_the_best_recipe(shards: str, tmp_path: Path) -> None:
    _, told = train(shards, tmp_path, search=3, epochs=3, batch_size=8)
    found = record(tmp_path)
    assert sorted(t["trial"] for t in found["search"]) == [f"xception-00{i}" for i in range(3)]
    finished = [t for t in found["search"] if t["how"] == "finished"]
    best = min(finished, key=lambda t: t["rmse"])
    assert found["recipes"]["xception"]["learning_rate"] == best["learning_rate"]
    assert found["table_1"][0]["rmse"] == pytest.approx(best["rmse"], rel=1e-5)
    assert "recipes tried" in told


def test_the_control_predicts_lengths(shards: str, tmp_path: Path) -> None:
    spec, told = train(
        shards, tmp_path, target="bar-length", target_column=LENGTH, members=(), epochs=3
    )
    assert (spec.kind, spec.members[0].head) == ("control", "linear")
    files = read_ensemble(str(tmp_path))
    Control(EnsembleSpec.from_dict(files.description), files.weights)
    (score, _) = record(tmp_path)["table_1"]
    assert 0 < score["median_relative_error"] < 2
    assert "Pearson rho" in told
    assert "median |error|" in told
    assert f"trained on the column `{LENGTH}`" in (tmp_path / "README.md").read_text()


def test_a_unit_that_the_values_contradict(shards: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"longer than their image.*'arcsec', which its values"):
        train(shards, tmp_path, target="bar-length", target_column=OTHER_LENGTH, members=())
    assert not (tmp_path / "options.json").exists()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("unknown", "24 of 24 galaxies are all unknown"),
        ("nan", "24 of 24 galaxies are all unknown"),
        ("percent", "lie outside"),
        ("inconsistent", "do not add up"),
    ],
)
def test_votes_that_make_no_sense(tmp_path: Path, kind: str, words: str) -> None:
    write_shard(tmp_path / "in" / "a.parquet", spoiled(kind), TRAINING_COLUMNS)
    with pytest.raises(ValueError, match=words):
        train(str(tmp_path / "in"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_few_bad_votes_are_counted(tmp_path: Path) -> None:
    good, bad = rows(60), spoiled("inconsistent", 3) + spoiled("unknown", 2)
    for number, row in enumerate(bad):
        row["object_id"] = 5000 + number
    write_shard(tmp_path / "in" / "a.parquet", good + bad, TRAINING_COLUMNS)
    _, told = train(str(tmp_path / "in"), tmp_path / "out", epochs=1)
    answers = record(tmp_path / "out")["answers"]
    assert (answers["inconsistent"], answers["unknown"], answers["rows"]) == (3, 2, 65)
    assert sum(record(tmp_path / "out")["galaxies"].values()) == 63
    assert "3 galaxies have answers that do not add up" in told
    assert "2 galaxies without any known answer" in (tmp_path / "out" / "README.md").read_text()


def test_too_few_galaxies_and_missing_columns(tmp_path: Path) -> None:
    write_shard(tmp_path / "few" / "a.parquet", rows(8), TRAINING_COLUMNS)
    with pytest.raises(ValueError, match=r"fall into the train part, at least 16 are needed"):
        train(str(tmp_path / "few"), tmp_path / "out")
    write_shard(tmp_path / "plain" / "a.parquet", rows(8))
    with pytest.raises(ValueError, match=r"lacks 37 of 37 columns of answers.*--votes"):
        train(str(tmp_path / "plain"), tmp_path / "out")


def test_what_does_not_fit_the_cluster(shards: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 x 2 CPU cores"):
        train(shards, tmp_path, workers_per_member=2, cpus=2)
    with pytest.raises(ValueError, match="reading one more core"):
        train(shards, tmp_path, stream=True, cpus=2)
    with pytest.raises(ValueError, match="not a disk"):
        train(shards, "memory://x")


@pytest.mark.slow
def test_a_training_that_diverges(shards: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'xception' diverged.*lower learning_rate=1e\+38"):
        train(shards, tmp_path, learning_rate=1e38, epochs=1)
    assert not (tmp_path / "ensemble.json").exists()


@pytest.mark.slow
def test_a_card_written_by_hand_stays(shards: str, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    train(shards, tmp_path, epochs=1)
    assert (tmp_path / "README.md").read_text() == "mine"
