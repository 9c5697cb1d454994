"""Shards: written whole and the same each time, listed by footers, read only where wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogues import storage
from catalogues.manifest import IMAGE_TYPE, SCHEMA
from catalogues.shards.params import ShardParams
from catalogues.shards.reading import ROW, list_shards, read_shard, shard_fields
from catalogues.shards.rows import NOTE
from catalogues.shards.writing import old_shards, write_shards
from catalogues.storage import StorageError
from tests.s3server import S3Server

FIRST_ID = 587722981742084096


def rows(count: int, size: int = 50, first: int = 0) -> pa.Table:
    """Galaxies whose image bytes, id and redshift tell their number."""
    numbers = range(first, first + count)
    known = {
        "object_id": [FIRST_ID + n for n in numbers],
        "image": [{"bytes": n.to_bytes(4) * (size // 4), "path": f"{n}.jpg"} for n in numbers],
        "z": [n / 1000 for n in numbers],
    }
    empty = [None] * count
    return pa.table([pa.array(known.get(f.name, empty), f.type) for f in SCHEMA], schema=SCHEMA)


def number_of(row: dict) -> int:  # type: ignore[type-arg]
    """The galaxy's number, by all that tells it."""
    number = row["object_id"] - FIRST_ID
    assert row["image"]["bytes"][:4] == number.to_bytes(4)
    assert row["z"] == number / 1000
    return int(number)


def read_all(fs, path: str, **options) -> list[dict]:  # type: ignore[no-untyped-def,type-arg]
    """All rows as dictionaries."""
    return [row for table in read_shard(fs, path, **options) for row in table.to_pylist()]


def test_what_is_written_is_listed_and_read(place: str) -> None:
    fs, root = storage.filesystem(place)
    pieces = [rows(70, first=start) for start in range(0, 630, 70)]
    params = ShardParams(rows_max=250, row_group_rows=100)
    written = list(write_shards(pieces, fs, root, params))
    assert [s.name for s in written] == [f"shard-0000{n}.parquet" for n in range(3)]
    listed = list_shards(place)
    assert [(s.name, s.path, s.rows) for s in listed] == [(s.name, s.path, s.rows) for s in written]
    assert [s.rows for s in listed] == [250, 250, 130]
    seen = []
    for shard in listed:
        tables = list(read_shard(fs, shard.path, batch_rows=64))
        assert all(len(table) <= 64 for table in tables)
        read = [row for table in tables for row in table.to_pylist()]
        assert [row[ROW] for row in read] == list(range(shard.rows))
        assert all(row[NOTE] is None for row in read)
        seen += [number_of(row) for row in read]
    assert seen == list(range(630))
    assert old_shards(fs, root) == [s.path for s in listed]


def test_same_rows_same_files(tmp_path: Path) -> None:
    for name, cut in (("a", 630), ("b", 37)):
        fs, root = storage.filesystem(str(tmp_path / name))
        pieces = [rows(630).slice(start, cut) for start in range(0, 630, cut)]
        assert len(list(write_shards(pieces, fs, root, ShardParams(rows_max=200)))) == 4
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_units_and_meanings_are_in_the_file(tmp_path: Path) -> None:
    fs, root = storage.filesystem(str(tmp_path))
    (shard,) = write_shards([rows(3)], fs, root)
    stored = shard_fields(fs, shard.path)
    assert stored.equals(SCHEMA, check_metadata=True)
    assert stored.field("petro_r90_arcsec").metadata[b"unit"] == b"arcsec"


def test_cut_by_bytes(tmp_path: Path) -> None:
    fs, root = storage.filesystem(str(tmp_path))
    pieces = [rows(10, size=1000), rows(1, size=9000, first=10), rows(10, size=1000, first=11)]
    written = list(write_shards(pieces, fs, root, ShardParams(bytes_max=4000)))
    assert [s.rows for s in written] == [4, 4, 2, 1, 4, 4, 2]
    assert sum(s.rows for s in list_shards(str(tmp_path))) == 21


def test_row_groups_not_wanted_are_not_read(place: str) -> None:
    """The bytes of the first and the last row group are destroyed: only reading them can tell."""
    fs, root = storage.filesystem(place)
    (shard,) = write_shards([rows(300)], fs, root, ShardParams(row_group_rows=100))
    with storage.open_random(fs, shard.path) as file:
        meta = pq.ParquetFile(file).metadata
        whole = bytearray(storage.read_whole(fs, shard.path))
    for group in (0, 2):
        for column in range(meta.num_columns):
            chunk = meta.row_group(group).column(column)
            start = chunk.data_page_offset
            whole[start : start + chunk.total_compressed_size] = (
                b"\xee" * chunk.total_compressed_size
            )
    storage.write_whole(fs, shard.path, bytes(whole))
    skip = {*range(100), 105, *range(200, 300)}
    wanted = [n for n in range(300) if n not in skip]
    read = read_all(fs, shard.path, skip_rows=skip, batch_rows=30)
    assert [number_of(row) for row in read] == [row[ROW] for row in read] == wanted
    mask = np.isin(np.arange(300), list(skip))
    assert len(read_all(fs, shard.path, skip_rows=mask)) == 99
    assert read_all(fs, shard.path, skip_rows=range(300)) == []
    with pytest.raises(StorageError, match=r"cannot read|not a readable Parquet"):
        read_all(fs, shard.path)


def test_skip_rows_must_be_rows(tmp_path: Path) -> None:
    fs, root = storage.filesystem(str(tmp_path))
    (shard,) = write_shards([rows(5)], fs, root)
    with pytest.raises(ValueError, match="skip_rows goes from 2 to 5: the shard's rows are 0 to 4"):
        read_all(fs, shard.path, skip_rows={2, 5})
    with pytest.raises(ValueError, match=r"skip_rows has shape \(4,\): give one flag"):
        read_all(fs, shard.path, skip_rows=np.ones(4, bool))


def test_columns_and_extras(tmp_path: Path) -> None:
    fs, root = storage.filesystem(str(tmp_path))
    table = rows(4).append_column("grade", pa.array([0.0, 0.25, 0.5, 1.0]))
    (shard,) = write_shards([table], fs, root)
    (read,) = read_shard(fs, shard.path, columns=("z",), extra=("grade",))
    assert read.column("z").to_pylist() == table.column("z").to_pylist()
    assert read.column("grade").to_pylist() == [0.0, 0.25, 0.5, 1.0]
    assert read.column("object_id").null_count == 0
    assert [i["bytes"] for i in read.column("image").to_pylist()] == [None] * 4
    with pytest.raises(ValueError, match=r"has no columns \['other'\]: it has object_id, image"):
        read_all(fs, shard.path, extra=("other",))


@pytest.mark.parametrize(
    "image",
    [
        pa.array([{"bytes": b"one", "path": None}, None], IMAGE_TYPE),
        pa.array([{"path": "x", "bytes": b"one"}, None]),
        pa.array([{"bytes": b"one"}, {"bytes": None}]),
        pa.array([b"one", None]),
        pa.array([b"one", None], pa.large_binary()),
        pa.array([b"one", None], pa.binary_view()),
        pa.array(["one.jpg", None]),
        pa.array(["./one.jpg", None]).dictionary_encode(),
        pa.array([{"path": "one.jpg", "bytes": None}, {"path": "../outside.jpg", "bytes": None}]),
    ],
)
@pytest.mark.parametrize("name", ["image", "image_bytes"])
def test_images_in_any_dress(tmp_path: Path, image: pa.Array, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.jpg").write_bytes(b"one")
    (tmp_path / "outside.jpg").write_bytes(b"secret")
    pq.write_table(pa.table({"objID": [7, 8], name: image}), tmp_path / "in" / "a.parquet")
    (shard,) = list_shards(str(tmp_path / "in"))
    fs, _ = storage.filesystem(str(tmp_path))
    read = read_all(fs, shard.path)
    assert [row["object_id"] for row in read] == [7, 8]
    assert [row["image"]["bytes"] for row in read] == [b"one", None]


def test_columns_in_any_type(tmp_path: Path) -> None:
    """Optional values that cannot be read are null; identifiers that cannot, null with a note."""
    table = {
        "id_str": ["12", "x", None, str(FIRST_ID)],
        "image": [b"a"] * 4,
        "RA": ["1.5", "far", None, "360"],
        "redshift": pa.array([0.1, None, 0.2, 0.3], pa.float32()),
        "survey": pa.array(["a", "b", "a", None]).dictionary_encode(),
        "iauname": [1, 2, 3, 4],
    }
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    fs, _ = storage.filesystem(str(tmp_path))
    (read,) = read_shard(fs, str(tmp_path / "a.parquet"))
    assert read.schema.names == [*SCHEMA.names, NOTE, ROW]
    assert read.column("object_id").to_pylist() == [12, None, None, FIRST_ID]
    assert [note is None for note in read.column(NOTE).to_pylist()] == [True, False, False, True]
    assert read.column("ra").to_pylist() == [1.5, None, None, 360.0]
    assert read.column("z").to_pylist() == [np.float32(0.1), None, np.float32(0.2), np.float32(0.3)]
    assert read.column("survey").to_pylist() == ["a", "b", "a", None]
    assert read.column("survey_id").to_pylist() == ["1", "2", "3", "4"]
    assert read.column("dec").null_count == 4


def test_folders_within_and_single_files(tmp_path: Path) -> None:
    for name in ("b.parquet", "a/healpix=3/x.parquet", "_metadata", "_tmp/y.parquet", "c.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows(2), tmp_path / name)
    assert [s.name for s in list_shards(str(tmp_path))] == ["a/healpix=3/x.parquet", "b.parquet"]
    assert [s.name for s in list_shards(str(tmp_path / "b.parquet"))] == ["b.parquet"]


def test_empty_shards_are_shards(tmp_path: Path) -> None:
    pq.write_table(rows(0), tmp_path / "a.parquet")
    assert [s.rows for s in list_shards(str(tmp_path))] == [0]
    fs, _ = storage.filesystem(str(tmp_path))
    assert read_all(fs, str(tmp_path / "a.parquet")) == []


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no such file, folder or bucket"):
        list_shards(str(tmp_path / "nowhere"))
    with pytest.raises(
        StorageError, match=r"holds no .parquet files: give a folder of image shards"
    ):
        list_shards(str(tmp_path))
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(StorageError, match=r"a.parquet' is not a readable Parquet file.*again"):
        list_shards(str(tmp_path))
    pq.write_table(rows(2).drop_columns(["object_id"]), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"shard .*a.parquet': no column is object_id"):
        list_shards(str(tmp_path))
    pq.write_table(rows(2).drop_columns(["image"]), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"shard .*a.parquet': no column is image"):
        list_shards(str(tmp_path))
    pq.write_table(pa.table({"id": [1], "image": [1.5]}), tmp_path / "a.parquet")
    fs, root = storage.filesystem(str(tmp_path))
    with pytest.raises(ValueError, match="image column is of type double: store struct"):
        read_all(fs, storage.join(root, "a.parquet"))


def test_wrong_secret(s3_env: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StorageError, match="permission denied; on S3 check AWS_ACCESS_KEY_ID"):
        list_shards(f"s3://{s3_env.bucket}/anything")


@pytest.mark.parametrize("name", ["rows_max", "bytes_max", "row_group_rows"])
def test_impossible_params(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0: give a positive number"):
        ShardParams(**{name: 0})
    with pytest.raises(ValueError, match="held in memory"):
        ShardParams(bytes_max=2**31)
