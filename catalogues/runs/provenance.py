"""run.json: the record of how a catalogue was made, and the fingerprint of a finished run's files.

`facts` hold everything that the numbers depend on. They give the run its id, and a run can only be
resumed with the same facts. `options` are those of the command. `sessions` are the times it was
run, each with its machine and versions. If the fingerprint is unchanged, the run is complete and no
file need be opened.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from catalogues import storage
from catalogues.runs.files import CATALOGUE
from catalogues.shards.reading import Shard
from catalogues.storage import FileSystem

FILE = "run.json"

PACKAGES = (
    "ansae", "astropy", "numpy", "pillow", "pyarrow", "ray", "scipy", "timm", "torch",
)  # fmt: skip
"""Packages whose versions are recorded."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The contents of run.json; every value is plain JSON."""

    run_id: str
    facts: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    sessions: tuple[Mapping[str, Any], ...] = ()
    statuses: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return the bytes of the file."""
        return json.dumps(
            {
                "run_id": self.run_id,
                "facts": self.facts,
                "options": self.options,
                "sessions": list(self.sessions),
                "statuses": self.statuses,
            },
            indent=1,
        ).encode()

    def with_session(self, session: Mapping[str, Any]) -> RunRecord:
        """Return the record with one more session."""
        return replace(self, sessions=(*self.sessions, session))

    def ended(self, outcome: str, statuses: Mapping[str, int], **more: Any) -> RunRecord:
        """Return the record with its last session ended. `statuses`: catalogue rows by status."""
        last = {**self.sessions[-1], "ended": now(), "outcome": outcome, **more}
        return replace(self, sessions=(*self.sessions[:-1], last), statuses=dict(statuses))


def new_record(
    facts: Mapping[str, Any], options: Mapping[str, Any], label: str | None = None
) -> RunRecord:
    """Make the record of a new run. Its id is a digest of the facts, after `label` if given."""
    facts = json.loads(json.dumps(facts))
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
    options = json.loads(storage.redact(json.dumps(options)))
    return RunRecord(run_id=f"{label}-{digest}" if label else digest, facts=facts, options=options)


def read_record(fs: FileSystem, root: str) -> RunRecord | None:
    """Read the record in the output folder `root`; None if there is none.

    Raises StorageError, and ValueError if the file is not a record.
    """
    path = storage.join(root, FILE)
    if not storage.exists(fs, path):
        return None
    try:
        raw = json.loads(storage.read_whole(fs, path))
        return RunRecord(**{**raw, "sessions": tuple(raw["sessions"])})
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{storage.redact(path)!r} is not the record of a run ({error}): choose another output"
        ) from error


def write_record(fs: FileSystem, root: str, record: RunRecord) -> None:
    """Write `record` into the output folder `root`, replacing an old one. Raises StorageError."""
    storage.write_whole(fs, storage.join(root, FILE), record.to_json())


def shard_facts(shards: Iterable[Shard]) -> dict[str, Any]:
    """Return facts that identify an input: numbers of shards and rows, and a digest."""
    listed = [(shard.name, shard.rows) for shard in shards]
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    return {"shards": len(listed), "rows": sum(rows for _, rows in listed), "sha256": digest}


def new_session(device: str, **more: Any) -> dict[str, Any]:
    """Return time, machine and versions for a session that begins now."""
    versions: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "started": now(),
        "device": device,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions,
        **more,
    }


def now() -> str:
    """Return the time as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def differences(
    stored: Mapping[str, Any], given: Mapping[str, Any], prefix: str = ""
) -> list[tuple[str, Any, Any]]:
    """List the differences of two nested mappings: (dotted name, stored value, given value)."""
    found: list[tuple[str, Any, Any]] = []
    for key in [*stored, *(k for k in given if k not in stored)]:
        name, a, b = f"{prefix}{key}", stored.get(key), given.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            found += differences(a, b, f"{name}.")
        elif a != b:
            found.append((name, a, b))
    return found


def check_same_run(stored: RunRecord, given: RunRecord) -> None:
    """Check that `given` would give the same numbers as `stored`. Raises ValueError if not."""
    found = differences(stored.facts, given.facts)
    if not found and stored.run_id == given.run_id:
        return
    if not found:
        found = [("label", stored.run_id, given.run_id)]
    shown = "; ".join(f"{name} was {a!r}, now {b!r}" for name, a, b in found[:3])
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    raise ValueError(
        f"the output holds a run with other settings: {shown}{more}. Give the same settings to "
        "finish it, choose another output, or delete it to start again"
    )


FINGERPRINT = "files_sha256"
"""Key of a finished session in run.json: the `fingerprint` at its end."""


def fingerprint(fs: FileSystem, root: str, inputs: Iterable[tuple[str, int, str]]) -> str:
    """Compute a digest of all files of input and catalogue, without opening any file.

    It covers `inputs` (name, bytes and version of each shard) and the names and sizes of the
    catalogue's files below the output folder `root`. Raises StorageError.
    """
    folder = storage.join(root, CATALOGUE)
    found = storage.list_files(fs, folder) if storage.exists(fs, folder) else []
    names = [(path[len(folder) :], size) for path, size in found]
    return hashlib.sha256(json.dumps([sorted(inputs), names]).encode()).hexdigest()


def fingerprint_of(session: Mapping[str, Any]) -> str | None:
    """Return the fingerprint of a session that finished its run; None for other sessions."""
    found = session.get(FINGERPRINT) if session.get("outcome") == "finished" else None
    return found if isinstance(found, str) else None
