"""Presets: the members, field and views of the compact, lite and paper ensembles."""

from __future__ import annotations

from models.networks.spec import MemberSpec
from models.view_params import FieldSpec, ViewParams

COMPACT: tuple[MemberSpec, ...] = (
    MemberSpec(name="vgg", architecture="narrow_vgg", hidden=(128,)),
    MemberSpec(name="resnetv2", architecture="narrow_resnetv2"),
    MemberSpec(name="xception", architecture="narrow_xception", input_px=64),
)
"""The explained members of the shipped ensemble. A LITE member of 80 px votes beside them."""

LITE = MemberSpec(
    name="lite", architecture="short_efficientnet_lite", input_px=96, activation="relu",
    mean=(127 / 255,) * 3, std=(128 / 255,) * 3,
)  # fmt: skip
"""A network as small as the compact ones that can start from published ImageNet weights. Its input
size, mean and std are the ones that the published weights expect."""

PAPER: tuple[MemberSpec, ...] = (
    MemberSpec(
        name="vgg16", architecture="vgg16", input_px=224, head="sigmoid", flatten=True,
        hidden=(592, 296),
    ),
    MemberSpec(name="resnet50v2", architecture="resnetv2_50", input_px=224, head="sigmoid"),
    MemberSpec(name="xception", architecture="legacy_xception", input_px=224, head="sigmoid"),
)  # fmt: skip
"""Paper 1's members at full size."""

PRESETS: dict[str, tuple[MemberSpec, ...]] = {"compact": COMPACT, "paper": PAPER}
"""Ensembles by name."""


def preset(name: str) -> tuple[tuple[MemberSpec, ...], FieldSpec, ViewParams, int]:
    """Return members, field, view and number of views for votes of a preset.

    Raises ValueError if `name` is neither "compact" nor "paper".
    """
    if name not in PRESETS:
        raise ValueError(f"preset {name!r} must be one of {', '.join(PRESETS)}")
    if name == "paper":
        return PRESETS[name], FieldSpec.paper(), ViewParams(), 1
    return PRESETS[name], FieldSpec(), ViewParams(width=0.72, rotate=True, reflect=True), 8
