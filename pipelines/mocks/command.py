"""The command `ansae mocks`: galaxies with known bars, for training, calibration and tests."""

from __future__ import annotations

from rich.console import Console
from rich.progress import track

from catalogues import storage
from catalogues.mocks.params import MockSurvey
from catalogues.mocks.survey import is_written, write_survey
from catalogues.shards.params import ShardParams
from catalogues.shards.reading import list_shards
from catalogues.shards.writing import old_shards, write_shards
from catalogues.storage import StorageOptions
from pipelines import console as terminal
from pipelines.cluster.resources import cluster
from pipelines.mocks.options import PROG, MocksOptions

_ROWS_PER_TASK = 10


def draw(survey: MockSurvey, url: str, console: Console, options: StorageOptions | None = None) -> None:  # noqa: E501  # fmt: skip
    """Draw the survey on the connected cluster and write it to `url`, unless it exists already.

    Raises StorageError; ValueError if `url` holds something else.
    """
    from actors.mocks import drawn  # needs ray

    fs, root = storage.filesystem(url, options)
    if is_written(fs, root, survey):
        console.print(f"{survey.galaxies} mock galaxies exist already")
        return
    tables = drawn(survey, rows_per_task=_ROWS_PER_TASK)
    total = len(survey.blocks(_ROWS_PER_TASK))
    shown = track(tables, "drawing mock galaxies", total, console=console, transient=True)
    shards = write_survey(fs, root, survey, shown)
    console.print(f"{survey.galaxies} mock galaxies drawn, in {len(shards)} shards")


def lay(options: MocksOptions, console: Console) -> int:
    """Lay bars into the galaxies of `options.hosts`. Returns the number of bars that are kept.

    A bar is kept if the networks see it. Raises StorageError; ValueError if the output holds
    shards, or if no bar is kept.
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
            f"the networks see no bar that was laid into the galaxies of "
            f"{storage.redact(hosts)!r}: give shards with featured, face-on, unbarred galaxies, or "
            "a smaller --seen-min"
        )
    console.print(f"{rows} bars laid into real galaxies, in {len(written)} shards")
    return rows


def run(options: MocksOptions) -> None:
    """Draw galaxies, or lay bars into galaxies. Raises ValueError and StorageError."""
    console = Console(stderr=True)
    if options.hosts is not None:
        from actors.find_ensemble import find_ensemble

        find_ensemble(options.ensemble, options.storage_options())
    with cluster(options.cluster):
        if options.hosts is None:
            draw(options.survey(), options.output, console, options.storage_options())
        else:
            lay(options, console)


def execute(options: MocksOptions) -> int:
    """Run the command. Returns the exit status of `pipelines.console.finish`."""
    return terminal.finish(run, options, PROG)
