"""Trainings that are killed in mid-epoch: the same command goes on, nothing is trained twice."""

from __future__ import annotations

import io
import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from catalogues.shards.splits import SplitFractions
from pipelines.train.command import TrainOptions, run
from tests.commands import signalled, started
from tests.training import write_training

EPOCHS = 4

pytestmark = pytest.mark.timeout(900)


def options(data: str, output: Path) -> TrainOptions:
    return TrainOptions(
        data=(data,), output=str(output), members=("vgg", "xception"), epochs=EPOCHS,
        batch_size=16, split=SplitFractions(validation=0.2, test=0.2), cpus=2,
    )  # fmt: skip


def words(asked: TrainOptions) -> list[str]:
    """The command line of `asked`."""
    words = [*asked.data, "--output", asked.output, "--members", *asked.members]
    words += ["--epochs", str(EPOCHS), "--batch-size", "16", "--cpus", "2"]
    words += ["--split.validation", "0.2", "--split.test", "0.2"]
    return words


def state_of(output: Path, member: str) -> list[dict[str, Any]] | None:
    """The learning curve that a member's state holds, if there is one."""
    try:
        data = (output / "members" / member / "state.pt").read_bytes()
    except FileNotFoundError:
        return None
    curve: list[dict[str, Any]] = torch.load(io.BytesIO(data), weights_only=True)["curve"]
    return curve


def kill_after_second_epoch(asked: TrainOptions, member: str) -> list[dict[str, Any]]:
    """Kill the command and all of its Ray while `member` is in its third epoch or a later one."""
    output = Path(asked.output)
    with started("train", words(asked)) as process:
        signalled(process, signal.SIGKILL, lambda: len(state_of(output, member) or []) >= 2)
    time.sleep(2)  # its workers notice
    before = state_of(output, member)
    assert before is not None
    assert 2 <= len(before) < EPOCHS
    return before


def test_a_killed_training_goes_on(ray_cluster: object, tmp_path: Path) -> None:
    data = write_training(tmp_path / "shards")
    asked = options(data, tmp_path / "out")
    before = kill_after_second_epoch(asked, "xception")
    first = tmp_path / "out" / "members" / "vgg" / "end.json"
    examples = tmp_path / "out" / "examples" / "train_pixels.npy"
    written = [file.stat().st_mtime_ns for file in (first, examples)]

    told = io.StringIO()
    spec = run(asked, Console(file=told, width=200))
    assert "vgg: already trained" in told.getvalue()
    assert "xception: epoch 1 of" not in told.getvalue()
    assert [file.stat().st_mtime_ns for file in (first, examples)] == written
    curve = json.loads((tmp_path / "out" / "training.json").read_text())["curves"]["xception"]
    assert [p["epoch"] for p in curve] == list(range(EPOCHS))
    assert curve[: len(before)] == before  # when each ended stands in it

    undisturbed = run(options(data, tmp_path / "other"), Console(quiet=True))
    assert spec.sha256 == undisturbed.sha256
