"""Table 1 against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.networks.member import Member
from models.networks.spec import MemberSpec
from models.training.examples import Examples
from models.training.scores import table_1
from models.view_params import ViewParams

SIDE = 32
SPEC = MemberSpec(
    name="a", architecture="narrow_vgg", input_px=SIDE, head="sigmoid", options={"width": 4}
)


def constant(name: str, value: float) -> Member:
    """A member that answers `value` to every question."""
    member = Member(MemberSpec(**{**SPEC.__dict__, "name": name}))
    last = member.classifier[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, float(np.log(value / (1 - value))))
    return member


def examples(votes: np.ndarray) -> Examples:
    count = len(votes)
    pixels = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    sky, scale = np.zeros((count, 3), np.float32), np.ones(count, np.float32)
    return Examples(pixels, sky, scale, votes.astype(np.float32))


def test_the_mean_of_two_members_that_err_either_way_is_right() -> None:
    votes = np.full((150, 37), 0.5)  # more than a batch
    votes[::2, 5] = np.nan
    members = [constant("low", 0.3), constant("high", 0.7)]
    low, high, mean = table_1(members, ViewParams(), examples(votes), torch.device("cpu"))
    assert [low.name, high.name, mean.name] == ["low", "high", "ensemble"]
    assert low.rmse == pytest.approx(0.2, rel=1e-5)
    assert high.rmse == pytest.approx(0.2, rel=1e-5)
    assert mean.rmse == pytest.approx(0.0, abs=1e-6)
    assert low.rho is None


def test_a_table_needs_answers() -> None:
    with pytest.raises(ValueError, match="no answer of the validation part is known"):
        table_1(
            [constant("a", 0.5)], ViewParams(), examples(np.full((2, 37), np.nan)),
            torch.device("cpu"),
        )  # fmt: skip
