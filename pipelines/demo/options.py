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
    """Draw galaxies with known bars, measure them, and compare the lengths with the truth.

    To finish an interrupted run, run the same command again.
    """

    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")] = "demo"
    """Folder for the mock survey, the catalogue and the report; local or s3://."""
    galaxies: int = 240
    """Number of galaxies."""
    seed: int = 7
    """Seed of the mock sky."""
    ensemble: str = "compact"
    """The networks: 'compact' (comes with ansae), or path or URL of an ensemble.json."""
    samples: int | None = None
    """Number of noise samples of a saliency map; default: as the estimator says."""
    replace: bool = False
    """Remove the files of an earlier demo with other options from OUTPUT."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        self.survey(), self.measure_options()  # each checks its own options

    def survey(self) -> MockSurvey:
        """Return the mock survey."""
        return MockSurvey(galaxies=self.galaxies, seed=self.seed)

    def measure_options(self) -> MeasureOptions:
        """Return the options of `ansae measure` for the survey."""
        return MeasureOptions(
            input=storage.join(self.output, SURVEY),
            output=self.output,
            ensemble=self.ensemble,
            samples=self.samples,
            cluster=self.cluster,
            label="demo",
        )

    def report_options(self) -> ReportOptions:
        """Return the options of `ansae report` for the run."""
        return ReportOptions(
            output=self.output, truth=storage.join(self.output, SURVEY), title="A mock survey"
        )
