"""Options of `ansae train`, and the members and recipe that follow from them.

Modules that load torch are imported where they are used, so that `--help` is quick.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Literal

import tyro

from catalogues.images.radio import RadioParams
from catalogues.scales import ScaleConvention
from catalogues.shards.params import TOLERANCE
from catalogues.shards.splits import SplitFractions
from catalogues.truth.training_lengths import BarLengthColumn
from models.networks.presets import preset
from models.networks.spec import ClassSpec, MemberSpec, Pool
from models.training.params import RECIPES, GuideParams, TrainParams, control_params
from models.view_params import FieldSpec, ViewParams
from pipelines.cluster.resources import ClusterOptions

PROG = "ansae train"


_USUAL = {"bar-length": ("xception",), "classes": ("resnetv2",)}


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Train an ensemble on image shards with votes (columns vote_<answer>); or a control, which
    predicts bar lengths; or a classifier, with cross-validation.

    A hash of a galaxy's object_id decides its part (train, validation, test). The test part is
    never used here. To continue an interrupted training, run the same command again; it continues
    after the last complete epoch.
    """

    data: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Folders or URLs of image shards with vote columns."""
    output: str
    """Folder for ensemble.json, weights, learning curves and model card."""
    preset: str = "compact"
    """Members, field and views: 'compact' or 'paper'."""
    members: tuple[str, ...] = ()
    """Names of the preset's members to train; default: all (control: xception, classifier:
    resnetv2)."""
    target: Literal["votes", "bar-length", "classes"] = "votes"
    """What is predicted. votes: vote fractions. bar-length: the length in galaxy radii by one
    linear output (the control). classes: values of a column."""
    target_column: str | None = None
    """Column of classes; or column of FULL bar lengths, with a name that ends in the unit: _px,
    _arcsec, _kpc, _over_r90 or _scaled (in units of 2 petroR90)."""
    target_scale: ScaleConvention = "given"
    """Pixel scale of lengths that are not in px: 'given' by the rows, or by the 'gz2' rule."""
    classes: tuple[str, ...] = ()
    """Classifier: values of the column to tell apart; rows with other values are left out."""
    folds: int = 5
    """Classifier: number of folds; each member is trained once per fold, on all other folds."""
    fold_column: str = "object_id"
    """Classifier: rows with the same value in this column are one source and stay in one fold."""
    reads: Literal["flux", "picture"] = "flux"
    """Classifier: read one band of fluxes (FITS, grey PNG), or a colour picture."""
    cutout_px: int = 150
    """Fluxes: side of the central square that is used, in stored pixels."""
    input_px: int | None = None
    """Side of the square that members see, in pixels; default: as the preset or the architecture
    says."""
    radio: RadioParams = field(default_factory=RadioParams)
    """Pre-processing of fluxes."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Fractions kept for validation and test."""
    head: Literal["sigmoid", "tree"] | None = None
    """Output layer: 37 independent sigmoids (paper), or one softmax per question (tree); default:
    as the preset says."""
    loss: Literal["squared_error", "cross_entropy"] | None = None
    """squared_error (paper), or cross_entropy per question; default: as the preset says."""
    epochs: int | None = None
    """Maximum number of epochs; default: as the preset's recipe says."""
    batch_size: int | None = None
    """Number of galaxies per step, over all workers of a member; default: as the recipe says."""
    learning_rate: float | None = None
    """Learning rate; default: as the recipe says."""
    bfloat16: bool = False
    """Use mixed precision; the hardware must support it."""
    seed: int = 0
    """Seed of weights, order, augmentation and search."""
    guide: bool | None = None
    """After training on votes, train where to look, on galaxies with known bars (mocks); default:
    as the recipe says."""
    architecture: tuple[str, ...] = ()
    """Members instead of the preset's, as NAME=ARCHITECTURE. ARCHITECTURE is a convolutional
    network of timm, or a checkpoint to start from: hf_hub:OWNER/NAME (such as Zoobot's encoders) or
    local-dir:FOLDER. Pre-processing is as in the published configuration."""
    pretrained: bool = False
    """Start from published weights (from timm's hub or cache)."""
    initial_weights: tuple[str, ...] = ()
    """Start from safetensors files, as MEMBER=PATH: weights of timm, or of an earlier training."""
    joins: str | None = None
    """An ensemble ('compact', path or URL) that the trained networks join as voters. The result has
    the members, maps and estimator of that ensemble, and more votes."""
    search: int = 0
    """Number of recipes to try per member, similar to the given recipe, by ASHA; the best one is
    used. 0: no search."""
    votes_tolerance: float = TOLERANCE
    """Maximum deviation of a question's answers from their expected sum; beyond it, the answers
    count as unknown."""
    stream: bool = False
    """Decode images again in every epoch with Ray Data, instead of storing canvases on the output's
    disk."""
    shuffle_buffer: int = 4096
    """With --stream: number of galaxies that are shuffled together; they are in memory once per
    member."""
    cpus: int = 1
    """CPU cores per worker."""
    gpus: float | None = None
    """GPUs per worker; default: 1 if the cluster has any, else 0."""
    workers_per_member: int = 1
    """Number of processes (GPUs) that train one member together, with averaged gradients."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("no data given: name at least one folder of image shards")
        self._check_architectures()
        known = [m.name for m in preset(self.preset)[0]]
        for name in self.members:
            if name not in known:
                raise ValueError(f"member {name!r} is not in preset {self.preset!r}: {known}")
        if (self.target == "votes") != (self.target_column is None):
            raise ValueError(
                f"target {self.target!r} and target_column {self.target_column!r}: --target "
                "bar-length (or classes) and --target-column NAME belong together"
            )
        self._check_classes()
        if self.joins and self.target != "votes":
            raise ValueError(
                f"joins {self.joins!r} with target {self.target!r}: a network that joins an "
                "ensemble must predict votes; leave --target out"
            )
        if self.target == "bar-length" and (self.head or self.loss):
            raise ValueError(
                "the control always has a linear output and squared error: leave --head and --loss "
                "out"
            )
        if self.pretrained and self.initial_weights:
            raise ValueError("pretrained and initial_weights exclude each other: give one of them")
        for name in ("cpus", "workers_per_member", "shuffle_buffer"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.search and not 2 <= self.search <= 10_000:
            raise ValueError(f"search={self.search} must be 0 (none) or from 2 to 10000 recipes")
        if self.params.guide and (self.stream or self.workers_per_member > 1):
            raise ValueError(
                "a guided stage needs stored canvases and one worker per member: leave --stream "
                "and --workers-per-member out, or give --guide False"
            )
        if self.search and self.workers_per_member > 1:
            raise ValueError("a search gives each recipe one worker: leave workers_per_member at 1")
        if self.params.batch_size % self.workers_per_member:
            raise ValueError(
                f"batch_size={self.params.batch_size} must be a multiple of workers_per_member="
                f"{self.workers_per_member}, so that all workers get equal shares"
            )
        if any(m.head == "sigmoid" for m in self.specs) and self.params.loss == "cross_entropy":
            raise ValueError(
                "the sigmoid head has no questions for cross_entropy: give --loss squared_error "
                "or --head tree"
            )
        for item in self.initial_weights:
            from models.training.class_training import network_name

            names = list(dict.fromkeys(network_name(m.name) for m in self.specs))
            if item.split("=")[0] not in names or "=" not in item:
                raise ValueError(f"initial_weights {item!r} is not MEMBER=PATH with one of {names}")
        self.column  # noqa: B018 (checks its name)

    def _check_architectures(self) -> None:
        """Raise ValueError if --architecture is not valid or a member does not fit the canvas."""
        if self.architecture and self.members:
            raise ValueError(
                "--members chooses the preset's members and architectures replace them: give only "
                "one of them"
            )
        if bad := [a for a in self.architecture if not re.match(r"\w[\w-]*=[^=]+$", a)]:
            raise ValueError(
                f"architecture {bad[0]!r} is not NAME=ARCHITECTURE: write nano=convnext_nano, or "
                "zoobot=hf_hub:OWNER/NAME"
            )
        names = [item.split("=")[0] for item in self.architecture]
        if len(set(names)) < len(names):
            raise ValueError(f"members {', '.join(names)} must differ: give each a name of its own")
        canvas, view, _ = preset(self.preset)[1:]
        for member in self._chosen:
            if view.identity and member.input_px != canvas.canvas_px:
                raise ValueError(
                    f"member {member.name!r} sees {member.input_px} px, preset {self.preset!r} "
                    f"shows {canvas.canvas_px}: choose a checkpoint of that size (or leave "
                    "--input-px out), or a preset whose views are resized"
                )

    def _check_classes(self) -> None:
        """Raise ValueError if options of a classifier do not fit together, or to other options."""
        if self.target != "classes":
            if self.classes:
                raise ValueError(f"classes {self.classes} need --target classes")
            return
        if self.stream or self.search or self.head or self.loss:
            raise ValueError(
                "a classifier has its own head and loss, stored canvases and cross-validation: "
                "leave --head, --loss, --stream and --search out"
            )
        if not 2 <= self.folds <= 50:
            raise ValueError(f"folds={self.folds} must lie in 2..50")
        if not 16 <= self.cutout_px <= 4096:
            raise ValueError(f"cutout_px={self.cutout_px} must lie in 16..4096")
        self.class_spec  # noqa: B018 (checks the classes)

    @property
    def class_spec(self) -> ClassSpec | None:
        """Description of the classifier; None for other targets."""
        if self.target != "classes" or self.target_column is None:
            return None
        return ClassSpec(
            names=self.classes, column=self.target_column, folds=self.folds,
            fold_column=self.fold_column, reads=self.reads, radio=self.radio,
        )  # fmt: skip

    @property
    def column(self) -> BarLengthColumn | None:
        """Column of bar lengths that the control learns; None for other targets."""
        if self.target != "bar-length" or self.target_column is None:
            return None
        return BarLengthColumn(name=self.target_column, scale=self.target_scale)

    @property
    def field_and_view(self) -> tuple[FieldSpec, ViewParams, int]:
        """Field of the canvases, view of the members for votes, and number of views."""
        from models.training.class_training import FLUX_VIEW, VIEWS, flux_field

        _, canvas_field, view, views = preset(self.preset)
        if self.target == "classes" and self.reads == "flux":
            return flux_field(self.cutout_px), FLUX_VIEW, VIEWS
        return canvas_field, view, views

    @property
    def pool(self) -> Pool:
        """How the members' votes are combined: "odds" if all members have the tree head."""
        return "odds" if all(m.head == "tree" for m in self.specs) else "mean"

    @property
    def checkpoints(self) -> dict[str, str]:
        """Published checkpoints that members start from, by name of the member."""
        from models.networks.checkpoints import is_checkpoint

        given = dict(item.split("=", 1) for item in self.architecture)
        return {name: place for name, place in given.items() if is_checkpoint(place)}

    @cached_property
    def _published(self) -> tuple[MemberSpec, ...]:
        """Members of `architecture`. Raises ValueError if a checkpoint is not available."""
        from models.networks.checkpoints import published_spec

        head = self.head or preset(self.preset)[0][0].head
        given = [item.split("=", 1) for item in self.architecture]
        return tuple(published_spec(name, place, head) for name, place in given)

    @property
    def _of_preset(self) -> tuple[MemberSpec, ...]:
        names = self.members or _USUAL.get(self.target, ())
        return tuple(m for m in preset(self.preset)[0] if not names or m.name in names)

    @property
    def _chosen(self) -> tuple[MemberSpec, ...]:
        specs = self._published or self._of_preset
        if self.input_px is None or self.target == "classes":
            return specs
        return tuple(replace(m, input_px=self.input_px) for m in specs)

    @property
    def specs(self) -> tuple[MemberSpec, ...]:
        """Members to train."""
        from models.networks.length_regressor import control_member
        from models.training.class_training import class_members

        specs = self._chosen
        if self.target == "bar-length":
            return tuple(control_member(m) for m in specs)
        if self.target == "classes":
            return class_members(specs, len(self.classes), self.folds, self.input_px)
        return tuple(replace(m, head=self.head or m.head) for m in specs)

    @property
    def params(self) -> TrainParams:
        """Recipe: the preset's recipe with the changes of these options."""
        from models.training.class_training import class_params

        names = ("epochs", "batch_size", "learning_rate", "loss")
        given = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        if self.head == "sigmoid":
            given.setdefault("loss", "squared_error")
        recipe = replace(RECIPES[self.preset], bfloat16=self.bfloat16, seed=self.seed, **given)
        if self.target == "bar-length":
            return control_params(replace(recipe, guide=None), self.field_and_view[1])
        if self.target == "classes":
            return replace(class_params(recipe, self.field_and_view[1]), **given)
        if self.guide is not None:
            stage = (recipe.guide or GuideParams()) if self.guide else None
            recipe = replace(recipe, guide=stage)
        return recipe

    def deciding(self) -> dict[str, Any]:
        """Return the options that change the result and are not in `params`."""
        names = (
            "preset", "target", "target_column", "target_scale", "seed", "pretrained", "search",
            "votes_tolerance", "stream",
        )  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        values["members"] = [m.name for m in self.specs]
        values["heads"] = [m.head for m in self.specs]
        if self.class_spec is not None:
            values["classes"] = {**asdict(self.class_spec), "cutout_px": self.cutout_px}
        if self.input_px is not None:
            values["input_px"] = self.input_px
        if self.architecture:
            values["architectures"] = [m.architecture for m in self.specs]
        values["shuffle_buffer"] = self.shuffle_buffer if self.stream else None
        return values
