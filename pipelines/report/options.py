"""Options of `ansae report`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from catalogues.queries.params import DatabaseParams
from catalogues.storage import StorageOptions

PROG = "ansae report"

GALLERY_MAX = 5000
"""More galaxies make a page that no browser opens quickly."""


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Write one HTML file: what ran, what came out, pictures of galaxies, their maps and bars."""

    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Output folder of `ansae measure`, local or s3://."""
    html: str | None = None
    """File to write, local or s3://; by default report.html in OUTPUT."""
    truth: str | None = None
    """Known bars: Parquet (also the input's shards) or CSV with object_id, true_bar_length_px and
    true_bar_position_angle_deg."""
    title: str = "Bar catalogue"
    """Heading of the page."""
    gallery: int = 400
    """Most galaxies in the gallery, of those whose pictures the run kept; 1000 make about 8 MB."""
    galaxies: int = 6
    """Best and worst cases shown against the truth."""
    failures: int = 50
    """Most rows without a result that are listed."""
    memory_mb: int = 2048
    """Memory that queries may take in MiB; beyond it they use the disk."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    anonymous: bool = False
    """Ask S3 without credentials."""

    def __post_init__(self) -> None:
        limits = {"galaxies": 1000, "failures": 1000, "gallery": GALLERY_MAX}
        for name, most in limits.items():
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} {getattr(self, name)} must lie in 0..{most}")
        # each of these checks its own part
        self.storage_options(), self.database_params()

    def storage_options(self) -> StorageOptions:
        """How S3 is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url, anonymous=self.anonymous)

    def database_params(self) -> DatabaseParams:
        """How much of the machine queries may take."""
        return DatabaseParams(memory_mb=self.memory_mb)
