"""Radio sources explained below Ray: folds, islands, blank images, labels that nobody knows."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from PIL import Image

from actors.compare.attributor import Attributor
from actors.compare.cost import cost
from actors.measure.shard_source import read_rows
from catalogues.layouts.published.mirabest import encoded
from catalogues.manifest import SCHEMA
from catalogues.runs.comparison_rows import read_tables
from catalogues.runs.files import file_name
from catalogues.shards.splits import fold_of
from catalogues.storage import StorageError, filesystem
from models.networks.member import Member
from models.networks.spec import ClassSpec, EnsembleSpec, MemberSpec
from models.networks.weights import dump_member
from models.view_params import FieldSpec, ViewParams
from pipelines.compare.numbers import by_image, group, groups
from pipelines.compare.options import CompareOptions
from pipelines.compare.plan import ComparePlan, make_plan
from tests.comparing import QUICK
from tests.survey import write_shard

SIDE, FOLDS = 32, 2
COLUMNS = pa.schema([*SCHEMA, *((n, pa.string()) for n in ("fr_class", "confidence", "source"))])


def radio(seed: int) -> np.ndarray:
    """Two lobes above noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    light = sum(np.exp(-((x - a) ** 2 + y**2) / 8) for a in (-7, 7))
    return (0.1 * light + rng.normal(0, 1e-4, x.shape)).astype(np.float32)


def rows() -> list[dict]:  # type: ignore[type-arg]
    blank = io.BytesIO()
    Image.fromarray(np.zeros((SIDE, SIDE), np.uint8)).save(blank, "PNG")
    images = [encoded(radio(i)) for i in range(3)] + [blank.getvalue()]
    names = ("FRI", "FRII", "hybrid", "FRI")
    return [
        {
            "object_id": i, "image": {"bytes": data, "path": None}, "fr_class": name,
            "confidence": "confident" if i % 2 == 0 else "uncertain", "source": f"J{i}",
        }
        for i, (data, name) in enumerate(zip(images, names, strict=True))
    ]  # fmt: skip


def classifier(folder: Path) -> str:
    """Two folds of a tiny network, random weights; the folder of its ensemble.json."""
    folder.mkdir()
    torch.manual_seed(3)
    specs = tuple(
        MemberSpec(
            name=f"tiny-fold{k}", architecture="narrow_vgg", input_px=24, head="classes",
            outputs=2, options={"width": 4},
        )
        for k in range(FOLDS)
    )  # fmt: skip
    weights = [dump_member(Member(spec)) for spec in specs]
    spec = EnsembleSpec(
        name="radio", members=specs, weights=tuple(f"{s.name}.safetensors" for s in specs),
        sha256=tuple(sha256(w).hexdigest() for w in weights),
        field=FieldSpec(kind="frame", canvas_px=SIDE), votes_view=ViewParams(width=0.75),
        vote_views=1, kind="classes",
        classes=ClassSpec(
            names=("FRI", "FRII"), column="fr_class", folds=FOLDS, fold_column="source"
        ),
    )  # fmt: skip
    (folder / "ensemble.json").write_text(json.dumps(spec.to_dict()))
    for name, data in zip(spec.weights, weights, strict=True):
        (folder / name).write_bytes(data)
    return str(folder / "ensemble.json")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> ComparePlan:
    folder = tmp_path_factory.mktemp("radio")
    write_shard(folder / "shards" / "a.parquet", rows(), COLUMNS)
    options = CompareOptions(
        input=str(folder / "shards"), output=str(folder / "out"), faithfulness=QUICK, steps=3,
        ensemble=classifier(folder / "radio"), methods=("vanilla_gradient", "score_cam"),
        controls=True, keep_maps=True,
    )  # fmt: skip
    return make_plan(options)


def explained(plan: ComparePlan) -> tuple[Attributor, list[dict]]:  # type: ignore[type-arg]
    """Every image of the plan that is not explained yet; all rows."""
    plan = plan.with_checkpoints("cpu")
    params = plan.attributor("cpu", None)
    actor = Attributor(params, None)
    for unit in plan.units():
        done = np.ones(unit.shard.rows, dtype=bool)
        done[list(unit.rows)] = False
        tables = read_rows(unit.shard, done, params.input, params.read, params.columns)
        actor.explained(pa.concat_tables(tables), unit.missing)
    paths = [
        p
        for checkpoint in plan.with_checkpoints("cpu").checkpoints.values()
        for p in checkpoint.paths
    ]
    fs, _ = filesystem(plan.options.output)
    return actor, read_tables(fs, paths).to_pylist()


def test_radio_sources(plan: ComparePlan) -> None:
    assert (plan.subject.mask, plan.subject.label, plan.target) == (
        "island",
        "fr_class",
        "predicted",
    )
    actor, found = explained(plan)
    assert len(found) == 4 * 4
    by = {(r["object_id"], r["method"]): r for r in found}
    assert not [r["status_message"] for r in found if r["status"] == "failed"]
    assert {i: by[i, "noise"]["status"] for i in range(4)} == {
        0: "compared", 1: "compared", 2: "compared", 3: "blank_image",
    }  # fmt: skip
    assert "same value" in by[3, "score_cam"]["status_message"]
    for i in range(3):
        oracle = by[i, "oracle"]
        assert (oracle["relevance_mass"], oracle["pointing_game"]) == (1.0, 1.0)
        assert by[i, "noise"]["relevance_mass"] < 0.6
        assert oracle["confident"] is (i % 2 == 0)
        assert oracle["target"] == oracle["predicted"]
        assert oracle["probability"] >= 0.5
        mask = np.load(Path(plan.options.output, "maps", "oracle", f"{i}.npy"))
        assert 0.02 < mask.mean() < 0.5
    assert by[2, "noise"]["correct"] is False  # a hybrid is none of the network's classes
    folds = {fold_of(f"J{i}", FOLDS) for i in range(3)} | {0}
    assert set(actor.subject.members) == folds  # type: ignore[attr-defined]
    assert not list(plan.with_checkpoints("cpu").units())


def test_a_label_that_the_network_does_not_know_is_a_flagged_row(
    plan: ComparePlan, tmp_path: Path
) -> None:
    options = replace(
        plan.options, output=str(tmp_path / "out"), target="label", methods=("vanilla_gradient",),
        controls=False,
    )  # fmt: skip
    _, found = explained(make_plan(options))
    said = {r["object_id"]: (r["target"], r["status"]) for r in found}
    assert said[0] == ("FRI", "compared")
    assert said[1] == ("FRII", "compared")
    assert said[2] == (None, "unknown_class")
    (hybrid,) = (r for r in found if r["object_id"] == 2)
    assert hybrid["status_message"] == "the network has no class 'hybrid', only: FRI, FRII"


def test_a_store_that_fails_is_no_fault_of_an_image(plan: ComparePlan, tmp_path: Path) -> None:
    ensemble = classifier(tmp_path / "gone")
    options = replace(
        plan.options, output=str(tmp_path / "out"), ensemble=ensemble, methods=("grad_cam",)
    )
    mine = make_plan(options).with_checkpoints("cpu")
    params = mine.attributor("cpu", None)
    actor = Attributor(params, None)
    unit = next(mine.units())
    Path(ensemble).unlink()  # before the network of the other fold is read
    done = np.zeros(unit.shard.rows, dtype=bool)
    table = pa.concat_tables(read_rows(unit.shard, done, params.input, params.read, params.columns))
    with pytest.raises(StorageError, match=r"ensemble\.json"):
        actor.explained(table, unit.missing)
    assert not list(Path(options.output).glob("metrics/*/*"))


def test_groups_of_images(plan: ComparePlan) -> None:
    _, found = explained(plan)
    table = pa.Table.from_pylist(found)
    by = by_image(table, list(plan.methods))
    assert [i["object_id"] for i in by.images] == [0, 1, 2, 3]
    assert np.isnan(by.numbers["insertion_auc"]["noise"]).tolist() == [False] * 3 + [True]
    names = [g.name for g in groups(by)]
    assert names[:1] == ["all"]
    assert {"class-FRI", "class-FRII", "class-hybrid", "confident", "doubtful"} <= set(names)
    assert group(by, "x", "x").overall == ()  # three images are too few to rank


def test_the_same_rows_have_the_same_file(plan: ComparePlan) -> None:
    explained(plan)
    names = {p.name for p in Path(plan.options.output).glob("metrics/*/*.parquet")}
    ids = pa.table({"shard": ["a.parquet"] * 4, "shard_row": [0, 1, 2, 3]})
    assert names == {file_name(ids)}


def test_cost_is_what_the_work_takes() -> None:
    with cost(torch.device("cpu")) as spent:
        array = np.ones(50_000_000 // 8)
        array += 1
    assert 45 < spent.peak_memory_mb < 80
    assert 0 < spent.seconds < 60
