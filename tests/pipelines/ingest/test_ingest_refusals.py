"""`ansae ingest` says no: one clear error, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalogues.storage import StorageError
from pipelines.ingest.__main__ import main
from pipelines.ingest.options import IngestOptions
from tests.pipelines.ingest.ingesting import described, ingest
from tests.s3server import S3Server


def test_wrong_secret_is_one_clear_line(
    s3_env: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    images: Path,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-hush")
    assert main([str(images), f"s3://{s3_env.bucket}/out"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("ansae ingest: cannot look up")
    assert "permission denied; on S3 check AWS_ACCESS_KEY_ID" in told.err
    assert told.err.count("\n") == 1
    assert "hush" not in told.err


def test_old_shards_are_kept_or_replaced_whole(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ingest(images, out, rows_per_shard=1)
    with pytest.raises(
        ValueError, match="already holds 7 shards: give another folder, or --replace"
    ):
        ingest(images, out)
    (out / "mine.parquet").write_bytes(b"not a shard")
    ingest(images, out, replace=True)
    names = sorted(path.name for path in out.iterdir())
    assert names == ["ingest.json", "mine.parquet", "shard-00000.parquet"]


def test_mistakes_before_anything_is_written(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pq.write_table(pa.table({"name": ["a"], "grade": [1]}), tmp_path / "none.parquet")
    pq.write_table(described([0], grade=[1]), tmp_path / "t.parquet")
    twin = tmp_path / "twin"
    twin.mkdir()
    (twin / "7.jpg").write_bytes(b"x")
    (twin / "007.png").write_bytes(b"x")
    none, table = str(tmp_path / "none.parquet"), str(tmp_path / "t.parquet")
    cases: list[tuple[object, dict[str, object], type[Exception], str]] = [
        (tmp_path / "nowhere", {}, StorageError, "no such file, folder or bucket"),
        (tmp_path, {"layout": "folder", "table": "a.txt"}, ValueError, "lie within each other"),
        (images, {"table": "a.txt"}, ValueError, "has an unsupported format"),
        (
            images,
            {"table": none},
            ValueError,
            "no column is object_id: the columns are name, grade",
        ),
        (
            images,
            {"table": none, "hash_ids": True},
            ValueError,
            "no column holds the file names",
        ),
        (
            images,
            {"table": table, "file_column": "f"},
            ValueError,
            "the table has no column 'f'",
        ),
        (
            images,
            {"table": table, "keep": ("f",)},
            ValueError,
            "no columns f to keep: there are",
        ),
        (
            images,
            {"table": table, "rename": ("z=zz",)},
            ValueError,
            "'zz' was named as z, but",
        ),
        (images, {"keep": ("grade",)}, ValueError, "a folder without a table has no columns"),
        (twin, {"table": table}, ValueError, "are both galaxy 7: name the right file"),
        (twin, {}, ValueError, r"1 values of object_id occur in more than one row \(7\)"),
        ("ftp://host/x", {}, StorageError, "has the scheme 'ftp'"),
    ]
    for source, options, error, match in cases:
        with pytest.raises(error, match=match):
            ingest(source, out, **options)
        assert not out.exists(), match


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"rename": ("objid",)}, "rename 'objid' is not OURS=THEIRS"),
        (
            {"rename": ("identity=objid",)},
            "identity is not a column of image shards: their columns are object",
        ),
        ({"file_column": "f"}, "a file column needs a table: name the table"),
        ({"hash_ids": True, "layout": "webdataset"}, "has its own identifiers"),
        ({"bands": ("g", "r")}, "2 bands make no picture"),
        ({"layout": "huggingface", "table": "t.csv"}, "leave out the table 't.csv'"),
        ({"pixel_scale_arcsec": 0.0}, "pixel_scale_arcsec 0.0 must be above 0"),
        ({"north_deg": 360.0}, r"north_deg 360.0 must lie in \[0, 360\)"),
        ({"rows_per_shard": 0}, "rows_max is 0"),
        ({"endpoint_url": "localhost"}, "'localhost' is not an address"),
    ],
)
def test_mistaken_options(options: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        IngestOptions(source="a", output="b", **options)  # type: ignore[arg-type]


def test_no_row_left_is_an_error(images: Path, tmp_path: Path) -> None:
    pq.write_table(pa.table({"objid": ["x", "y"]}), tmp_path / "t.parquet")
    with pytest.raises(
        ValueError, match=r"no row of .* can enter a shard: object_id 'x' is not an"
    ):
        ingest(images, tmp_path / "out", table=str(tmp_path / "t.parquet"))
