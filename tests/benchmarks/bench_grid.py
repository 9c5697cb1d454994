"""The paper's grid over maps on disk: python -m tests.benchmarks.bench_grid [--galaxies N].

Writes three members' maps of N galaxies at four noise levels (224 px, 2.7 GB for 1,050 galaxies)
into a folder, reads and scores all 200 points x 5 methods in two processes, and extrapolates the
literal loop (one call of Algorithm 1 for each map and point) from a sample. Peak memory is also
taken of a tenth of the galaxies. Prints a table and one line of JSON. The maps resemble those of
SmoothGrad, a ridge of speckle above a faint ground; they are warm in the page cache where it holds
them.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import ndimage

from actors.calibrate.paper_grid_trial import GALAXIES, GridTask, measure_and_score
from catalogues.runs.array_cache import GREY, MapCache, noise_kind
from catalogues.storage import StorageOptions
from models.calibration.paper_grid import grid_lengths, with_input
from models.calibration.params import GridParams
from tests.benchmarks import timing
from tests.models.barmaps import gaussian_ridge
from tests.reference.algorithm1 import algorithm_1

SIDE, MEMBERS, BASES = 224, ("vgg16", "resnet50v2", "xception"), 12
AXES = GridParams()
PROCESSES = 2


def speckled(rng: np.random.Generator, length_px: float) -> np.ndarray:
    """Three maps of one bar, (3, SIDE, SIDE) float32, each from 0 to 1."""
    light = gaussian_ridge(SIDE, length_px, 0.3, rng.uniform(0, 180))
    noise = ndimage.gaussian_filter(rng.exponential(1, (len(MEMBERS), SIDE, SIDE)), (0, 1, 1))
    maps = noise * (0.15 + light)
    low, high = (f(maps, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
    return ((maps - low) / (high - low)).astype(np.float32)


def write_maps(folder: Path, galaxies: int) -> None:
    """Maps and grey images of all galaxies: a dozen bars, each anew shifted for every galaxy."""
    rng = np.random.default_rng(0)
    lengths = rng.uniform(25, 90, BASES)
    bases = [speckled(rng, length) for length in lengths]
    cache = MapCache(str(folder))
    for kind in (GREY, *map(noise_kind, AXES.noise_fractions)):
        (folder / kind).mkdir(parents=True)
    for i in range(galaxies):
        for noise in AXES.noise_fractions:
            maps = np.roll(bases[i % BASES], rng.integers(-9, 10, 2), axis=(1, 2))
            np.save(cache.path(noise_kind(noise), i), maps)
        np.save(cache.path(GREY, i), bases[i % BASES].mean(axis=0))
    known = lengths[np.arange(galaxies) % BASES] * rng.uniform(0.8, 1.2, galaxies)
    columns = {"object_id": np.arange(galaxies), "length": known, "unit_per_map_px": known**0}
    pq.write_table(pa.table(columns), folder / GALAXIES)


def tasks(folder: Path, output: Path) -> list[GridTask]:
    """One for each kind of map."""
    return [
        GridTask(
            output=str(output), cache=str(folder), storage=StorageOptions(), members=MEMBERS,
            axes=AXES, noise_fraction=noise, multiply_by_input=multiply,
        )
        for multiply, noise in product(AXES.multiply_by_input, AXES.noise_fractions)
    ]  # fmt: skip


def one(task: GridTask) -> tuple[int, float, float]:
    """Points scored, processor seconds, and the process's peak memory in MiB."""
    start = time.process_time()
    points = len(measure_and_score(task))
    return points, time.process_time() - start, peak_mib()


def peak_mib() -> float:
    """Of this process alone; getrusage would tell that of the process which started it."""
    status = Path("/proc/self/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("VmHWM")).split()[1]) / 1024


def whole_grid(folder: Path, output: Path) -> dict[str, float]:
    """Wall and processor seconds of all kinds of map, and the largest process."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        pool.map(abs, range(PROCESSES))  # processes and imports do not count
        start = time.perf_counter()
        done = pool.map(one, tasks(folder, output), chunksize=1)
        wall = time.perf_counter() - start
    points, cpu, peak = zip(*done, strict=True)
    return {"points": sum(points), "wall_s": wall, "cpu_s": sum(cpu), "peak_mib": max(peak)}


def literal_seconds(folder: Path, calls: int) -> float:
    """Processor seconds of one call of the literal loop, mean; checks that both say the same."""
    rng, cache = np.random.default_rng(1), MapCache(str(folder))
    spent = 0.0
    for i in range(calls):
        maps = cache.read(noise_kind(AXES.noise_fractions[i % 4]), i)
        if i % 2:
            maps = with_input(maps, cache.read(GREY, i))
        c, p = rng.integers(len(AXES.correlations)), rng.integers(len(AXES.pixel_minima))
        start = time.process_time()
        length, *_ = algorithm_1(maps[i % 3], AXES.correlations[c], AXES.pixel_minima[p])
        spent += time.process_time() - start
        if (got := grid_lengths(maps, AXES)[i % 3, c, p]) != length:
            raise SystemExit(f"not equal: {got} against {length}")
    return spent / calls


def measure(folder: Path, galaxies: int, calls: int) -> dict[str, float]:
    """All numbers."""
    write_maps(folder / "maps", galaxies)
    known = pq.read_table(folder / "maps" / GALAXIES)
    for name, count in (("all", galaxies), ("tenth", galaxies // 10)):
        (folder / name).mkdir()
        pq.write_table(known.slice(0, count), folder / name / GALAXIES)
    tenth = whole_grid(folder / "maps", folder / "tenth")
    full = whole_grid(folder / "maps", folder / "all")
    call = literal_seconds(folder / "maps", calls)
    loops = galaxies * (len(MEMBERS) + 1) * AXES.points
    return {
        "galaxies": galaxies,
        "points": full["points"],
        "grid_wall_s": full["wall_s"],
        "grid_cpu_s": full["cpu_s"],
        "grid_cpu_s_over_processes": full["cpu_s"] / PROCESSES,
        "peak_mib": full["peak_mib"],
        "peak_mib_of_a_tenth": tenth["peak_mib"],
        "literal_call_ms": 1e3 * call,
        "literal_calls": loops,
        "literal_hours_over_processes": call * loops / PROCESSES / 3600,
        "times_faster": call * loops / full["cpu_s"],
    }


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, default=1050)
    parser.add_argument("--calls", type=int, default=12, help="sampled calls of the literal loop")
    parser.add_argument("--folder", type=Path, help="where the maps go (default: temporary files)")
    options = parser.parse_args()
    if options.quick:
        options.galaxies, options.calls = 20, 2
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        result = measure(Path(folder), options.galaxies, options.calls)
    timing.tell(result, options.json)


if __name__ == "__main__":
    main()
