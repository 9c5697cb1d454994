"""Several Ray nodes on this machine, as `ray up` starts them: idle head, token, loopback."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from catalogues import storage
from pipelines.cluster.resources import import_ray
from tests.leaks import files, leaks, objects
from tests.s3server import free_ports

BIN = Path(sys.executable).parent
REPOSITORY = Path(__file__).parents[2]
ATTEMPTS = 5
STARTED = "Ray runtime started"


@dataclass(frozen=True, kw_only=True)
class RayCluster:
    """`address` of the head; `dashboard`: where jobs are submitted; `metrics`: of the head's
    agent; `token`; `folder`: all that Ray writes."""

    address: str
    dashboard: str
    metrics: str
    token: str
    folder: Path
    environment: Mapping[str, str]

    def ray(self, *words: str, token: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `ray WORDS` as somebody on another machine would: without the cluster's environment,
        with or without its token."""
        known = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token if token else "0" * 64}
        plain = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "RAY_"))}
        return subprocess.run(
            [BIN / "ray", *words], env=plain | known, capture_output=True, text=True, check=False
        )

    def submit(self, module: str, *words: str) -> tuple[int, str]:
        """Submit `python -m pipelines.MODULE WORDS` from the repository as its working directory
        and wait for it; exit status and what was told. A cluster just started may have no agent
        yet that takes it."""
        for _ in range(20):
            done = self.ray(
                "job", "submit", "--address", self.dashboard, "--working-dir", str(REPOSITORY),
                "--", "python", "-m", f"pipelines.{module}", *words,
            )  # fmt: skip
            if "No available agent" not in done.stderr:
                break
            time.sleep(1)
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def details(self) -> bytes:
        """What the dashboard tells of the jobs."""
        request = Request(f"{self.dashboard}/api/jobs/")
        request.add_header("Authorization", f"Bearer {self.token}")
        with urlopen(request, timeout=30) as answer:
            found: bytes = answer.read()
        return found

    def uploaded(self) -> list[dict[str, int]]:
        """Of every working directory that was uploaded, its files and their sizes in bytes."""
        places = self.folder.glob("ray/session_2*/runtime_resources/working_dir_files/_ray_pkg_*/")
        return [
            {
                path.relative_to(place).as_posix(): path.stat().st_size
                for path in place.rglob("*")
                if path.is_file() and "__pycache__" not in path.parts
            }
            for place in places
        ]

    def leaks(self, secret: str, url: str, *told: str) -> list[str]:
        """Where the token or `secret` stands in all that Ray wrote, in the objects below `url`, in
        what the dashboard tells of the jobs, and in `told`; the file of the token apart."""
        fs, root = storage.filesystem(url)
        written = [
            *(found for found in files(self.folder) if not found[0].endswith("/token")),
            *objects(fs, root),
            ("told", "".join(told).encode()), ("details", self.details()),
        ]  # fmt: skip
        assert any("/logs/job-driver" in name for name, _ in written)
        return leaks([secret, self.token], written)


@contextmanager
def serve(workers: Sequence[Mapping[str, float]], environment: Mapping[str, str]) -> Iterator[RayCluster]:  # noqa: E501  # fmt: skip
    """`workers`: {"CPU": ..., "GPU": ...} of each node beside the head; GPUs need not be there.
    `environment`: of every node."""
    folder = Path(tempfile.mkdtemp(prefix="ansae-", dir="/tmp"))  # Ray's sockets need a short name
    port, dashboard, metrics, client = free_ports(4)  # none that Ray may take at random
    here = import_ray().util.get_node_ip_address()
    token = secrets.token_hex(32)
    (folder / "token").write_text(token)
    plain = {n: v for n, v in os.environ.items() if not n.startswith(("AWS_", "RAY_"))}
    env = plain | dict(environment) | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",
        "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    common = ["--block", f"--object-store-memory={100 * 2**20}"]
    head = [
        "--head", f"--port={port}", "--num-cpus=0", "--num-gpus=0", "--dashboard-host=127.0.0.1",
        f"--dashboard-port={dashboard}", f"--temp-dir={folder / 'ray'}",
        f"--metrics-export-port={metrics}", f"--ray-client-server-port={client}",
    ]  # fmt: skip
    cluster = RayCluster(
        address=f"{here}:{port}",
        dashboard=f"http://127.0.0.1:{dashboard}",
        metrics=f"http://{here}:{metrics}/metrics",
        token=token,
        folder=folder,
        environment=env,
    )
    started: list[subprocess.Popen[bytes]] = []
    try:
        _join(cluster, started, [*head, *common])
        for node in workers:
            words = [f"--address={cluster.address}", f"--num-cpus={node['CPU']}"]
            _join(cluster, started, [*words, f"--num-gpus={node.get('GPU', 0)}", *common])
        yield cluster
    finally:
        for process in reversed(started):
            _end(process)
        shutil.rmtree(folder, ignore_errors=True)


def _join(cluster: RayCluster, started: list[subprocess.Popen[bytes]], words: list[str]) -> None:
    """Start one more node and wait for it; Ray gives a node 30 s, which a busy machine may need
    more than once."""
    nodes = len(started) + 1
    log = cluster.folder / f"node-{nodes}.txt"
    for _ in range(ATTEMPTS):
        # the default is one port for every node of a machine: an agent without it takes no jobs
        http, grpc = free_ports(2)
        agent = [f"--dashboard-agent-listen-port={http}", f"--dashboard-agent-grpc-port={grpc}"]
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [BIN / "ray", "start", *words, *agent],
                env=dict(cluster.environment),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        started.append(process)
        while process.poll() is None:
            if STARTED in log.read_text() and _nodes(cluster) >= nodes:
                return
            time.sleep(0.2)
        _end(started.pop())
    raise RuntimeError(f"node {nodes} did not start {ATTEMPTS} times: {log.read_text()[-2000:]}")


def _nodes(cluster: RayCluster) -> int:
    """Nodes that live."""
    code = f"""
import ray

nodes = ray._raylet.GcsClient(address={cluster.address!r}).get_all_node_info()
print(sum(node.state == 0 for node in nodes.values()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(cluster.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    return int(done.stdout.strip() or 0)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a node: Ray's processes share its session, and end with it when asked."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
