"""Options of `ansae compare`."""

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

    To finish an interrupted run, run the same command again. To add methods or images to an output,
    run the same command with more of them; existing maps are not made again.
    """

    input: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="INPUT")]
    """Folder of image shards (see `ansae ingest`), local or s3://."""
    output: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="OUTPUT")]
    """Folder for run.json, metrics.parquet, ranking.json, report.html and maps, local or s3://."""
    ensemble: str = "compact"
    """The networks: 'compact' (comes with ansae), or path or URL of an ensemble.json of votes or of
    classes."""
    member: int = 0
    """Which network of the ensemble; the first is 0. For a classifier trained in folds, any network
    of its group: each source is explained by the network that was not trained on it."""
    methods: tuple[str, ...] = METHODS
    """Methods to compare."""
    controls: bool = False
    """Also compare two controls: a method that returns noise and, if masks are known, one that
    returns the mask."""
    target: str = "predicted"
    """What is explained: 'predicted' (the class that the network predicts), 'label' (the known
    class), or one class by its name. For votes: an answer; default: bar_yes."""
    label: str | None = None
    """Column of known classes; default: the column that the classifier was trained on, or the known
    bars of mock galaxies."""
    confidence: str = "confidence"
    """Column that says whether a label is confident; ignored if the input does not have it."""
    mask: Literal["auto", "island", "bar", "none"] = "auto"
    """Masks of the sources. 'island': pixels above 3 rms of the noise (images with one band of
    fluxes). 'bar': the known bars of mock galaxies. 'none': no metrics of localisation. 'auto':
    the mask that the input allows."""
    only: tuple[str, ...] = ()
    """Rows to use: COLUMN=VALUE, or COLUMN alone for rows where it is not null. A row must meet all
    conditions."""
    images: int | None = None
    """Maximum number of these rows, drawn by a hash of object_id; default: all."""
    samples: int | None = None
    """Number of noise samples, for methods that average over noise; default: 64. Smooth Integrated
    Gradients never uses more than 8."""
    steps: int | None = None
    """Number of steps, for methods that follow a path; default: 50. Smooth Integrated Gradients
    never uses more than 16."""
    layer: str | None = None
    """Layer that the CAM methods read; default: the last convolutional layer."""
    keep_maps: bool = False
    """Keep all maps; default: only the maps in the report's figure."""
    panel: int = 3
    """Number of sources of each class in the report's figure."""
    seed: int = 0
    """Seed of the noise. The noise of a source depends only on the seed and its object_id."""
    faithfulness: FaithfulnessParams = field(default_factory=FaithfulnessParams)
    """Parameters of the metrics."""
    limits: ImageLimits = field(default_factory=ImageLimits)
    """Limits of an image."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""
    endpoint_url: str | None = None
    """Address of an S3 store other than AWS; default: AWS_ENDPOINT_URL of the environment."""
    anonymous: bool = False
    """Read the input from S3 without credentials."""

    def __post_init__(self) -> None:
        known = METHODS
        for name in self.methods:
            if name not in known:
                raise ValueError(f"there is no method {name!r}: give one of {', '.join(known)}")
        if not self.methods or len(set(self.methods)) != len(self.methods):
            raise ValueError(f"methods={self.methods}: give at least one method, each only once")
        if self.images is not None and self.images < 1:
            raise ValueError(f"images={self.images} must be at least 1")
        if not 0 <= self.panel <= 20:
            raise ValueError(f"panel={self.panel} must lie in 0..20")
        # each of these objects checks its own options
        self.read_options(), self.write_options(), self.attributions("none")

    def attributions(self, mask: Mask) -> dict[str, AttributionParams | None]:
        """Return the parameters of each method by its name; None for a control."""
        found: dict[str, AttributionParams | None] = {}
        for name in self.methods:
            layer = self.layer if name in CAMS else None
            given = {"samples": self.samples, "steps": self.steps, "layer": layer}
            changes: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
            usual = AttributionParams.usual(name)
            if name == AVERAGED_PATHS:  # its cost is samples x steps gradients
                changes = {k: min(v, getattr(usual, k)) for k, v in changes.items()}
            found[name] = replace(usual, **changes)
        if self.controls:
            known = CONTROLS if mask != "none" else CONTROLS[:1]
            found.update(dict.fromkeys(known))
        return found

    def read_options(self) -> StorageOptions:
        """Return how to reach the input. Workers on other machines get the address from here."""
        endpoint = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return StorageOptions(endpoint_url=endpoint, anonymous=self.anonymous)

    def write_options(self) -> StorageOptions:
        """Return how to reach the output."""
        return replace(self.read_options(), anonymous=False)
