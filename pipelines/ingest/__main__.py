"""Command line of `ansae ingest`; heavy imports wait until the options are valid."""

from __future__ import annotations

import sys

from pipelines import console
from pipelines.ingest.options import PROG, IngestOptions


def main(arguments: list[str] | None = None) -> int:
    """Parse the options and run the command. Returns the exit status."""
    options = console.parse(IngestOptions, PROG, arguments)
    from pipelines.ingest.command import execute  # heavy, and `--help` does not need it

    return execute(options)


if __name__ == "__main__":
    sys.exit(main())
