"""Processor time and memory of a process and of all that it started, from /proc."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

_TICKS = os.sysconf("SC_CLK_TCK")


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on; none if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """The process and all that came of it and live."""
    parents = {int(p.name): _fields(int(p.name)) for p in Path("/proc").glob("[0-9]*")}
    found, new = [pid], [pid]
    while new:
        new = [p for p, fields in parents.items() if fields and int(fields[1]) in new]
        found += new
    return found


def cpu_seconds(pid: int) -> float:
    """Spent by the process and its descendants, those that ended too (their parents' account)."""
    return sum(sum(map(int, f[11:15])) for f in map(_fields, descendants(pid)) if f) / _TICKS


def name_and_mib(pid: int) -> tuple[str, float]:
    """What the process calls itself, and its private memory in MiB.

    Pages of files and of Ray's shared object store are not counted: many processes map them.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "", 0.0
    anonymous = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return words, int(anonymous[0].split()[1]) / 1024 if anonymous else 0.0


class PeakMemory:
    """Context manager. `peak_mib`: the largest private memory of a process, by kind of process:
    "driver" (this one) and "worker" (Ray's)."""

    def __init__(self, every_s: float = 0.5) -> None:
        self.every_s = every_s
        self.peak_mib = {"driver": 0.0, "worker": 0.0}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me = os.getpid()
        while not self._stop.wait(self.every_s):
            for pid in descendants(me):
                words, mib = name_and_mib(pid)
                kind = "driver" if pid == me else "worker"
                if pid == me or words.startswith("ray::"):
                    self.peak_mib[kind] = max(self.peak_mib[kind], mib)
