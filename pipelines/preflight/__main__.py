"""`python -m pipelines.preflight` is `ansae preflight`."""

import sys

from pipelines.preflight.command import main

if __name__ == "__main__":
    sys.exit(main())
