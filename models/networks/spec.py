"""Describe networks and ensembles as `ensemble.json` stores them. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from catalogues.images.radio import RadioParams
from models.view_params import FieldSpec, ViewParams

_FORBIDDEN = frozenset(
    {"checkpoint_path", "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir"}
)
"""Arguments of timm.create_model that would load files, which may be pickled."""


@dataclass(frozen=True, kw_only=True)
class MemberSpec:
    """Everything that is needed to build one member, as stored in `ensemble.json`.

    Attributes
    ----------
    name
        Name of the member in its ensemble.
    architecture
        "narrow_vgg", "narrow_resnetv2", "narrow_xception", "short_efficientnet_lite", or any name
        known to timm.
    input_px
        Side of the square that the network sees.
    hidden
        Widths of the dense layers between features and output.
    flatten
        Whether the feature map is flattened (paper 1's VGG16) instead of averaged.
    head
        How outputs become votes, a length or classes (models.networks.votes).
    outputs
        37 answers; 1 with the "linear" head (models.networks.length_regressor); one per class with
        the "classes" head (models.networks.classes).
    activation
        "silu" replaces every ReLU by SiLU.
    mean, std
        Normalisation per channel; None keeps the values (paper: value / 255).
    options
        Arguments for the architecture's constructor.
    explained
        Whether saliency maps are made of this member. A member that only votes needs no gradients,
        and changes neither the maps nor the estimator that was calibrated on them.
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
                f"head={self.head!r} of member {self.name!r} must be 'sigmoid', 'tree', 'linear' "
                "or 'classes'"
            )
        if self.head == "classes":
            if self.outputs < 2:
                raise ValueError(
                    f"outputs={self.outputs} of member {self.name!r}: a classifier needs 2 or more"
                )
        elif self.outputs != (1 if self.head == "linear" else 37):
            raise ValueError(
                f"outputs={self.outputs} of member {self.name!r} must be 37 votes, or 1 length "
                "with the 'linear' head"
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
    """Everything about an ensemble except its weights.

    Attributes
    ----------
    name
        Name of the ensemble.
    members
        The networks. Only the `explained` members have maps.
    weights
        One URI per member, absolute or relative to the description.
    sha256
        Checksum of each weights file.
    field
        Which square of sky the canvas shows.
    votes_view, vote_views
        How views are cut from the canvas for votes, and how many.
    pool
        How the votes of views, and of members, become one (models.networks.votes.pooled).
    kind
        "votes"; "control" for networks that predict the bar's length directly
        (models.networks.length_regressor); "classes" for networks that tell `classes` apart
        (models.networks.classifier).
    classes
        What the networks of kind "classes" were trained for; None for the other kinds.
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
                f"ensemble {self.name!r} of kind {self.kind!r} has classes {self.classes}: the "
                "kind 'classes', and no other kind, needs a description of its classes"
            )
        if self.pool not in ("mean", "odds"):
            raise ValueError(f"ensemble {self.name!r}: pool={self.pool!r} must be 'mean' or 'odds'")
        for member in self.members:
            self._check_head(member)
            if self.pool == "odds" and member.head != "tree":
                raise ValueError(
                    f"member {member.name!r} has the {member.head!r} head in an ensemble that "
                    "pools odds: only 'tree' heads have odds; use pool 'mean'"
                )
            if (member.head == "linear") != (self.kind == "control"):
                raise ValueError(
                    f"member {member.name!r} with the {member.head!r} head does not belong in an "
                    f"ensemble of kind {self.kind!r}: kind 'control' needs 'linear' heads, and no "
                    "other kind has them"
                )
        if not self.members:
            raise ValueError(f"ensemble {self.name!r} has no members; at least one is needed")
        if not self.explained or (self.kind != "votes" and self.explained != self.members):
            raise ValueError(
                f"ensemble {self.name!r} of kind {self.kind!r} explains {len(self.explained)} of "
                f"{len(self.members)} members: at least one must be explained, and in other kinds "
                "than 'votes' all of them"
            )
        if not len(self.members) == len(self.weights) == len(self.sha256):
            raise ValueError(
                f"ensemble {self.name!r}: {len(self.members)} members, {len(self.weights)} weights "
                f"and {len(self.sha256)} sha256: give one of each per member"
            )
        if self.votes_view.identity:
            for member in self.members:
                if member.input_px != self.field.canvas_px:
                    raise ValueError(
                        f"member {member.name!r} sees {member.input_px} px but the canvas has "
                        f"{self.field.canvas_px}: make them equal or give a votes_view"
                    )

    @property
    def explained(self) -> tuple[MemberSpec, ...]:
        """The members that maps are made of."""
        return tuple(member for member in self.members if member.explained)

    def _check_head(self, member: MemberSpec) -> None:
        """Raise ValueError if the member's outputs are not the ensemble's classes."""
        wanted = 0 if self.classes is None else len(self.classes.names)
        found = member.outputs if member.head == "classes" else 0
        if wanted != found:
            raise ValueError(
                f"member {member.name!r} with the {member.head!r} head has outputs for {found} "
                f"classes, but ensemble {self.name!r} of kind {self.kind!r} names {wanted}: the "
                "numbers must agree"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for `ensemble.json`."""
        values = asdict(self)
        if self.classes is None:
            del values["classes"]
        return values

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> EnsembleSpec:
        """Read what `to_dict` returns. Raises ValueError that names missing or unknown keys."""
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
    """Read a MemberSpec from plain values (lists for tuples).

    Raises TypeError for an unknown name.
    """
    values = dict(raw)
    for name in ("hidden", "mean", "std"):
        if values.get(name) is not None:
            values[name] = tuple(values[name])
    return MemberSpec(**values)


Head = Literal["sigmoid", "tree", "linear", "classes"]


Pool = Literal["mean", "odds"]


@dataclass(frozen=True, kw_only=True)
class ClassSpec:
    """What a classifier was trained for, as `ensemble.json` stores it under "classes".

    Attributes
    ----------
    names
        The values of `column`, in the order of the logits.
    column
        The input column that holds the class.
    folds
        Number of members per architecture; the groups stand one after another. Member number k of
        a group never saw the sources whose `catalogues.shards.splits.fold_of` is k.
    fold_column
        The input column whose value names a source, for `fold_of`.
    reads
        "flux": one band, the central square of stored pixels, preprocessed with `radio`.
        "picture": RGB, cut as the ensemble's field says.
    radio
        Parameters of the preprocessing of fluxes.
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
            raise ValueError(
                f"folds={self.folds} must be at least 2: a member is trained on the other folds"
            )
        if self.reads not in ("flux", "picture"):
            raise ValueError(f"reads={self.reads!r} must be 'flux' or 'picture'")

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ClassSpec:
        """Read what dataclasses.asdict returns. Raises KeyError, TypeError, ValueError."""
        values = {**raw, "names": tuple(raw["names"]), "radio": RadioParams(**raw["radio"])}
        return cls(**values)

    def index(self, name: object) -> int:
        """Return the index of a class's logit. Raises ValueError if the network lacks the class."""
        if str(name) not in self.names:
            raise ValueError(
                f"the network knows no class {str(name)!r} of {self.column!r}: its classes are "
                f"{', '.join(self.names)}; name one of them, or train a network with that class"
            )
        return self.names.index(str(name))
