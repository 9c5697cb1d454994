"""What `ansae compare` is asked."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import tyro

from catalogues.images.limits import ImageLimits
from catalogues.storage import StorageOptions
from models.attribution.params import CAMS, CONTROLS, METHODS, AttributionParams
from models.faithfulness.params import FaithfulnessParams, Mask
from pipelines.cluster.resources import ClusterOptions

PROG = "ansae compare"


AVERAGED_PATHS = "smooth_integrated_gradients"


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """Compare saliency methods on image shards by numbers: maps, metrics, ranking, report.

    The same command again finishes what an interrupted run has left. More methods or more images
    can be added to an output by the same command with these; what is there is not made again.
    """

    input: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="INPUT")]
    """Folder of image shards (see `ansae ingest`), local or s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for run.json, metrics.parquet, ranking.json, report.html and maps, local or s3://."""
    ensemble: str = "compact"
    """The networks: 'compact', which is shipped, or path or URL of an ensemble.json of votes or of
    classes."""
    member: int = 0
    """Which network of the ensemble, first 0. Of a classifier trained in folds any of a group: each
    source is explained by the one that was not trained on it."""
    methods: tuple[str, ...] = METHODS
    """Methods to compare."""
    controls: bool = False
    """Also a method that returns noise and, where masks are known, one that returns the mask."""
    target: str = "predicted"
    """What is explained: 'predicted', the class that the network gives; 'label', the catalogue's;
    or one class by its name. Of votes: an answer, by default bar_yes."""
    label: str | None = None
    """Column of known classes; default: that of a classifier's training, and the known bars of mock
    galaxies."""
    confidence: str = "confidence"
    """Column that says whether a label is confident, where the input has it."""
    mask: Literal["auto", "island", "bar", "none"] = "auto"
    """Where sources are: 'island', pixels above 3 rms of the noise (one band of fluxes); 'bar', the
    known bars of mock galaxies; 'none': no metrics of localisation; auto: what there is."""
    only: tuple[str, ...] = ()
    """Rows to take: COLUMN=VALUE, or COLUMN for those where it is not null; all must hold."""
    images: int | None = None
    """At most so many of them, drawn by a hash of object_id; default: all."""
    samples: int | None = None
    """Noise samples of the methods that average over noise; default: 256, or 16 of 16 steps, which
    are not exceeded."""
    steps: int | None = None
    """Steps of the methods that follow a path; default: 50, or 16 where averaged over noise,
    which are not exceeded."""
    layer: str | None = None
    """Layer that the CAM methods read; default: the last convolutional one."""
    keep_maps: bool = False
    """Keep every map; else only those of the report's figure."""
    panel: int = 3
    """Sources of each class in the report's figure."""
    seed: int = 0
    """Seed of all noise; a source's noise depends on it and the object_id alone."""
    faithfulness: FaithfulnessParams = field(default_factory=FaithfulnessParams)
    """How maps are judged."""
    limits: ImageLimits = field(default_factory=ImageLimits)
    """Bounds of an image."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""
    endpoint_url: str | None = None
    """Address of an S3 store that is not AWS; else the environment's AWS_ENDPOINT_URL."""
    anonymous: bool = False
    """Read the input from S3 without credentials."""

    def __post_init__(self) -> None:
        known = METHODS
        for name in self.methods:
            if name not in known:
                raise ValueError(f"there is no method {name!r}: one of {', '.join(known)}")
        if not self.methods or len(set(self.methods)) != len(self.methods):
            raise ValueError(f"methods={self.methods}: give at least one, each once")
        if self.images is not None and self.images < 1:
            raise ValueError(f"images={self.images} must be at least 1")
        if not 0 <= self.panel <= 20:
            raise ValueError(f"panel={self.panel} must lie in 0..20")
        # each of these checks its own part
        self.read_options(), self.write_options(), self.attributions("none")

    def attributions(self, mask: Mask) -> dict[str, AttributionParams | None]:
        """Every method's parameters by its name; None for a control."""
        found: dict[str, AttributionParams | None] = {}
        for name in self.methods:
            layer = self.layer if name in CAMS else None
            given = {"samples": self.samples, "steps": self.steps, "layer": layer}
            changes: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
            usual = AttributionParams.usual(name)
            if name == AVERAGED_PATHS:  # samples times steps gradients
                changes = {k: min(v, getattr(usual, k)) for k, v in changes.items()}
            found[name] = replace(usual, **changes)
        if self.controls:
            known = CONTROLS if mask != "none" else CONTROLS[:1]
            found.update(dict.fromkeys(known))
        return found

    def read_options(self) -> StorageOptions:
        """How the input is reached. Workers on other machines get the address from here."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return StorageOptions(endpoint_url=endpoint, anonymous=self.anonymous)

    def write_options(self) -> StorageOptions:
        """How the output is reached."""
        return replace(self.read_options(), anonymous=False)
