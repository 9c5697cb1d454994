"""Build a member from its weights file (safetensors), and write such a file."""

from __future__ import annotations

import hashlib

from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors

from models.networks.member import Member
from models.networks.spec import MemberSpec


def build_member(spec: MemberSpec, weights: bytes, sha256: str) -> Member:
    """Return a member with its weights, frozen, in evaluation mode.

    Raises ValueError if the weights' checksum is not `sha256`, or if they do not fit the member.
    """
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
            f"weights of member {spec.name!r} do not fit it ({why}): give weights of the same "
            "architecture, or retrain"
        ) from error
    return member.eval().requires_grad_(False)


def dump_member(member: Member) -> bytes:
    """Return the member's weights as the bytes of a safetensors file."""
    state = member.state_dict()
    packed: bytes = save_safetensors({k: v.detach().cpu().contiguous() for k, v in state.items()})
    return packed
