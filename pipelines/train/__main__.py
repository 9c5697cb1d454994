"""`python -m pipelines.train` is `ansae train`."""

import sys

from pipelines.train.command import main

if __name__ == "__main__":
    sys.exit(main())
