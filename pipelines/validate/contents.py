"""Results of a validation, before they are formatted for the page."""

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
    """A galaxy and its saliency maps.

    Attributes
    ----------
    object_id
        Id of the galaxy, or None.
    side
        Side of the canvas in pixels.
    galaxy
        The image, as a data URI.
    maps
        (answer, map) pairs; maps are data URIs.
    """

    object_id: int | None
    side: int
    galaxy: str
    maps: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ValidationContents:
    """Results of a validation.

    Attributes
    ----------
    options
        Options of the command.
    truth
        The truth.
    groups
        Groups of numbers.
    of
        Pairs of catalogue and truth; None without a catalogue.
    bins
        Errors in bins of other quantities.
    galleries
        Galaxies to show.
    lengths
        Plots of the truth's lengths, if there is no catalogue.
    explained
        Galaxies with maps for bar, bulge and spiral arms.
    record
        Content of run.json.
    """

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
        """How the numbers were made, as plain JSON."""
        found = {"options": asdict(self.options), "truth": asdict(self.truth)}
        return found | ({"run_id": self.record["run_id"]} if "run_id" in self.record else {})
