"""heartbeat.json: the progress of a running session, which the run renews in its output folder.

It holds nothing about machines, addresses or credentials. `run.json` says how a session ended; the
heartbeat says how far a session has come that has not ended.
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
"""Seconds without a heartbeat after which a run counts as dead."""


class Life(StrEnum):
    """State of a run."""

    NEVER_STARTED = "never started"
    RUNNING = "running"
    STALE = "stale"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """One heartbeat.

    Attributes
    ----------
    run_id : identifier of the run.
    session : start of the session, as in run.json.
    written : time of the heartbeat.
    galaxies : number of galaxies of the input (or of what `noun` names).
    before : rows that were done when the session began.
    seconds : time since the session began.
    statuses : rows by status, all sessions together.
    noun : what is counted, for messages.
    """

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
        """Galaxies per second in this session, including its start-up."""
        return (self.done - self.before) / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Seconds left at that rate; None if the session has finished no galaxy yet."""
        return (self.galaxies - self.done) / self.rate if self.rate > 0 else None


def write_heartbeat(fs: FileSystem, root: str, beat: Heartbeat) -> None:
    """Write `beat` into the output folder `root`. Raises StorageError."""
    storage.write_whole(fs, storage.join(root, FILE), json.dumps(asdict(beat)).encode())


def read_heartbeat(fs: FileSystem, root: str) -> Heartbeat | None:
    """Read the last heartbeat in the output folder `root`; None if it is absent or unreadable.

    Raises StorageError if the store refuses the request.
    """
    (content,) = storage.read_many(fs, [storage.join(root, FILE)])
    try:
        return None if content is None else Heartbeat(**json.loads(content))
    except (ValueError, TypeError):
        return None


def silence_s(record: RunRecord, beat: Heartbeat | None, now: datetime) -> float:
    """Return the seconds since the last session's last sign of life: a heartbeat, or its start."""
    started = record.sessions[-1]["started"]
    mine = beat is not None and (beat.run_id, beat.session) == (record.run_id, started)
    last = beat.written if beat is not None and mine else started
    return (now - datetime.fromisoformat(last)).total_seconds()


def life(record: RunRecord | None, beat: Heartbeat | None, now: datetime) -> Life:
    """Return the state of the run at `now`, a time with a time zone."""
    if record is None or not record.sessions:
        return Life.NEVER_STARTED
    outcome = record.sessions[-1].get("outcome")
    if outcome is not None:
        return Life(outcome)
    return Life.STALE if silence_s(record, beat, now) > STALE_S else Life.RUNNING
