"""A run whose process dies at any moment, again and again, without Ray: what resuming rests on.

`python -m tests.faults.kills PLACE... --kills 200` kills the command after a random time of its own
work; the stages run one after the other in its process. Each finished catalogue is compared with
the undisturbed one. `tests.faults.chaos` does the same to a real Ray.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.faults.comparing import catalogue, upload
from tests.survey import tiny_ensemble, write_survey

SHARDS, ROWS = 4, 10
SESSIONS_MAX = 200


def in_process(plan: Any, record: Any, have: Any, holder: str) -> Iterator[dict[str, Any]]:
    """What pipelines.stages does, in this process and in an order of its own."""
    from actors.decoder import Decoder
    from actors.measurer import Measurer
    from actors.shards import ShardSource
    from actors.writer import write_batch
    from tests.faults.fakes import FakeExplainer

    options, rng = plan.options, random.Random(os.getpid())
    source = ShardSource(plan.work, options.input, options.read_options())
    decoder = Decoder(field=plan.ensemble.field, limits=options.limits, scale=options.scale)
    measurer = Measurer(
        estimator=plan.recipe.reading, canvas_px=plan.ensemble.field.canvas_px,
        cosmology=options.cosmology, schema=plan.schema(record), kept_fraction=plan.kept_fraction,
    )  # fmt: skip
    explainer = FakeExplainer(seed=options.seed)
    tasks = source.get_read_tasks(1)
    rng.shuffle(tasks)
    waiting: list[pa.Table] = []
    for task in tasks:
        waiting += [measurer(explainer(decoder(table))) for table in task()]
        rows = pa.concat_tables(waiting)
        size = rng.randint(1, 6)
        for first in range(0, len(rows), size):
            batch = rows.slice(first, size)
            yield from write_batch(
                batch, output=options.output, options=options.write_options(),
                schema=plan.schema(record), holder=holder,
            ).to_pylist()  # fmt: skip
        waiting = []


def measure(words: list[str], dies_after_s: float | None) -> int:
    """The command in a process of its own, which dies after so much work; its exit status."""
    command = os.fork()
    if command:
        return os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    status = 99
    try:
        from pipelines import measure as command_
        from pipelines import session, stages

        stages.stages, stages.receipts = in_process, iter  # type: ignore[assignment]
        session.cluster = no_cluster  # type: ignore[assignment]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if dies_after_s is not None:
            # nothing in the process hears of it: this signal's own way is to end it at once
            signal.setitimer(signal.ITIMER_PROF, dies_after_s)
        status = command_.main(words)
    finally:
        os._exit(status)
    raise AssertionError


def worked_s() -> float:
    """CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def recognised(place: str, words: list[str]) -> bool:
    """Whether the undisturbed run is known to be finished though its shards cannot be read."""
    for path in Path(place, "shards").iterdir():
        known = path.stat()
        path.write_bytes(b"x" * known.st_size)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    return measure([f"{place}/shards", f"{place}/undisturbed", *words], None) == 0


@contextmanager
def no_cluster(options: Any) -> Iterator[dict[str, float]]:
    """In place of pipelines.resources.cluster."""
    yield {"CPU": 1.0}


def disturbed(place: str, folder: Path, left: int, rng: random.Random) -> None:
    """Runs in `place` until `left` kills have been survived. Raises AssertionError if a catalogue
    differs."""
    upload(write_survey(folder / "shards", SHARDS, ROWS), f"{place}/shards")
    words = ["--ensemble", tiny_ensemble(folder / "tiny"), "--select", "all"]
    words += ["--cluster.device", "cpu", "--keep-pictures", "0.5"]
    before = worked_s()
    assert measure([f"{place}/shards", f"{place}/undisturbed", *words], None) == 0
    whole_s = worked_s() - before
    expected = catalogue(f"{place}/undisturbed")
    assert len(expected) == SHARDS * ROWS
    kills = runs = 0
    while kills < left:
        runs += 1
        output = f"{place}/run-{runs}"
        for session in range(SESSIONS_MAX):
            undisturbed = kills >= left or session == SESSIONS_MAX - 1
            dies_after_s = None if undisturbed else rng.uniform(0, 1.2 * whole_s)
            status = measure([f"{place}/shards", output, *words], dies_after_s)
            if status == 0:
                break
            assert status == -signal.SIGPROF, f"{output}: exit status {status}"
            kills += 1
        assert catalogue(output) == expected, output
    if "://" not in place:
        assert recognised(place, words)
    print(f"survived {kills} kills in {runs} runs in {place}", flush=True)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="+", help="folders or s3://bucket/prefix")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    import torch

    from pipelines import metrics, plan, stages  # noqa: F401  (loaded once: commands are forks)

    torch.set_num_threads(1)  # a fork has none of its parent's OpenMP threads, and waits for them

    for place in given.places:
        with tempfile.TemporaryDirectory() as folder:
            disturbed(place, Path(folder), given.kills, random.Random(given.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
