"""Descriptions of members and ensembles, as `ensemble.json` stores them. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from catalogues.images.radio import RadioParams
from models.view_params import FieldSpec, ViewParams

_FORBIDDEN = frozenset(
    {"checkpoint_path", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir"}
)
"""Arguments of timm.create_model that would load files, pickled ones among them."""


@dataclass(frozen=True, kw_only=True)
class MemberSpec:
    """All that is needed to build one member, as stored in `ensemble.json`.

    architecture: "narrow_vgg", "narrow_resnetv2", "narrow_xception", "short_efficientnet_lite", or
    any name known to timm.
    hidden: widths of dense layers between features and output. flatten: whether the feature map
    is flattened (paper's VGG16) instead of averaged. input_px: side of the square it sees.
    mean, std: per-channel normalisation; None keeps the values (paper: value / 255).
    outputs: 37 answers, 1 with the "linear" head (models.networks.length_regressor), one for each
    class with the "classes" head (models.networks.classes). options: passed to the architecture's
    constructor. explained: whether maps are made of it; one that only votes costs no gradients, and
    changes neither maps nor what was calibrated on them.
    """

    name: str
    architecture: str
    input_px: int = 80
    hidden: tuple[int, ...] = ()
    flatten: bool = False
    head: Head = "tree"
    outputs: int = 37
    activation: Literal["silu", "relu"] = "silu"
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    explained: bool = True

    def __post_init__(self) -> None:
        if self.input_px < 16:
            raise ValueError(f"input_px={self.input_px} of member {self.name!r} must be >= 16")
        if self.head not in ("sigmoid", "tree", "linear", "classes"):
            raise ValueError(
                f"head={self.head!r} of member {self.name!r}: 'sigmoid', 'tree', 'linear' or "
                "'classes'"
            )
        if self.head == "classes":
            if self.outputs < 2:
                raise ValueError(
                    f"outputs={self.outputs} of member {self.name!r}: a classifier needs 2 or more"
                )
        elif self.outputs != (1 if self.head == "linear" else 37):
            raise ValueError(
                f"outputs={self.outputs} of member {self.name!r}: 37 votes, or 1 length with the "
                "'linear' head"
            )
        if forbidden := sorted(_FORBIDDEN & self.options.keys()):
            raise ValueError(
                f"options of member {self.name!r} name {', '.join(forbidden)}: an architecture's "
                "options load no weights; weights are safetensors files beside the description"
            )
        if (self.mean is None) != (self.std is None):
            raise ValueError(f"member {self.name!r}: give both mean and std, or neither")


@dataclass(frozen=True, kw_only=True)
class EnsembleSpec:
    """Everything about an ensemble but its weights.

    members: the networks, of which only the `explained` have maps. weights: one URI per member,
    relative to the description or absolute. sha256: of each weights file. field: which square of
    sky the canvas shows. votes_view: how the canvas is looked at for votes; vote_views: how many
    views. pool: how votes of views, and of members, become one (models.networks.votes.pooled).
    kind: "votes", "control" for networks that predict the bar's length directly
    (models.networks.length_regressor), or "classes" for those that tell the `classes` apart
    (models.networks.classifier).
    """

    name: str
    members: tuple[MemberSpec, ...]
    weights: tuple[str, ...]
    sha256: tuple[str, ...]
    field: FieldSpec
    votes_view: ViewParams
    vote_views: int
    pool: Pool = "mean"
    kind: Literal["votes", "control", "classes"] = "votes"
    classes: ClassSpec | None = None

    def __post_init__(self) -> None:
        if (self.classes is not None) != (self.kind == "classes"):
            raise ValueError(
                f"ensemble {self.name!r} of kind {self.kind!r} with classes {self.classes}: the "
                "kind 'classes' and a description of them go together"
            )
        if self.pool not in ("mean", "odds"):
            raise ValueError(f"ensemble {self.name!r}: pool={self.pool!r} must be 'mean' or 'odds'")
        for member in self.members:
            self._check_head(member)
            if self.pool == "odds" and member.head != "tree":
                raise ValueError(
                    f"member {member.name!r} with the {member.head!r} head in an ensemble that "
                    "pools odds: these are of 'tree' heads; use pool 'mean'"
                )
            if (member.head == "linear") != (self.kind == "control"):
                raise ValueError(
                    f"member {member.name!r} with the {member.head!r} head does not belong into an "
                    f"ensemble of kind {self.kind!r}: 'linear' heads and 'control' go together"
                )
        if not self.members:
            raise ValueError(f"ensemble {self.name!r} has no members; at least one is needed")
        if not self.explained or (self.kind != "votes" and self.explained != self.members):
            raise ValueError(
                f"ensemble {self.name!r} of kind {self.kind!r} explains {len(self.explained)} of "
                f"{len(self.members)} members: one at least is needed, and only those of kind "
                "'votes' may vote without being explained"
            )
        if not len(self.members) == len(self.weights) == len(self.sha256):
            raise ValueError(
                f"ensemble {self.name!r}: {len(self.members)} members, {len(self.weights)} weights "
                f"and {len(self.sha256)} sha256; one of each per member is needed"
            )
        if self.votes_view.identity:
            for member in self.members:
                if member.input_px != self.field.canvas_px:
                    raise ValueError(
                        f"member {member.name!r} sees {member.input_px} px but the canvas has "
                        f"{self.field.canvas_px}; make them equal or give a votes_view"
                    )

    @property
    def explained(self) -> tuple[MemberSpec, ...]:
        """The members that maps are made of."""
        return tuple(member for member in self.members if member.explained)

    def _check_head(self, member: MemberSpec) -> None:
        """Raises ValueError where the member's outputs are not the ensemble's classes."""
        wanted = 0 if self.classes is None else len(self.classes.names)
        found = member.outputs if member.head == "classes" else 0
        if wanted != found:
            raise ValueError(
                f"member {member.name!r} with the {member.head!r} head has outputs for {found} "
                f"classes, ensemble {self.name!r} of kind {self.kind!r} names {wanted}: they must "
                "agree"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `ensemble.json`."""
        values = asdict(self)
        if self.classes is None:
            del values["classes"]
        return values

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> EnsembleSpec:
        """The inverse of `to_dict`. Raises ValueError naming what is missing or unknown."""
        try:
            members = tuple(member_spec(m) for m in raw["members"])
            view = dict(raw["votes_view"])
            if view.get("width_range") is not None:
                view["width_range"] = tuple(view["width_range"])
            return cls(
                name=raw["name"],
                members=members,
                weights=tuple(raw["weights"]),
                sha256=tuple(raw["sha256"]),
                field=FieldSpec(**raw["field"]),
                votes_view=ViewParams(**view),
                vote_views=int(raw["vote_views"]),
                pool=raw.get("pool", "mean"),
                kind=raw.get("kind", "votes"),
                classes=ClassSpec.from_dict(raw["classes"]) if raw.get("classes") else None,
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not the description of an ensemble: {error}") from error


def member_spec(raw: Mapping[str, Any]) -> MemberSpec:
    """A MemberSpec from plain values (lists for tuples). Raises TypeError for an unknown name."""
    values = dict(raw)
    for name in ("hidden", "mean", "std"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return MemberSpec(**values)


Head = Literal["sigmoid", "tree", "linear", "classes"]


Pool = Literal["mean", "odds"]


@dataclass(frozen=True, kw_only=True)
class ClassSpec:
    """What a classifier was trained for, as `ensemble.json` keeps it under "classes".

    names: the values of `column`, in the order of the logits. folds: the members come in groups of
    so many, one architecture after another; member number k of a group never saw the sources whose
    `catalogues.shards.splits.fold_of` is k. fold_column: whose value is a source, for that
    function. reads: "flux", one band, pre-processed as `radio` says, the central square of stored
    pixels; or "picture", RGB, as the ensemble's field says.
    """

    names: tuple[str, ...]
    column: str
    folds: int
    fold_column: str = "object_id"
    reads: Literal["flux", "picture"] = "flux"
    radio: RadioParams = field(default_factory=RadioParams)

    def __post_init__(self) -> None:
        if len(self.names) < 2 or len(set(self.names)) != len(self.names):
            raise ValueError(f"classes {self.names}: give at least two, each with its own name")
        if self.folds < 2:
            raise ValueError(f"folds={self.folds} must be at least 2, so that each has a rest")
        if self.reads not in ("flux", "picture"):
            raise ValueError(f"reads={self.reads!r} must be 'flux' or 'picture'")

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ClassSpec:
        """The inverse of dataclasses.asdict. Raises KeyError, TypeError, ValueError."""
        values = {**raw, "names": tuple(raw["names"]), "radio": RadioParams(**raw["radio"])}
        return cls(**values)

    def index(self, name: object) -> int:
        """The logit of a class. Raises ValueError for one that the network lacks."""
        if str(name) not in self.names:
            raise ValueError(
                f"the network knows no class {str(name)!r} of {self.column!r}: its classes are "
                f"{', '.join(self.names)}; name one of them, or train with that one"
            )
        return self.names.index(str(name))
