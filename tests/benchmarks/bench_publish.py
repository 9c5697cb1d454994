"""Memory of `ansae publish` by the number of rows: `python -m tests.benchmarks.bench_publish ROWS`.

A catalogue of every column with values, its places in a random order, in files of 20,000 rows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalogues.bars import catalogue_schema
from catalogues.runs.provenance import new_record, new_session
from catalogues.sky import healpix_29
from pipelines.publish.__main__ import main as publish_main
from tests.benchmarks.processes import PeakMemory

_FILE_ROWS = 20_000
_APART = 100


def write_survey(folder: Path, rows: int) -> None:
    """A finished run's output; one row in `_APART` has no place."""
    (folder / "catalogue").mkdir(parents=True)
    schema = catalogue_schema("synthetic", {"seed": 0})
    for start in range(0, rows, _FILE_ROWS):
        table = _rows(start, min(_FILE_ROWS, rows - start), schema)
        pq.write_table(table, folder / "catalogue" / f"{start:010d}.parquet", compression="zstd")
    record = new_record({"input": {"rows": rows}}, {}).with_session(new_session("cpu"))
    (folder / "run.json").write_bytes(record.ended("finished", {"measured": rows}).to_json())


def _rows(start: int, count: int, schema: pa.Schema) -> pa.Table:
    rng = np.random.default_rng(start)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    ra = np.where(np.arange(count) % _APART == 0, np.nan, rng.uniform(0, 360, count))
    known = {
        "object_id": pa.array(587722981741363200 + start + np.arange(count)),
        "ra": pa.array(ra, from_pandas=True),
        "dec": pa.array(dec),
        "_healpix_29": healpix_29(ra, dec),
        "shard_row": pa.array(np.arange(count)),
    }
    return pa.table([known.get(f.name, _values(f, count, rng)) for f in schema], schema=schema)


def _values(field: pa.Field, count: int, rng: np.random.Generator) -> pa.Array:
    if pa.types.is_list(field.type):
        values = pa.array(rng.normal(40, 9, 3 * count).astype(np.float32))
        return pa.ListArray.from_arrays(np.arange(0, 3 * count + 1, 3, dtype=np.int32), values)
    if pa.types.is_string(field.type):
        return pa.array([f"{field.name[:8]}-{i % 50}" for i in range(count)])
    return pa.array(rng.uniform(0, 1000, count)).cast(field.type, safe=False)


def main(rows: int) -> None:
    """Print time, size and the largest private memory of a process."""
    with tempfile.TemporaryDirectory() as place:
        write_survey(Path(place) / "run", rows)
        began = time.monotonic()
        with PeakMemory(0.1) as memory:
            status = publish_main(
                [f"{place}/run", f"{place}/out", "--margin-arcsec", "10", "--flat", "fits"]
            )
        seconds = time.monotonic() - began
    peaks = ", ".join(f"{kind} {mib:.0f} MiB" for kind, mib in memory.peak_mib.items())
    print(f"{rows} rows: status {status}, {seconds:.0f} s, peak {peaks}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
