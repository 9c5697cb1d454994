"""Streaming gives the examples that gathering gives, under a real Ray Data, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

from actors.train.examples import ExamplePlan, ShardScan, scan_shard
from actors.train.gathering import bounded, gather_examples
from actors.train.stream import CanvasStream
from actors.train.trainer import load_examples
from catalogues.shards.reading import list_shards
from catalogues.shards.splits import SplitFractions
from models.training.examples import Batch
from models.training.process_group import ProcessGroup
from models.view_params import FieldSpec
from tests.training import write_training

CPU = torch.device("cpu")
PLAN = ExamplePlan(split=SplitFractions(validation=0.3, test=0.2), field=FieldSpec(canvas_px=32))

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("ray_cluster")]


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> list[ShardScan]:
    url = write_training(tmp_path_factory.mktemp("training"), shards=4, count=20)
    return [scan_shard(url, shard, PLAN) for shard in list_shards(url)]


def stream(scans: list[ShardScan], part: str) -> CanvasStream:
    return CanvasStream(scans=scans, plan=PLAN, part=part, buffer=16)


def keys(batches: Iterable[Batch]) -> list[float]:
    """One number that stands for each galaxy."""
    return [float(v) for _, votes in batches for v in votes[:, 0]]


def test_streamed_is_gathered(scans: list[ShardScan], tmp_path: Path) -> None:
    assert len(list(gather_examples(tmp_path, scans, PLAN, 2))) == len(scans)
    for part in ("train", "validation"):
        gathered = load_examples(tmp_path, part)
        streamed = list(stream(scans, part).ordered(7, CPU))
        assert len(gathered) == len(stream(scans, part)) == sum(len(v) for _, v in streamed)
        images, votes = gathered.batch(np.arange(len(gathered)), CPU)
        assert torch.equal(torch.cat([v for _, v in streamed]), votes)
        assert torch.equal(torch.cat([i for i, _ in streamed]), images)


def test_an_epoch_is_shuffled_and_can_be_repeated(scans: list[ShardScan]) -> None:
    source = stream(scans, "train")
    everybody = sorted(keys(source.ordered(8, CPU)))
    passes = [
        keys(source.shuffled(8, np.random.default_rng([1, epoch]), CPU)) for epoch in (0, 0, 1)
    ]
    assert passes[0] == passes[1]
    assert passes[0] != passes[2]
    assert len(passes[0]) == len(source) // 8 * 8
    assert len(set(passes[0])) == len(passes[0])
    assert set(passes[0]) <= set(everybody)
    assert passes[0] != sorted(passes[0])


def test_a_team_takes_equal_numbers_of_batches(scans: list[ShardScan]) -> None:
    source = stream(scans, "train")
    steps = len(source) // 8
    for rank in range(2):
        group = ProcessGroup(rank=rank, size=2)
        batches = list(source.shuffled(8, np.random.default_rng(0), CPU, group))
        assert [len(v) for _, v in batches] == [4] * steps
    seen = [k for r in range(2) for k in keys(source.ordered(8, CPU, ProcessGroup(rank=r, size=2)))]
    assert sorted(seen) == sorted(keys(source.ordered(8, CPU)))


def test_fewer_shards_than_processes(scans: list[ShardScan]) -> None:
    group = ProcessGroup(rank=5, size=6)
    with pytest.raises(ValueError, match=r"process 5 of 6 has 0 shards.*--rows-per-shard"):
        list(stream(scans, "train").shuffled(12, np.random.default_rng(0), CPU, group))


def _failing(item: int) -> int:
    if item == 3:
        raise ValueError("three is refused")
    return item * item


def test_tasks_are_bounded_and_their_errors_plain() -> None:
    assert dict(bounded(_failing, [0, 1, 2], 2)) == {0: 0, 1: 1, 2: 4}
    with pytest.raises(ValueError, match=r"^three is refused$"):
        list(bounded(_failing, [2, 3], 1))
