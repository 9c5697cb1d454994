"""`python -m pipelines.report` is `ansae report`."""

import sys

from pipelines.report.command import main

if __name__ == "__main__":
    sys.exit(main())
