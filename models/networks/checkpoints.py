"""Start a member from random weights, from a weights file, or from a published checkpoint.

A checkpoint is a `config.json` (architecture, pretrained_cfg) and a `model.safetensors`, as timm
writes them (timm.models.push_to_hf_hub). It lies on the model hub or in its cache, like Zoobot's
("hf_hub:mwalmsley/zoobot-encoder-convnext_nano"; Walmsley et al. 2023, JOSS 8, 5312), or in a
folder ("local-dir:/encoder"). The resulting member names only timm's architecture, so that neither
hub nor folder is needed again. Pickled weights are not loaded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import timm
from safetensors.torch import load as load_safetensors

from models.networks.architectures import NARROW
from models.networks.member import Member
from models.networks.presets import LITE
from models.networks.spec import Head, MemberSpec

CONFIG, WEIGHTS = "config.json", "model.safetensors"

_HUB, _LOCAL = ("hf_hub:", "hf-hub:"), "local-dir:"
_NOT_OURS = ("num_classes", "global_pool", "in_chans", "img_size")
"""A checkpoint's arguments for its own head and input; a member sets these itself."""


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """The input that a checkpoint expects: (colours in [0, 1] - mean) / std, input_px a side."""

    input_px: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def of(cls, config: Mapping[str, Any], source: str) -> Preprocessing:
        """Read a pretrained_cfg. Raises ValueError if it is incomplete or not for three colours."""
        try:
            bands, height, width = (int(n) for n in config["input_size"])
            mean, std = (tuple(float(v) for v in config[name]) for name in ("mean", "std"))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{source!r} has no usable pretrained_cfg ({type(error).__name__}: {error}): it "
                "needs input_size, mean and std, as timm writes them"
            ) from error
        if bands != 3 or len(mean) != 3 or len(std) != 3 or height != width or min(std) <= 0:
            raise ValueError(
                f"{source!r} sees {bands} bands of {height} x {width} px (mean {mean}, std {std}): "
                "a member sees three colours of a square; choose a checkpoint for such images"
            )
        return cls(input_px=height, mean=(mean[0], mean[1], mean[2]), std=(std[0], std[1], std[2]))


def is_checkpoint(architecture: str) -> bool:
    """Return whether a name is that of a checkpoint on the hub or in a folder."""
    return architecture.startswith((*_HUB, _LOCAL))


def published_spec(name: str, architecture: str, head: Head = "tree") -> MemberSpec:
    """Return a member `name` with timm's or a checkpoint's architecture and preprocessing.

    Its activations are not replaced. Raises ValueError where the architecture is unknown, or the
    checkpoint cannot be fetched or is not for three colours.
    """
    if architecture == LITE.architecture:
        return replace(LITE, name=name, head=head)
    if architecture in NARROW:
        return MemberSpec(name=name, architecture=architecture, head=head)
    known, options, config = architecture, {}, None
    if is_checkpoint(architecture):
        read = _config(architecture)
        known = str(read.get("architecture"))
        config = read.get("pretrained_cfg", read)
        given = read.get("model_args") or {}
        options = {key: value for key, value in given.items() if key not in _NOT_OURS}
    if not timm.is_model(known.split(".")[0]):
        raise ValueError(
            f"architecture {known!r} of member {name!r} is neither one of {', '.join(NARROW)} nor "
            "known to timm: timm.list_models() lists its names; a checkpoint is hf_hub:OWNER/NAME "
            "or local-dir:FOLDER"
        )
    if config is None:
        published = timm.get_pretrained_cfg(known)
        config = published.to_dict() if published is not None else {}
    wanted = Preprocessing.of(config, architecture)
    return MemberSpec(
        name=name, architecture=known, head=head, activation="relu", options=options,
        input_px=wanted.input_px, mean=wanted.mean, std=wanted.std,
    )  # fmt: skip


def published_weights(architecture: str) -> bytes:
    """Return a checkpoint's safetensors file. Raises ValueError where it cannot be fetched."""
    return _file(architecture, WEIGHTS)


def _config(architecture: str) -> dict[str, Any]:
    try:
        found = json.loads(_file(architecture, CONFIG))
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
            raise ValueError(f"{CONFIG} of {architecture!r} is not JSON: fetch it again") from error
        raise
    if not isinstance(found, dict):
        raise ValueError(
            f"{CONFIG} of {architecture!r} is not a JSON object: give a checkpoint that timm wrote"
        )
    return found


def _file(architecture: str, name: str) -> bytes:
    """Read one file of a checkpoint: from a folder, the hub's cache, or the hub."""
    source, _, place = architecture.partition(":")
    try:
        if f"{source}:" == _LOCAL:
            return (Path(place) / name).read_bytes()
        from huggingface_hub import hf_hub_download  # needed only for checkpoints on the hub

        repository, _, revision = place.partition("@")
        return Path(hf_hub_download(repository, name, revision=revision or None)).read_bytes()
    except Exception as error:
        why = " ".join(str(error).split())[:160]
        raise ValueError(
            f"{name} of the checkpoint {architecture!r} cannot be fetched ({type(error).__name__}: "
            f"{why}): it must be in the hub's cache (HF_HOME), or the hub reachable; otherwise "
            f"fetch {CONFIG} and {WEIGHTS} elsewhere and give their folder as local-dir:FOLDER. "
            "Pickled weights (.bin, .pth, .ckpt) are not loaded: convert them to safetensors"
        ) from error


_OWN, _ENCODER = "backbone.", "encoder."


def new_member(
    spec: MemberSpec, *, pretrained: bool = False, weights: bytes | None = None
) -> Member:
    """Return a member to train.

    pretrained: start from timm's published weights (paper 1, section 4.1), from its hub or cache.
    weights: a safetensors file instead: timm's of the same architecture, a Zoobot network's (whose
    feature extractor is its "encoder"), or one of our own members'. Layers outside the feature
    extractor are used where they fit. Raises ValueError where the weights cannot be fetched or do
    not fit.
    """
    if weights is not None:
        member = Member(spec)
        _load(member, weights)
        return member
    if pretrained and spec.architecture not in NARROW:
        return _published(spec)
    return Member(spec, pretrained=pretrained)


def _published(spec: MemberSpec) -> Member:
    try:
        return Member(spec, pretrained=True)
    except Exception as error:
        why = " ".join(str(error).split())[:160]
        raise ValueError(
            f"published weights of {spec.architecture!r} cannot be fetched "
            f"({type(error).__name__}: {why}): they must be in the cache of timm's hub, or the hub "
            "reachable; otherwise fetch model.safetensors elsewhere and give it as "
            "--initial-weights"
        ) from error


def _load(member: Member, weights: bytes) -> None:
    try:
        found = load_safetensors(weights)
    except Exception as error:
        raise ValueError(
            f"the initial weights of member {member.spec.name!r} are not a safetensors file "
            f"({error}): convert them; pickled weights are not loaded"
        ) from error
    own = any(name.startswith(_OWN) for name in found)
    state = found if own else {_own_name(name): value for name, value in found.items()}
    wanted = member.state_dict()
    fitting = {k: v for k, v in state.items() if k in wanted and v.shape == wanted[k].shape}
    features = {name for name in wanted if _is_feature(name)}
    if missing := sorted(features - fitting.keys()):
        raise ValueError(
            f"the initial weights do not fit member {member.spec.name!r}: "
            f"{len(missing)} of {len(features)} tensors of its feature extractor are absent or of "
            f"another shape ({missing[0].removeprefix(_OWN)}, ...): give weights of "
            f"{member.spec.architecture!r}"
        )
    member.load_state_dict({**wanted, **fitting})


def _own_name(name: str) -> str:
    return f"{_OWN}{name.removeprefix(_ENCODER)}"


def _is_feature(name: str) -> bool:
    """Return whether a tensor of the feature extractor is needed.

    Counters are not, nor a VGG's own dense layers, which are not used.
    """
    counted = name.endswith("num_batches_tracked")
    return name.startswith(_OWN) and not counted and not name.startswith(f"{_OWN}pre_logits")
