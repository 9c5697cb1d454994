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

    Bars are laid into galaxies that their votes call face-on, featured and unbarred.
    """

    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for the image shards, local or s3://."""
    galaxies: int = 1000
    """Number of galaxies to draw."""
    seed: int = 0
    """Of the sky, or of the laid bars."""
    sky: MockSkyParams = field(default_factory=MockSkyParams)
    """The sky that is drawn from."""
    hosts: str | None = None
    """Image shards with votes, to lay bars into instead of drawing galaxies."""
    per_host: int = 3
    """Bars tried in each of them."""
    ensemble: str = "compact"
    """Networks that must see a laid bar: 'compact', or path or URL of an ensemble.json."""
    seen_min: float = 0.35
    """Least bar_fraction they give to a bar that is kept."""
    laid: LaidBarParams = field(default_factory=LaidBarParams)
    """Which bars are laid."""
    rows_per_shard: int = 250
    """Most galaxies in a shard."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        self.survey(), self.storage_options()  # each checks its own part
        if self.per_host < 1 or not 0 <= self.seen_min <= 1:
            raise ValueError(
                f"per_host={self.per_host} must be at least 1 and seen_min={self.seen_min} a "
                "fraction, 0 to 1"
            )

    def survey(self) -> MockSurvey:
        """What is drawn."""
        rows = self.rows_per_shard
        return MockSurvey(galaxies=self.galaxies, seed=self.seed, rows_per_shard=rows, sky=self.sky)

    def storage_options(self) -> StorageOptions:
        """How S3 is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url)
