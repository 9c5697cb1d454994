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

    The same command again finishes what an interrupted run has left.
    """

    input: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="INPUT")]
    """Folder of image shards (see `ansae ingest`), local or s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for run.json, catalogue/ and pictures/, local or s3://."""
    ensemble: str = "compact"
    """The networks: 'compact', which is shipped, or path or URL of an ensemble.json."""
    control: str | None = None
    """Path or URL of a control's ensemble.json (`ansae train --target bar-length`): its lengths
    become the column bar_length_control_px."""
    estimator: str | None = None
    """How maps are made and read: 'paper', or path or URL of an estimator.json; default: the one
    beside the ensemble."""
    select: Literal["bar", "all", "none"] | None = None
    """Who gets a saliency map: those with a bar by the votes, all, or none; default: bar, or all
    for the estimator 'paper'."""
    reached_min: float = 0.25
    """Selection 'bar': least vote fraction that reaches the bar question (disc, not edge-on)."""
    bar_min: float = 0.5
    """Selection 'bar': least share of bar among the answers to that question."""
    samples: int | None = None
    """Noise samples N of a map; default: the estimator's."""
    length_tolerance: float | None = None
    """Make no more samples of a galaxy once its length's sampling error is below this share of the
    length: 32, 64, ... N, in the column map_samples; default: N for all."""
    spiral_arms: bool = False
    """Whether to read spiral arms as well (experimental): pitch, number, strength and radius, of
    galaxies with a map whose voters see arms; a quarter more gradients for these."""
    bulge: bool = False
    """Whether to read the map of "obvious or dominant bulge" as well (experimental): its extent and
    angle, of galaxies with a map; half as many gradients again."""
    seed: int = 0
    """Seed of the noise; a galaxy's noise depends on it and the object_id alone."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Of the networks' weights where gradients are computed (votes: float32, as all sums are);
    auto: bfloat16 on GPUs, float32 on CPUs."""
    lower_votes: bool = False
    """Whether votes, too, are computed in that precision: for votes alone of full-size networks on
    a GPU; rounding changes them by a few thousandths."""
    scale: ScaleConvention = "given"
    """Pixel scale: 'given' by the row or the FITS header; 'gz2': there, or else the image's side is
    424 x 0.02 x petro_r90_arcsec, as in Galaxy Zoo 2."""
    cosmology: str = DEFAULT_COSMOLOGY
    """For lengths in kpc: FlatH70Om03 or one of astropy's, such as Planck18."""
    keep: tuple[str, ...] = ()
    """Further columns of the input to pass through."""
    keep_pictures: float | None = None
    """Fraction of galaxies whose pictures are kept; default: so that it is about 1000."""
    rows_per_file: int | None = None
    """Galaxies in a catalogue file; an interruption loses less than this; default: 512 with GPUs,
    64 without."""
    label: str | None = None
    """Put before the run's id."""
    limits: ImageLimits = field(default_factory=ImageLimits)
    """Bounds of an image."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    anonymous: bool = False
    """Read the input from S3 without credentials."""

    def __post_init__(self) -> None:
        for name in ("samples", "rows_per_file"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        if self.length_tolerance is not None and not 0 < self.length_tolerance < 1:
            raise ValueError(
                f"length_tolerance={self.length_tolerance} must be a share of the length between 0 "
                "and 1, such as 0.03"
            )
        if self.keep_pictures is not None and not 0 <= self.keep_pictures <= 1:
            raise ValueError(f"keep_pictures={self.keep_pictures} must be a fraction, 0 to 1")
        # each of these checks its own part
        self.selection(), self.read_options(), self.write_options()

    def selection(self) -> SelectionParams:
        """Who gets a saliency map."""
        default: Literal["all", "bar"] = "all" if self.estimator == "paper" else "bar"
        return SelectionParams(
            select=self.select or default, reached_min=self.reached_min, bar_min=self.bar_min
        )

    def read_options(self) -> StorageOptions:
        """How the input is reached. Workers on other machines get the address from here."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return StorageOptions(endpoint_url=endpoint, anonymous=self.anonymous)

    def write_options(self) -> StorageOptions:
        """How the output is reached."""
        return replace(self.read_options(), anonymous=False)
