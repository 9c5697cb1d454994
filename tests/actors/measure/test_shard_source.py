"""Shards as a Ray source: every unfinished row once, nothing else opened, duplicates known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from actors.measure.columns import DUPLICATE
from actors.measure.shard_source import ShardSource, read_rows
from catalogues.shards.reading import Shard, list_shards
from catalogues.storage import StorageOptions
from tests.survey import galaxy_rows, write_shard

OPTIONS = StorageOptions()


@pytest.fixture
def shard(tmp_path: Path) -> tuple[str, Shard]:
    rows = galaxy_rows(12)
    for place, identity in ((4, 1), (9, 1), (6, None), (7, None)):
        rows[place]["object_id"] = identity
    write_shard(tmp_path / "a.parquet", rows)
    return str(tmp_path), list_shards(str(tmp_path))[0]


def read(url: str, shard: Shard, done: np.ndarray | None) -> pa.Table:
    return pa.concat_tables(read_rows(shard, done, url, OPTIONS))


def test_rows_know_their_place_and_whether_their_id_is_new(shard: tuple[str, Shard]) -> None:
    table = read(*shard, None)
    assert table["shard_row"].to_pylist() == list(range(12))
    assert set(table["shard"].to_pylist()) == {"a.parquet"}
    assert np.flatnonzero(table[DUPLICATE]).tolist() == [4, 9]


def test_a_resumed_shard_gives_the_rest_with_the_same_duplicates(shard: tuple[str, Shard]) -> None:
    done = np.zeros(12, dtype=bool)
    done[[0, 1, 4, 5, 11]] = True
    table = read(*shard, done)
    assert table["shard_row"].to_pylist() == [2, 3, 6, 7, 8, 9, 10]
    assert np.flatnonzero(table[DUPLICATE]).tolist() == [5]  # row 9: its first is done, not here


def test_one_task_per_unfinished_shard_that_says_what_is_left(tmp_path: Path) -> None:
    for name in "abc":
        write_shard(tmp_path / f"{name}.parquet", galaxy_rows(6))
    a, b, c = list_shards(str(tmp_path))
    done = np.array([True, False, True, False, True, False])
    source = ShardSource([(a, None), (c, done)], str(tmp_path), OPTIONS)
    tasks = source.get_read_tasks(parallelism=200)
    assert [task.metadata.num_rows for task in tasks] == [6, 3]
    assert source.estimate_inmemory_data_size() == a.size_bytes + c.size_bytes // 2
    Path(b.path).write_bytes(b"finished shards are not opened")
    rows = [pa.concat_tables(task()) for task in tasks]
    assert [table["shard"][0].as_py() for table in rows] == ["a.parquet", "c.parquet"]
    assert rows[1]["shard_row"].to_pylist() == [1, 3, 5]
