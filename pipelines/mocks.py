"""`ansae mocks`: galaxies whose bars are known, to train, calibrate and test on."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import track

from catalogues import storage
from catalogues.mocks.sky import MockSkyParams
from catalogues.mocks.survey import MockSurvey, is_written, write_survey
from catalogues.shards.reading import ShardParams, list_shards
from catalogues.shards.writing import old_shards, write_shards
from catalogues.storage import StorageOptions
from models.training.laid_bars import LaidBarParams
from pipelines import console as terminal
from pipelines.cluster.resources import ClusterOptions, cluster

PROG = "ansae mocks"
_ROWS_PER_TASK = 10


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


def draw(survey: MockSurvey, url: str, console: Console, options: StorageOptions | None = None) -> None:  # noqa: E501  # fmt: skip
    """Draw the survey below `url` by the connected cluster, if it is not there already.

    Raises ValueError where something else is there, StorageError.
    """
    from actors.mocks import drawn  # needs ray

    fs, root = storage.filesystem(url, options)
    if is_written(fs, root, survey):
        console.print(f"{survey.galaxies} mock galaxies are there already")
        return
    tables = drawn(survey, rows_per_task=_ROWS_PER_TASK)
    total = len(survey.blocks(_ROWS_PER_TASK))
    shown = track(tables, "drawing mock galaxies", total, console=console, transient=True)
    shards = write_survey(fs, root, survey, shown)
    console.print(f"{survey.galaxies} mock galaxies drawn, in {len(shards)} shards")


def lay(options: MocksOptions, console: Console) -> int:
    """Lay bars into the galaxies of `options.hosts`; how many were seen and kept.

    Raises ValueError where the output holds shards or no bar was seen, StorageError.
    """
    from actors.mocks import LayingPlan, laid  # needs ray and torch

    reach, hosts = options.storage_options(), str(options.hosts)
    plan = LayingPlan(
        ensemble=options.ensemble, storage=reach, laid=options.laid, per_host=options.per_host,
        seen_min=options.seen_min, seed=options.seed,
    )  # fmt: skip
    shards = list_shards(hosts, reach)
    fs, root = storage.filesystem(options.output, reach)
    if old := old_shards(fs, root):
        raise ValueError(f"{options.output!r} already holds {len(old)} shards: give another folder")
    tables = track(
        laid(hosts, shards, plan), "laying bars", len(shards), console=console, transient=True
    )
    written = list(write_shards(tables, fs, root, ShardParams(rows_max=options.rows_per_shard)))
    rows = sum(shard.rows for shard in written)
    if not rows:
        raise ValueError(
            f"no bar laid into the galaxies of {storage.redact(hosts)!r} was seen: give shards "
            "with featured, face-on, unbarred galaxies, or a smaller --seen-min"
        )
    console.print(f"{rows} bars laid into real galaxies, in {len(written)} shards")
    return rows


def run(options: MocksOptions) -> None:
    """Draw or lay. Raises ValueError, StorageError."""
    console = Console(stderr=True)
    if options.hosts is not None:
        from actors.load_networks import find_ensemble

        find_ensemble(options.ensemble, options.storage_options())
    with cluster(options.cluster):
        if options.hosts is None:
            draw(options.survey(), options.output, console, options.storage_options())
        else:
            lay(options, console)


def main(arguments: list[str] | None = None) -> int:
    """Command line. Returns the exit status, as pipelines.console.simple has it."""
    return terminal.simple(MocksOptions, run, PROG, arguments)


if __name__ == "__main__":
    sys.exit(main())
