"""Parameters of image shards: their size, and the tolerance for sums of votes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ShardParams:
    """Size of shards: at most `rows_max` rows or `bytes_max` bytes of images, whichever is first.

    `row_group_rows`: rows per Parquet row group, the smallest part of a shard that can be read. It
    is small, so that a resumed run that lacks a few rows reads little more than these rows.
    """

    rows_max: int = 1000
    bytes_max: int = 256 * 2**20
    row_group_rows: int = 100

    def __post_init__(self) -> None:
        for name in ("rows_max", "bytes_max", "row_group_rows"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give a positive number")
        if self.bytes_max > 2**30:
            raise ValueError(
                f"bytes_max is {self.bytes_max}: a shard is held in memory, give at most {2**30}"
            )


TOLERANCE = 0.02
"""Largest difference between the sum of a question's answers and the sum that the tree demands.
Published tables are rounded, and the network's own softmax cannot follow a larger difference."""
