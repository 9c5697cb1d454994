"""Progress display of a run: galaxies done, galaxies per second, time left, counts by status."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

_PLAIN_EVERY_S = 10.0


class MeasureProgress:
    """Context manager that shows progress.

    On a terminal it updates one line; elsewhere it prints a line every ten seconds.

    Parameters
    ----------
    total
        Number of galaxies of the input.
    statuses
        Number of rows that were done before, by status.
    console
        Where to print; default: stderr.
    noun
        What is counted.
    """

    def __init__(
        self,
        total: int,
        statuses: Mapping[str, int],
        console: Console | None = None,
        noun: str = "galaxies",
    ) -> None:
        self.total, self.noun = total, noun
        self.statuses = Counter(statuses)
        self.before = self.statuses.total()
        self.console = console or Console(stderr=True)
        self._started = self._told = time.monotonic()
        self._bar = Progress(
            BarColumn(30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rest]}"),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total, completed=self.done, rest="starting")

    @property
    def done(self) -> int:
        """Number of galaxies in the catalogue."""
        return self.statuses.total()

    def add(self, statuses: Mapping[str, int]) -> None:
        """Count written rows and update the display."""
        self.statuses.update(statuses)
        self._bar.update(self._task, completed=self.done, rest=self.words())
        if not self.console.is_terminal and time.monotonic() - self._told >= _PLAIN_EVERY_S:
            self._told = time.monotonic()
            print(f"{self.done}/{self.total} {self.words()}", file=sys.stderr, flush=True)

    def words(self) -> str:
        """Return speed, time left and counts by status, as text."""
        rate = self.rate()
        left = f"{clock((self.total - self.done) / rate)} left" if rate else "time left unknown"
        counts = ", ".join(f"{n} {status}" for status, n in self.statuses.most_common())
        return f"{rate:.3g} {self.noun}/s, {left}: {counts}"

    def rate(self) -> float:
        """Return the galaxies per second of this session, including its start."""
        return (self.done - self.before) / max(self.seconds, 1e-9)

    @property
    def seconds(self) -> float:
        """Seconds since this session began."""
        return time.monotonic() - self._started

    def __enter__(self) -> MeasureProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()


def clock(seconds: float) -> str:
    """Format seconds as h:mm:ss, or as m:ss below an hour."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
