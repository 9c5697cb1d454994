"""Options of `ansae status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from catalogues.storage import StorageOptions

PROG = "ansae status"


@dataclass(frozen=True, kw_only=True)
class StatusOptions:
    """Say what a run is doing: running, stale, interrupted, failed, finished or never started.

    Exit status: 0 if it is running or finished, 1 if not, 2 if the place cannot be read.
    """

    path: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="PATH")]
    """The run's output, local or s3://."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    anonymous: bool = False
    """Read from S3 without credentials."""

    def __post_init__(self) -> None:
        self.storage()

    def storage(self) -> StorageOptions:
        """How the output is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)
