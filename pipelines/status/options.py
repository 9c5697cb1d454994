"""Options of `ansae status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from catalogues.storage import StorageOptions

PROG = "ansae status"


@dataclass(frozen=True, kw_only=True)
class StatusOptions:
    """Show the state of a run: running, stale, interrupted, failed, finished or never started.

    Exit status: 0 if the run is running or finished, 1 if not, 2 if its output cannot be read.
    """

    path: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="PATH")]
    """Output of the run, local or s3://."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""
    anonymous: bool = False
    """Read from S3 without credentials."""

    def __post_init__(self) -> None:
        self.storage()

    def storage(self) -> StorageOptions:
        """Return how the output is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)
