"""What a catalogue holds is what is done, row by row; whatever cannot be is refused."""

from __future__ import annotations

import re
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogues.runs.checkpoint import Checkpoint, read_checkpoint, remove_strays
from catalogues.shards.reading import Shard
from catalogues.storage import StorageError

SHARDS = tuple(
    Shard(name=name, path=f"/nowhere/{name}", rows=rows, size_bytes=1)
    for name, rows in (("a.parquet", 4), ("b.parquet", 2), ("empty.parquet", 0))
)
FS = fsspec.filesystem("file")


def write(folder: Path, file: str, rows: list[tuple[str, int, str]], run_id: str = "run") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "shard": [shard for shard, _, _ in rows],
            "shard_row": pa.array([row for _, row, _ in rows], pa.int64()),
            "status": [status for _, _, status in rows],
            "run_id": [run_id] * len(rows),
            "other": [0.5] * len(rows),
        }
    )
    pq.write_table(table, folder / file)


def checkpoint(folder: Path) -> Checkpoint:
    return read_checkpoint(FS, str(folder), SHARDS, "run")


def test_no_catalogue_means_nothing_done(tmp_path: Path) -> None:
    empty = checkpoint(tmp_path / "absent")
    assert (empty.rows, empty.files) == (0, 0)
    assert [(s.name, done) for s, done in empty.unfinished(SHARDS)] == [
        ("a.parquet", None),
        ("b.parquet", None),
    ]


def test_finished_shards_are_left_out_and_parts_are_flagged(tmp_path: Path) -> None:
    write(tmp_path, "1.parquet", [("a.parquet", 2, "measured"), ("b.parquet", 1, "measured")])
    write(tmp_path, "2.parquet", [("b.parquet", 0, "empty_image"), ("a.parquet", 0, "measured")])
    found = checkpoint(tmp_path)
    ((shard, done),) = found.unfinished(SHARDS)
    assert shard.name == "a.parquet"
    np.testing.assert_array_equal(done, [True, False, True, False])
    assert found.statuses == {"measured": 3, "empty_image": 1}
    assert (found.rows, found.files) == (4, 2)


def test_files_being_written_are_not_seen(tmp_path: Path) -> None:
    write(tmp_path, "1.parquet", [("b.parquet", 0, "measured")])
    (tmp_path / ".2.parquet.0123.tmp").write_bytes(b"PAR1 torn")
    assert checkpoint(tmp_path).rows == 1


@pytest.mark.parametrize(
    ("rows", "run_id", "text"),
    [
        (
            [("a.parquet", 4, "measured")],
            "run",
            "row 4 of shard 'a.parquet', which is not in the input",
        ),
        ([("a.parquet", -1, "measured")], "run", "which is not in the input"),
        ([("c.parquet", 0, "measured")], "run", "shard 'c.parquet', which is not in the input"),
        ([("a.parquet", 1, "measured")] * 2, "run", "a row of shard 'a.parquet' twice"),
        ([("a.parquet", 0, "measured")], "other", "rows of run 'other', but this is run 'run'"),
    ],
)
def test_rows_that_cannot_be_are_refused(
    tmp_path: Path, rows: list[tuple[str, int, str]], run_id: str, text: str
) -> None:
    write(tmp_path, "1.parquet", [("b.parquet", 1, "measured")])
    write(tmp_path, "2.parquet", rows, run_id)
    with pytest.raises(ValueError, match=re.escape(text)) as error:
        checkpoint(tmp_path)
    assert "2.parquet" in str(error.value)


def test_what_was_written_twice_counts_once_and_is_a_stray(tmp_path: Path) -> None:
    write(tmp_path, "1.parquet", [("b.parquet", 1, "measured")])
    write(tmp_path, "2.parquet", [("b.parquet", 0, "failed"), ("b.parquet", 1, "measured")])
    write(tmp_path, "3.parquet", [("b.parquet", 0, "measured")])
    found = checkpoint(tmp_path)
    assert [Path(path).name for path in found.strays] == ["2.parquet"]
    assert [Path(path).name for path in found.paths] == ["1.parquet", "3.parquet"]
    assert found.statuses == {"measured": 2}
    assert [shard.name for shard, _ in found.unfinished(SHARDS)] == ["a.parquet"]


def test_what_was_read_is_read_again_only_if_files_came_or_went(tmp_path: Path) -> None:
    write(tmp_path, "1.parquet", [("b.parquet", 1, "measured")])
    before = checkpoint(tmp_path)
    assert read_checkpoint(FS, str(tmp_path), SHARDS, "run", before) is before
    write(tmp_path, "2.parquet", [("b.parquet", 0, "measured")])
    assert read_checkpoint(FS, str(tmp_path), SHARDS, "run", before).rows == 2


def test_a_finished_catalogue_keeps_the_files_that_were_counted(tmp_path: Path) -> None:
    for folder in ("catalogue", "pictures"):
        for file in ("1.parquet", "2.parquet"):
            write(tmp_path / folder, file, [("b.parquet", 1, "measured")])
    places = [str(tmp_path / folder) for folder in ("catalogue", "pictures")]
    removed = remove_strays(FS, *places, {"1.parquet"})
    assert [Path(path).name for path in removed] == ["2.parquet"] * 2
    assert sorted(path.name for path in tmp_path.rglob("*.parquet")) == ["1.parquet"] * 2


def test_a_torn_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(StorageError, match=r"torn\.parquet.*remove it and run again"):
        checkpoint(tmp_path)
