"""SmoothGrad on a device with too little memory: fewer samples at once, the same map."""

from __future__ import annotations

import copy

import pytest
import torch

from models.networks.member import Member
from models.saliency.gradients import gradient_sums, mean_gradients
from models.saliency.params import SmoothGradParams

BAR = 5


def cramped(tiny: Member, room: int) -> Member:
    """A member whose forward pass fails, as CUDA's allocator does, beyond `room` samples."""
    member = copy.deepcopy(tiny)
    member.seen = []

    def forward(images: torch.Tensor) -> torch.Tensor:
        member.seen.append(len(images))
        if len(images) > room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return tiny(images)

    member.forward = forward
    return member


def test_the_chunk_is_halved_until_it_fits_and_stays_so(tiny: Member, images: torch.Tensor) -> None:
    params = SmoothGradParams(samples=20, chunk=16)
    member = cramped(tiny, 5)
    got = gradient_sums(member, images[0], [BAR], params, 7, [7, 7, 6])
    assert member.seen == [16, 8, 4, 4, 4, 4, 4]
    for ours, roomy in zip(
        got, gradient_sums(tiny, images[0], [BAR], params, 7, [7, 7, 6]), strict=True
    ):
        torch.testing.assert_close(ours, roomy, atol=1e-5 * float(roomy.abs().max()), rtol=0)
    member.seen.clear()
    mean_gradients(member, images[1], [BAR], params, 8)
    assert member.seen == [4] * 5


def test_a_sample_that_does_not_fit_ends_the_run(tiny: Member, images: torch.Tensor) -> None:
    with pytest.raises(torch.OutOfMemoryError):
        mean_gradients(cramped(tiny, 0), images[0], [BAR], SmoothGradParams(samples=4), 7)
