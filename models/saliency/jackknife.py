"""Jackknife maps: each leaves one group of noise samples out, to give the sampling error.

A map's N samples fall, in order, into G groups. A reading of the map has, by the jackknife
(models.barlength.estimator), the sampling error that the scatter of its G readings without one
group says: an error for every length without a second run and without one gradient more. Groups are
of neighbours because views follow a low-discrepancy sequence: each group then covers them by
itself. Fewer samples cover them less well, so that with few in a group the error comes out too
large.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from models.networks.member import Member
from models.saliency.gradients import finish, gradient_sums
from models.saliency.params import SmoothGradParams


def group_sizes(params: SmoothGradParams) -> list[int]:
    """Samples in each group: they differ by one at most, and none is empty. Antithetic ones count
    as pairs, which are never parted, so that groups are independent."""
    each = 2 if params.antithetic else 1
    units = -(-params.samples // each)
    count = min(params.groups, units)
    sizes = [each * (units // count + (i < units % count)) for i in range(count)]
    sizes[-1] -= each * units - params.samples
    return sizes


def jackknife_gradients(
    member: Member, image: Tensor, columns: Sequence[int], params: SmoothGradParams, seed: int
) -> tuple[Tensor, Tensor]:
    """models.saliency.gradients.mean_gradients, bit for bit, and the means without one group each.

    (classes, 3, S, S) and (G, classes, 3, S, S); G is 0 for a single sample.
    """
    sizes = group_sizes(params)
    return means(*gradient_sums(member, image, columns, params, seed, sizes), sizes)


def means(total: Tensor, groups: Tensor, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
    """`jackknife_gradients` from models.saliency.gradients.gradient_sums, over groups of `sizes`
    samples."""
    mean = total / sum(sizes)
    if len(sizes) < 2:
        return mean, groups[:0]
    others = sum(sizes) - total.new_tensor(sizes)
    return mean, (total - groups) / others.view(-1, 1, 1, 1, 1)


def smoothgrad_jackknife(
    member: Member, image: Tensor, column: int, params: SmoothGradParams, seed: int
) -> tuple[Tensor, Tensor]:
    """The map of one image (3, S, S) for one answer, exactly as models.saliency.gradients makes
    it, (S, S), and the maps without one group each, (G, S, S); all in [0, 1] or NaN."""
    return finished(*jackknife_gradients(member, image, [column], params, seed), image, params)


def finished(
    mean: Tensor, jackknife_maps: Tensor, image: Tensor, params: SmoothGradParams
) -> tuple[Tensor, Tensor]:
    """Maps of `smoothgrad_jackknife` from the gradients of one answer."""
    without = jackknife_maps[:, 0]
    if len(without):
        return finish(mean, image, params)[0], finish(without, image, params)
    return finish(mean, image, params)[0], without[:, 0]
