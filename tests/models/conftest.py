"""Tiny seeded networks."""

from __future__ import annotations

import pytest
import torch

from models.networks.member import Member
from models.networks.spec import MemberSpec

SIDE = 32


@pytest.fixture(scope="session")
def tiny() -> Member:
    """A narrow VGG of width 4 at 32 px with the paper's sigmoid head, random weights, frozen."""
    torch.manual_seed(5)
    spec = MemberSpec(
        name="tiny", architecture="narrow_vgg", input_px=SIDE, head="sigmoid",
        options={"width": 4},
    )  # fmt: skip
    return Member(spec).eval().requires_grad_(False)


@pytest.fixture
def images() -> torch.Tensor:
    """Three random images, (3, 3, 32, 32) in [0, 1]."""
    return torch.rand(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(11))
