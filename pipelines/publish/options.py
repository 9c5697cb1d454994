"""Options of `ansae publish`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Annotated

import tyro

from catalogues.hats.params import FlatKind
from catalogues.storage import StorageOptions

PROG = "ansae publish"


@dataclass(frozen=True, kw_only=True)
class PublishOptions:
    """Publish the catalogue of a run as a HATS collection with VOParquet metadata.

    LSDB, hats, astropy, DuckDB, pandas and polars open it. Rows without identifier, ra or
    dec stand in without_position.parquet beside it.
    """

    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Output folder of a finished `ansae measure`, local or s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """An empty or new folder, local or s3://; or where the same command was killed."""
    name: str = "bars"
    """Name of the catalogue, and of its folder in the output."""
    rows_per_partition: int = 100_000
    """Most galaxies in a partition's file."""
    margin_arcsec: float | None = None
    """Width in arcsec of a margin cache, for cross-matches across partitions' borders; default:
    none."""
    flat: FlatKind | None = None
    """Write all rows as one file too."""
    unfinished: bool = False
    """Publish what there is of a run that has not ended."""
    address: str | None = None
    """Address of a Ray cluster; default: RAY_ADDRESS, else one is started on this machine."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.name):
            raise ValueError(f"name={self.name!r} must be letters, digits, _ and -: choose another")
        if self.rows_per_partition < 1:
            raise ValueError(f"rows_per_partition={self.rows_per_partition} must be at least 1")
        if self.margin_arcsec is not None:
            from catalogues.hats.partitions import margin_order  # slow to import: not for --help

            margin_order(self.margin_arcsec)  # checks it
        self.storage_options()

    def storage_options(self) -> StorageOptions:
        """How both places are reached. Workers on other machines get the address from here."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return StorageOptions(endpoint_url=endpoint)
