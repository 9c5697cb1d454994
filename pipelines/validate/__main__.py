"""`python -m pipelines.validate` is `ansae validate`."""

import sys

from pipelines.validate.command import main

if __name__ == "__main__":
    sys.exit(main())
