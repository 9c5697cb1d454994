"""`ansae ingest`, from folders and tables on a disk and on S3 to shards that read back the same."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from catalogues import storage
from catalogues.images.decode import decode
from catalogues.shards.ids import hashed_id
from pipelines.ingest.command import report
from tests.badimages import bad_ids, bad_images
from tests.pipelines.ingest.ingesting import FIRST_ID, described, ingest, jpeg, rows_of
from tests.s3server import S3Server


def test_folder_alone(images: Path, tmp_path: Path) -> None:
    summary = ingest(
        images, tmp_path / "out", survey="SDSS", pixel_scale_arcsec=0.396, north_deg=0.0
    )
    rows = rows_of(tmp_path / "out")
    by_id = {row["object_id"]: row for row in rows}
    assert set(by_id) == {*range(FIRST_ID, FIRST_ID + 6), hashed_id("deep/odd name.JPEG")}
    for number in range(6):
        assert by_id[FIRST_ID + number]["image"]["bytes"] == jpeg(number)
        assert by_id[FIRST_ID + number]["survey_id"] == f"{FIRST_ID + number}.jpg"
    odd = by_id[hashed_id("deep/odd name.JPEG")]
    assert odd["image"] == {"bytes": jpeg(6), "path": "deep/odd name.JPEG"}
    assert odd["survey_id"] == "deep/odd name.JPEG"
    told = {(row["survey"], row["pixel_scale_arcsec"], row["north_deg"]) for row in rows}
    assert told == {("SDSS", 0.396, 0.0)}
    assert (summary.rows_read, summary.rows_written, summary.rows_without_image) == (7, 7, 0)
    assert summary.passed_over == ("README.txt",)
    assert "files were not read: README.txt" in report(summary)[-1]


def test_hash_is_the_same_everywhere_and_always() -> None:
    """`printf a.jpg | b2sum -l 64`, less the sign bit."""
    assert hashed_id("a.jpg") == 0xFE47F0026E12A789 & (2**63 - 1)
    assert min(hashed_id(str(n)) for n in range(1000)) >= 0


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("join", ["stem", "file_name", "without_suffix", "chosen"])
def test_folder_with_table(images: Path, tmp_path: Path, kind: str, join: str) -> None:
    numbers = [5, 0, 3, 9]
    names = [f"{FIRST_ID + n}.jpg" for n in numbers]
    column = {
        "stem": {},
        "file_name": {"File_Name": names},
        "without_suffix": {"path": [name[:-4] for name in names]},
        "chosen": {"where": names, "file": ["wrong"] * 4},
    }[join]
    table = described(numbers, grade=[0.25, 0.5, 0.75, 1.0], **column)  # type: ignore[arg-type]
    path = images / f"table.{kind}"
    pq.write_table(table, path) if kind == "parquet" else pyarrow.csv.write_csv(table, path)
    summary = ingest(
        images,
        tmp_path / "out",
        table=str(path),
        keep=("grade",),
        file_column="where" if join == "chosen" else None,
    )
    rows = rows_of(tmp_path / "out", extra=("grade",))
    assert [row["object_id"] - FIRST_ID for row in rows] == numbers
    assert [row["z"] for row in rows] == [0.5, 0.0, 0.3, 0.9]
    assert [row["grade"] for row in rows] == [0.25, 0.5, 0.75, 1.0]
    assert [row["image"]["bytes"] for row in rows] == [jpeg(5), jpeg(0), jpeg(3), None]
    assert rows[3]["image"]["path"] is not None
    assert (summary.rows_written, summary.rows_without_image) == (4, 1)
    assert summary.rows_without_scale == [row["pixel_scale_arcsec"] for row in rows].count(None)
    assert "1 galaxies have no image file: kept without an image" in report(summary)


def test_fits_table_and_hashed_ids(images: Path, tmp_path: Path) -> None:
    from astropy.io import fits

    names = np.array(["deep/odd name.JPEG", f"{FIRST_ID}.jpg", ""])
    columns = [
        fits.Column(name="picture", format="40A", array=names),
        fits.Column(name="RA", format="D", array=np.array([1.5, 2.5, 3.5])),
        fits.Column(name="T", format="I", array=np.array([-2, 5, 6], np.int16)),
    ]
    path = tmp_path / "table.fits"
    fits.BinTableHDU.from_columns(columns).writeto(path)
    summary = ingest(
        images,
        tmp_path / "out",
        table=str(path),
        file_column="picture",
        hash_ids=True,
        keep=("T",),
    )
    rows = rows_of(tmp_path / "out", extra=("T",))
    assert [row["object_id"] for row in rows] == [hashed_id(name) for name in names[:2]]
    assert [row["survey_id"] for row in rows] == names[:2].tolist()
    assert [(row["ra"], row["T"]) for row in rows] == [(1.5, -2), (2.5, 5)]
    assert rows[0]["image"]["bytes"] == jpeg(6)
    assert summary.skipped == {"bad_id": 1}


def test_file_names_stay_inside_the_folder(images: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    names = [
        "../secret.jpg",
        str(tmp_path / "secret.jpg"),
        "deep/../../secret.jpg",
        "deep/odd name",
    ]
    pq.write_table(described([0, 1, 2, 3], file=names), tmp_path / "t.parquet")
    ingest(images, tmp_path / "out", table=str(tmp_path / "t.parquet"))
    read = [row["image"]["bytes"] for row in rows_of(tmp_path / "out")]
    assert read == [None, None, None, jpeg(6)]


def test_bad_ids_are_left_behind_and_said(images: Path, tmp_path: Path) -> None:
    cases = bad_ids()
    names = [f"{FIRST_ID}.jpg"] * len(cases)
    table = pa.table({"id_str": [case.value for case in cases], "file": names})
    for name in ("t.csv", "t.parquet"):
        path = tmp_path / name
        pq.write_table(table, path) if name == "t.parquet" else pyarrow.csv.write_csv(table, path)
        out = tmp_path / f"out-{name}"
        with pytest.raises(
            ValueError, match=r"1 values of object_id occur in .* \(77\).*keep-first"
        ):
            ingest(images, out, table=str(path))
        assert not out.exists()
        summary = ingest(images, out, table=str(path), duplicates="keep-first")
        assert [row["object_id"] for row in rows_of(out)] == [77]
        assert summary.skipped == {"bad_id": 8, "duplicate_id": 1}
        assert summary.rows_read == len(cases) == summary.rows_written + 9
        assert len(summary.examples) == 9
        reasons = "\n".join(report(summary))
        assert "8 rows left out: bad_id" in reasons
        assert f"{path}, row 2: object_id 'J094511.21+012847.0' is not an integer" in reasons
        record = json.loads((out / "ingest.json").read_text())
        assert record["skipped"] == {"bad_id": 8, "duplicate_id": 1}


def test_hugging_face(tmp_path: Path) -> None:
    source = tmp_path / "data"
    source.mkdir()
    for part in range(3):
        numbers = range(part * 40, part * 40 + 40)
        table = pa.table(
            {
                "image": [{"bytes": jpeg(n), "path": None} for n in numbers],
                "dr7objid": [str(FIRST_ID + n) for n in numbers],
                "label": pa.array([n % 2 for n in numbers], pa.int8()),
                "id": list(numbers),
            }
        )
        pq.write_table(table, source / f"train-{part:05d}-of-00003.parquet")
    with pytest.raises(ValueError, match=r"columns dr7objid, id could all be object_id"):
        ingest(source, tmp_path / "out")
    summary = ingest(
        source,
        tmp_path / "out",
        rename=("object_id=dr7objid",),
        keep=("label",),
        rows_per_shard=50,
    )
    assert [shard.rows for shard in summary.shards] == [50, 50, 20]
    rows = rows_of(tmp_path / "out", extra=("label",))
    assert [row["object_id"] - FIRST_ID for row in rows] == list(range(120))
    assert all(row["image"]["bytes"] == jpeg(n) for n, row in enumerate(rows))
    assert [row["label"] for row in rows] == [n % 2 for n in range(120)]


def test_hugging_face_with_names_for_identifiers(tmp_path: Path) -> None:
    """As Galaxy Zoo DECaLS is published there: id_str is a name."""
    names = ["J084235.76+241231.3", "J152532.19-000115.7"]
    images = [{"bytes": jpeg(n), "path": None} for n in range(2)]
    (tmp_path / "in").mkdir()
    pq.write_table(pa.table({"image": images, "id_str": names}), tmp_path / "in" / "a.parquet")
    with pytest.raises(ValueError, match=r"object_id 'J084235.76\+241231.3' is not an integer"):
        ingest(tmp_path / "in", tmp_path / "out")
    ingest(tmp_path / "in", tmp_path / "out", hash_ids=True)
    rows = rows_of(tmp_path / "out")
    assert [row["object_id"] for row in rows] == [hashed_id(name) for name in names]
    assert [row["survey_id"] for row in rows] == names


def test_every_bad_image_passes_through(tmp_path: Path) -> None:
    """What is wrong with an image is found when it is measured, not here: all rows are kept."""
    images = bad_images()
    data = [image.data for image in images]
    table = pa.table({"object_id": range(len(data)), "image": pa.array(data, pa.binary())})
    (tmp_path / "in").mkdir()
    pq.write_table(table, tmp_path / "in" / "bad.parquet")
    summary = ingest(tmp_path / "in", tmp_path / "out")
    assert summary.rows_written == len(images)
    for image, row in zip(images, rows_of(tmp_path / "out"), strict=True):
        assert row["image"]["bytes"] == image.data
        decoded = decode(row["image"]["bytes"])
        assert (decoded.status or "decoded") in (
            image.expected if image.expected != "decoded" else ["decoded"]
        )


def test_from_s3_to_s3(s3_env: S3Server, images: Path, tmp_path: Path) -> None:
    base = f"s3://{s3_env.bucket}/{tmp_path.name}"
    fs, root = storage.filesystem(base)
    for path in images.rglob("*.*"):
        name = path.relative_to(images).as_posix()
        storage.write_whole(fs, storage.join(root, "images", name), path.read_bytes())
    buffer = io.BytesIO()
    pq.write_table(described([0, 1, 2]), buffer)
    storage.write_whole(fs, storage.join(root, "table.parquet"), buffer.getvalue())
    ingest(f"{base}/images", f"{base}/out", table=f"{base}/table.parquet", rows_per_shard=2)
    rows = rows_of(f"{base}/out")
    assert [row["image"]["bytes"] for row in rows] == [jpeg(0), jpeg(1), jpeg(2)]
    record = json.loads(storage.read_whole(fs, storage.join(root, "out", "ingest.json")))
    assert [shard["rows"] for shard in record["shards"]] == [2, 1]
    assert s3_env.secret not in json.dumps(record)
    ingest(f"{base}/images", f"{base}/out", replace=True)
    assert len(rows_of(f"{base}/out")) == 7


def test_same_source_same_shards(images: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        ingest(images, tmp_path / name, rows_per_shard=3)
    for path in sorted((tmp_path / "a").glob("*.parquet")):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert len(list((tmp_path / "b").iterdir())) == 4


def test_command_line(images: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipelines.ingest"]
    done = subprocess.run(
        [*command, str(images), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("7 galaxies in 1 shards (0.0 MiB of images) at ")
    wrong = subprocess.run([*command, "a", "b", "--tabel", "c"], capture_output=True, text=True)
    assert wrong.returncode == 2
    assert "--table" in wrong.stderr


def test_real_images(data_dir: Path, tmp_path: Path) -> None:
    """EFIGI by a table without integer ids; Galaxy Zoo's examples as they lie."""
    efigi = data_dir / "efigi"
    summary = ingest(
        efigi / "thumbs88",
        tmp_path / "efigi",
        table=str(efigi / "efigi_attributes.csv"),
        file_column="PGCname",
        hash_ids=True,
        keep=("Bar_Length", "T"),
        survey="SDSS",
    )
    assert summary.rows_written == 3576
    assert [shard.rows for shard in summary.shards] == [1000, 1000, 1000, 576]
    assert summary.rows_without_image == 0
    first = rows_of(tmp_path / "efigi", extra=("Bar_Length",))[0]
    assert first["survey_id"] == "PGC0000218.jpg"
    assert first["Bar_Length"] == -1.0
    assert decode(first["image"]["bytes"]).status is None
    summary = ingest(data_dir / "galaxyzoo_examples", tmp_path / "gz")
    assert summary.rows_written == 390
    assert summary.passed_over == ("LICENSE.txt",)
