"""Benchmark of the bar measurement: python -m tests.benchmarks.bench_barlength [--maps N].

Prints a table and one line of JSON. Times are the processor's, so that a busy machine does not
tell. The dense maps keep many pixels above most thresholds and stop late, the worst case of
Algorithm 1: "uniform" on [0.5, 1) loses them steadily, "bright" holds half of them until T = 0.98.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr

from models.barlength.measure import BarLengthParams, measure_bar, measure_grid
from tests.benchmarks import timing
from tests.models.barmaps import two_lobes
from tests.reference.algorithm1 import algorithm_1

CORRELATIONS = (0.7, 0.75, 0.8, 0.85, 0.9)
PIXEL_MINIMA = (10, 20, 30, 40, 50)
PAPER = BarLengthParams.paper()


def uniform_map(seed: int) -> np.ndarray:
    """Pixels between 0.5 and 1, all values equally often."""
    return np.random.default_rng(seed).uniform(0.5, 1, (224, 224))


def bright_map(seed: int) -> np.ndarray:
    """Pixels between 0 and 1, half of them above 0.98."""
    return 1 - np.random.default_rng(seed).uniform(0, 1, (224, 224)) ** 5.6


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Median processor time of a call, after one that does not count."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return statistics.median(times)


def scipy_length(saliency: np.ndarray) -> float:
    """Algorithm 1 with what scipy has: a loop over thresholds, the chord from the hull."""
    for threshold in 0.5 + np.arange(5000) * 1e-4:
        pixels = np.argwhere(saliency > threshold)
        if len(pixels) < 40 or abs(pearsonr(*pixels.T).statistic) > 0.85:
            break
    return float(max(1.0, pdist(pixels[ConvexHull(pixels).vertices]).max()))


def scipy_seconds(saliency: np.ndarray) -> float:
    """Processor time of the loop with scipy, once, and the same check."""
    start = time.process_time()
    length = scipy_length(saliency)
    taken = time.process_time() - start
    if not np.isclose(length, measure_bar(saliency, PAPER).length_px, rtol=1e-12):
        raise SystemExit(f"not equal: {length}")
    return taken


def loop_seconds(saliency: np.ndarray) -> float:
    """Processor time of the literal loop, once, and a check that it says what the fast one says."""
    start = time.process_time()
    length, stop, threshold, pixels = algorithm_1(saliency, 0.85, 40)
    taken = time.process_time() - start
    got = measure_bar(saliency, PAPER)
    if (got.length_px, got.stop, got.threshold, got.pixels) != (length, stop, threshold, pixels):
        raise SystemExit(f"not equal: {got} against {(length, stop, threshold, pixels)}")
    return taken


def measure(maps: int, repeats: int) -> dict[str, float]:
    """All timings in milliseconds, and the ratios that the project promises."""
    result: dict[str, float] = {}
    for kind, make in (("uniform", uniform_map), ("bright", bright_map)):
        dense = [make(seed) for seed in range(maps)]
        loop = statistics.median(map(loop_seconds, dense))
        with_scipy = scipy_seconds(dense[0])
        paper = seconds(partial(measure_bar, dense[0], PAPER), repeats)
        grid = seconds(partial(measure_grid, dense[0], CORRELATIONS, PIXEL_MINIMA, PAPER), repeats)
        result |= {
            f"literal_loop_{kind}_224_ms": 1e3 * loop,
            f"paper_{kind}_224_ms": 1e3 * paper,
            f"grid_25_pairs_{kind}_224_ms": 1e3 * grid,
            f"scipy_loop_{kind}_224_ms": 1e3 * with_scipy,
            f"loop_over_paper_{kind}": loop / paper,
            f"scipy_over_paper_{kind}": with_scipy / paper,
            f"25_pairs_over_one_{kind}": grid / paper,
        }
    for side in (96, 224):
        light = two_lobes(side, 0.4 * side, 0.25, 30.0)
        for reading in ("profile", "chord"):
            params = BarLengthParams(method=reading)
            result[f"{reading}_{side}_ms"] = 1e3 * seconds(
                partial(measure_bar, light, params), repeats
            )
    return result


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--maps", type=int, default=3, help="dense maps for the literal loop")
    parser.add_argument("--repeats", type=int, default=50, help="calls per median of the fast ones")
    options = parser.parse_args()
    if options.quick:
        options.maps, options.repeats = 1, 10
    timing.tell(measure(options.maps, options.repeats), options.json)


if __name__ == "__main__":
    main()
