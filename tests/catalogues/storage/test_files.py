"""Storage: whole or not at all, on a disk and on a real S3 server; refusals in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from catalogues import storage
from catalogues.storage import StorageError, StorageOptions
from tests.s3server import S3Server


def _writes_two(file: BinaryIO) -> None:
    file.write(b"tw")
    file.write(b"o")


def test_write_read_list(place: str) -> None:
    fs, root = storage.filesystem(place)
    path = storage.join(root, "deep", "a.bin")
    assert not storage.exists(fs, path)
    storage.write_whole(fs, path, b"one")
    storage.write_whole(fs, path, _writes_two)
    storage.write_whole(fs, storage.join(root, "b.BIN"), b"")
    storage.write_whole(fs, storage.join(root, ".hidden.bin"), b"x")
    storage.write_whole(fs, storage.join(root, "_private", "c.bin"), b"x")
    assert storage.exists(fs, path)
    assert storage.read_whole(fs, path) == b"two"
    found = storage.list_files(fs, root, (".bin",))
    assert [(p[len(root) + 1 :], n) for p, n in found] == [("b.BIN", 0), ("deep/a.bin", 3)]
    assert storage.list_files(fs, path) == [(path, 3)]
    absent = storage.join(root, "absent")
    assert storage.read_many(fs, [absent, path, absent]) == [None, b"two", None]
    with storage.open_random(fs, path) as file:
        file.seek(1)
        assert file.read(1) == b"w"


def test_failed_write_leaves_nothing(place: str) -> None:
    fs, root = storage.filesystem(place)
    path = storage.join(root, "a.bin")
    storage.write_whole(fs, path, b"before")

    def fails(file: BinaryIO) -> None:
        file.write(b"half of it")
        raise KeyError("in the middle")

    with pytest.raises(KeyError, match="in the middle"):
        storage.write_whole(fs, path, fails)
    assert storage.read_whole(fs, path) == b"before"
    assert [p.rsplit("/", 1)[1] for p in fs.find(root)] == ["a.bin"]


def test_large_object_in_parts(s3_env: S3Server) -> None:
    """s3fs uploads beyond 100 MiB in parts."""
    fs, root = storage.filesystem(f"s3://{s3_env.bucket}/large")
    content = os.urandom(2**20) * 101
    storage.write_whole(fs, storage.join(root, "a"), content)
    assert fs.info(storage.join(root, "a"))["size"] == len(content)
    assert (
        fs.cat_file(storage.join(root, "a"), start=50 * 2**20 - 7, end=50 * 2**20 + 9)
        == (content[50 * 2**20 - 7 : 50 * 2**20 + 9])
    )


def test_missing_path(place: str) -> None:
    fs, root = storage.filesystem(place)
    with pytest.raises(StorageError, match=r"cannot list .*: no such file, folder or bucket"):
        storage.list_files(fs, storage.join(root, "nowhere"))
    with pytest.raises(StorageError, match=r"cannot read .*nowhere.*check the spelling"):
        storage.read_whole(fs, storage.join(root, "nowhere"))


def test_missing_bucket(s3_env: S3Server) -> None:
    fs, root = storage.filesystem("s3://no-such-bucket-here/x")
    with pytest.raises(StorageError, match=r"no-such-bucket-here.*no such file, folder or bucket"):
        storage.list_files(fs, root)


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_credentials(
    s3_env: S3Server, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    fs, root = storage.filesystem(f"s3://{s3_env.bucket}/right")
    storage.write_whole(fs, storage.join(root, "a"), b"there")
    monkeypatch.setenv(variable, "wrong-hush-hush")
    fs, root = storage.filesystem(f"s3://{s3_env.bucket}/right")
    for attempt in (
        lambda: storage.list_files(fs, root),
        lambda: storage.exists(fs, storage.join(root, "a")),
        lambda: storage.read_whole(fs, storage.join(root, "a")),
        lambda: storage.write_whole(fs, storage.join(root, "b"), b""),
    ):
        with pytest.raises(StorageError, match="permission denied; on S3 check AWS_ACCESS") as told:
            attempt()
        assert "hush" not in str(told.value)
        assert s3_env.secret not in str(told.value)


def test_no_credentials(s3_env: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    fs, root = storage.filesystem(f"s3://{s3_env.bucket}/x")
    with pytest.raises(StorageError, match=r"no usable credentials .*AWS_ACCESS_KEY_ID"):
        storage.list_files(fs, root)


def test_no_server(s3_env: S3Server) -> None:
    options = StorageOptions(endpoint_url="http://127.0.0.1:9", attempts=1)
    fs, root = storage.filesystem(f"s3://{s3_env.bucket}/x", options)
    with pytest.raises(StorageError, match=r"check the endpoint's address and that it is running"):
        storage.list_files(fs, root)


def test_endpoint_option_beats_environment(
    s3_env: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    options = StorageOptions(endpoint_url=s3_env.endpoint_url)
    fs, root = storage.filesystem(f"s3://{s3_env.bucket}", options)
    assert storage.exists(fs, root)


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("http://host/x", "scheme 'http'"),
        ("gs://bucket/x", "scheme 'gs'"),
        ("s3://key:topsecret@bucket/x", r"\*\*\*@bucket"),
        ("s3:///x", "name the bucket"),
        ("  ", "the path is empty: give a folder"),
    ],
)
def test_refused_urls(url: str, match: str) -> None:
    with pytest.raises(StorageError, match=match) as told:
        storage.filesystem(url)
    assert "topsecret" not in str(told.value)


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9000", "http://me:topsecret@host", "ftp://host"])
def test_refused_endpoints(endpoint: str) -> None:
    with pytest.raises(ValueError, match="is not an address: give only scheme") as told:
        StorageOptions(endpoint_url=endpoint)
    assert "topsecret" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("a.jpg", "root/a.jpg"),
        ("./sub//a.jpg", "root/sub/a.jpg"),
        ("../a.jpg", None),
        ("sub/../../a.jpg", None),
        ("..\\a.jpg", None),
        ("/etc/passwd", None),
        ("file:///etc/passwd", None),
        ("C:\\a.jpg", None),
        ("a\0.jpg", None),
        ("", None),
    ],
)
def test_within(name: str, inside: str | None) -> None:
    assert storage.within("root", name) == inside


def test_readonly_folder_says_so(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"")
    fs, root = storage.filesystem(str(target / "below"))
    with pytest.raises(StorageError, match=r"cannot write .*NotADirectoryError|File"):
        storage.write_whole(fs, storage.join(root, "a"), b"")
