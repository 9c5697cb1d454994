"""Whether a place can hold a run, on places that can and on places that cannot."""

from __future__ import annotations

import os
import re
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from catalogues import storage
from catalogues.storage import StorageOptions
from catalogues.storage.checks import (
    check_credentials,
    check_job_environment,
    check_room,
    check_store,
)
from catalogues.storage.findings import Verdict
from tests.s3server import S3Server

OK, WARNING, REFUSED = Verdict.OK, Verdict.WARNING, Verdict.REFUSED


def test_a_good_place_is_left_as_it_was(place: str) -> None:
    fs, root = storage.filesystem(place)
    storage.write_whole(fs, storage.join(root, "a"), b"mine")
    found = check_store(fs, root)
    assert [(f.check, f.verdict) for f in found] == [
        ("output", OK), ("clock", OK), ("conditional write", OK)
    ]  # fmt: skip
    assert [p.rsplit("/", 1)[1] for p in fs.find(root)] == ["a"]


@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"])
def test_a_store_that_does_not_know_us(s3_env: S3Server, monkeypatch, variable: str) -> None:
    monkeypatch.setenv(variable, "hush")
    (found,) = check_store(*storage.filesystem(f"s3://{s3_env.bucket}/run"))
    assert found.verdict is REFUSED
    assert "permission denied" in found.found
    assert "hush" not in found.found


def test_no_bucket_and_a_file_in_the_way(s3_env: S3Server, tmp_path: Path) -> None:
    (found,) = check_store(*storage.filesystem(f"s3://{s3_env.bucket}-absent/run"))
    assert (found.verdict, "there is no bucket" in found.found) == (REFUSED, True)
    (tmp_path / "file").write_text("x")
    (found,) = check_store(*storage.filesystem(str(tmp_path / "file" / "run")))
    assert found.verdict is REFUSED


class Other:
    """A real store with one thing otherwise."""

    def __init__(self, fs: Any, **changed: Any) -> None:
        self._fs = fs
        self.__dict__.update(changed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fs, name)


def test_a_store_that_ignores_conditions(s3_env: S3Server, tmp_path: Path) -> None:
    fs, root = storage.filesystem(f"s3://{s3_env.bucket}/{tmp_path.name}")

    def careless(path: str, content: bytes, **conditions: Any) -> None:
        fs.pipe_file(path, content)

    found = check_store(Other(fs, pipe_file=careless), root)
    assert [f.verdict for f in found] == [OK, OK, REFUSED]
    assert "two runs could write one output" in found[-1].found


@pytest.mark.parametrize(
    ("skew_s", "verdict"), [(0, OK), (-100, WARNING), (100, WARNING), (-900, REFUSED)]
)
def test_a_store_with_another_clock(tmp_path: Path, skew_s: float, verdict: Verdict) -> None:
    fs, root = storage.filesystem(str(tmp_path))

    def info(path: str) -> dict[str, Any]:
        return {**fs.info(path), "mtime": os.stat(path).st_mtime + skew_s}

    found = check_store(Other(fs, info=info), root)[1]
    assert (found.check, found.verdict) == ("clock", verdict)
    assert verdict is OK or re.search(
        rf"differ by ({abs(skew_s) - 1}|{abs(skew_s)}) s", found.found
    )


def test_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage(0, 0, 10 * 2**20))
    fs, root = storage.filesystem(str(tmp_path / "not" / "yet"))
    for needed, verdict in ((2, OK), (7, WARNING), (11, REFUSED)):
        found = check_room(fs, root, needed * 2**20)
        assert found.verdict is verdict
        assert f"{needed} MiB to be written, 10 MiB are free" in found.found


def test_where_credentials_come_from(s3_env: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*urls: str, anonymous: bool = False) -> tuple[Verdict, str]:
        finding = check_credentials(urls, StorageOptions(anonymous=anonymous))
        assert s3_env.secret not in finding.found
        return finding.verdict, finding.found

    assert found("/a", "/b") == (OK, "none needed: all paths are local")
    assert found("/a", "s3://b") == (OK, "found by 'env'")
    assert found("s3://b", anonymous=True)[0] is OK
    monkeypatch.setenv("AWS_SESSION_TOKEN", "hush")
    verdict, told = found("s3://b")
    assert (verdict, "hush" in told, "is not renewed" in told) == (WARNING, False, True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    assert found("s3://b")[0] is REFUSED


def test_secrets_in_a_job_s_environment_are_named_not_told() -> None:
    assert check_job_environment({"AWS_DEFAULT_REGION": "x"}).verdict is OK
    finding = check_job_environment({"AWS_SECRET_ACCESS_KEY": "hush"})
    assert finding.verdict is WARNING
    assert "AWS_SECRET_ACCESS_KEY" in finding.found
    assert "hush" not in finding.found
