"""With which weights a member begins: random, published (timm), or those of a file."""

from __future__ import annotations

from safetensors.torch import load as load_safetensors

from models.networks import NARROW, Member, MemberSpec

_OWN, _ENCODER = "backbone.", "encoder."


def new_member(
    spec: MemberSpec, *, pretrained: bool = False, weights: bytes | None = None
) -> Member:
    """A member to train.

    pretrained: begin with timm's published weights (paper 1, section 4.1), from its hub or cache.
    weights: a safetensors file instead: timm's of the same architecture, a Zoobot network's (whose
    feature extractor is its "encoder"), or one of our own members'; layers beside the feature
    extractor are taken where they fit. Raises ValueError where
    the weights cannot be had or do not fit.
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
            f"published weights of {spec.architecture!r} cannot be had ({type(error).__name__}: "
            f"{why}): timm's hub must be reachable or hold them in its cache; else fetch "
            "model.safetensors elsewhere and name it with --initial-weights"
        ) from error


def _load(member: Member, weights: bytes) -> None:
    try:
        found = load_safetensors(weights)
    except Exception as error:
        raise ValueError(
            f"the initial weights of member {member.spec.name!r} are no safetensors file ({error}):"
            " convert them; pickled weights are not loaded"
        ) from error
    own = any(name.startswith(_OWN) for name in found)
    state = found if own else {_named(name): value for name, value in found.items()}
    wanted = member.state_dict()
    fitting = {k: v for k, v in state.items() if k in wanted and v.shape == wanted[k].shape}
    features = {name for name in wanted if _feature(name)}
    if missing := sorted(features - fitting.keys()):
        raise ValueError(
            f"the initial weights do not fit member {member.spec.name!r}: "
            f"{len(missing)} of {len(features)} tensors of its feature extractor are absent or of "
            f"another shape ({missing[0].removeprefix(_OWN)}, ...); give weights of "
            f"{member.spec.architecture!r}"
        )
    member.load_state_dict({**wanted, **fitting})


def _named(name: str) -> str:
    return f"{_OWN}{name.removeprefix(_ENCODER)}"


def _feature(name: str) -> bool:
    """Whether a tensor is needed: of the feature extractor, and not a counter nor a VGG's own
    dense layers, which are not used."""
    counted = name.endswith("num_batches_tracked")
    return name.startswith(_OWN) and not counted and not name.startswith(f"{_OWN}pre_logits")
