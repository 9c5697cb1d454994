"""A Ray cluster of several raylets on this machine, in a process of its own, that loses nodes.

`python -m tests.faults.nodes COUNT` prints its address; each word "replace" on its standard input
kills a node's raylet and starts another; it ends when its standard input does.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.cluster.resources import import_ray

CPUS = 2
ATTEMPTS = 5
REPOSITORY = Path(__file__).parents[2]

_NO_WORKER = re.compile(r"^ray::(IDLE|\w*Agent)")


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """`address`: for ray.init; `pid`: of the process whose children the raylets are."""

    address: str
    count: int
    process: subprocess.Popen[str]

    def replace(self) -> None:
        """Kill a node's raylet with -9; another node comes in its place."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("replace\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def workers(self) -> list[int]:
        """Processes of Ray's workers on all nodes; a raylet ends with its agents, and with the
        head's the cluster."""
        mine = {self.process.pid}
        for _ in range(2):
            mine |= {pid for pid, parent, _ in processes() if parent in mine}
        return [
            pid
            for pid, parent, words in processes()
            if parent in mine and words.startswith("ray::") and not _NO_WORKER.search(words)
        ]


@contextmanager
def nodes(count: int, environment: dict[str, str]) -> Iterator[Nodes]:
    """Run a cluster of a head and `count` nodes while one is inside; without nodes the head works.
    `environment`: of all its processes."""
    known = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")} | environment
    known |= {"RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}
    command = [sys.executable, "-m", "tests.faults.nodes", str(count)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    for _ in range(ATTEMPTS):  # Ray gives its own start thirty seconds, a busy machine needs more
        with subprocess.Popen(command, cwd=REPOSITORY, env=known, text=True, **pipes) as process:
            try:
                address = process.stdout.readline().strip()
                if address:
                    yield Nodes(address=address, count=count, process=process)
                    return
            finally:
                process.stdin.close()
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
    raise RuntimeError(f"the cluster did not start in {ATTEMPTS} attempts")


def processes() -> Iterator[tuple[int, int, str]]:
    """(number, parent's number, command line) of every process."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().replace("\0", " ")
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        yield int(folder.name), parent, words


def main() -> None:
    """Serve."""
    os.environ["RAY_health_check_period_ms"] = "1000"  # noqa: SIM112
    os.environ["RAY_health_check_timeout_ms"] = "5000"  # noqa: SIM112
    import_ray()
    from ray.cluster_utils import Cluster

    count = int(sys.argv[1])
    room = {"object_store_memory": 100 * 2**20}
    head = {"num_cpus": 0 if count else CPUS, "include_dashboard": False, **room}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    workers = [cluster.add_node(num_cpus=CPUS, **room) for _ in range(count)]
    cluster.wait_for_nodes()
    print(cluster.address, flush=True)
    for _ in sys.stdin:
        node = workers.pop(0)
        (raylet,) = node.all_processes["raylet"]
        os.kill(raylet.process.pid, signal.SIGKILL)
        cluster.remove_node(node, allow_graceful=False)
        workers.append(cluster.add_node(num_cpus=CPUS, **room))
        print("replaced", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
