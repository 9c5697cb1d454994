"""Options of `ansae train`, and the recipe that they come to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import tyro

from catalogues.answers import TOLERANCE
from catalogues.conventions import ScaleConvention
from catalogues.lengths import BarLengthColumn
from catalogues.splits import SplitFractions
from models.control import control_member, control_params
from models.ensemble import preset
from models.guidance import GuideParams
from models.networks import MemberSpec
from models.preprocess import FieldSpec
from models.training_params import RECIPES, TrainParams
from models.views import ViewParams
from pipelines.resources import ClusterOptions


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Train an ensemble on image shards that carry votes (vote_<answer> columns), or the control
    that predicts bar lengths from a length column.

    A galaxy's part (train, validation, test) is a hash of its object_id; the test part is never
    looked at here. The same command again goes on from the last whole epoch.
    """

    data: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Folders or URLs of image shards with vote columns."""
    output: str
    """Folder for ensemble.json, weights, learning curves and model card."""
    preset: str = "compact"
    """Members, field and views: 'compact' or 'paper'."""
    members: tuple[str, ...] = ()
    """Names of the preset's members to train; all of them (of a control: xception) where empty."""
    target: Literal["votes", "bar-length"] = "votes"
    """What is predicted; bar-length: the control, one linear output, length in galaxy radii."""
    target_column: str | None = None
    """Column of FULL bar lengths; its name ends in the unit: _px, _arcsec, _kpc, _over_r90 or
    _scaled (of 2 petroR90)."""
    target_scale: ScaleConvention = "given"
    """Pixel scale for lengths that are not in px: 'given' by the rows, or by the 'gz2' rule."""
    split: SplitFractions = field(default_factory=SplitFractions)
    """Shares kept for validation and test."""
    head: Literal["sigmoid", "tree"] | None = None
    """Output: 37 unconstrained sigmoids (paper) or a softmax per question; else the preset's."""
    loss: Literal["squared_error", "cross_entropy"] | None = None
    """squared_error (paper) or cross_entropy per question; else the preset's."""
    epochs: int | None = None
    """At most so many; the preset's own recipe where not given."""
    batch_size: int | None = None
    """Galaxies per step, over all workers of a member; the recipe's where not given."""
    learning_rate: float | None = None
    """The recipe's where not given."""
    bfloat16: bool = False
    """Mixed precision: only on hardware that has it."""
    seed: int = 0
    """Of weights, order, augmentation and search."""
    guide: bool | None = None
    """Teach where to look on galaxies with known bars (mocks), after the votes; else the recipe."""
    pretrained: bool = False
    """Begin from published weights (timm's hub or cache)."""
    initial_weights: tuple[str, ...] = ()
    """Begin from safetensors files, MEMBER=PATH each: timm's, or an earlier training's."""
    search: int = 0
    """Try so many recipes per member around the given one, by ASHA; the best becomes the member."""
    votes_tolerance: float = TOLERANCE
    """How far a question's answers may miss their sum before they are taken as unknown."""
    stream: bool = False
    """Decode anew in every epoch by Ray Data, instead of keeping canvases on the output's disk."""
    shuffle_buffer: int = 4096
    """Galaxies among which the order is shuffled when streaming; in memory once per member."""
    cpus: int = 1
    """CPU cores per worker."""
    gpus: float | None = None
    """GPUs per worker; one where the cluster has any, if not given."""
    workers_per_member: int = 1
    """Processes (GPUs) that train one member together, gradients averaged."""
    cluster: ClusterOptions = field(default_factory=ClusterOptions)
    """Where to compute."""

    def __post_init__(self) -> None:
        if not self.data:
            raise ValueError("no data given: name at least one folder of image shards")
        known = [m.name for m in preset(self.preset)[0]]
        for name in self.members:
            if name not in known:
                raise ValueError(f"member {name!r} is not in preset {self.preset!r}: {known}")
        if (self.target == "bar-length") != (self.target_column is not None):
            raise ValueError(
                f"target {self.target!r} and target_column {self.target_column!r}: --target "
                "bar-length and --target-column NAME belong together"
            )
        if self.target == "bar-length" and (self.head or self.loss):
            raise ValueError("the control has a linear output and squared error: no head, no loss")
        if self.pretrained and self.initial_weights:
            raise ValueError("pretrained and initial_weights exclude each other: give one of them")
        for name in ("cpus", "workers_per_member", "shuffle_buffer"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.search and not 2 <= self.search <= 10_000:
            raise ValueError(f"search={self.search} must be 0 (none) or from 2 to 10000 recipes")
        if self.params.guide and (self.stream or self.workers_per_member > 1):
            raise ValueError(
                "a guided stage needs gathered examples and one worker per member: leave --stream "
                "and --workers-per-member out, or give --guide False"
            )
        if self.search and self.workers_per_member > 1:
            raise ValueError("a search gives each recipe one worker: leave workers_per_member at 1")
        if self.params.batch_size % self.workers_per_member:
            raise ValueError(
                f"batch_size={self.params.batch_size} must be a multiple of workers_per_member="
                f"{self.workers_per_member}, so that each takes the same share"
            )
        if any(m.head == "sigmoid" for m in self.specs) and self.params.loss == "cross_entropy":
            raise ValueError(
                "the sigmoid head has no questions for cross_entropy: --loss squared_error, or "
                "--head tree"
            )
        for item in self.initial_weights:
            if item.split("=")[0] not in [m.name for m in self.specs] or "=" not in item:
                raise ValueError(
                    f"initial_weights {item!r} is not MEMBER=PATH with one of "
                    f"{[m.name for m in self.specs]}"
                )
        self.column  # noqa: B018 (checks its name)

    @property
    def column(self) -> BarLengthColumn | None:
        """The control's target."""
        if self.target_column is None:
            return None
        return BarLengthColumn(name=self.target_column, scale=self.target_scale)

    @property
    def field_and_view(self) -> tuple[FieldSpec, ViewParams, int]:
        """What canvases show, how members look at them for votes, and how many views."""
        _, canvas_field, view, views = preset(self.preset)
        return canvas_field, view, views

    @property
    def specs(self) -> tuple[MemberSpec, ...]:
        """The members to train."""
        names = self.members or (("xception",) if self.target == "bar-length" else ())
        specs = tuple(m for m in preset(self.preset)[0] if not names or m.name in names)
        if self.target == "bar-length":
            return tuple(control_member(m) for m in specs)
        return tuple(replace(m, head=self.head or m.head) for m in specs)

    @property
    def params(self) -> TrainParams:
        """The preset's recipe with the given changes."""
        names = ("epochs", "batch_size", "learning_rate", "loss")
        given = {n: getattr(self, n) for n in names if getattr(self, n) is not None}
        if self.head == "sigmoid":
            given.setdefault("loss", "squared_error")
        recipe = replace(RECIPES[self.preset], bfloat16=self.bfloat16, seed=self.seed, **given)
        if self.target == "bar-length":
            return control_params(replace(recipe, guide=None), self.field_and_view[1])
        if self.guide is not None:
            stage = (recipe.guide or GuideParams()) if self.guide else None
            recipe = replace(recipe, guide=stage)
        return recipe

    def deciding(self) -> dict[str, Any]:
        """The options that decide about the result and are not in `params`."""
        names = (
            "preset", "target", "target_column", "target_scale", "seed", "pretrained", "search",
            "votes_tolerance", "stream",
        )  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        values["members"] = [m.name for m in self.specs]
        values["heads"] = [m.head for m in self.specs]
        values["shuffle_buffer"] = self.shuffle_buffer if self.stream else None
        return values
