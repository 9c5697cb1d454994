"""Options of `ansae mocks`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import tyro

from catalogues.mocks.params import MockSkyParams, MockSurvey
from catalogues.storage import StorageOptions
from models.training.params import LaidBarParams
from pipelines.cluster.resources import ClusterOptions

PROG = "ansae mocks"


@dataclass(frozen=True, kw_only=True)
class MocksOptions:
    """Draw mock galaxies with known bars, or lay bars into the unbarred galaxies of image shards.

    Bars are laid into galaxies that are face-on, featured and unbarred by their votes.
    """

    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for the image shards, local or s3://."""
    galaxies: int = 1000
    """Number of galaxies to draw."""
    seed: int = 0
    """Seed of the sky, or of the laid bars."""
    sky: MockSkyParams = field(default_factory=MockSkyParams)
    """Distributions of the galaxies on the mock sky."""
    hosts: str | None = None
    """Folder of image shards with votes: lay bars into these galaxies instead of drawing any."""
    per_host: int = 3
    """Number of bars to try in each of these galaxies."""
    ensemble: str = "compact"
    """The networks that must see a laid bar: 'compact' (comes with ansae), or path or URL of an
    ensemble.json."""
    seen_min: float = 0.35
    """Minimum bar_fraction that the networks must give to keep a laid bar."""
    laid: LaidBarParams = field(default_factory=LaidBarParams)
    """Distributions of the laid bars."""
    rows_per_shard: int = 250
    """Maximum number of galaxies in a shard."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        self.survey(), self.storage_options()  # each checks its own options
        if self.per_host < 1 or not 0 <= self.seen_min <= 1:
            raise ValueError(
                f"per_host={self.per_host} must be at least 1 and seen_min={self.seen_min} a "
                "fraction from 0 to 1"
            )

    def survey(self) -> MockSurvey:
        """Return the mock survey."""
        rows = self.rows_per_shard
        return MockSurvey(galaxies=self.galaxies, seed=self.seed, rows_per_shard=rows, sky=self.sky)

    def storage_options(self) -> StorageOptions:
        """Return how to reach S3."""
        return StorageOptions(endpoint_url=self.endpoint_url)
