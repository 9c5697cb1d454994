"""Measure the cost of a piece of work: seconds and peak memory."""

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
    """Cost of a piece of work; NaN until the work has ended.

    `peak_memory_mb` is the peak above the memory held before, in MB (10^6 bytes); NaN if the system
    does not report it.
    """

    seconds: float = float("nan")
    peak_memory_mb: float = float("nan")


@contextmanager
def cost(device: torch.device) -> Iterator[Cost]:
    """Measure the work in this context.

    On a GPU, memory is what the work allocates there; on a CPU, it is the resident memory of this
    process, as Linux counts it.
    """
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
    gc.collect(1)  # collecting the oldest generation (all imports) would take a third of a second
    with contextlib.suppress(OSError, AttributeError):  # no Linux, no glibc
        ctypes.CDLL(None).malloc_trim(0)  # free memory that is still held would hide new memory
        Path("/proc/self/clear_refs").write_text("5")  # reset the peak
    return _resident("VmRSS")


def _resident(name: str) -> float:
    """Return a memory figure of this process in bytes; NaN if Linux's file is not there."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return 1024.0 * float(line.split()[1])
    return float("nan")
