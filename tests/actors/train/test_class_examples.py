"""From shards to a classifier below Ray: folds, bad images, a tiny training, the way back."""

from __future__ import annotations

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from actors.load_networks import load_classifier
from actors.train.class_examples import (
    FIELDS,
    ClassPlan,
    load_class_examples,
    scan_item,
    shapes,
    shard_examples,
)
from actors.train.evaluation import predicted
from actors.train.trainer import TrainJob, train
from catalogues.images.flux import decode_flux
from catalogues.layouts.published.mirabest import encoded
from catalogues.manifest import SCHEMA
from catalogues.runs.training import TrainingRun
from catalogues.shards.reading import list_shards
from catalogues.shards.splits import fold_of
from catalogues.storage import StorageOptions
from models.networks.spec import ClassSpec, EnsembleSpec, MemberSpec
from models.training.class_scores import class_scores
from models.training.class_training import class_members, class_params, flux_field, network_name
from models.training.params import AugmentParams, TrainParams
from models.training.process_group import ALONE
from models.view_params import ViewParams
from tests.survey import write_shard

SIDE, FOLDS = 32, 2
COLUMNS = pa.schema([*SCHEMA, ("fr_class", pa.string()), ("source", pa.string())])
CLASSES = ClassSpec(names=("FRI", "FRII"), column="fr_class", folds=FOLDS, fold_column="source")
VIEW = ViewParams(width=0.9, rotate=True, reflect=True)
MEMBER = MemberSpec(name="x", architecture="narrow_vgg", input_px=16, options={"width": 4})


def radio(two_lobes: bool, seed: int) -> np.ndarray:
    """One blob, or two apart, at a random angle, above noise; in Jy/beam."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    t = rng.uniform(0, np.pi)
    away = 8 if two_lobes else 0
    places = [(away * np.cos(t), away * np.sin(t)), (-away * np.cos(t), -away * np.sin(t))]
    light = sum(np.exp(-((x - a) ** 2 + (y - b) ** 2) / 8) for a, b in places)
    return (0.1 * light + rng.normal(0, 1e-4, x.shape)).astype(np.float32)


def rows(count: int) -> list[dict]:  # type: ignore[type-arg]
    """Two rows of every source, of either class in turn."""
    found = []
    for i in range(count):
        name = f"s{i // 2}"
        image = encoded(radio(i // 2 % 2 == 1, i))
        found.append(
            {"object_id": i, "image": {"bytes": image, "path": None}, "source": name}
            | {"fr_class": ("FRI", "FRII")[i // 2 % 2]}
        )
    return found


def write(folder: Path, given: list[dict]) -> str:  # type: ignore[type-arg]
    write_shard(folder / "a.parquet", given, COLUMNS)
    return str(folder)


def gathered(url: str, folder: Path, plan: ClassPlan) -> Path:
    """As `gather_class_examples` writes them, without Ray; one shard."""
    folder.mkdir(exist_ok=True)
    scan = scan_item((0, (url, list_shards(url)[0])), plan)
    for name, array in shard_examples(scan, plan).items():
        np.save(folder / f"{name}.npy", array)
    return folder


PLAN = ClassPlan(spec=CLASSES, field=flux_field(SIDE))


def test_folds_are_disjoint_by_source(tmp_path: Path) -> None:
    folder = gathered(write(tmp_path / "in", rows(60)), tmp_path / "out", PLAN)
    of_row = np.array([fold_of(f"s{i // 2}", FOLDS) for i in range(60)])
    for fold in range(FOLDS):
        train_rows = load_class_examples(folder, 2, fold, "train").rows
        held_out = load_class_examples(folder, 2, fold, "validation").rows
        assert sorted([*train_rows, *held_out]) == list(range(60))
        assert not set(train_rows // 2) & set(held_out // 2)
        assert (of_row[held_out] == fold).all()


def test_rows_that_teach_nothing(tmp_path: Path) -> None:
    given = rows(12)
    given[0]["fr_class"] = "hybrid"
    given[2]["fr_class"] = None
    given[4]["image"]["bytes"] = encoded(np.zeros((SIDE, SIDE), np.uint8))
    given[6]["image"]["bytes"] = None
    given[8]["source"] = None
    url = write(tmp_path / "in", given)
    scan = scan_item((0, (url, list_shards(url)[0])), PLAN)
    assert (scan.rows, scan.others, scan.unknown) == (10, {"hybrid": 1}, 1)
    folder = gathered(url, tmp_path / "out", PLAN)
    labels, ids = np.load(folder / "labels.npy"), np.load(folder / "object_id.npy")
    assert ids.tolist() == [1, *range(3, 12)]
    assert dict(zip(ids.tolist(), labels.tolist(), strict=True))[4] == -1
    assert (labels < 0).sum() == 2
    kept = [
        int(i) for fold in range(FOLDS)
        for i in ids[load_class_examples(folder, 2, fold, "validation").rows]
    ]  # fmt: skip
    assert sorted(kept) == [1, 3, 5, 7, 8, 9, 10, 11]


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    url = write(tmp_path / "in", rows(2))
    plan = ClassPlan(spec=ClassSpec(names=("a", "b"), column="kind", folds=2), field=PLAN.field)
    with pytest.raises(ValueError, match=r"has no column 'kind': choose one of object_id"):
        scan_item((0, (url, list_shards(url)[0])), plan)


def test_shapes_of_pictures() -> None:
    spec = ClassSpec(names=("a", "b"), column="c", folds=2, reads="picture")
    found = shapes(3, ClassPlan(spec=spec, field=PLAN.field))
    assert (found["images"], set(found)) == ((3, 3, SIDE, SIDE), set(FIELDS))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EnsembleSpec, list[bytes]]:
    """A cross-validation of one tiny network: its folder, description and weights."""
    base = tmp_path_factory.mktemp("classes")
    folder = gathered(write(base / "in", rows(120)), base / "examples", PLAN)
    members = class_members([MEMBER], 2, FOLDS)
    recipe = class_params(TrainParams(), VIEW)
    augment = AugmentParams(width_range=(0.9, 0.9), gamma=(1.0, 1.0), noise=0.0)
    raw = {**asdict(recipe), "epochs": 12, "batch_size": 16, "augment": asdict(augment)}
    job = TrainJob(
        run=str(base), scratch=str(base), scans=(), plan=PLAN, examples=str(folder), buffer=0,
        view=VIEW,
    )  # fmt: skip
    for fold, member in enumerate(members):
        config = {"label": member.name, "member": asdict(member), "params": raw, "fold": fold}
        train(config, job, ALONE, torch.device("cpu"), lambda point: None)
    weights = [TrainingRun(str(base)).weights(m.name) for m in members]
    spec = EnsembleSpec(
        name="radio", members=members, weights=tuple(f"{m.name}.safetensors" for m in members),
        sha256=tuple(sha256(w).hexdigest() for w in weights), field=PLAN.field, votes_view=VIEW,
        vote_views=4, kind="classes", classes=CLASSES,
    )  # fmt: skip
    (base / "ensemble.json").write_text(json.dumps(spec.to_dict()))
    for name, data in zip(spec.weights, weights, strict=True):
        (base / name).write_bytes(data)
    return base, spec, weights


def test_every_source_is_judged_by_who_never_saw_it(
    trained: tuple[Path, EnsembleSpec, list[bytes]],
) -> None:
    base, spec, weights = trained
    found = predicted(str(base / "examples"), spec, weights, torch.device("cpu"))
    assert np.isfinite(found["x"]).all()
    scores = class_scores("x", found["x"], found["labels"], found["folds"])
    assert scores.accuracy > 0.85
    swapped = [weights[1], weights[0]]
    other = EnsembleSpec.from_dict({**spec.to_dict(), "sha256": list(spec.sha256[::-1])})
    seen = predicted(str(base / "examples"), other, swapped, torch.device("cpu"))
    assert not np.allclose(seen["x"], found["x"])


def test_the_last_epoch_counts(trained: tuple[Path, EnsembleSpec, list[bytes]]) -> None:
    how, curve = TrainingRun(str(trained[0])).end("x-fold1") or ("", [])
    assert (how, len(curve), all(point["improved"] for point in curve)) == ("finished", 12, True)


def test_a_classifier_is_loaded(trained: tuple[Path, EnsembleSpec, list[bytes]]) -> None:
    base, spec, _ = trained
    assert EnsembleSpec.from_dict(json.loads((base / "ensemble.json").read_text())) == spec
    source = next(row for row in rows(120) if fold_of(row["source"], FOLDS) == 1)
    member = load_classifier(str(base), StorageOptions()).unseen_by(source["source"])
    assert member == 1
    found = load_classifier(str(base), StorageOptions(), member=member)
    assert (found.classes, found.input_px, found.index("FRII")) == (("FRI", "FRII"), 16, 1)
    flux = decode_flux(source["image"]["bytes"]).values
    assert flux is not None
    image = found.image(flux)
    assert image.shape == (3, 16, 16)
    assert torch.equal(image[0], image[2])
    assert found.network(image[None]).shape == (1, 2)
    assert found.probabilities(found.canvas(flux)[None]).sum() == pytest.approx(1.0)
    mask = (flux > 0.05).astype(np.float32)
    assert found.frame(mask).shape == (16, 16)
    assert (image[0].numpy()[found.frame(mask) > 0.99] > 0.3).all()
    with pytest.raises(ValueError, match=r"no class 'FRIII' of 'fr_class': its classes are FRI, "):
        found.index("FRIII")
    with pytest.raises(ValueError, match=r"member=2 must lie in 0\.\.1"):
        load_classifier(str(base), StorageOptions(), member=2)
    with pytest.raises(ValueError, match="predicts votes, not classes: give one that was trained"):
        load_classifier("compact", StorageOptions())


def test_names_of_folds() -> None:
    names = [m.name for m in class_members([MEMBER], 3, 2)]
    assert names == ["x-fold0", "x-fold1"]
    assert [network_name(n) for n in (*names, "vgg")] == ["x", "x", "vgg"]
