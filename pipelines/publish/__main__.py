"""Command line of `ansae publish`; heavy imports wait until the options are valid."""

from __future__ import annotations

import sys

from pipelines import console
from pipelines.publish.options import PROG, PublishOptions


def main(arguments: list[str] | None = None) -> int:
    """Parse the options and run the command. Returns the exit status."""
    options = console.parse(PublishOptions, PROG, arguments)
    from pipelines.publish.command import execute  # heavy, and `--help` does not need it

    return execute(options)


if __name__ == "__main__":
    sys.exit(main())
