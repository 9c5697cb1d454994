"""Runs that are killed in every way, over and over, each followed by the same command.

`python -m tests.faults.chaos --kills 200 --seed 1` says how many kills were survived. The networks
are fakes that leave time to be killed; Ray, its nodes, the S3 store and what is between are real.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests import s3server
from tests.faults import forked
from tests.faults.comparing import catalogue, upload
from tests.faults.nodes import Nodes, nodes
from tests.faults.proxy import FaultyStore, faulty
from tests.survey import tiny_ensemble, write_survey

SHARDS, ROWS = 12, 12
SESSIONS_MAX = 30
SESSION_S = 400.0
FINISHED = 0

KINDS = {"worker": 6, "node": 1, "driver": 3, "store": 1}
"""How often each is chosen: a process of Ray's, a raylet, the command itself, the way to the
store."""


@dataclass(kw_only=True)
class Chaos:
    """What is there to be disturbed. `kills`: by kind, what has happened so far."""

    place: str
    words: list[str]
    cluster: Nodes
    store: FaultyStore
    random: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    sessions: int = 0

    def run(self, output: str, kills: int) -> None:
        """A run that meets up to `kills` kills and is started again until it has finished."""
        left = kills
        for _ in range(SESSIONS_MAX):
            self.sessions += 1
            status, used = self._session(output, left)
            left -= used
            if status == FINISHED:
                return
        raise AssertionError(f"{output} did not finish in {SESSIONS_MAX} sessions")

    def _session(self, output: str, kills: int) -> tuple[int, int]:
        """One time the command; its exit status and how many kills it met."""
        words = [f"{self.place}/shards", f"{self.place}/{output}", *self.words]
        command = forked.start(os.environ, measure, words, self.cluster.address)
        began, used, pause = time.monotonic(), 0, self.random.uniform(3, 8)
        last = began
        while True:
            if command.exitcode is not None:
                return command.exitcode, used
            if time.monotonic() - began > SESSION_S:
                command.kill()
                raise AssertionError(f"{output}: a session hangs for {SESSION_S} s")
            if used < kills and time.monotonic() - last > pause:
                used += self._kill(command)
                last, pause = time.monotonic(), self.random.uniform(0.5, 4)
            time.sleep(0.05)

    def _kill(self, command: ForkServerProcess) -> int:
        """Kill something; 1 if there was something to kill."""
        kinds = {k: n for k, n in KINDS.items() if k != "node" or self.cluster.count}
        (kind,) = self.random.choices(list(kinds), list(kinds.values()))
        if kind == "worker":
            found = self.cluster.workers()
            if not found:
                return 0
            try:
                os.kill(self.random.choice(sorted(found)), signal.SIGKILL)
            except ProcessLookupError:
                return 0
        elif kind == "node":
            self.cluster.replace()
        elif kind == "driver":
            command.kill()
        else:
            self.store.away(self.random.uniform(0.5, 3))
        self.kills[kind] += 1
        return 1


def measure(words: list[str], address: str) -> None:
    """The command with fake networks, in this process, which ends with its exit status."""
    os.environ["RAY_ADDRESS"], os.environ["RAY_AUTH_MODE"] = address, "disabled"
    log = os.open(os.environ["ANSAE_CHAOS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 1), os.dup2(log, 2)
    status = 99
    try:
        from pipelines.measure import stages
        from pipelines.measure.__main__ import main as measure_main
        from tests.faults.fakes import SlowExplainer

        stages.Explainer = SlowExplainer  # type: ignore[misc]
        status = measure_main(words)
    finally:
        os._exit(status)


def disturbed(
    kills: int, seed: int, each: int, count: int, tell: Callable[[str], None]
) -> Counter[str]:
    """Run after run, `each` kills a run, until there were `kills`; every catalogue is compared with
    the undisturbed one, bit for bit. `count`: nodes. Returns the kills by kind."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ.setdefault("ANSAE_CHAOS_LOG", str(folder / "log"))
        server = stack.enter_context(s3server.serve(folder))
        store = stack.enter_context(faulty(server.endpoint_url, seed))
        os.environ.update(server.environment, AWS_ENDPOINT_URL=store.url)
        shards = write_survey(folder / "shards", SHARDS, ROWS)
        forked.answer(upload, shards, f"s3://{server.bucket}/shards")
        words = ["--ensemble", tiny_ensemble(folder / "tiny"), "--select", "all"]
        words += ["--rows-per-file", "8", "--cluster.batch-rows", "4", "--keep-pictures", "0.3"]
        chaos = Chaos(
            place=f"s3://{server.bucket}",
            words=[*words, "--cluster.device", "cpu", "--cluster.explainers-max", "2"],
            cluster=stack.enter_context(nodes(count, dict(os.environ))),
            store=store,
            random=random.Random(seed),
        )
        _compare_all(chaos, kills, each, tell)
        return chaos.kills


def _compare_all(chaos: Chaos, kills: int, each: int, tell: Callable[[str], None]) -> None:
    chaos.run("undisturbed", 0)
    expected = forked.answer(catalogue, f"{chaos.place}/undisturbed")
    assert len(expected) == SHARDS * ROWS
    chaos.store.rate, number = 0.01, 0
    while chaos.kills.total() < kills:
        number += 1
        name = f"run-{number}"
        chaos.run(name, min(each, kills - chaos.kills.total()))
        assert forked.answer(catalogue, f"{chaos.place}/{name}") == expected, name
        tell(
            f"{name}: {dict(chaos.kills)} kills, {chaos.sessions} sessions, {dict(chaos.store.met)}"
        )


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=10, help="kills in one run")
    parser.add_argument("--nodes", type=int, default=2, help="raylets beside the head's")
    given = parser.parse_args()
    began = time.monotonic()
    tell = partial(print, flush=True)
    found = disturbed(given.kills, given.seed, given.each, given.nodes, tell)
    print(f"survived {found.total()} kills {dict(found)} in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
