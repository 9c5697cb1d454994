"""What a piece of work costs: seconds, and the memory that it takes at most."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

_MB = 1e6


@dataclass
class Cost:
    """Filled in when the work has ended. peak_memory_mb: beyond what was held before; NaN where the
    system does not tell."""

    seconds: float = float("nan")
    peak_memory_mb: float = float("nan")


@contextmanager
def cost(device: torch.device) -> Iterator[Cost]:
    """Of the work in this context, on a GPU what it allocates there, else this process's resident
    memory as Linux counts it."""
    spent, gpu = Cost(), device.type == "cuda"
    before = _begin_gpu(device) if gpu else _begin()
    started = time.perf_counter()
    yield spent
    if gpu:
        torch.cuda.synchronize(device)
    spent.seconds = time.perf_counter() - started
    peak = torch.cuda.max_memory_allocated(device) if gpu else _resident("VmHWM")
    spent.peak_memory_mb = max(0.0, peak - before) / _MB


def _begin_gpu(device: torch.device) -> float:
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    return float(torch.cuda.memory_allocated(device))


def _begin() -> float:
    gc.collect(1)  # the oldest objects, of all that was imported, would take a third of a second
    with contextlib.suppress(OSError, AttributeError):  # no Linux, no glibc
        ctypes.CDLL(None).malloc_trim(0)  # memory kept from before would hide what this takes
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    return _resident("VmRSS")


def _resident(name: str) -> float:
    """Bytes; NaN where there is no such file."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024.0 * float(line.split()[1])
    return float("nan")
