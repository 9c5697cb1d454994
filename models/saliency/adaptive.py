"""Compute no more noise samples for a galaxy than its length needs.

Samples are added in blocks that double their number: 32, 64, 128, ..., N. After each block the bar
is measured, and the jackknife (models.saliency.jackknife) over the samples so far gives the
sampling error of its length. Once that error is small enough, no more samples are added. A sample
does not depend on the blocks: n samples give the maps of a run with N = n, apart from rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from catalogues.galaxyzoo import BAR
from models.barlength.estimator import EstimatorParams, read_bar, sampling_error
from models.networks.ensemble import Ensemble
from models.networks.member import Member
from models.saliency.bar_maps import BarMaps, light_of, packed
from models.saliency.gradients import gradient_sums
from models.saliency.jackknife import finished, group_sizes, means
from models.saliency.params import SmoothGradParams

FIRST = 32
"""Samples of the first block: four in each of the eight jackknife groups."""


def bar_maps_to_tolerance(
    ensemble: Ensemble,
    image: Tensor,
    params: SmoothGradParams,
    seed: int,
    estimator: EstimatorParams,
    tolerance: float,
) -> tuple[BarMaps, int]:
    """Compute saliency maps with the fewest noise samples that reach the tolerance.

    Returns the maps (as models.saliency.bar_maps.bar_maps_with_jackknife) and the number of
    samples. Samples are added in blocks until the sampling error of the length is at most
    `tolerance` x length, or until there are `params.samples` of them. The sampling error is
    multiplied by `estimator.error_sampling` if that is above 1.

    The bar is measured on a CPU core after each block. On a GPU this can cost more time than the
    saved samples.
    """
    light = light_of(image)
    each = [_Sums.none(member, image) for member in ensemble.members]
    for samples in steps(params.samples):
        for sums in each:
            sums.add(image, params, seed, samples - sum(sums.sizes))
        maps, without = zip(*(sums.maps(image, params) for sums in each), strict=True)
        made = packed(maps, without, estimator.combine)
        if samples == params.samples or _sharp(made, estimator, tolerance, light):
            break
    return made, samples


def steps(samples: int) -> Iterator[int]:
    """Yield the number of samples after each block; the last is `samples`."""
    done = FIRST
    while done < samples:
        yield done
        done *= 2
    yield samples


def _sharp(
    made: BarMaps, estimator: EstimatorParams, tolerance: float, light: NDArray[np.float64]
) -> bool:
    length = read_bar(made.maps, replace(estimator, member_powers=()), light).length_px
    if not np.isfinite(length):
        return False  # more samples may still show a bar
    error = max(1.0, estimator.error_sampling) * sampling_error(
        made.jackknife_maps, estimator, light
    )
    return error <= tolerance * length


@dataclass(kw_only=True)
class _Sums:
    """One member's sum of gradients, (1, 3, S, S), and the sums of groups of `sizes` samples."""

    member: Member
    total: Tensor
    groups: Tensor
    sizes: list[int] = field(default_factory=list)

    @classmethod
    def none(cls, member: Member, image: Tensor) -> _Sums:
        total = image.new_zeros((1, *image.shape))
        return cls(member=member, total=total, groups=total.new_zeros((0, *total.shape)))

    def add(self, image: Tensor, params: SmoothGradParams, seed: int, count: int) -> None:
        """Add `count` samples. If there are then twice `params.groups` groups, merge neighbours."""
        sizes, begin = group_sizes(replace(params, samples=count)), sum(self.sizes)
        added, groups = gradient_sums(self.member, image, [BAR], params, seed, sizes, begin=begin)
        self.total += added
        self.groups, self.sizes = torch.cat([self.groups, groups]), [*self.sizes, *sizes]
        if len(self.sizes) == 2 * params.groups:
            self.groups = self.groups[0::2] + self.groups[1::2]
            self.sizes = [a + b for a, b in zip(self.sizes[0::2], self.sizes[1::2], strict=True)]

    def maps(
        self, image: Tensor, params: SmoothGradParams
    ) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], ...]:
        """Return the map, (S, S), and the maps that leave one group out, (G, S, S)."""
        made = finished(*means(self.total, self.groups, self.sizes), image, params)
        return tuple(m.float().cpu().numpy() for m in made)
