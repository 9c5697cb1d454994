"""`python -m pipelines.measure` is `ansae measure`."""

import sys

from pipelines.measure.command import main

if __name__ == "__main__":
    sys.exit(main())
