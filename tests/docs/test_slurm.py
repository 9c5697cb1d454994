"""The Slurm script of the cluster page, with stand-ins for Slurm, Ray and the main job."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks

STAND_INS = {
    "scontrol": 'for n in a b c; do echo "node-$n"; done | head -n "$NODES"',
    "srun": 'echo "srun $*" >> "$LOG"; case "$*" in *hostname*) echo "10.0.0.1 fe80::1";; esac',
    "ray": 'for i in $(seq "$NODES"); do echo " 1 node_$i"; done',
    "python": 'echo "RAY_ADDRESS=$RAY_ADDRESS RAY_AUTH_MODE=$RAY_AUTH_MODE $*" >> "$LOG"',
}


def script() -> str:
    (found,) = [code for code in blocks(DOCS / "cluster.md", "bash") if "#SBATCH" in code]
    return found


@pytest.mark.parametrize("nodes", [1, 3])
def test_every_node_has_a_ray_and_the_driver_its_address(nodes: int, tmp_path: Path) -> None:
    tools = tmp_path / "ansae" / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name, body in STAND_INS.items():
        (tools / name).write_text(f"#!/bin/bash\n{body}\n")
        (tools / name).chmod(0o755)
    (tools / "activate").write_text(f'PATH="{tools}:$PATH"\n')
    log = tmp_path / "log"
    given = {"HOME": str(tmp_path), "LOG": str(log), "NODES": str(nodes)}
    slurm = {"SLURM_JOB_NODELIST": "node-[a-c]", "SLURM_CPUS_PER_TASK": "16"}
    words = ["bash", "-c", script() + "\nwait", "ansae.sbatch", "shards", "run"]
    subprocess.run(words, env=os.environ | given | slurm, check=True, timeout=60)

    told = log.read_text().splitlines()
    heads = [line for line in told if "--head" in line]
    workers = [line for line in told if "--address=10.0.0.1:6379" in line]
    assert len(heads) == 1
    assert "--nodelist=node-a" in heads[0]
    assert "--node-ip-address=10.0.0.1 " in heads[0]
    assert len(workers) == (1 if nodes > 1 else 0)
    assert all("--ntasks=2" in line and "--exclude=node-a" in line for line in workers)
    (driver,) = [line for line in told if "pipelines.measure" in line]
    assert driver == (
        "RAY_ADDRESS=10.0.0.1:6379 RAY_AUTH_MODE=token -m pipelines.measure shards run"
    )
