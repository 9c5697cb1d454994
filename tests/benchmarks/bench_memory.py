"""Memory against the size of a survey: python -m tests.benchmarks.bench_memory [--galaxies N ...].

Small images through `ansae measure`, votes only, with a tiny ensemble of random weights: what grows
here would grow in a real survey. Peaks of private memory, of the driver and of the largest worker,
sampled twice a second; each size in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from catalogues.manifest import SCHEMA
from pipelines.cluster.resources import ClusterOptions
from pipelines.measure.command import run
from pipelines.measure.options import MeasureOptions
from tests.benchmarks import timing
from tests.benchmarks.processes import PeakMemory
from tests.survey import galaxy_rows, tiny_ensemble

SHARD_ROWS = 1000
FACES = 50  # different images; the others repeat them under their own ids


def write(folder: Path, galaxies: int) -> str:
    """Shards of a thousand small images."""
    folder.mkdir()
    images = galaxy_rows(FACES)
    fields = pa.schema([field.with_nullable(True) for field in SCHEMA])
    for first in range(0, galaxies, SHARD_ROWS):
        ids = range(first, min(first + SHARD_ROWS, galaxies))
        rows = [images[i % FACES] | {"object_id": i} for i in ids]
        table = pa.Table.from_pylist(rows, schema=fields)
        pq.write_table(table, folder / f"shard-{first:09d}.parquet", row_group_size=100)
    return str(folder)


def one(galaxies: int) -> dict[str, float]:
    """Peaks in MiB and the rate of one run."""
    with tempfile.TemporaryDirectory() as name, PeakMemory() as memory:
        folder = Path(name)
        options = MeasureOptions(
            input=write(folder / "shards", galaxies), output=str(folder / "out"), select="none",
            ensemble=tiny_ensemble(folder / "tiny"), keep_pictures=0.0, rows_per_file=500,
            cluster=ClusterOptions(device="cpu", explainers_max=2, batch_rows=64),
        )  # fmt: skip
        summary = run(options, Console(quiet=True))
    rate = {"galaxies_per_s": summary.written / summary.seconds}
    return rate | {f"{kind}_mib": mib for kind, mib in memory.peak_mib.items()}


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--one", type=int, help="in this process, print one line of JSON")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one)))
        return
    result: dict[str, Any] = {}
    for galaxies in [1_000] if options.quick else options.galaxies:
        command = [sys.executable, "-m", "tests.benchmarks.bench_memory", "--one", str(galaxies)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = json.loads(out.splitlines()[-1])
        result |= {f"{name}_{galaxies}": value for name, value in found.items()}
    timing.tell(result, options.json)


if __name__ == "__main__":
    main()
