"""Options of `ansae demo`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import tyro

from catalogues import storage
from catalogues.mocks.params import MockSurvey
from pipelines.cluster.resources import ClusterOptions
from pipelines.measure.options import MeasureOptions
from pipelines.report.options import ReportOptions

PROG = "ansae demo"


SURVEY = "survey"


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """Draw galaxies with known bars, measure them, and say how well that went.

    The same command again finishes what an interrupted one has left.
    """

    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")] = "demo"
    """Folder for the mock survey, the catalogue and the report; local or s3://."""
    galaxies: int = 240
    """Number of galaxies."""
    seed: int = 7
    """Seed of the mock sky."""
    ensemble: str = "compact"
    """The networks: 'compact', which is shipped, or path or URL of an ensemble.json."""
    samples: int | None = None
    """Noise samples of a saliency map; default: the estimator's."""
    replace: bool = False
    """Remove what an earlier demo of other options has left in OUTPUT."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        self.survey(), self.measure_options()  # each checks its own part

    def survey(self) -> MockSurvey:
        """What is drawn."""
        return MockSurvey(galaxies=self.galaxies, seed=self.seed)

    def measure_options(self) -> MeasureOptions:
        """The main job on it."""
        return MeasureOptions(
            input=storage.join(self.output, SURVEY),
            output=self.output,
            ensemble=self.ensemble,
            samples=self.samples,
            cluster=self.cluster,
            label="demo",
        )

    def report_options(self) -> ReportOptions:
        """The report on it."""
        return ReportOptions(
            output=self.output, truth=storage.join(self.output, SURVEY), title="A mock survey"
        )
