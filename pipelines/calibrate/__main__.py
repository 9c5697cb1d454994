"""Command line of `ansae calibrate` and its grids; heavy imports wait for valid options."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pipelines import console
from pipelines.calibrate.options import PROG, CalibrateOptions, GridOptions, MapGridOptions


def grid_asked_for(words: Sequence[str]) -> str | None:
    """Return the grid that the words after `ansae calibrate` name; None if they name none."""
    for i, word in enumerate(words):
        if word == "--grid":
            return words[i + 1] if i + 1 < len(words) else ""
        if word.startswith("--grid="):
            return word.removeprefix("--grid=")
    return None


def main(arguments: list[str] | None = None) -> int:
    """Parse the options and run the command or the requested grid. Returns the exit status."""
    grid = grid_asked_for(sys.argv[1:] if arguments is None else arguments)
    prog = PROG if grid is None else f"{PROG} --grid"
    if grid is None:
        options = console.parse(CalibrateOptions, prog, arguments)
        from pipelines.calibrate.command import execute  # heavy, and `--help` does not need it

        return execute(options)
    if grid == "paper":
        paper = console.parse(GridOptions, prog, arguments)
        from pipelines.calibrate.paper_grid import run as run_paper_grid

        return console.finish(run_paper_grid, paper, prog)
    if grid == "maps":
        maps = console.parse(MapGridOptions, prog, arguments)
        from pipelines.calibrate.map_grid import run as run_map_grid

        return console.finish(run_map_grid, maps, prog)
    message = f"there is no grid {grid!r}: give --grid paper or --grid maps"
    return console.complain(prog, message, console.MISTAKE)


if __name__ == "__main__":
    sys.exit(main())
