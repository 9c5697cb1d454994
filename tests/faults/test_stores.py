"""A store that fails, lags, is away or refuses: asked again, and then told what to do about it."""

from __future__ import annotations

import datetime
import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import botocore.auth
import pytest

from actors.measure.shard_source import read_rows
from catalogues import storage
from catalogues.shards.reading import list_shards
from catalogues.storage import StorageError, StorageOptions
from tests.faults.proxy import FaultyStore, faulty
from tests.s3server import S3Server
from tests.survey import galaxy_rows, write_shard


@pytest.fixture
def proxy(s3_env: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyStore]:
    with faulty(s3_env.endpoint_url, seed=3) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


def place(name: str, **options: object) -> tuple[object, str]:
    return storage.filesystem(f"s3://galaxies/{name}", StorageOptions(**options))  # type: ignore[arg-type]


def test_what_fails_now_and_then_is_asked_again(proxy: FaultyStore) -> None:
    proxy.rate, proxy.late_s = 0.15, 0.2
    fs, root = place("now-and-then", attempts=8)
    content = {storage.join(root, f"{i}.bin"): os.urandom(10_000) for i in range(12)}
    for path, data in content.items():
        storage.write_whole(fs, path, data)
    assert dict(zip(content, storage.read_many(fs, content), strict=True)) == content
    assert [path for path, _ in storage.list_files(fs, root)] == sorted(content)
    assert sum(proxy.met.values()) >= 5


def test_a_store_that_is_away_for_a_moment_is_waited_for(proxy: FaultyStore) -> None:
    fs, root = place("away", attempts=8)
    storage.write_whole(fs, storage.join(root, "a"), b"before")
    away = threading.Thread(target=proxy.away, args=(2.0,))
    away.start()
    time.sleep(0.3)
    storage.write_whole(fs, storage.join(root, "a"), b"after")
    away.join()
    assert storage.read_whole(fs, storage.join(root, "a")) == b"after"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("unavailable", r"cannot write .*reduce your request rate"),
        ("internal", r"cannot write .*internal error"),
        ("silent", r"cannot write .*Read timeout .*check the endpoint's address"),
        ("expired", r"credentials have expired; get new ones .*run the same command again"),
    ],
)
def test_after_some_attempts_it_is_given_up(proxy: FaultyStore, fault: str, told: str) -> None:
    proxy.always = fault
    fs, root = place("given-up", attempts=2, silence_s=0.3)
    began = time.monotonic()
    with pytest.raises(StorageError, match=told):
        storage.write_whole(fs, storage.join(root, "a"), b"x")
    assert time.monotonic() - began < 40
    assert 1 <= proxy.met[fault] <= 4


def test_expired_credentials_are_told_where_the_store_gives_no_reason(proxy: FaultyStore) -> None:
    proxy.always = "expired"
    fs, root = place("expired", attempts=1)
    with pytest.raises(StorageError, match=r"without a reason \(400\).*credentials have expired"):
        storage.exists(fs, storage.join(root, "a"))


def test_a_bucket_that_may_only_be_read(proxy: FaultyStore) -> None:
    proxy.always, proxy.only = "read-only", ("PUT", "POST")
    fs, root = place("read-only", attempts=1)
    with pytest.raises(StorageError, match=r"cannot write .*permission denied.*bucket's policy"):
        storage.write_whole(fs, storage.join(root, "a"), b"x")


def test_a_clock_that_is_wrong(s3_env: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    now = botocore.auth.get_current_datetime

    def wrong(*arguments: object, **more: object) -> datetime.datetime:
        found: datetime.datetime = now(*arguments, **more) - datetime.timedelta(hours=2)
        return found

    monkeypatch.setattr(botocore.auth, "get_current_datetime", wrong)
    fs, root = place("clock", attempts=1)
    with pytest.raises(StorageError, match=r"clock and this machine's differ .*NTP"):
        storage.write_whole(fs, storage.join(root, "a"), b"x")


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    fs, root = storage.filesystem(str(tmp_path))
    with pytest.raises(StorageError, match=r"no space left there; make room and run the same"):
        storage.write_whole(fs, storage.join(root, "a"), b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_shard_that_is_replaced_or_vanishes_under_way(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_shard(path, galaxy_rows(70))
    (shard,) = list_shards(str(tmp_path))
    rows = read_rows(shard, None, str(tmp_path), StorageOptions())
    next(rows)
    aside = tmp_path / "aside"
    write_shard(aside, galaxy_rows(70, first_id=500))
    aside.rename(path)
    with pytest.raises(StorageError, match=r"a\.parquet' was replaced during the run"):
        list(rows)
    path.unlink()
    with pytest.raises(StorageError, match=r"a\.parquet': no such file"):
        list(read_rows(shard, None, str(tmp_path), StorageOptions()))
