"""Readers fed with damaged images or shards: no crash, no hang, no growth, every one answered.

`python -m tests.faults.fuzz --images 1000000` damages good images at random, `--manifests 100000`
good shards; a process that dies or hangs is found out, what it read kept in `--keep`, and another
process goes on. `--guided` lets coverage choose which image to damage next, where atheris is
installed.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from catalogues.images.decode import Decoded, decode
from catalogues.images.limits import ImageLimits
from catalogues.statuses import HEALTHY, Status
from tests.faults.manifests import damaged, good_shards, read_all
from tests.faults.mutations import CORPUS, mutant, mutants, seeds

LIMITS = ImageLimits(pixels_max=1_000_000)

FILE_S = 10
ROOM_BYTES = 2**30
BLOCK = 5000


@dataclass(kw_only=True)
class Found:
    """`statuses`: how many files met which; `slowest_s`: of one file; `grown_kib`: by how much
    the peak memory of a process rose after the first tenth of its files; `bad`: files that were
    not answered, with what happened instead."""

    statuses: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    grown_kib: int = 0
    bad: list[tuple[bytes, str]] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Count another's images too."""
        self.statuses.update(other.statuses)
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.grown_kib = max(self.grown_kib, other.grown_kib)
        self.bad += other.bad


def check(data: bytes) -> Decoded:
    """Decode one image. Raises AssertionError if the answer is none: neither pixels within the
    limits nor a foreseen fault with a sentence."""
    found = decode(data, LIMITS)
    if found.pixels is None:
        assert found.status is not None
        assert found.status not in HEALTHY | {Status.FAILED}, found.message
        assert found.message.strip()
        return found
    assert found.status is None
    height, width, planes = found.pixels.shape
    assert (found.pixels.dtype, planes) == (np.uint8, 3)
    assert min(height, width) >= LIMITS.side_min_px
    assert height * width <= LIMITS.pixels_max
    return found


def decoded(data: bytes) -> str:
    """`check` in one word."""
    status = check(data).status
    return status.value if status else "decoded"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`pool`: good files. `damaged`: of a seed and a pool, without end. `read`: one of them, giving
    a word; an error if it was not answered."""

    pool: Callable[[], list[bytes]]
    damaged: Callable[[int, list[bytes]], Iterator[bytes]]
    read: Callable[[bytes], str]


IMAGES = Kind(pool=seeds, damaged=mutants, read=decoded)
MANIFESTS = Kind(pool=good_shards, damaged=damaged, read=read_all)


def block(
    seed: int, count: int, kind: Kind = IMAGES, at: Any = None, passed: Container[int] = ()
) -> Found:
    """Read the first `count` of the damaged files of `seed`, but for the numbers in `passed`.
    `at`: a shared number that says which one is being read."""
    found, peak = Found(), 0
    for number, data in enumerate(islice(kind.damaged(seed, kind.pool()), count)):
        if number in passed:
            continue
        if at is not None:
            at.value = number
            signal.alarm(FILE_S)
        began = time.perf_counter()
        try:
            word = kind.read(data)
        except Exception as error:
            found.bad.append((data, f"not answered: {error!r}"))
            word = "not answered"
        found.statuses[word] += 1
        found.slowest_s = max(found.slowest_s, time.perf_counter() - began)
        if number == count // 10:
            peak = _peak_kib()
    signal.alarm(0)
    found.grown_kib = _peak_kib() - peak
    return found


def survived(seed: int, kind: Kind) -> Found:
    """A block of files, read in a process that may die of one; then all others are read again."""
    context, lethal = multiprocessing.get_context("fork"), dict[int, str]()
    while True:
        at, (here, there) = context.Value("q", -1), context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(seed, kind, at, lethal, there))
        child.start()
        there.close()
        try:
            found = here.recv()
        except EOFError:
            child.join()
            hung = child.exitcode == -signal.SIGALRM
            lethal[at.value] = "hung" if hung else f"died ({child.exitcode})"
            continue
        child.join()
        break
    for number, how in lethal.items():
        data = next(islice(kind.damaged(seed, kind.pool()), number, None))
        found.bad.append((data, how))
        found.statuses[how] += 1
    return found


def _child(seed: int, kind: Kind, at: Any, passed: Container[int], result: Any) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    limit = _address_space() + ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    result.send(block(seed, BLOCK, kind, at, passed))


def _address_space() -> int:
    """Bytes that libraries have mapped already, used or not."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def keep(bad: list[tuple[bytes, str]], folder: Path) -> None:
    """Write files that were not answered into `folder`, by their digest."""
    folder.mkdir(parents=True, exist_ok=True)
    for data, what in bad:
        name = hashlib.sha256(data).hexdigest()[:16]
        (folder / name).write_bytes(data)
        print(f"{name}: {what}", flush=True)


def guided(arguments: list[str]) -> None:
    """Let atheris choose, by which lines of the decoders an image reaches. Never returns."""
    import atheris

    atheris.instrument_all()
    pool = seeds()

    def mutate(data: bytes, size_max: int, seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        return mutant(rng, [data, *pool] if rng.random() < 0.8 else pool)[:size_max]

    atheris.Setup([sys.argv[0], *arguments], check, custom_mutator=mutate)
    atheris.Fuzz()


def main() -> int:
    """Command line; 1 if a file was not answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--manifests", type=int, help="shards instead of images")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=CORPUS)
    parser.add_argument("--guided", nargs=argparse.REMAINDER, help="words for atheris")
    given = parser.parse_args()
    if given.guided is not None:
        guided(given.guided)
    kind, count = (MANIFESTS, given.manifests) if given.manifests else (IMAGES, given.images)
    began, found = time.monotonic(), Found()
    for number in range(-(-count // BLOCK)):
        more = survived(1_000_000 * given.seed + number, kind)
        keep(more.bad, given.keep)
        found.add(more)
        total, seconds = found.statuses.total(), time.monotonic() - began
        print(
            f"{total} files, {60 * total / seconds:.0f} a minute, slowest "
            f"{found.slowest_s:.2f} s, memory grew by at most {found.grown_kib} KiB, "
            f"{len(found.bad)} not answered: {dict(found.statuses.most_common())}",
            flush=True,
        )
    return 1 if found.bad else 0


if __name__ == "__main__":
    sys.exit(main())
