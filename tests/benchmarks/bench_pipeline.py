"""The whole program against the sum of its parts: python -m tests.benchmarks.bench_pipeline.

`ansae measure` on a real Ray on this machine, all galaxies selected, with one worker and with more.
Two numbers of galaxies are measured and the difference taken, so that the start of processes and
networks does not count. "share_of_slowest": the rate over that of so many processes that do
nothing but votes and maps. "share_of_parts": processor seconds (on a GPU: clock seconds) that the
stages alone take for so many galaxies (bench_stages), over those of the whole program, Ray's own
processes included. On a GPU its utilisation is traced once a second. Ray's own statistics of every
stage stand in the JSON and are printed for the last run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow.parquet as pq
from rich.console import Console

from catalogues.mocks.table import mock_table
from pipelines.cluster.resources import ClusterOptions, cluster
from pipelines.measure.command import run
from pipelines.measure.options import MeasureOptions
from tests.benchmarks import bench_stages, timing
from tests.benchmarks.processes import cpu_seconds

SHARD_ROWS = 8


def shards(folder: Path, galaxies: int) -> str:
    """Mock galaxies in shards of a few."""
    folder.mkdir()
    for first in range(0, galaxies, SHARD_ROWS):
        table = mock_table(4242, range(first, min(first + SHARD_ROWS, galaxies)))
        pq.write_table(table, folder / f"shard-{first:06d}.parquet")
    return str(folder)


@contextmanager
def gpu_trace() -> Iterator[list[float]]:
    """Utilisation of the first GPU in per cent, once a second; stays empty where there is none."""
    seen: list[float] = []
    if shutil.which("nvidia-smi") is None:
        yield seen
        return
    command = ["nvidia-smi", "--id=0", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--loop=1"]  # noqa: E501  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield seen
        finally:
            process.terminate()
            assert process.stdout
            seen += [float(line) for line in process.stdout if line.strip().isdigit()]


@contextmanager
def ray_statistics() -> Iterator[list[str]]:
    """What Ray tells of the stages of the runs within."""
    from pipelines.measure import stages  # imports Ray, whose environment is set by then

    told: list[str] = []
    receipts = stages.receipts

    def watched(files: Any) -> Iterator[dict[str, Any]]:
        yield from receipts(files)
        told.append(files.stats())

    stages.receipts = watched
    try:
        yield told
    finally:
        stages.receipts = receipts


def measured(source: str, output: Path, samples: int, workers: int, device: Any) -> tuple[float, float, list[float]]:  # noqa: E501  # fmt: skip
    """Clock seconds and processor seconds of a run, and the GPU's trace."""
    options = MeasureOptions(
        input=source, output=str(output), samples=samples, select="all", keep_pictures=0.0,
        cluster=ClusterOptions(
            device=device.type, explainers_min=workers, explainers_max=workers,
            explainer_gpus=1 / workers if device.type == "cuda" else 1.0,
        ),
    )  # fmt: skip
    before = cpu_seconds(os.getpid())
    with gpu_trace() as trace:
        summary = run(options, Console(quiet=True))
    return summary.seconds, cpu_seconds(os.getpid()) - before, trace


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, default=64)
    parser.add_argument("--samples", type=int, default=256)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    if options.quick:
        options.galaxies, options.samples, options.workers = 16, 32, [1]
    device = timing.device()
    parts = bench_stages.stages(max(2, options.galaxies // 8), options.samples, device)
    result: dict[str, Any] = {f"{name}_ms": 1e3 * s for name, s in parts.items()}
    kernel = parts["votes"] + parts["maps"]
    total = kernel if device.type == "cuda" else sum(parts.values())
    few, many = max(1, options.galaxies // 4), options.galaxies
    with (
        tempfile.TemporaryDirectory() as name,
        cluster(ClusterOptions()),
        ray_statistics() as told,
    ):
        folder = Path(name)
        sources = {n: shards(folder / f"{n}", n) for n in (few, many)}
        for workers in options.workers:
            clock, cpu, trace = {}, {}, []
            for n, source in sources.items():
                out = folder / f"out-{workers}-{n}"
                clock[n], cpu[n], trace = measured(source, out, options.samples, workers, device)
            wall_s, cpu_s = ((d[many] - d[few]) / (many - few) for d in (clock, cpu))
            spent = wall_s if device.type == "cuda" else cpu_s
            key, processes = f"{workers}_workers", 1 if device.type == "cuda" else workers
            result |= {
                f"galaxies_per_s_{key}": 1 / wall_s,
                f"cpu_ms_per_galaxy_{key}": 1e3 * cpu_s,
                f"share_of_slowest_{key}": kernel / wall_s / processes,
                f"share_of_parts_{key}": total / spent,
            }
            result[f"ray_{key}"] = told[-1].splitlines()
            if trace:
                result[f"gpu_utilisation_{key}"] = fmean(trace)
                result[f"gpu_trace_{key}"] = trace
    result |= {"galaxies": many, "samples": options.samples}
    timing.tell(result, options.json)
    print(told[-1])


if __name__ == "__main__":
    main()
