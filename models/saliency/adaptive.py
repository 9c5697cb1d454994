"""Compute no more noise samples for a galaxy than its length needs.

The samples of a galaxy's maps are made in blocks that double their number: 32, 64, 128 and so on.
After each block the length is read with its sampling error, the jackknife of
models.saliency.jackknife over the samples made so far; once that is small enough no more are made.
Which samples there are does not depend on when they are made: n of them give, but for rounding, the
maps of a run with N = n.
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
"""Samples of the first block: four in each of the eight groups that the error is made of."""


def bar_maps_to_tolerance(
    ensemble: Ensemble,
    image: Tensor,
    params: SmoothGradParams,
    seed: int,
    estimator: EstimatorParams,
    tolerance: float,
) -> tuple[BarMaps, int]:
    """models.saliency.bar_maps.bar_maps_with_jackknife of as few of params.samples as do, and their
    number.

    They do once the length that `estimator` reads has a sampling error (times its error_sampling,
    where that is above 1) of at most `tolerance` times itself. The readings are made where the maps
    are, on a core: on a GPU they may cost more than the samples that they save.
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
    """How many there are after each block, at last `samples`."""
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
    """A member's sum of gradients (1, 3, S, S), and those of groups of `sizes` samples."""

    member: Member
    total: Tensor
    groups: Tensor
    sizes: list[int] = field(default_factory=list)

    @classmethod
    def none(cls, member: Member, image: Tensor) -> _Sums:
        total = image.new_zeros((1, *image.shape))
        return cls(member=member, total=total, groups=total.new_zeros((0, *total.shape)))

    def add(self, image: Tensor, params: SmoothGradParams, seed: int, count: int) -> None:
        """`count` samples more; once the groups are twice as many as params.groups, neighbours are
        united."""
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
        """The map (S, S) and those without one group each (G, S, S)."""
        made = finished(*means(self.total, self.groups, self.sizes), image, params)
        return tuple(m.float().cpu().numpy() for m in made)
