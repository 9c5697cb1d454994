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

import ray

from tests.s3server import free_ports

BIN = Path(sys.executable).parent
ATTEMPTS = 5


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


@contextmanager
def serve(workers: Sequence[Mapping[str, float]], environment: Mapping[str, str]) -> Iterator[RayCluster]:  # noqa: E501  # fmt: skip
    """`workers`: {"CPU": ..., "GPU": ...} of each node beside the head; GPUs need not be there.
    `environment`: of every node."""
    folder = Path(tempfile.mkdtemp(prefix="ansae-", dir="/tmp"))  # Ray's sockets need a short name
    port, dashboard, metrics, client = free_ports(4)  # none that Ray may take at random
    here = ray.util.get_node_ip_address()
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
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [BIN / "ray", "start", *words],
                env=dict(cluster.environment),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        while process.poll() is None:
            if _nodes(cluster) >= nodes:
                started.append(process)
                return
            time.sleep(1)
        _end(process)
    raise RuntimeError(f"node {nodes} did not start {ATTEMPTS} times: {log.read_text()[-2000:]}")


def _nodes(cluster: RayCluster) -> int:
    """Nodes that live."""
    code = f"""
import ray

from tests.s3server import free_ports
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
