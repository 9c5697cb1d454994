"""Teach a network where to look: its gradients should lie on the known bar.

Ross, Hughes & Doshi-Velez (2017, IJCAI 26, "Right for the right reasons") train a network's input
gradients together with its answers. Here the loss wants the gradient of "bar" to be positive and
even inside the bar's known ellipse, and not positive outside. Then the map that SmoothGrad averages
from such gradients ends where the bar ends. Negative gradients outside cost nothing: light beside a
bar is evidence against it. A second term measures how far along the bar the gradient reaches,
because a map that ends a fifth too early still points almost perfectly. Votes without known bars
(real galaxies) are learned as before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from catalogues.galaxyzoo import BAR, conditional
from models.networks.member import Member
from models.saliency.gradients import gaussian_smoothed
from models.training.augment import random_views
from models.training.examples import Examples
from models.training.params import AugmentParams, GuideParams
from models.views import resample

_JUDGED = 224
_JUDGE_SEED = 20221108
_STATIONS = torch.linspace(-2.2, 2.2, 45)  # along the bar, in half lengths
_STATION_BLUR = 0.05
_IN_VIEW_PX = 8


@dataclass(frozen=True)
class KnownBars:
    """Canvases with known bars.

    ellipses: (N, 5), x, y, semi-major and semi-minor axis in canvas pixels, and position angle in
    degrees, counter-clockwise from up. NaN: not known.
    """

    examples: Examples
    ellipses: NDArray[np.float32]

    def taught(self, bar_fraction_min: float) -> NDArray[np.int64]:
        """Return the rows of known bars with at least this fraction of "bar" votes, or no votes."""
        seen = np.asarray(conditional(np.asarray(self.examples.votes), BAR))
        hidden = seen < bar_fraction_min
        return np.flatnonzero(np.isfinite(self.ellipses).all(axis=1) & ~hidden)

    def some(self, rows: NDArray[np.int64], device: torch.device) -> tuple[Tensor, Tensor]:
        """Return images (B, 3, S, S) and ellipses (B, 5) of `rows`."""
        rows = np.sort(rows)
        images, _ = self.examples.batch(rows, device)
        return images, torch.from_numpy(self.ellipses[rows]).to(device)


@dataclass(frozen=True)
class Regions:
    """Positions of the pixels of views (B, H, W) relative to a bar.

    along, across: distances along and across the bar's axis, in semi-major and semi-minor axes.
    lane: whether a pixel is as near to the axis as the bar's light.
    """

    along: Tensor
    across: Tensor
    lane: Tensor

    @property
    def inside(self) -> Tensor:
        """Whether each pixel lies in the ellipse, (B, H, W) bool."""
        found: Tensor = self.along**2 + self.across**2 <= 1
        return found


def regions(ellipses: Tensor, matrices: Tensor, canvas_px: int, out_px: int) -> Regions:
    """Compute the regions of views with matrices (B, 2, 3) of canvases with ellipses (B, 5)."""
    size = [len(matrices), 1, out_px, out_px]
    grid = functional.affine_grid(matrices.to(ellipses.dtype), size, align_corners=False)
    x, y, major, minor, angle = (e.view(-1, 1, 1) for e in ellipses.unbind(dim=1))
    turn = torch.deg2rad(angle)
    dx = ((grid[..., 0] + 1) * canvas_px - 1) / 2 - x
    dy = ((grid[..., 1] + 1) * canvas_px - 1) / 2 - y
    along = -dx * torch.sin(turn) - dy * torch.cos(turn)
    across = dx * torch.cos(turn) - dy * torch.sin(turn)
    lane = across.abs() <= 1.3 * minor + 0.01 * canvas_px
    return Regions(along / major, across / minor, lane)


def pointing(gradients: Tensor, inside: Tensor) -> Tensor:
    """Measure how well gradients (B, H, W) point at regions (B, H, W) bool: (B,) in [-1, 1].

    It is the cosine between the region and the gradient, with negative gradients outside set to 0.
    1 means even inside and not positive outside.
    """
    kept = torch.where(inside, gradients, gradients.clamp(min=0))
    region = inside.to(gradients.dtype)
    dot = (kept * region).sum(dim=(1, 2))
    norm = kept.square().sum(dim=(1, 2)).sqrt() * region.sum(dim=(1, 2)).sqrt()
    return dot / (norm + 1e-8)


def reach_error(gradients: Tensor, where: Regions) -> Tensor:
    """Measure how uneven the positive gradients (B, H, W) are along the bar: (B,) >= 0.

    It is the earth mover's distance between their distribution along the bar's axis (within its
    lane) and that of the ellipse, in half lengths of the bar. A map whose only fault is a length
    wrong by a fraction d has 0.42 d. 0 for a bar that is not in view.
    """
    lane = where.lane.to(gradients.dtype)
    light = (gradients.clamp(min=0) * lane).flatten(1)
    region = where.inside.to(gradients.dtype).flatten(1)
    in_view = region.sum(dim=1) > _IN_VIEW_PX
    excess = light / (light.sum(dim=1, keepdim=True) + 1e-8)
    excess = excess - region / region.sum(dim=1, keepdim=True).clamp(min=1)
    stations = _STATIONS.to(gradients)
    passed = torch.sigmoid(
        (stations.view(1, -1, 1) - where.along.flatten(1).unsqueeze(1)) / _STATION_BLUR
    )
    moved = torch.einsum("bkp,bp->bk", passed, excess).abs().mean(dim=1)
    return moved * float(_STATIONS[-1] - _STATIONS[0]) * in_view


class Guidance:
    """The guided stage: known bars to train on and to evaluate with."""

    def __init__(
        self, params: GuideParams, augment: AugmentParams, train: KnownBars, validation: KnownBars
    ) -> None:
        self.params, self.augment = params, augment
        self.train, self.validation = train, validation
        self.rows = train.taught(params.bar_fraction_min)
        self.judged = validation.taught(params.bar_fraction_min)[:_JUDGED]
        for name, rows, least in (("train", self.rows, params.batch_size), ("validation", self.judged, 1)):  # noqa: E501  # fmt: skip
            if len(rows) < least:
                raise ValueError(
                    f"the {name} part has {len(rows)} known bars, a guided stage needs at least "
                    f"{least}: give mock galaxies (`ansae demo` makes some), or no guide"
                )

    def loss(self, member: Member, device: torch.device, generator: torch.Generator) -> Tensor:
        """Return 1 - mean pointing + weighted reach error of a random batch of known bars.

        The result can be differentiated with respect to the weights.
        """
        picked = torch.randint(len(self.rows), (self.params.batch_size,), generator=generator)
        images, ellipses = self.train.some(self.rows[picked.numpy()], device)
        maps, where = self._maps(member, images, ellipses, generator, learn=True)
        reach = self.params.reach_weight * reach_error(maps, where).mean()
        return 1.0 - pointing(maps, where.inside).mean() + reach

    def evaluate(self, member: Member, device: torch.device) -> float:
        """Return the mean pointing for known bars of the validation part.

        Views and noise are the same in every call.
        """
        generator = torch.Generator().manual_seed(_JUDGE_SEED)
        values = []
        for rows in np.array_split(self.judged, -(-len(self.judged) // self.params.batch_size)):
            images, ellipses = self.validation.some(rows, device)
            with torch.enable_grad():
                maps, where = self._maps(member, images, ellipses, generator, learn=False)
            values.append(pointing(maps.detach(), where.inside).cpu())
        return float(torch.cat(values).mean())

    def _maps(
        self, member: Member, images: Tensor, ellipses: Tensor, generator: torch.Generator, *,
        learn: bool,
    ) -> tuple[Tensor, Regions]:  # fmt: skip
        """Return smoothed gradients (B, H, W), each with one random view and one draw of noise."""
        matrices = random_views(len(images), self.augment, generator).to(images.device)
        side = member.spec.input_px
        where = regions(ellipses, matrices, images.shape[-1], side)
        span = images.amax(dim=(1, 2, 3)) - images.amin(dim=(1, 2, 3))
        seen = resample(images, matrices, side)
        noise = torch.randn(seen.shape, generator=generator).to(images.device)
        noisy = seen + self.params.noise_fraction * span.view(-1, 1, 1, 1) * noise
        leaf = noisy.detach().contiguous(memory_format=torch.channels_last).requires_grad_(True)
        score = member.score_of(member(leaf).float(), BAR).sum()
        (gradient,) = torch.autograd.grad(score, leaf, create_graph=learn)
        return gaussian_smoothed(gradient.sum(dim=1), self.params.smoothing_px), where
