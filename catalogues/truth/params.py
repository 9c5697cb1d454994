"""What the user says about a table of truths, and how galaxies are matched to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """The user's words about a table of kind "table": which column is what.

    `length`: full bar lengths, by default the one column that names itself so; `unit`: where its
    name does not say; `semi`: it holds half lengths; `error`: 1-sigma errors in the same unit;
    `angle`: position angles in the catalogue's frame, deg; `trends`: columns to set accuracy
    against.
    """

    length: str | None = None
    unit: str | None = None
    semi: bool = False
    error: str | None = None
    angle: str | None = None
    trends: tuple[str, ...] = ()


Join = Literal["auto", "id", "position"]


Part = Literal["all", "train", "validation", "test"]


Kind = Literal["hoyle", "efigi", "mock", "table"]
"""Hoyle et al. 2011; EFIGI; truth columns of mock galaxies; any table with a length column."""
