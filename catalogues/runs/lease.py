"""_lease.json: who writes into an output. Two runs never do, and a dead one blocks nobody for long.

The holder renews the lease every few seconds. Whoever finds one watches it: if it is renewed, its
holder lives; if it is not for `silence_s`, its holder is dead. No two clocks are compared. A holder
that was a process of this very machine and is gone is known to be dead at once.
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
    """The output belongs to another run; the message says to whom, and what to do."""


@dataclass(frozen=True, kw_only=True)
class LeaseParams:
    """`beat_s`: how often a holder says that it lives. `silence_s`: without a word for so long it
    is dead; longer than a store may be out of reach. `settle_s`: after taking over, look again."""

    beat_s: float = 10.0
    silence_s: float = 120.0
    settle_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < 2 * self.beat_s <= self.silence_s:
            raise ValueError(
                f"beat_s is {self.beat_s} and silence_s {self.silence_s}: a holder must be able to "
                "miss a beat, give silence_s at least twice as much"
            )


_DEFAULTS = LeaseParams()


@dataclass(frozen=True, kw_only=True)
class Holder:
    """What the file says. `boot`, `pid`, `born`: a process, for those on the same machine."""

    holder: str
    host: str
    boot: str
    pid: int
    born: str
    since: str
    beat: int = 0

    def to_json(self) -> bytes:
        """The file's bytes."""
        return json.dumps(asdict(self)).encode()

    def words(self) -> str:
        """Who it is, for people."""
        return f"process {self.pid} on {self.host}, since {self.since}"

    def is_gone(self) -> bool:
        """Whether it was a process of this machine that has ended."""
        return bool(self.boot) and self.boot == _boot() and _born(self.pid) != self.born


def this_process() -> Holder:
    """A new holder: this process."""
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
    """A lease that is held. Thread-safe; `hold` makes one."""

    def __init__(self, fs: FileSystem, path: str, holder: Holder, params: LeaseParams) -> None:
        self._fs, self._path, self._holder, self._params = fs, path, holder, params
        self._lost: str | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_over, name="lease", daemon=True)

    @property
    def name(self) -> str:
        """What tells this holder from all others."""
        return self._holder.holder

    def check(self) -> None:
        """Raises LeaseError if another run has taken the output over."""
        if self._lost:
            raise LeaseError(self._lost)

    def confirm(self) -> None:
        """Like `check`, but asks the store. Raises StorageError too."""
        self.check()
        check_holder(self._fs, self._path, self.name)

    def _renew_until_over(self) -> None:
        while not self._over.wait(self._params.beat_s):
            with contextlib.suppress(StorageError):  # a store that is away keeps others out too
                self._renew()

    def _renew(self) -> None:
        found = read_tagged(self._fs, self._path)
        if found is not None and read_holder(found[0]).holder == self.name:
            self._holder = replace(self._holder, beat=self._holder.beat + 1)
            if write_if(self._fs, self._path, self._holder.to_json(), found[1]):
                return
            found = read_tagged(self._fs, self._path)
            if found is not None and read_holder(found[0]).holder == self.name:
                return  # written after all: the store's first answer was lost
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
    """Hold the lease on the output folder `root`. `tell` hears why one waits.

    Raises LeaseError if another run holds it and lives, StorageError if it cannot be written.
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
    """Raises LeaseError unless the lease at `path` is held by `name`; StorageError."""
    found = read_tagged(fs, path)
    if found is None or read_holder(found[0]).holder != name:
        raise LeaseError(
            f"{storage.redact(path)!r} is not this run's any more: another run has taken the "
            "output over, or this one has ended"
        )


def read_holder(content: bytes) -> Holder:
    """The holder that a lease file names; nobody for a file that is none."""
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
    if not mine:  # where it is, although the write was refused, an answer of the store was lost
        raise _in_use(path, read_holder(latest[0] if latest else b""))


def _tag_of_the_dead(
    fs: FileSystem,
    path: str,
    found: tuple[bytes, str],
    params: LeaseParams,
    tell: Callable[[str], None],
) -> str | None:
    """The tag of the lease in `found` once its holder is known to be dead; None if it has given the
    lease up. Raises LeaseError if it lives."""
    holder = read_holder(found[0])
    if holder.is_gone():
        return found[1]
    tell(
        f"another run holds the output ({holder.words()}): waiting up to {params.silence_s:g} s to "
        "see whether it lives"
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
    """What tells this machine, since it was started, from others, and one container from the next:
    where process numbers mean the same. Empty where that is not known."""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    return ""


def _born(pid: int) -> str:
    """When a process of this machine was started; empty if there is none, or only its remains."""
    with contextlib.suppress(OSError, IndexError):
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return "" if state in "ZX" else rest[18]
    return ""
