"""_lease.json: the lease on an output, which keeps two runs from writing to it at the same time.

The holder renews the lease every few seconds. A run that finds a lease watches it: if the lease is
renewed, its holder lives; if it is not renewed for `silence_s`, its holder is dead, and the run
takes the output over. No two clocks are compared. A holder that was a process of this machine and
has ended is known to be dead at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from catalogues import storage
from catalogues.runs.provenance import now
from catalogues.storage import FileSystem, StorageError
from catalogues.storage.conditional_write import read_tagged, write_if

FILE = "_lease.json"


class LeaseError(StorageError):
    """The output belongs to another run. The message says to which one and what to do."""


@dataclass(frozen=True, kw_only=True)
class LeaseParams:
    """Times of a lease in seconds.

    `beat_s`: time between two renewals. `silence_s`: a holder that does not renew for this time is
    dead; longer than a store may be unreachable. `settle_s`: after taking over, wait so long and
    check the lease again.
    """

    beat_s: float = 10.0
    silence_s: float = 120.0
    settle_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < 2 * self.beat_s <= self.silence_s:
            raise ValueError(
                f"beat_s is {self.beat_s} and silence_s {self.silence_s}: a holder must be able to "
                "miss a beat, so silence_s must be at least twice beat_s"
            )


_DEFAULTS = LeaseParams()


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Contents of the lease file. `boot`, `pid` and `born` identify a process on its machine."""

    holder: str
    host: str
    boot: str
    pid: int
    born: str
    since: str
    beat: int = 0

    def to_json(self) -> bytes:
        """Return the bytes of the file."""
        return json.dumps(asdict(self)).encode()

    def words(self) -> str:
        """Describe the holder for people."""
        return f"process {self.pid} on {self.host}, since {self.since}"

    def is_gone(self) -> bool:
        """Return whether the holder was a process of this machine that has ended."""
        return bool(self.boot) and self.boot == _boot() and _born(self.pid) != self.born


def this_process() -> Holder:
    """Make a new holder for this process."""
    pid = os.getpid()
    return Holder(
        holder=uuid.uuid4().hex,
        host=platform.node(),
        boot=_boot(),
        pid=pid,
        born=_born(pid),
        since=now(),
    )


class Lease:
    """A lease that this process holds. Thread-safe; `hold` makes one."""

    def __init__(self, fs: FileSystem, path: str, holder: Holder, params: LeaseParams) -> None:
        self._fs, self._path, self._holder, self._params = fs, path, holder, params
        self._lost: str | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_over, name="lease", daemon=True)

    @property
    def name(self) -> str:
        """Unique name of this holder."""
        return self._holder.holder

    def check(self) -> None:
        """Raise LeaseError if another run has taken the output over."""
        if self._lost:
            raise LeaseError(self._lost)

    def confirm(self) -> None:
        """Check like `check`, but ask the store. Raises StorageError, too."""
        self.check()
        check_holder(self._fs, self._path, self.name)

    def _renew_until_over(self) -> None:
        while not self._over.wait(self._params.beat_s):
            with contextlib.suppress(StorageError):  # an unreachable store stops other runs, too
                self._renew()

    def _renew(self) -> None:
        found = read_tagged(self._fs, self._path)
        if found is not None and read_holder(found[0]).holder == self.name:
            self._holder = replace(self._holder, beat=self._holder.beat + 1)
            if write_if(self._fs, self._path, self._holder.to_json(), found[1]):
                return
            found = read_tagged(self._fs, self._path)
            if found is not None and read_holder(found[0]).holder == self.name:
                return  # the write succeeded, only the store's answer was lost
        who = "nobody: its lease was removed" if found is None else read_holder(found[0]).words()
        self._lost = f"{storage.redact(self._path)!r} is no longer this run's but {who}"

    def _end(self) -> None:
        self._over.set()
        self._thread.join()
        with contextlib.suppress(StorageError, FileNotFoundError):
            check_holder(self._fs, self._path, self.name)
            with storage.explained("remove", self._path):
                self._fs.rm_file(self._path)


@contextmanager
def hold(
    fs: FileSystem,
    root: str,
    params: LeaseParams = _DEFAULTS,
    tell: Callable[[str], None] = lambda words: None,
) -> Iterator[Lease]:
    """Hold the lease on the output folder `root`. `tell` is called with the reason for a wait.

    Raises LeaseError if another living run holds it, StorageError if it cannot be written.
    """
    path = storage.join(root, FILE)
    holder = this_process()
    _take(fs, path, holder, params, tell)
    lease = Lease(fs, path, holder, params)
    lease._thread.start()
    try:
        yield lease
    finally:
        lease._end()


def check_holder(fs: FileSystem, path: str, name: str) -> None:
    """Check that `name` holds the lease at `path`. Raises LeaseError if not, and StorageError."""
    found = read_tagged(fs, path)
    if found is None or read_holder(found[0]).holder != name:
        raise LeaseError(
            f"{storage.redact(path)!r} no longer belongs to this run: another run has taken the "
            "output over, or this run has ended"
        )


def read_holder(content: bytes) -> Holder:
    """Read the holder from a lease file; an unknown holder if the file is not a lease."""
    try:
        return Holder(**json.loads(content))
    except (ValueError, TypeError):
        return Holder(holder="", host="an unknown machine", boot="", pid=0, born="", since="?")


def _take(
    fs: FileSystem, path: str, holder: Holder, params: LeaseParams, tell: Callable[[str], None]
) -> None:
    found = read_tagged(fs, path)
    tag = None if found is None else _tag_of_the_dead(fs, path, found, params, tell)
    written = write_if(fs, path, holder.to_json(), tag)
    if written and tag is not None:
        time.sleep(params.settle_s)
    latest = read_tagged(fs, path)
    mine = latest is not None and read_holder(latest[0]).holder == holder.holder
    if not mine:  # it may be ours after a refused write, if an answer of the store was lost
        raise _in_use(path, read_holder(latest[0] if latest else b""))


def _tag_of_the_dead(
    fs: FileSystem,
    path: str,
    found: tuple[bytes, str],
    params: LeaseParams,
    tell: Callable[[str], None],
) -> str | None:
    """Wait until the holder of the lease in `found` is known to be dead; return the lease's tag.

    None if the holder has given the lease up. Raises LeaseError if the holder lives.
    """
    holder = read_holder(found[0])
    if holder.is_gone():
        return found[1]
    tell(
        f"another run holds the output ({holder.words()}): waiting up to {params.silence_s:g} s to "
        "see whether it is alive"
    )
    end = time.monotonic() + params.silence_s
    while time.monotonic() < end:
        time.sleep(params.beat_s / 5)
        latest = read_tagged(fs, path)
        if latest is None:
            return None
        if latest[0] != found[0]:
            raise _in_use(path, read_holder(latest[0]))
        if holder.is_gone():
            break
    return found[1]


def _in_use(path: str, holder: Holder) -> LeaseError:
    return LeaseError(
        f"{storage.redact(path)!r}: another run ({holder.words()}) is writing this output: wait "
        "for it, stop it, or choose another output"
    )


def _boot() -> str:
    """Return an identifier of this machine since its start, and of this container.

    Process numbers are comparable only within it. Empty if it is unknown.
    """
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    return ""


def _born(pid: int) -> str:
    """Return the start time of a process of this machine; empty if it has ended or is a zombie."""
    with contextlib.suppress(OSError, IndexError):
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return "" if state in "ZX" else rest[18]
    return ""
