"""heartbeat.json: the sign of life that a run renews in its output, and what may be read from it.

It says nothing about machines, addresses or credentials. `run.json` says how a session ended; the
heartbeat only how far one has come that has not ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from catalogues import storage
from catalogues.runs.provenance import RunRecord
from catalogues.storage import FileSystem

FILE = "heartbeat.json"

EVERY_S = 30.0
"""Seconds between two heartbeats."""

STALE_S = 4 * EVERY_S
"""A run that has given no sign of life for so long is taken for dead."""


class Life(StrEnum):
    """What a run is doing."""

    NEVER_STARTED = "never started"
    RUNNING = "running"
    STALE = "stale"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """One beat. `session`: when the session that beats was started, as run.json has it; `written`:
    now; `galaxies`: of the input, or as many of another `noun`; `before`: rows that were there when
    the session began; `seconds`: since then; `statuses`: rows by status, all sessions together."""

    run_id: str
    session: str
    written: str
    galaxies: int
    before: int = 0
    seconds: float = 0.0
    statuses: Mapping[str, int] = field(default_factory=dict)
    noun: str = "galaxies"

    @property
    def done(self) -> int:
        """Rows of the catalogue."""
        return sum(self.statuses.values())

    @property
    def rate(self) -> float:
        """Galaxies per second of the session, its start included."""
        return (self.done - self.before) / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """At that rate; None where nothing has come yet."""
        return (self.galaxies - self.done) / self.rate if self.rate > 0 else None


def write_heartbeat(fs: FileSystem, root: str, beat: Heartbeat) -> None:
    """Write `beat` into the output folder `root`. Raises StorageError."""
    storage.write_whole(fs, storage.join(root, FILE), json.dumps(asdict(beat)).encode())


def read_heartbeat(fs: FileSystem, root: str) -> Heartbeat | None:
    """The last beat in the output folder `root`; None where there is none that can be read.

    Raises StorageError where the store refuses.
    """
    (content,) = storage.read_many(fs, [storage.join(root, FILE)])
    try:
        return None if content is None else Heartbeat(**json.loads(content))
    except (ValueError, TypeError):
        return None


def silence_s(record: RunRecord, beat: Heartbeat | None, now: datetime) -> float:
    """Seconds since the last session of `record` gave a sign of life: a beat, or its beginning."""
    started = record.sessions[-1]["started"]
    mine = beat is not None and (beat.run_id, beat.session) == (record.run_id, started)
    last = beat.written if beat is not None and mine else started
    return (now - datetime.fromisoformat(last)).total_seconds()


def life(record: RunRecord | None, beat: Heartbeat | None, now: datetime) -> Life:
    """What the run is doing at `now`, a time with its zone."""
    if record is None or not record.sessions:
        return Life.NEVER_STARTED
    outcome = record.sessions[-1].get("outcome")
    if outcome is not None:
        return Life(outcome)
    return Life.STALE if silence_s(record, beat, now) > STALE_S else Life.RUNNING
