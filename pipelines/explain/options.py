"""Options of `ansae explain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from catalogues.storage import StorageOptions

PROG = "ansae explain"


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """Draw what the networks see in each image: the image with the measured bar, maps, votes.

    The numbers are the same as from `ansae ingest` and `ansae measure` of the image's folder.
    """

    images: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE")]
    """JPEG, PNG or FITS files, local or s3://."""
    output: str = "explained"
    """Folder of the pictures, one PNG for each image, named after the image."""
    ensemble: str = "compact"
    """The networks: 'compact' (comes with ansae), or path or URL of an ensemble.json."""
    samples: int | None = None
    """Number N of noise samples of the bar's map; default: as the estimator says."""
    seed: int = 0
    """Seed of the noise."""
    pixel_scale_arcsec: float | None = None
    """Pixel scale in arcsec, if the file does not have one."""
    z: float | None = None
    """Redshift, for a length in kpc."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("no image given: name one or more JPEG, PNG or FITS files")
        if self.samples is not None and self.samples < 1:
            raise ValueError(f"samples={self.samples} must be at least 1")
        for name in ("pixel_scale_arcsec", "z"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name}={value} must be above 0")
        self.storage_options()

    def storage_options(self) -> StorageOptions:
        """Return how S3 is reached."""
        return StorageOptions(endpoint_url=self.endpoint_url)
