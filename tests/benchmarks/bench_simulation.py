"""A survey of many shards through the main job with networks that cost nothing.

What is real: shards and store (a folder, or an S3 server with `--s3`), Ray, every stage but the
networks. It tells the rate, the driver's memory and how both go with time; what listing, reading
the checkpoint, recognising a finished run and committing a file cost.
`python -m tests.benchmarks.bench_simulation --shards 10000 --rows 100`; with `--keep FOLDER` the
same command goes on where one was stopped.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalogues import storage
from pipelines.cluster.resources import ClusterOptions, import_ray
from tests import s3server
from tests.benchmarks.processes import name_and_mib
from tests.survey import galaxy_rows, tiny_ensemble


def write_shards(url: str, shards: int, rows: int) -> None:
    """Shards of the same images with ids of their own."""
    from catalogues.manifest import SCHEMA

    fs, root = storage.filesystem(url)
    fields = pa.schema([field.with_nullable(True) for field in SCHEMA])
    table = pa.Table.from_pylist(galaxy_rows(rows), schema=fields)
    for number in range(shards):
        ids = pa.array(np.arange(rows, dtype=np.int64) + number * rows)
        buffer = io.BytesIO()
        pq.write_table(table.set_column(0, fields.field("object_id"), ids), buffer)
        path = storage.join(root, f"{number // 1000:05d}", f"{number:08d}.parquet")
        storage.write_whole(fs, path, buffer.getvalue())


@contextmanager
def watched(catalogue: str, every_s: float) -> Iterator[list[tuple[float, float, int]]]:
    """(seconds, private MiB of this process, files of the catalogue) as time goes by."""
    seen: list[tuple[float, float, int]] = []
    over, began = threading.Event(), time.monotonic()
    fs, root = storage.filesystem(catalogue)

    def look() -> None:
        while not over.wait(every_s):
            files = len(storage.list_files(fs, root)) if storage.exists(fs, root) else 0
            seen.append((time.monotonic() - began, name_and_mib(os.getpid())[1], files))
            print(f"{seen[-1][0]:8.0f} s {seen[-1][1]:8.0f} MiB {files:8d} files", flush=True)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long it took."""
    began, worked = time.monotonic(), time.process_time()
    yield
    took, worked = time.monotonic() - began, time.process_time() - worked
    print(f"{what}: {took:.2f} s ({worked:.2f} s of this process's work)", flush=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100, help="galaxies in a shard")
    parser.add_argument("--rows-per-file", type=int, default=1000)
    parser.add_argument("--s3", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder for everything, instead of none")
    parser.add_argument("--every", type=float, default=15.0, help="seconds between two lines")
    given = parser.parse_args()
    if given.keep and given.s3:
        parser.error("the S3 server's data do not outlive it: --keep or --s3")
    import_ray()
    from pipelines.measure import command as measure
    from pipelines.measure import stages
    from pipelines.measure.plan import make_plan
    from tests.faults.fakes import SurveyExplainer

    stages.Explainer = SurveyExplainer  # type: ignore[assignment, misc]
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        place = str(folder)
        if given.s3:
            server = stack.enter_context(s3server.serve(folder))
            os.environ.update(server.environment)
            place = f"s3://{server.bucket}"
        if not (folder / "written").exists():
            with timed(f"writing {given.shards} shards of {given.rows}"):
                write_shards(f"{place}/shards", given.shards, given.rows)
            (folder / "written").touch()
        options = measure.MeasureOptions(
            input=f"{place}/shards",
            output=f"{place}/out",
            ensemble=tiny_ensemble(folder / "tiny"),
            rows_per_file=given.rows_per_file,
            cluster=ClusterOptions(device="cpu", batch_rows=100),
        )
        with timed("planning the run"):
            make_plan(options)
        with watched(f"{place}/out/catalogue", given.every) as seen:
            summary = measure.run(options)
        rate = summary.written / max(summary.seconds, 1e-9)
        print(f"{summary.written} galaxies in {summary.seconds:.0f} s: {rate:.0f} galaxies/s")
        for part in range(0, len(seen), max(1, len(seen) // 10)):
            print("  at {:.0f} s: driver {:.0f} MiB, {} files".format(*seen[part]))
        with timed("recognising the finished run"):
            measure.run(options)


if __name__ == "__main__":
    main()
