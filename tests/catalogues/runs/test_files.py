"""Files named by their rows."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from catalogues.runs.files import file_name, write_rows

FS = fsspec.filesystem("file")


def rows(*keys: tuple[str, int]) -> pa.Table:
    return pa.table(
        {
            "shard": [s for s, _ in keys],
            "shard_row": [r for _, r in keys],
            "x": [r / 2 for _, r in keys],
        }
    )


def test_the_same_rows_make_the_same_file_whatever_their_order(tmp_path: Path) -> None:
    keys = [("b", 3), ("a", 10), ("a", 2)]
    first = write_rows(FS, str(tmp_path / "one"), rows(*keys))
    second = write_rows(FS, str(tmp_path / "two"), rows(*reversed(keys)))
    assert first == second
    files = [tmp_path / folder / first for folder in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert pq.read_table(files[0])["shard_row"].to_pylist() == [2, 10, 3]


def test_other_rows_make_another_name() -> None:
    names = {
        file_name(rows(*k)) for k in ([("a", 1)], [("a", 2)], [("b", 1)], [("a", 1), ("b", 1)])
    }
    assert len(names) == 4
    assert file_name(rows(("a1", 2))) != file_name(rows(("a", 12)))
