"""Damaged images, shards and options by the hundred; `make fuzz` has a million of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.measure.shard_source import read_rows
from catalogues.manifest import ALIASES, SCHEMA
from catalogues.shards.reading import list_shards
from catalogues.shards.rows import NOTE
from catalogues.storage import StorageError, StorageOptions
from pipelines.measure.options import MeasureOptions
from tests.faults.fuzz import MANIFESTS, Kind, block, check, survived
from tests.faults.manifests import SHARDS, good_shards, read_all
from tests.faults.mutations import mutants, seeds

OFTEN = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def has_words(error: Exception) -> None:
    assert str(error).strip()


def test_good_images_decode_and_damaged_ones_are_answered() -> None:
    assert all(check(data).pixels is not None for data in seeds()[:15])  # then the corpus
    found = block(seed=0, count=1500)
    assert found.bad == []
    assert found.statuses.total() == 1500
    assert len(found.statuses) >= 6
    assert found.statuses["decoded"] > 50
    assert found.slowest_s < 10


def test_the_same_seed_damages_the_same() -> None:
    pool = seeds()
    first, again = mutants(3, pool), mutants(3, pool)
    assert [next(first) for _ in range(50)] == [next(again) for _ in range(50)]


def test_damaged_shards_give_their_rows_or_a_reason() -> None:
    assert {read_all(data) for data in good_shards()} == {"whole"}
    found = block(seed=5, count=150, kind=MANIFESTS)
    assert found.bad == []
    assert min(found.statuses["whole"], found.statuses["refused"]) > 10


@pytest.mark.parametrize("path", sorted(SHARDS.iterdir()), ids=lambda path: path.name)
def test_shards_that_contradict_themselves_are_refused(path: Path) -> None:
    assert read_all(path.read_bytes()) == "refused"


def test_a_file_that_ends_or_hangs_its_reader_is_found_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(data: bytes) -> str:
        if data == b"3":
            os._exit(7)
        if data == b"4":
            signal.pause()
        if data == b"5":
            raise MemoryError("too much")
        return "read"

    def numbers(seed: int, pool: list[bytes]) -> Iterator[bytes]:
        return (str(n).encode() for n in count())

    monkeypatch.setattr("tests.faults.fuzz.BLOCK", 10)
    monkeypatch.setattr("tests.faults.fuzz.FILE_S", 1)
    found = survived(1, Kind(pool=list, damaged=numbers, read=read))
    assert found.statuses == {"read": 7, "died (7)": 1, "hung": 1, "not answered": 1}
    assert {data for data, _ in found.bad} == {b"3", b"4", b"5"}


NAMES = st.sampled_from(sorted({*SCHEMA.names, *(n for names in ALIASES.values() for n in names)}))
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=30)
)
IDS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=4, max_size=4),
    st.lists(st.floats() | st.none(), min_size=4, max_size=4),
    st.lists(st.text(max_size=25) | st.none(), min_size=4, max_size=4),
    st.lists(st.binary(max_size=25), min_size=4, max_size=4),
)
IMAGES = st.one_of(
    st.lists(st.binary(max_size=50) | st.none(), min_size=4, max_size=4),
    st.lists(st.text(max_size=20) | st.none(), min_size=4, max_size=4),
    st.lists(
        st.none()
        | st.fixed_dictionaries(
            {"bytes": st.none() | st.binary(max_size=50), "path": st.none() | st.text(max_size=20)}
        ),
        min_size=4,
        max_size=4,
    ),
    st.lists(st.integers(0, 9), min_size=4, max_size=4),
)


@OFTEN
@given(ids=IDS, images=IMAGES, others=st.dictionaries(NAMES, CELLS, max_size=6))
def test_whatever_a_manifest_holds_every_row_comes_out_or_it_is_refused(
    tmp_path_factory: pytest.TempPathFactory, ids: list, images: list, others: dict
) -> None:
    folder = tmp_path_factory.mktemp("manifest")
    try:
        columns = {"object_id": pa.array(ids), "image": pa.array(images)}
        columns |= {name: pa.array([v] * 4) for name, v in others.items() if name not in columns}
        table = pa.table(columns)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return  # not something that a file could hold
    pq.write_table(table, folder / "a.parquet")
    try:
        (shard,) = list_shards(str(folder))
        rows = pa.concat_tables(read_rows(shard, None, str(folder), StorageOptions()))
    except (StorageError, ValueError) as error:
        has_words(error)
        return
    assert rows["shard_row"].to_pylist() == [0, 1, 2, 3]
    for identity, note in zip(rows["object_id"].to_pylist(), rows[NOTE].to_pylist(), strict=True):
        assert (identity is None) == (note is not None)


@OFTEN
@given(
    numbers=st.dictionaries(
        st.sampled_from(["samples", "rows_per_file", "keep_pictures", "reached_min", "bar_min"]),
        st.integers(-(2**40), 2**40) | st.floats(),
    ),
    words=st.dictionaries(st.sampled_from(["input", "output", "endpoint_url"]), st.text()),
)
def test_options_are_taken_or_refused_with_a_reason(numbers: dict, words: dict) -> None:
    try:
        options = MeasureOptions(**{"input": "in", "output": "out"} | numbers | words)
    except ValueError as error:
        has_words(error)
    else:
        assert options.keep_pictures is None or 0 <= options.keep_pictures <= 1
        assert options.samples is None or options.samples >= 1
