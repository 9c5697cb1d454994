"""A run whose process dies at any moment, again and again, without Ray: what resuming rests on.

`python -m tests.faults.kills PLACE... --s3 --kills 200` kills the command after a random time of
its own work; the stages run one after the other in its process. Each finished catalogue is compared
with the undisturbed one. `tests.faults.chaos` does the same to a real Ray.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests import s3server
from tests.faults import forked
from tests.faults.comparing import catalogue, upload
from tests.survey import tiny_ensemble, write_survey

SHARDS, ROWS = 4, 10
SESSIONS_MAX = 200


def in_process(plan: Any, record: Any, have: Any, holder: str) -> Iterator[dict[str, Any]]:
    """What pipelines.measure.stages does, in this process and in an order of its own."""
    from actors.measure.decoder import Decoder
    from actors.measure.measurer import Measurer
    from actors.measure.shard_source import ShardSource
    from actors.measure.writer import write_batch
    from tests.faults.fakes import FakeExplainer

    options, rng = plan.options, random.Random(os.getpid())
    source = ShardSource(plan.work, options.input, options.read_options())
    decoder = Decoder(field=plan.ensemble.field, limits=options.limits, scale=options.scale)
    measurer = Measurer(
        estimator=plan.recipe.estimator, canvas_px=plan.ensemble.field.canvas_px,
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


def measure(words: list[str], dies_after_s: float | None = None) -> tuple[int, float]:
    """The command in a process of its own, which dies after so much work; its exit status and, if
    it did not die, the CPU seconds of its work."""
    told, tells = multiprocessing.Pipe(duplex=False)
    process = forked.start(os.environ, _measure, words, dies_after_s, tells)
    tells.close()
    try:
        used = told.recv()
    except EOFError:
        used = 0.0
    process.join()
    return process.exitcode, used


def _measure(words: list[str], dies_after_s: float | None, tells: Connection) -> None:
    """End this process with the command's exit status."""
    status, before = 99, time.process_time()
    try:
        from pipelines.measure import session, stages
        from pipelines.measure.__main__ import main as measure_main

        stages.stages, stages.receipts = in_process, iter  # type: ignore[assignment]
        session.cluster = no_cluster  # type: ignore[assignment]
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if dies_after_s is not None:
            # nothing in the process hears of it: this signal's own way is to end it at once
            signal.setitimer(signal.ITIMER_PROF, dies_after_s)
        status = measure_main(words)
        tells.send(time.process_time() - before)
    finally:
        os._exit(status)


def recognised(place: str, words: list[str]) -> bool:
    """Whether the undisturbed run is known to be finished though its shards cannot be read."""
    for path in Path(place, "shards").iterdir():
        known = path.stat()
        path.write_bytes(b"x" * known.st_size)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    return measure([f"{place}/shards", f"{place}/undisturbed", *words])[0] == 0


@contextmanager
def no_cluster(options: Any) -> Iterator[dict[str, float]]:
    """In place of pipelines.cluster.resources.cluster."""
    yield {"CPU": 1.0}


def disturbed(place: str, folder: Path, left: int, rng: random.Random) -> None:
    """Runs in `place` until `left` kills have been survived. Raises AssertionError if a catalogue
    differs."""
    forked.answer(upload, write_survey(folder / "shards", SHARDS, ROWS), f"{place}/shards")
    words = ["--ensemble", tiny_ensemble(folder / "tiny"), "--select", "all"]
    words += ["--cluster.device", "cpu", "--keep-pictures", "0.5"]
    status, whole_s = measure([f"{place}/shards", f"{place}/undisturbed", *words])
    assert status == 0
    expected = forked.answer(catalogue, f"{place}/undisturbed")
    assert len(expected) == SHARDS * ROWS
    kills = runs = 0
    while kills < left:
        runs += 1
        output = f"{place}/run-{runs}"
        for session in range(SESSIONS_MAX):
            undisturbed = kills >= left or session == SESSIONS_MAX - 1
            dies_after_s = None if undisturbed else rng.uniform(0, 1.2 * whole_s)
            status, _ = measure([f"{place}/shards", output, *words], dies_after_s)
            if status == 0:
                break
            assert status == -signal.SIGPROF, f"{output}: exit status {status}"
            kills += 1
        assert forked.answer(catalogue, output) == expected, output
    if "://" not in place:
        assert recognised(place, words)
    print(f"survived {kills} kills in {runs} runs in {place}", flush=True)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="*", help="folders or s3://bucket/prefix")
    parser.add_argument("--s3", action="store_true", help="also on an S3 server of its own")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with ExitStack() as stack:
        places = list(given.places)
        if given.s3:
            kept = stack.enter_context(tempfile.TemporaryDirectory())
            server = stack.enter_context(s3server.serve(Path(kept)))
            os.environ.update(server.environment)
            places.append(f"s3://{server.bucket}/kills")
        for place in places:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            disturbed(place, Path(folder), given.kills, random.Random(given.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
