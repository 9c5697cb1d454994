"""Options of `ansae explain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from catalogues.storage import StorageOptions

PROG = "ansae explain"


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """Draw for each image what the networks saw: image with the measured bar, maps, votes.

    The numbers are those that `ansae ingest` and `ansae measure` of the image's folder give.
    """

    images: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE")]
    """JPEG, PNG or FITS files, local or s3://."""
    output: str = "explained"
    """Folder of the pictures, one PNG for each image, named after it."""
    ensemble: str = "compact"
    """The networks: 'compact', which is shipped, or path or URL of an ensemble.json."""
    samples: int | None = None
    """Noise samples N of the bar's map; default: the estimator's."""
    seed: int = 0
    """Seed of the noise."""
    pixel_scale_arcsec: float | None = None
    """Pixel scale in arcsec, where the file does not tell."""
    z: float | None = None
    """Redshift, for a length in kpc."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("no image is named: give one or more JPEG, PNG or FITS files")
        if self.samples is not None and self.samples < 1:
            raise ValueError(f"samples={self.samples} must be at least 1")
        for name in ("pixel_scale_arcsec", "z"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name}={value} must be above 0")
        self.storage_options()

    def storage_options(self) -> StorageOptions:
        """How S3 is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url)
