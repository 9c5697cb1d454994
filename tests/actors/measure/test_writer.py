"""Files and receipts: what is told to be written is there, and holds what it should."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actors.measure.columns import EXPLAINED, with_columns
from actors.measure.measurer import Measurer
from actors.measure.writer import RECEIPT, write_batch
from catalogues.bars import FACTS_KEY, catalogue_schema
from catalogues.runs import pictures
from catalogues.storage import StorageError, StorageOptions
from models.barlength.estimator import EstimatorParams
from tests.survey import CANVAS_PX

SCHEMA = catalogue_schema("run-1", {"seed": 1})


@pytest.fixture
def batch(canvases: pa.Table) -> pa.Table:
    votes = {"votes": [0.5] * 37, "votes_std": [0.1] * 37, "status": "not_selected"}
    rows = [row if row["status"] else votes for row in canvases.to_pylist()]
    measurer = Measurer(
        estimator=EstimatorParams(),
        canvas_px=CANVAS_PX,
        cosmology="FlatH70Om03",
        schema=SCHEMA,
        kept_fraction=1.0,
    )
    return measurer(with_columns(canvases, EXPLAINED, rows))


def write(batch: pa.Table, output: str) -> pa.Table:
    return write_batch(batch, output=output, options=StorageOptions(), schema=SCHEMA)


def test_rows_and_pictures_are_written_and_counted(batch: pa.Table, tmp_path: Path) -> None:
    receipt = write(batch, str(tmp_path))
    assert receipt.schema.equals(RECEIPT)
    (row,) = receipt.to_pylist()
    expected = {"not_selected": 4, "not_an_image": 1, "bad_id": 1}
    assert (row["rows"], json.loads(row["statuses"])) == (6, expected)
    table = pq.read_table(tmp_path / "catalogue" / row["file"])
    assert table.schema.equals(SCHEMA, check_metadata=False)
    assert table.schema.metadata[FACTS_KEY] == b'{"seed": 1}'
    assert table.schema.field("bar_length_kpc").metadata[b"unit"] == b"kpc"
    assert table["shard_row"].to_pylist() == list(range(6))
    (kept,) = (tmp_path / "pictures").iterdir()
    assert pq.read_table(kept).schema.equals(pictures.SCHEMA)
    assert pq.read_table(kept)["shard_row"].to_pylist() == [0, 1, 3, 4]


def test_writing_again_replaces_the_same_file(batch: pa.Table, tmp_path: Path) -> None:
    first, again = write(batch, str(tmp_path)), write(batch, str(tmp_path))
    assert first["file"] == again["file"]
    assert len(list((tmp_path / "catalogue").iterdir())) == 1


def test_where_nothing_can_be_written_it_says_so(batch: pa.Table, tmp_path: Path) -> None:
    (tmp_path / "catalogue").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cannot write"):
        write(batch, str(tmp_path))
