"""`ansae train --target classes`: its options, what it tells, and one run under Ray."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from actors.load_networks import load_classifier
from catalogues.storage import StorageOptions
from models.networks.spec import ClassSpec
from pipelines.train.class_scores import class_score_lines, class_table, judged
from pipelines.train.command import TrainOptions, run
from pipelines.train.data import ClassTally
from tests.actors.train.test_class_examples import rows, write

SPEC = ClassSpec(names=("FRI", "FRII"), column="fr_class", folds=2)


def options(**changes: object) -> TrainOptions:
    values = {
        "data": ("in",), "output": "out", "target": "classes", "target_column": "fr_class",
        "classes": ("FRI", "FRII"),
    }  # fmt: skip
    return TrainOptions(**{**values, **changes})  # type: ignore[arg-type]


def test_members_and_recipe() -> None:
    chosen = options(folds=3, members=("vgg", "resnetv2"), input_px=48, epochs=7)
    names = [m.name for m in chosen.specs]
    assert names == [f"{n}-fold{k}" for n in ("vgg", "resnetv2") for k in range(3)]
    assert {(m.head, m.outputs, m.input_px) for m in chosen.specs} == {("classes", 2, 48)}
    assert [m.name for m in options().specs] == [f"resnetv2-fold{k}" for k in range(5)]
    params = chosen.params
    assert (params.epochs, params.schedule, params.guide) == (7, "cosine_to_end", None)
    assert chosen.field_and_view[0].canvas_px == 150
    assert "classes" in options().deciding()
    assert "classes" not in TrainOptions(data=("in",), output="out").deciding()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target_column": None}, "belong together"),
        ({"target": "votes"}, "belong together"),
        ({"target": "votes", "target_column": None}, "need --target classes"),
        ({"classes": ("FRI",)}, "at least two"),
        ({"folds": 1}, r"folds=1 must lie in 2\.\.50"),
        ({"cutout_px": 8}, "cutout_px=8 must lie in"),
        ({"input_px": 8}, "input_px=8 of member 'resnetv2-fold0' must be >= 16"),
        ({"search": 4}, "leave --head, --loss, --stream and --search out"),
        ({"stream": True}, "leave --head, --loss, --stream and --search out"),
        ({"initial_weights": ("vgg=x",)}, r"is not MEMBER=PATH with one of \['resnetv2'\]"),
    ],
)
def test_options_that_do_not_fit(changes: dict, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValueError, match=words):
        options(**changes)


def test_words_scores_and_predictions() -> None:
    tally = ClassTally(rows=9, others={"hybrid": 3}, unknown=2)
    assert tally.words() == [
        "3 sources of other classes are left out ('hybrid' 3)",
        "2 sources without a class are left out",
    ]
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]])
    found = {
        "object_id": np.arange(4) + 2**60, "labels": np.int8([0, 1, 0, 1]),
        "folds": np.int8([0, 0, 1, 1]), "vgg": shares, "resnetv2": shares[:, ::-1] * 0 + 0.5,
    }  # fmt: skip
    scores, data = judged(found, SPEC)
    assert [s["name"] for s in scores] == ["vgg", "resnetv2", "ensemble"]
    assert scores[0]["accuracy"] == 0.75
    table = pq.read_table(io.BytesIO(data)).to_pylist()
    assert table[3]["object_id"] == 2**60 + 3
    assert (table[2]["fr_class"], table[2]["predicted"]) == ("FRI", "FRII")
    assert table[0]["probability_FRI"] == pytest.approx(0.7)
    record = {"classes": {"names": SPEC.names}, "table_1": scores}
    lines = "\n".join(class_score_lines(record))
    assert "| FRI | 1 | 1 |" in lines
    assert "| vgg | 4 | 0.750 +- 0.354 | 1.000 0.500 |" in lines
    shown = io.StringIO()
    Console(file=shown, width=200).print(class_table(scores))
    assert "0.750 +- 0.354" in shown.getvalue()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("ray_cluster")
def test_two_folds_under_ray(tmp_path: Path) -> None:
    given = rows(80)
    given[0]["fr_class"] = "hybrid"
    data, output, told = write(tmp_path / "in", given), tmp_path / "out", io.StringIO()
    chosen = options(
        data=(data,), output=str(output), folds=2, fold_column="source", members=("vgg",),
        epochs=2, batch_size=16, input_px=32, cutout_px=32,
    )  # fmt: skip
    spec = run(chosen, Console(file=told, width=200))
    assert (spec.kind, [m.name for m in spec.members]) == ("classes", ["vgg-fold0", "vgg-fold1"])
    record = json.loads((output / "training.json").read_text())
    assert record["galaxies"] == {"FRI": 39, "FRII": 40}
    (score,) = record["table_1"]
    assert score["sources"] == 79
    assert f"{score['accuracy']:.3f} +- {score['spread']:.3f}" in told.getvalue()
    card = (output / "README.md").read_text()
    for words in ("Tells FRI from FRII", "Confusion (vgg)", "'hybrid' 1", "load_classifier"):
        assert words in card
    table = pq.read_table(output / "predictions.parquet")
    right = [a == b for a, b in zip(table["fr_class"], table["predicted"], strict=True)]
    folds = table["fold"].to_numpy()
    by_fold = [np.mean(np.array(right)[folds == k]) for k in range(2)]
    assert by_fold == pytest.approx(score["by_fold"])
    assert load_classifier(str(output), StorageOptions(), member=1).classes == ("FRI", "FRII")
    run(chosen, Console(file=told, width=200))
    assert "vgg-fold1: already trained" in told.getvalue()
    with pytest.raises(ValueError, match="no row has 'FRIII' in the column 'fr_class': it holds"):
        run(options(data=(data,), output=str(tmp_path / "x"), classes=("FRI", "FRIII")))
    with pytest.raises(ValueError, match="each fold needs at least one source"):
        run(options(data=(data,), output=str(tmp_path / "x"), fold_column="fr_class", folds=7))
