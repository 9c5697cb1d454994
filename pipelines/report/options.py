"""Options of `ansae report`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from catalogues.queries.params import DatabaseParams
from catalogues.storage import StorageOptions

PROG = "ansae report"

GALLERY_MAX = 5000
"""Maximum size of the gallery; browsers open larger pages slowly."""


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Write one HTML file about a run: results, options, pictures of galaxies, their maps, bars."""

    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Output folder of `ansae measure`, local or s3://."""
    html: str | None = None
    """File to write, local or s3://; default: report.html in OUTPUT."""
    truth: str | None = None
    """Table of known bars: Parquet (also the input's shards) or CSV with the columns object_id,
    true_bar_length_px and true_bar_position_angle_deg."""
    title: str = "Bar catalogue"
    """Heading of the page."""
    gallery: int = 400
    """Maximum number of galaxies in the gallery; only galaxies whose pictures the run kept can be
    shown. 1000 galaxies make the file about 8 MB larger."""
    galaxies: int = 6
    """Number of best cases, and of worst cases, shown in the comparison with the truth."""
    failures: int = 50
    """Maximum number of rows without a result to list."""
    memory_mb: int = 2048
    """Maximum memory of queries in MiB; larger queries use the disk."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""
    anonymous: bool = False
    """Use S3 without credentials."""

    def __post_init__(self) -> None:
        limits = {"galaxies": 1000, "failures": 1000, "gallery": GALLERY_MAX}
        for name, most in limits.items():
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} {getattr(self, name)} must lie in 0..{most}")
        # each of these objects checks its own options
        self.storage_options(), self.database_params()

    def storage_options(self) -> StorageOptions:
        """Return how to reach S3."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)

    def database_params(self) -> DatabaseParams:
        """Return how much memory queries may use."""
        return DatabaseParams(memory_mb=self.memory_mb)
