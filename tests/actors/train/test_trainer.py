"""One process's part of a trial, called as Tune calls it: stopped and gone on with, and guided."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
import torch

from actors.train.examples import PARTS, ExamplePlan, scan_shard, shard_examples
from actors.train.trainer import TrainJob, train, train_params
from catalogues import storage
from catalogues.mocks.params import MockSkyParams
from catalogues.mocks.table import mock_table
from catalogues.runs.training import TrainingRun
from catalogues.shards.reading import list_shards
from catalogues.shards.splits import SplitFractions
from catalogues.shards.writing import write_shards
from models.networks.spec import MemberSpec
from models.training.params import GuideParams, TrainParams
from models.training.process_group import ALONE
from models.view_params import FieldSpec, ViewParams

SPEC = MemberSpec(name="tiny", architecture="narrow_vgg", input_px=32, options={"width": 4})
PLAN = ExamplePlan(
    split=SplitFractions(validation=0.3, test=0.0), field=FieldSpec(canvas_px=48), guided=True
)
PARAMS = TrainParams(
    epochs=4, batch_size=8, learning_rate=1e-3, schedule="cosine", average=0.9,
    loss="cross_entropy",
)  # fmt: skip


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> TrainJob:
    """Forty mock galaxies, nearly all of them barred, gathered as examples."""
    folder = tmp_path_factory.mktemp("mocks")
    sky = MockSkyParams(image_px=64, smooth_fraction=0.0, strong_bar_fraction=1.0,
                        weak_bar_fraction=0.0)  # fmt: skip
    list(write_shards([mock_table(3, range(40), sky)], *storage.filesystem(str(folder))))
    scan = scan_shard(str(folder), list_shards(str(folder))[0], PLAN)
    for part, arrays in shard_examples(scan, PLAN).items():
        for name, array in arrays.items():
            np.save(folder / f"{part}_{name}.npy", array)
    assert all(scan.counts[part] >= 8 for part in PARTS)
    return TrainJob(
        run=str(folder / "run"), scratch="", scans=[scan], plan=PLAN, examples=str(folder),
        buffer=1, view=ViewParams(width=0.8),
    )  # fmt: skip


def trial(params: TrainParams, label: str) -> dict[str, Any]:
    return {"label": label, "member": asdict(SPEC), "params": asdict(params)}


class Stopped(Exception):
    """What the test stops a training with."""


def test_a_training_that_is_stopped_goes_on(job: TrainJob) -> None:
    told: list[dict[str, Any]] = []

    def until_two(point: dict[str, Any]) -> None:
        told.append(point)
        if len(told) == 2:
            raise Stopped

    run, cpu = TrainingRun(job.run), torch.device("cpu")
    with pytest.raises(Stopped):
        train(trial(PARAMS, "broken"), job, ALONE, cpu, until_two)
    assert run.end("broken") is None
    again: list[dict[str, Any]] = []
    train(trial(PARAMS, "broken"), job, ALONE, cpu, again.append)
    assert [p["epoch"] for p in again] == [0, 1, 2, 3]
    assert again[:2] == told  # told again, not trained again: when each ended stands in it
    train(trial(PARAMS, "whole"), job, ALONE, cpu, lambda point: None)
    assert run.weights("broken") == run.weights("whole")
    assert run.end("broken") == ("finished", again)


def test_a_guided_stage_follows(job: TrainJob) -> None:
    guide = GuideParams(epochs=2, batch_size=4, bar_fraction_min=0.0)
    told: list[dict[str, Any]] = []
    params = replace(PARAMS, epochs=1, guide=guide)
    train(trial(params, "guided"), job, ALONE, torch.device("cpu"), told.append)
    assert [p["pointing"] is None for p in told] == [True, False, False]
    streamed = replace(job, examples=None)
    with pytest.raises(ValueError, match="known bars cannot be streamed"):
        train(trial(params, "streamed"), streamed, ALONE, torch.device("cpu"), told.append)


def test_a_recipe_survives_its_configuration() -> None:
    for params in (PARAMS, replace(PARAMS, guide=GuideParams(epochs=3))):
        assert train_params(asdict(params)) == params
