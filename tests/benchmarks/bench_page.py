"""The report's page with a thousand galaxies: python -m tests.benchmarks.bench_page.

Seconds to write it, its size, and the browser's seconds until the gallery stands, all galaxies
shown and put in another order. The galaxies are the tests' drawings.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from pipelines.report import command as report
from pipelines.report.options import ReportOptions
from tests.benchmarks import timing
from tests.browsing import browser, visited
from tests.pipelines.synthetic_run import write_run

_LOADED = "performance.getEntriesByType('navigation')[0].duration / 1000"
_REORDER = """() => {
  const started = performance.now();
  const key = document.getElementById("key");
  key.value = "length";
  key.dispatchEvent(new Event("input", { bubbles: true }));
  document.body.getBoundingClientRect();
  return (performance.now() - started) / 1000;
}"""


def opened(path: Path, running: Any) -> dict[str, float]:
    """Seconds of one visit."""
    started = time.perf_counter()
    with visited(running, path, viewport={"width": 1280, "height": 900}) as page:
        page.locator(".tile img").first.wait_for()
        out = {"gallery_s": time.perf_counter() - started}
        out["load_s"] = page.evaluate(_LOADED)
        started = time.perf_counter()
        page.locator("#all").click()
        page.locator(".tile").last.wait_for()
        out["all_shown_s"] = time.perf_counter() - started
        out["reorder_s"] = page.evaluate(_REORDER)
    return out


def main() -> None:
    """Measure and print."""
    parser = timing.parser(__doc__)
    parser.add_argument("--galaxies", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    galaxies = 100 if options.quick else options.galaxies
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_run(folder, -(-galaxies * 6 // 5))  # every sixth has no picture
        started = time.process_time()
        path = Path(report.run(ReportOptions(output=name, gallery=galaxies)))
        result = {"write_cpu_s": time.process_time() - started, "mb": path.stat().st_size / 1e6}
        with browser() as running:
            visits = [opened(path, running) for _ in range(options.repeats)]
    result |= {key: statistics.median(v[key] for v in visits) for key in visits[0]}
    timing.tell(result, options.json)


if __name__ == "__main__":
    main()
