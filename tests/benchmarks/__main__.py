"""Every benchmark of speed, on whatever this machine has.

    python -m tests.benchmarks [--quick | --memory] [--output FOLDER]

Each prints its table and writes JSON into the folder. --quick: small problems, minutes on a busy
machine. --memory: peaks of memory at 10^3, 10^4 and 10^5 galaxies instead (an hour without a GPU).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

QUICK = (
    ("barlength", "bench_barlength"),
    ("stages", "bench_stages"),
    ("saliency_compact", "bench_saliency", "--preset", "compact"),
    ("pipeline", "bench_pipeline"),
)
WHOLE = (
    *QUICK,
    ("grid", "bench_grid"),
    ("saliency_paper", "bench_saliency", "--preset", "paper", "--samples", "16", "--repeats", "2"),
    ("samples", "bench_samples"),
    ("precision", "bench_precision"),
)
ON_A_GPU = (
    ("saliency_compact_256", "bench_saliency", "--preset", "compact", "--samples", "256"),
    ("saliency_paper_256", "bench_saliency", "--preset", "paper", "--samples", "256", "--profile"),
)
MEMORY = (("memory", "bench_memory"),)


def main() -> int:
    """Run one after the other; the number of those that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name, module, *arguments in _runs(options):
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
        command += ["--json", str(options.output / f"{name}.json")]
        command += ["--quick"] * options.quick
        failed += subprocess.run(command, check=False).returncode != 0
    print(f"\n{failed} failed; numbers in {options.output}")
    return failed


def _runs(options: argparse.Namespace) -> tuple[tuple[str, ...], ...]:
    if options.memory:
        return MEMORY
    if options.quick:
        return QUICK
    import torch

    return WHOLE + ON_A_GPU * torch.cuda.is_available()


if __name__ == "__main__":
    sys.exit(main())
