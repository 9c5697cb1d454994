"""`python -m pipelines.compare` is `ansae compare`."""

import sys

from pipelines.compare.command import main

if __name__ == "__main__":
    sys.exit(main())
