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

    LSDB, hats, astropy, DuckDB, pandas and polars can open it. Rows without identifier, ra or dec
    are written to without_position.parquet beside it.
    """

    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Output folder of a finished `ansae measure`, local or s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder to write, local or s3://. It must be new or empty, or the output of the same command
    that was killed."""
    name: str = "bars"
    """Name of the catalogue, and of its folder in the output."""
    rows_per_partition: int = 100_000
    """Maximum number of galaxies in a partition's file."""
    margin_arcsec: float | None = None
    """Width of a margin cache in arcsec, for cross-matches across the borders of partitions;
    default: no margin cache."""
    flat: FlatKind | None = None
    """Also write all rows to one file of this kind."""
    unfinished: bool = False
    """Publish the rows of a run that has not finished."""
    address: str | None = None
    """Address of a Ray cluster; default: RAY_ADDRESS of the environment, or a new cluster on this
    machine."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.name):
            raise ValueError(
                f"name={self.name!r} must be letters, digits, _ and -: choose another name"
            )
        if self.rows_per_partition < 1:
            raise ValueError(f"rows_per_partition={self.rows_per_partition} must be at least 1")
        if self.margin_arcsec is not None:
            from catalogues.hats.partitions import (
                margin_order,
            )  # slow import, not needed for --help

            margin_order(self.margin_arcsec)  # checks the value
        self.storage_options()

    def storage_options(self) -> StorageOptions:
        """Return how to reach input and output. Workers on other machines get the address here."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return StorageOptions(endpoint_url=endpoint)
