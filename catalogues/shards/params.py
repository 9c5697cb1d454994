"""Parameters of image shards: their size, and the tolerance of their votes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ShardParams:
    """How shards are cut: at `rows_max` rows or `bytes_max` bytes of images, whichever is first.

    `row_group_rows`: the unit in which a shard can be read; small, so that a resumed run that
    lacks a few rows fetches little more than those.
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
"""How far a question's answers may add up to something else than the tree says: published tables
are rounded, and the network's own softmax cannot follow more."""
