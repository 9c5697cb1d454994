"""Build a member from its weights file, and write one (safetensors)."""

from __future__ import annotations

import hashlib

from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from models.networks.member import Member
from models.networks.spec import MemberSpec


def build_member(spec: MemberSpec, weights: bytes, sha256: str) -> Member:
    """A member with its weights, frozen, in evaluation mode. Raises ValueError if they differ."""
    found = hashlib.sha256(weights).hexdigest()
    if found != sha256:
        raise ValueError(
            f"weights of member {spec.name!r} have sha256 {found[:12]}..., the ensemble says "
            f"{sha256[:12]}...: the file was altered or replaced; fetch it again or retrain"
        )
    member = Member(spec)
    try:
        member.load_state_dict(load_safetensors(weights))
    except Exception as error:
        why = " ".join(str(error).split())[:200]
        raise ValueError(
            f"weights of member {spec.name!r} do not fit it ({why}): give those of the same "
            "architecture, or retrain"
        ) from error
    return member.eval().requires_grad_(False)


def dump_member(member: Member) -> bytes:
    """The member's weights as a safetensors file."""
    state = member.state_dict()
    packed: bytes = save_safetensors({k: v.detach().cpu().contiguous() for k, v in state.items()})
    return packed
