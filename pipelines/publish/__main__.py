"""`python -m pipelines.publish` is `ansae publish`."""

import sys

from pipelines.publish.command import main

if __name__ == "__main__":
    sys.exit(main())
