"""One file of a whole catalogue, written in pieces and read by astropy, Arrow and csv."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from catalogues import storage
from catalogues.columns import column
from catalogues.hats.flat import write_flat
from catalogues.hats.rows import Widths

BIG = 2**62 + 1
SCHEMA = pa.schema(
    [
        column("object_id", pa.int64(), "which one", ucd="meta.id", null=False),
        column("pixel", pa.int64(), "may be null"),
        column("ra", pa.float64(), "right ascension, " + "very long words " * 8, "deg"),
        column("n", pa.int32(), "number"),
        column("name", pa.string(), "a name", null=False),
        column("members", pa.list_(pa.float32()), "each", "pixel"),
        column("good", pa.bool_(), "yes or no"),
    ]
)
ROWS = {
    "object_id": [BIG, BIG + 2, BIG + 4],
    "pixel": [BIG + 1, None, 0],
    "ra": [1.25, None, 359.0],
    "n": [None, -7, 12],
    "name": ['α Cen, the "first"', "", "b\nc"],
    "members": [[1.5, None, 3.0], None, [4.0]],
    "good": [True, False, True],
}
TABLE = pa.table(ROWS, schema=SCHEMA)


def written(place: str, kind: str, rows: int = 3) -> bytes:
    fs, root = storage.filesystem(place)
    path = storage.join(root, f"all.{kind}")
    pieces = [TABLE.slice(0, 2), TABLE.slice(2)]
    write_flat(fs, path, kind, pieces, schema=SCHEMA, rows=rows, widths=Widths.of(TABLE))
    return storage.read_whole(fs, path)


def test_fits(tmp_path: Path) -> None:
    (tmp_path / "copy.fits").write_bytes(written(str(tmp_path), "fits"))
    with fits.open(tmp_path / "copy.fits") as hdus:
        hdus.verify("exception")
        header, data = hdus[1].header, hdus[1].data
        assert data["object_id"].tolist() == ROWS["object_id"]
        assert header["TUCD1"] == "meta.id"
        assert header["TCOMM3"].startswith("right ascension, very long words")
    assert (tmp_path / "copy.fits").stat().st_size % 2880 == 0
    table = Table.read(tmp_path / "copy.fits")
    assert table["pixel"].tolist() == [BIG + 1, None, 0]
    assert table["n"].tolist() == [None, -7, 12]
    assert [str(n) for n in table["name"].filled("")] == ['? Cen, the "first"', "", "b\nc"]
    assert str(table["ra"].unit) == "deg"
    assert table["ra"].description == ("right ascension, " + "very long words " * 8)
    assert table["members"].description == "each"
    assert table["ra"][0] == 1.25
    assert np.array_equal(
        np.ma.filled(table["members"], np.nan),
        [[1.5, np.nan, 3], [np.nan] * 3, [4, np.nan, np.nan]],
        equal_nan=True,
    )


def test_csv(tmp_path: Path) -> None:
    text = written(str(tmp_path), "csv").decode()
    rows = list(csv.reader(text.splitlines(keepends=True)))
    assert rows[0] == SCHEMA.names
    assert [row[0] for row in rows[1:]] == [str(n) for n in ROWS["object_id"]]
    assert rows[1][1:] == [str(BIG + 1), "1.25", "", ROWS["name"][0], "1.5 None 3", "true"]
    assert rows[2][1:] == ["", "", "-7", "", "", "false"]


def test_parquet(place: str, tmp_path: Path) -> None:
    (tmp_path / "copy.parquet").write_bytes(written(place, "parquet"))
    found = pq.read_table(tmp_path / "copy.parquet")
    assert found.to_pydict() == ROWS
    assert [f.nullable for f in found.schema] == [f.nullable for f in SCHEMA]
    assert [f.metadata for f in found.schema] == [f.metadata for f in SCHEMA]


def test_a_file_that_fails_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="3 rows were read instead of 4"):
        written(str(tmp_path), "fits", rows=4)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["fits", "csv", "parquet"])
def test_no_rows(tmp_path: Path, kind: str) -> None:
    fs, root = storage.filesystem(str(tmp_path))
    path = storage.join(root, f"none.{kind}")
    empty = itertools.repeat(TABLE.slice(0, 0), 1)
    write_flat(fs, path, kind, empty, schema=SCHEMA, rows=0, widths=Widths())
    read = {"fits": Table.read, "parquet": pq.read_table}
    if kind in read:
        assert len(read[kind](path)) == 0
    else:
        assert Path(path).read_text().count("\n") == 1
