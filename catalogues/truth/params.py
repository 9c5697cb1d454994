"""Options for a table of known bars, and for matching galaxies to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class TableColumns:
    """Columns of a table of kind "table".

    Attributes
    ----------
    length : column of full bar lengths, by default the only column with "length" in its name.
    unit : unit of the lengths, if the column's name does not say it.
    semi : whether the column holds half lengths.
    error : column of 1-sigma errors in the same unit.
    angle : column of position angles in the catalogue's frame, degrees.
    trends : columns against which the accuracy is shown.
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
"""Kind of truth: Hoyle et al. 2011, EFIGI, truth columns of mock galaxies, or any other table with
a length column."""
