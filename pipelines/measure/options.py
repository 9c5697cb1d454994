"""Options of `ansae measure`."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import tyro

from catalogues.images.limits import ImageLimits
from catalogues.scales import DEFAULT_COSMOLOGY, ScaleConvention
from catalogues.storage import StorageOptions
from models.networks.selection import SelectionParams
from pipelines.cluster.resources import ClusterOptions

PROG = "ansae measure"


@dataclass(frozen=True, kw_only=True)
class MeasureOptions:
    """Measure the bars of the galaxies in image shards and write a Parquet catalogue.

    To finish an interrupted run, run the same command again.
    """

    input: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="INPUT")]
    """Folder of image shards (see `ansae ingest`), local or s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for run.json, catalogue/ and pictures/, local or s3://."""
    ensemble: str = "compact"
    """The networks: 'compact' (comes with ansae), or path or URL of an ensemble.json."""
    control: str | None = None
    """Path or URL of the ensemble.json of a control (`ansae train --target bar-length`). Its
    lengths become the column bar_length_control_px."""
    estimator: str | None = None
    """How maps are made and measured: 'paper', or path or URL of an estimator.json; default: the
    estimator.json beside the ensemble."""
    select: Literal["bar", "all", "none"] | None = None
    """Which galaxies get a saliency map: those with a bar by the votes, all, or none; default: bar
    (all for the estimator 'paper')."""
    reached_min: float = 0.25
    """Selection 'bar': minimum fraction of voters that reach the bar question (disc, not
    edge-on)."""
    bar_min: float = 0.5
    """Selection 'bar': minimum fraction of bar among the answers to the bar question."""
    samples: int | None = None
    """Number N of noise samples of a map; default: as the estimator says."""
    length_tolerance: float | None = None
    """Stop adding noise samples (32, 64, ..., N) when the sampling error of the length is below
    this fraction of the length. The number used is in the column map_samples; default: always N
    samples."""
    spiral_arms: bool = False
    """Also measure spiral arms (experimental): pitch, number, strength and radius, for galaxies
    that have a map and whose voters see arms. Costs a quarter more gradients for these galaxies."""
    bulge: bool = False
    """Also measure the map of "obvious or dominant bulge" (experimental): extent and angle, for
    galaxies that have a map. Costs half as many gradients again."""
    seed: int = 0
    """Seed of the noise. The noise of a galaxy depends only on the seed and its object_id."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Precision of the networks' weights for gradients (votes and all sums use float32); auto:
    bfloat16 on GPUs, float32 on CPUs."""
    lower_votes: bool = False
    """Compute votes in that precision, too. Useful for runs without maps, with full-size networks
    on a GPU; rounding changes the votes by a few thousandths."""
    scale: ScaleConvention = "given"
    """Pixel scale. 'given': from the row or the FITS header. 'gz2': the same, or, if neither has
    one, from the side of the image, which is 424 x 0.02 x petro_r90_arcsec, as in Galaxy Zoo 2."""
    cosmology: str = DEFAULT_COSMOLOGY
    """Cosmology for lengths in kpc: FlatH70Om03 or a cosmology of astropy, such as Planck18."""
    keep: tuple[str, ...] = ()
    """Other columns of the input to copy into the catalogue."""
    keep_pictures: float | None = None
    """Fraction of galaxies whose pictures are kept; default: a fraction that gives about 1000
    pictures."""
    rows_per_file: int | None = None
    """Number of galaxies in a catalogue file. An interruption loses fewer galaxies than this;
    default: 512 with GPUs, 64 without."""
    label: str | None = None
    """Text to put in front of the run's id."""
    limits: ImageLimits = field(default_factory=ImageLimits)
    """Limits of an image."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""
    anonymous: bool = False
    """Read the input from S3 without credentials."""

    def __post_init__(self) -> None:
        for name in ("samples", "rows_per_file"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        if self.length_tolerance is not None and not 0 < self.length_tolerance < 1:
            raise ValueError(
                f"length_tolerance={self.length_tolerance} must be a fraction of the length, "
                "between 0 and 1, such as 0.03"
            )
        if self.keep_pictures is not None and not 0 <= self.keep_pictures <= 1:
            raise ValueError(f"keep_pictures={self.keep_pictures} must be a fraction from 0 to 1")
        # each of these objects checks its own options
        self.selection(), self.read_options(), self.write_options()

    def selection(self) -> SelectionParams:
        """Return which galaxies get a saliency map."""
        default: Literal["all", "bar"] = "all" if self.estimator == "paper" else "bar"
        return SelectionParams(
            select=self.select or default, reached_min=self.reached_min, bar_min=self.bar_min
        )

    def read_options(self) -> StorageOptions:
        """Return how the input is reached; workers on other machines get the address from here."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return StorageOptions(endpoint_url=endpoint, anonymous=self.anonymous)

    def write_options(self) -> StorageOptions:
        """Return how the output is reached."""
        return replace(self.read_options(), anonymous=False)
