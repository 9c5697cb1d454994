"""`python -m pipelines.calibrate` is `ansae calibrate`."""

import sys

from pipelines.calibrate.command import main

if __name__ == "__main__":
    sys.exit(main())
