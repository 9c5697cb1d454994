"""Splits by hash: shares, stability, and independence of order."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from catalogues.shards.splits import SplitFractions, part_of, parts_of, unit_hash


def test_shares_are_as_asked_within_counting_error() -> None:
    parts = parts_of(range(20_000), SplitFractions(validation=0.1, test=0.2))
    for part, share in (("test", 0.2), ("validation", 0.1), ("train", 0.7)):
        error = np.sqrt(share * (1 - share) / 20_000)
        assert np.mean(parts == part) == pytest.approx(share, abs=4 * error)


def test_the_hash_is_blake2b_of_the_text() -> None:
    digest = hashlib.blake2b(b"587722981747982465", digest_size=8).hexdigest()
    assert unit_hash(587722981747982465) == int(digest, 16) / 2**64
    assert unit_hash("587722981747982465") == unit_hash(587722981747982465)


def test_a_larger_test_part_holds_the_smaller_one() -> None:
    small = {i for i in range(5000) if part_of(i, SplitFractions(test=0.1)) == "test"}
    large = {i for i in range(5000) if part_of(i, SplitFractions(test=0.3)) == "test"}
    assert small < large


def test_fractions_must_leave_something() -> None:
    with pytest.raises(ValueError, match="less than 1"):
        SplitFractions(validation=0.5, test=0.5)
