"""Rows of a comparison: what older files lack is null."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from catalogues.runs.comparison_rows import METRICS, SCHEMA, comparison_rows, read_tables
from catalogues.storage import filesystem


def test_a_file_of_before_a_column_was_there_is_read(tmp_path: Path) -> None:
    row = {
        "method": "xrai", "parameters": "{}", "status": "compared", "shard": "a", "shard_row": 0,
        "run_id": "x", "relevance_mass": 0.5, "infidelity": float("nan"),
    }  # fmt: skip
    new = comparison_rows([row])
    old = new.drop_columns([m.name for m in METRICS if m.stranger])
    for name, table in (("old", old), ("new", new)):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    fs, root = filesystem(str(tmp_path))
    found = read_tables(fs, [f"{root}/old.parquet", f"{root}/new.parquet"])
    assert found.schema.equals(SCHEMA, check_metadata=True)
    assert found.slice(0, 1).equals(new)
    assert found.slice(1).equals(new)
    assert found["infidelity"].null_count == 2
