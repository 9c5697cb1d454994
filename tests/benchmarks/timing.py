"""Times of several ways to the same result, taken in turns, and where numbers go.

On a CPU with one thread the times are the processor's, so that what else runs tells less; ratios of
times taken in turns tell still less of it.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch


def device() -> torch.device:
    """The GPU where there is one; else the CPU with one thread, as the pipeline's processes."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    torch.set_num_threads(1)
    return torch.device("cpu")


def machine() -> dict[str, Any]:
    """What the numbers were measured on."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"machine": platform.machine(), "gpu": gpu, "torch": torch.__version__}


def once(work: Callable[[], object], on: torch.device) -> float:
    """Seconds of a call: of the processor, or on a GPU of the clock, its queue drained."""
    if on.type != "cuda":
        start = time.process_time()
        work()
        return time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def in_turns(
    ways: Mapping[str, Callable[[], object]], on: torch.device, repeats: int
) -> dict[str, float]:
    """Median seconds of each way, after one call of each that does not count."""
    for work in ways.values():
        once(work, on)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, work in ways.items():
            times[name].append(once(work, on))
    return {name: statistics.median(t) for name, t in times.items()}


def parser(words: str | None) -> argparse.ArgumentParser:
    """A benchmark's command line with the options that all have."""
    made = argparse.ArgumentParser(description=words)
    made.add_argument("--quick", action="store_true", help="few repeats of small problems")
    made.add_argument("--json", type=Path, help="write the numbers there too")
    return made


def tell(numbers: Mapping[str, Any], path: Path | None) -> None:
    """Print plain numbers one a line; write everything where a path is given."""
    for name, value in numbers.items():
        if isinstance(value, int | float | str):
            shown = f"{value:14.4g}" if isinstance(value, float) else f"{value:>14}"
            print(f"{name:44s} {shown}", flush=True)
    if path:
        path.write_text(json.dumps(machine() | dict(numbers), indent=1))
