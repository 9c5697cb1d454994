"""The first row of an identifier counts, later ones are flagged."""

from __future__ import annotations

import pyarrow as pa
import pytest

from catalogues.shards.ids import later_occurrences


@pytest.mark.parametrize(
    ("ids", "flags"),
    [
        ([], []),
        ([3, 1, 3, 2, 1, 3], [0, 0, 1, 0, 1, 1]),
        ([None, 0, None, 0], [0, 0, 0, 1]),
        ([2**63 - 1, -(2**63), 2**63 - 1], [0, 0, 1]),
        ([None], [0]),
    ],
)
def test_later_occurrences(ids: list[int | None], flags: list[int]) -> None:
    assert later_occurrences(pa.array(ids, pa.int64())).tolist() == [bool(f) for f in flags]
