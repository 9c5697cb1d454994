"""Jackknife maps: each leaves one group of noise samples out, to give the sampling error.

The N samples of a map are divided, in order, into G groups. Each jackknife map leaves one group
out. The scatter of the G lengths measured on them gives the sampling error of the length
(models.barlength.estimator), without a second run and without further gradients.

A group holds neighbouring samples, because views follow a low-discrepancy sequence: each group then
covers the views evenly. A group of few samples covers them less well, and the error comes out too
large.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from models.networks.member import Member
from models.saliency.gradients import finish, gradient_sums
from models.saliency.params import SmoothGradParams


def group_sizes(params: SmoothGradParams) -> list[int]:
    """Return the number of samples in each group.

    Sizes differ by at most one, and no group is empty. Antithetic samples stay in pairs, so that
    groups are independent; sizes then differ by at most one pair.
    """
    each = 2 if params.antithetic else 1
    units = -(-params.samples // each)
    count = min(params.groups, units)
    sizes = [each * (units // count + (i < units % count)) for i in range(count)]
    sizes[-1] -= each * units - params.samples
    return sizes


def jackknife_gradients(
    member: Member, image: Tensor, columns: Sequence[int], params: SmoothGradParams, seed: int
) -> tuple[Tensor, Tensor]:
    """Compute the mean gradients, and those that leave one group out.

    Returns (classes, 3, S, S), equal to models.saliency.gradients.mean_gradients bit for bit, and
    (G, classes, 3, S, S), where G = 0 for a single sample.
    """
    sizes = group_sizes(params)
    return means(*gradient_sums(member, image, columns, params, seed, sizes), sizes)


def means(total: Tensor, groups: Tensor, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Turn the sums of models.saliency.gradients.gradient_sums, over groups of `sizes` samples,
    into the means of `jackknife_gradients`."""
    mean = total / sum(sizes)
    if len(sizes) < 2:
        return mean, groups[:0]
    others = sum(sizes) - total.new_tensor(sizes)
    return mean, (total - groups) / others.view(-1, 1, 1, 1, 1)


def smoothgrad_jackknife(
    member: Member, image: Tensor, column: int, params: SmoothGradParams, seed: int
) -> tuple[Tensor, Tensor]:
    """Compute the saliency map of one image (3, S, S) for one answer, and its jackknife maps.

    Returns (S, S), equal to models.saliency.gradients.smoothgrad, and (G, S, S); all in [0, 1] or
    NaN.
    """
    return finished(*jackknife_gradients(member, image, [column], params, seed), image, params)


def finished(
    mean: Tensor, jackknife_maps: Tensor, image: Tensor, params: SmoothGradParams
) -> tuple[Tensor, Tensor]:
    """Make the maps of `smoothgrad_jackknife` from the gradients of one answer."""
    without = jackknife_maps[:, 0]
    if len(without):
        return finish(mean, image, params)[0], finish(without, image, params)
    return finish(mean, image, params)[0], without[:, 0]
