"""WebDataset tars: exact identifiers, what is left behind and why, and nothing ever unpacked."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from catalogues import storage
from catalogues.shards.ids import hashed_id
from catalogues.statuses import Status
from catalogues.storage import StorageError
from tests.pipelines.ingest.ingesting import FIRST_ID, ingest, jpeg, rows_of


def add(tar: tarfile.TarFile, name: str, content: bytes | Any) -> None:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def write_tar(path: Path, members: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            add(tar, name, content)


def survey(folder: Path) -> None:
    """Two tars of three galaxies, as tools of the format write them."""
    for part in range(2):
        members: dict[str, Any] = {}
        for n in range(3 * part, 3 * part + 3):
            facts = {"objid": FIRST_ID + n, "redshift": n / 10, "note": f"n{n}", "deep": {"a": 1}}
            members |= {f"./{n:06d}.json": facts, f"./{n:06d}.image.jpg": jpeg(n)}
            members |= {f"./{n:06d}.cls": b"3", f"./._{n:06d}.jpg": b"of a Mac"}
        write_tar(folder / f"part-{part}.tar", members)


def test_rows(place: str, tmp_path: Path) -> None:
    survey(tmp_path / "tars")
    fs, root = storage.filesystem(place)
    for path in (tmp_path / "tars").iterdir():
        storage.write_whole(fs, storage.join(root, path.name), path.read_bytes())
    summary = ingest(place, tmp_path / "shards", keep=("note",))
    assert (summary.rows_written, dict(summary.skipped)) == (6, {})
    rows = rows_of(tmp_path / "shards", ("note",))
    assert [row["object_id"] for row in rows] == [FIRST_ID + n for n in range(6)]
    assert [row["image"]["bytes"] for row in rows] == [jpeg(n) for n in range(6)]
    assert [row["z"] for row in rows] == [n / 10 for n in range(6)]
    assert [row["note"] for row in rows] == [f"n{n}" for n in range(6)]
    assert [row["survey_id"] for row in rows] == [f"{n:06d}" for n in range(6)]


def test_one_tar_file_and_keys_as_identifiers(tmp_path: Path) -> None:
    write_tar(tmp_path / "one.tar", {f"{FIRST_ID}.jpg": jpeg(0), "a/b.c.png": jpeg(1)})
    ingest(tmp_path / "one.tar", tmp_path / "shards")
    assert [r["object_id"] for r in rows_of(tmp_path / "shards")] == [FIRST_ID, hashed_id("a/b")]


def test_what_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalogues.layouts.formats.tar.FILE_BYTES_MAX", 5000)
    members = {
        "ok.json": {"objid": str(FIRST_ID)},  # digits as text
        "ok.jpg": jpeg(0),
        "float.json": {"objid": 5.877e17},
        "float.jpg": jpeg(1),
        "list.json": [1],
        "list.jpg": jpeg(2),
        "broken.json": b"{",
        "deep.json": b"[" * 100_000,
        "two.jpg": jpeg(3),
        "two.png": jpeg(4),
        "huge.jpg": bytes(5001),
        "without.json": {"objid": 7},
    }
    write_tar(tmp_path / "tars" / "x.tar", members)
    summary = ingest(tmp_path / "tars", tmp_path / "shards")
    rows = rows_of(tmp_path / "shards")
    assert [row["object_id"] for row in rows] == [FIRST_ID, 7]
    assert rows[1]["image"]["bytes"] is None
    assert dict(summary.skipped) == {
        Status.BAD_ID: 4,
        Status.UNSUPPORTED_IMAGE: 1,
        Status.TOO_LARGE_IMAGE: 1,
    }
    told = {where: message for where, _, message in summary.examples}
    assert "not a JSON object but a list" in told["x.tar, list"]
    assert "both its image" in told["x.tar, two"]


def test_nothing_escapes(tmp_path: Path) -> None:
    """Links, devices and names that climb out: no file is written or read outside of the tar."""
    (tmp_path / "secret.jpg").write_bytes(jpeg(9))
    path = tmp_path / "tars" / "evil.tar"
    path.parent.mkdir()
    with tarfile.open(path, "w") as tar:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            link = tarfile.TarInfo(f"{int.from_bytes(kind)}.jpg")
            link.type, link.linkname = kind, str(tmp_path / "secret.jpg")
            tar.addfile(link)
        add(tar, "../../climbed.jpg", jpeg(1))
    before = sorted(tmp_path.rglob("*"))
    ingest(path.parent, tmp_path / "shards")
    (row,) = rows_of(tmp_path / "shards")
    assert row["image"]["bytes"] == jpeg(1)
    after = [p for p in sorted(tmp_path.rglob("*")) if "shards" not in p.parts]
    assert after == before


def test_broken_files(tmp_path: Path) -> None:
    survey(tmp_path / "tars")
    first = tmp_path / "tars" / "part-0.tar"
    first.write_bytes(first.read_bytes()[:3000])
    with pytest.raises(StorageError, match="not a whole tar file"):
        ingest(tmp_path / "tars", tmp_path / "shards")
    first.write_bytes(b"no tar at all" * 100)
    with pytest.raises(StorageError, match="not a whole tar file"):
        ingest(tmp_path / "tars", tmp_path / "shards")
    write_tar(first, {})
    with pytest.raises(StorageError, match="no samples"):
        ingest(tmp_path / "tars", tmp_path / "shards")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StorageError, match=r"holds no \.tar files"):
        ingest(tmp_path / "empty", tmp_path / "shards", layout="webdataset")


def test_the_same_identifier_twice_is_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "t" / "a.tar", {"1.jpg": jpeg(1), "b/1.jpg": jpeg(2)})
    with pytest.raises(ValueError, match="occur in more than one row"):
        ingest(tmp_path / "t", tmp_path / "shards")


def test_a_table_makes_it_a_folder(tmp_path: Path) -> None:
    survey(tmp_path / "tars")
    with pytest.raises(ValueError, match="leave out the table"):
        ingest(tmp_path / "tars", tmp_path / "s", layout="webdataset", table="x.csv")
