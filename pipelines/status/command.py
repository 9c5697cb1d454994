"""The command `ansae status`: read from a run's output what the run is doing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from catalogues import storage
from catalogues.runs.heartbeat import Heartbeat, Life, life, read_heartbeat, silence_s
from catalogues.runs.provenance import RunRecord, read_record
from catalogues.storage import StorageError
from pipelines import console as terminal
from pipelines.pages.run_facts import when
from pipelines.progress import clock
from pipelines.status.options import PROG, StatusOptions

_AGAIN = "run the same command again to finish"

_ADVICE = {
    Life.STALE: f"its process or machine is gone, or cannot write the output: {_AGAIN}",
    Life.INTERRUPTED: _AGAIN,
    Life.FAILED: f"correct what its error message says, then {_AGAIN}",
}


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """State of the run in an output.

    Attributes
    ----------
    place
        The output's address, without secrets.
    life
        Whether the run is running, stale, finished, ...
    record
        Record of the run; None if the output has none.
    beat
        Last heartbeat; None if the output has none.
    now
        Time at which the output was read.
    """

    place: str
    life: Life
    record: RunRecord | None
    beat: Heartbeat | None
    now: datetime

    def lines(self) -> list[str]:
        """Return the state as lines of text."""
        if self.record is None or self.life is Life.NEVER_STARTED:
            return [f"{self.life}: {self.place!r} holds no run"]
        alive = self.life in (Life.RUNNING, Life.STALE)
        statuses = self.record.statuses
        if alive and self.beat is not None and self.beat.done >= sum(statuses.values()):
            statuses = self.beat.statuses
        done = sum(statuses.values())
        total, noun = self.record.facts["input"]["rows"], "galaxies"
        if self.beat is not None:
            total, noun = self.beat.galaxies, self.beat.noun
        share = f"{done} of {total} {noun} ({done / max(total, 1):.1%})"
        lines = [f"{self.life}: {share}{self._pace()}"]
        if statuses:
            lines.append(", ".join(f"{n} {status}" for status, n in sorted(statuses.items())))
        lines.append(self._session())
        if advice := _ADVICE.get(self.life):
            lines.append(advice)
        return lines

    def _pace(self) -> str:
        if self.life is not Life.RUNNING or self.beat is None:
            return ""
        left = self.beat.seconds_left
        told = "time left unknown" if left is None else f"{clock(left)} left"
        return f", {self.beat.rate:.3g} {self.beat.noun}/s, {told}"

    def _session(self) -> str:
        assert self.record is not None
        session = self.record.sessions[-1]
        words = (
            f"run {self.record.run_id}, session {len(self.record.sessions)} on "
            f"{session.get('device', 'unknown')}, started {when(session['started'])}"
        )
        if "ended" in session:
            return f"{words}, ended {when(session['ended'])}"
        silence = silence_s(self.record, self.beat, self.now)
        if silence < -1:
            return f"{words}; its clock is {clock(-silence)} ahead of this machine's"
        return f"{words}; last sign of life {clock(max(silence, 0))} ago"


def run(options: StatusOptions) -> RunStatus:
    """Read the state of the run. Raises StorageError, and ValueError if run.json is no record."""
    fs, root = storage.filesystem(options.path, options.storage())
    record, beat, now = read_record(fs, root), read_heartbeat(fs, root), datetime.now(UTC)
    return RunStatus(
        place=storage.redact(options.path),
        life=life(record, beat, now),
        record=record,
        beat=beat,
        now=now,
    )


def execute(options: StatusOptions) -> int:
    """Run the command. Returns the exit status, as explained in StatusOptions."""
    try:
        status = run(options)
    except (StorageError, ValueError) as error:
        return terminal.complain(PROG, str(error), terminal.MISTAKE)
    print("\n".join(status.lines()))
    return terminal.OK if status.life in (Life.RUNNING, Life.FINISHED) else terminal.FAILURE
