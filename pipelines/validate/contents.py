"""All that a validation found, before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from catalogues.truth.table import Truth
from pipelines.pages.elements import Gallery, Plot
from pipelines.validate.numbers import Bins, NumberGroup
from pipelines.validate.options import ValidateOptions
from pipelines.validate.sample import ValidationSample


@dataclass(frozen=True, kw_only=True)
class ExplainedExample:
    """A galaxy and its maps by answer, data URIs; `side`: of the canvas, pixels."""

    object_id: int | None
    side: int
    galaxy: str
    maps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ValidationContents:
    """All that a validation found. `of`: None without a catalogue."""

    options: ValidateOptions
    truth: Truth
    groups: list[NumberGroup]
    of: ValidationSample | None = None
    bins: Bins = field(default_factory=dict)
    galleries: list[Gallery] = field(default_factory=list)
    lengths: list[Plot] = field(default_factory=list)
    explained: list[ExplainedExample] = field(default_factory=list)
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """Plain JSON: how the numbers came about."""
        found = {"options": asdict(self.options), "truth": asdict(self.truth)}
        return found | ({"run_id": self.record["run_id"]} if "run_id" in self.record else {})
