"""Identifiers survive digit for digit, or are null with a sentence."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogues.shards.ids import exact_ids, packed_ids, repeated
from tests.badimages import bad_ids

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(INT64))
def test_every_int64_is_kept_as_integer_and_as_text(numbers: list[int]) -> None:
    for values in (
        pa.array(numbers, pa.int64()),
        pa.array([str(n) for n in numbers], pa.string()),
        pa.array([f"  {n} " for n in numbers], pa.large_string()),
        pa.array([str(n) for n in numbers], pa.string()).dictionary_encode().dictionary_decode(),
    ):
        ids, notes = exact_ids(values)
        assert ids.type == pa.int64()
        assert ids.to_pylist() == numbers
        assert notes.null_count == len(numbers)


@given(st.lists(st.floats()))
def test_floats_are_kept_only_where_they_are_exact(numbers: list[float]) -> None:
    ids, notes = exact_ids(pa.array(numbers, pa.float64()))
    for number, kept, note in zip(numbers, ids.to_pylist(), notes.to_pylist(), strict=True):
        if kept is None:
            assert not (number.is_integer() and abs(number) <= 2**53)
            assert "float that is not whole or may have lost digits" in note
        else:
            assert kept == number
            assert note is None


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_unsigned_are_kept_where_they_fit(numbers: list[int]) -> None:
    ids, _ = exact_ids(pa.array(numbers, pa.uint64()))
    assert ids.to_pylist() == [n if n < 2**63 else None for n in numbers]


def test_bad_ones_say_why() -> None:
    cases = [case for case in bad_ids() if case.expected == "bad_id"]
    ids, notes = exact_ids(pa.array([case.value for case in cases], pa.string()))
    assert ids.null_count == len(cases) == 8
    for case, note in zip(cases, notes.to_pylist(), strict=True):
        assert note.startswith("object_id ")
        assert len(note) < 200
        assert ("is null" in note) == (case.value is None)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([True, False]),
        pa.array([[1], [2]]),
        pa.nulls(2),
        pa.array([Decimal("1.5"), Decimal("2.5")]),
        pa.array([b"a", b"b"]),
    ],
)
def test_other_types_are_no_identifiers(values: pa.Array) -> None:
    ids, notes = exact_ids(values)
    assert ids.null_count == notes.drop_null().null_count + 2 == 2


def test_other_digits_are_no_digits() -> None:
    """Python's int() would read these."""
    ids, _ = exact_ids(pa.array(["١٢٣", "1_000", "²"]))
    assert ids.null_count == 3


def test_legacy_surveys_parts_are_packed_as_desi_packs_them() -> None:
    """TARGETIDs of DESI's early data release, beside release, brickid and objid."""
    published = [(9011, 565022, 1254, 39633166985594086), (9011, 565022, 1468, 39633166985594300)]
    *parts, wanted = (pa.array(column) for column in zip(*published, strict=True))
    ids, notes = packed_ids(*parts)
    assert ids.to_pylist() == wanted.to_pylist()
    assert notes.null_count == 2


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**20 - 1), st.integers(0, 2**22 - 1))
def test_parts_can_be_had_back(release: int, brickid: int, objid: int) -> None:
    ids, _ = packed_ids(pa.array([release]), pa.array([str(brickid)]), pa.array([objid]))
    number = ids[0].as_py()
    assert (number >> 42, number >> 22 & 2**20 - 1, number & 2**22 - 1) == (release, brickid, objid)


def test_parts_that_do_not_fit() -> None:
    release = pa.array([9010, 2**16, None, 9010, 9010])
    ids, notes = packed_ids(release, pa.array([1, 1, 1, -1, 1]), pa.array([0, 0, 0, 0, 2**22]))
    assert ids.to_pylist() == [9010 << 42 | 1 << 22, None, None, None, None]
    assert [note and note.split()[0] for note in notes.to_pylist()] == [
        None, "release", "release", "brickid", "objid",
    ]  # fmt: skip


def test_repeated() -> None:
    assert repeated(np.array([5, 1, 5, 2, 1, 1])).tolist() == [1, 5]
    assert repeated(np.array([], np.int64)).tolist() == []
