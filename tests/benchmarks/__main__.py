"""Every benchmark of speed, on whatever this machine has: `python -m tests.benchmarks`."""

from __future__ import annotations

import subprocess
import sys

RUNS = (
    ("bench_barlength",),
    ("bench_grid",),
    ("bench_saliency", "--preset", "compact"),
    ("bench_saliency", "--preset", "paper", "--samples", "16", "--repeats", "1"),
)


def main() -> int:
    """Run one after the other; the number of those that failed."""
    failed = 0
    for module, *arguments in RUNS:
        print(f"\n== {module} {' '.join(arguments)}", flush=True)
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
