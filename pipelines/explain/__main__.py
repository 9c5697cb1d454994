"""`python -m pipelines.explain` is `ansae explain`."""

import sys

from pipelines.explain.command import main

if __name__ == "__main__":
    sys.exit(main())
