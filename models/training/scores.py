"""Score the members and their mean on galaxies they were not trained on (paper 1, table 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.networks.member import Member
from models.networks.votes import votes_from_logits
from models.statistics import median_relative_error, pearson
from models.training.examples import ExampleSource
from models.view_params import ViewParams
from models.views import plain_view


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores of one member, or of the members' mean.

    rmse: over known answers; for a control, of lengths in galaxy radii. A control also has
    Pearson's rho and the median of |error| / length.
    """

    name: str
    rmse: float
    rho: float | None = None
    median_relative_error: float | None = None


@torch.no_grad()
def table_1(
    members: Sequence[Member], view: ViewParams, source: ExampleSource, device: torch.device
) -> tuple[Scores, ...]:
    """Score every member, and last their mean ("ensemble"), on one plain view of each galaxy.

    Raises ValueError if no answer of `source` is known.
    """
    squares, count = np.zeros(len(members) + 1), 0
    kept: list[Tensor] = []
    for images, votes in source.ordered(128, device):
        found = torch.stack([_answers(member, view, images) for member in members])
        found = torch.cat([found, found.mean(dim=0, keepdim=True)]).double()
        known = torch.isfinite(votes)
        error = torch.where(known, found - votes, 0.0)
        squares += error.square().sum(dim=(1, 2)).cpu().numpy()
        count += int(known.sum())
        if members[0].spec.head == "linear":
            kept.append(torch.cat([found[..., 0], votes[None, :, 0]]).cpu())
    if not count:
        raise ValueError("no answer of the validation part is known: give galaxies with answers")
    names = [*(member.spec.name for member in members), "ensemble"]
    rmse = [float(value) for value in np.sqrt(squares / count)]
    if not kept:
        return tuple(Scores(name=n, rmse=r) for n, r in zip(names, rmse, strict=True))
    *lengths, truth = torch.cat(kept, dim=1).numpy()
    return tuple(
        Scores(
            name=name, rmse=value, rho=pearson(truth, length),
            median_relative_error=median_relative_error(truth, length),
        )
        for name, value, length in zip(names, rmse, lengths, strict=True)
    )  # fmt: skip


def _answers(member: Member, view: ViewParams, images: Tensor) -> Tensor:
    seen = plain_view(images, view, member.spec.input_px)
    logits = member.eval()(seen.contiguous(memory_format=torch.channels_last))
    return votes_from_logits(logits.float(), member.spec.head)
