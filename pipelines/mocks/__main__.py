"""Command line of `ansae mocks`; heavy imports wait until the options are valid."""

from __future__ import annotations

import sys

from pipelines import console
from pipelines.mocks.options import PROG, MocksOptions


def main(arguments: list[str] | None = None) -> int:
    """Parse the options and run the command. Returns the exit status."""
    options = console.parse(MocksOptions, PROG, arguments)
    from pipelines.mocks.command import execute  # heavy, and `--help` does not need it

    return execute(options)


if __name__ == "__main__":
    sys.exit(main())
