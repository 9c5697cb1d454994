"""The ensemble: several networks that look at the same galaxy and vote (paper 1, section 4.4).

An ensemble is a small description (`EnsembleSpec`, stored as `ensemble.json`) and one safetensors
file of weights per member. Nothing here reads files: weights arrive as bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.networks.fast_gradients import SpeedParams, fast
from models.networks.member import Member, to_device
from models.networks.spec import EnsembleSpec
from models.networks.votes import pooled
from models.networks.weights import build_member
from models.preprocess import Canvas
from models.views import resample, sequence

_GPU_BLOCK = 64
"""Number of galaxies whose votes a GPU computes at once."""


def normalise(pixels: Tensor, sky: Tensor, scale: Tensor) -> Tensor:
    """Turn uint8 canvases (B, S, S, 3) into float32 images (B, 3, S, S): (value - sky) / scale.

    Values are clipped to [-0.25, 1.5], so that a star beside the galaxy does not set the image's
    range, and with it SmoothGrad's noise. The paper's value / 255 lies inside that range and does
    not change.
    """
    images = pixels.permute(0, 3, 1, 2).float()
    images = (images - sky.view(-1, 3, 1, 1)) / scale.view(-1, 1, 1, 1)
    return images.clamp(-0.25, 1.5)


def normalised(
    pixels: NDArray[np.uint8],
    sky: NDArray[np.float32],
    scale: NDArray[np.float32],
    device: torch.device,
) -> Tensor:
    """Normalise numpy arrays (B, S, S, 3), (B, 3) and (B,): returns (B, 3, S, S) on `device`."""
    on = [torch.from_numpy(np.array(a)).to(device) for a in (pixels, sky, scale)]
    return normalise(on[0], on[1].float(), on[2].float())


def normalised_canvas(cut: Canvas, device: torch.device) -> Tensor:
    """Normalise one canvas: returns (3, S, S) on `device`."""
    sky, scale = np.array([cut.sky], np.float32), np.array([cut.scale], np.float32)
    return normalised(cut.pixels[None], sky, scale, device)[0]


class Ensemble:
    """The members on one device: votes of all of them, and the explained ones for SmoothGrad.

    Attributes
    ----------
    spec
        The description of the ensemble.
    voters
        All members.
    members
        The explained members: saliency maps are made of these only.
    """

    def __init__(
        self,
        spec: EnsembleSpec,
        members: Sequence[Member],
        device: str = "cpu",
        speed: SpeedParams | None = None,
    ) -> None:
        """Prepare members for voting and for gradients.

        speed: how gradients are computed; None: the best way for the device. Raises ValueError if
        the ensemble does not predict votes.
        """
        if spec.kind != "votes":
            raise ValueError(
                f"ensemble {spec.name!r} is of kind {spec.kind!r}, it predicts "
                f"{'lengths' if spec.kind == 'control' else 'classes'} and no votes: give one of "
                "kind 'votes'"
            )
        self.spec = spec
        self.device = torch.device(device)
        speed = speed or SpeedParams.of(self.device)
        frozen = [to_device(m, self.device).eval().requires_grad_(False) for m in members]
        self.voters = [
            fast(m, speed, self.device) if m.spec.explained or speed.lower_votes else m
            for m in frozen
        ]
        self.members = [m for m in self.voters if m.spec.explained]

    @classmethod
    def from_bytes(
        cls,
        spec: EnsembleSpec,
        weights: Sequence[bytes],
        device: str = "cpu",
        speed: SpeedParams | None = None,
    ) -> Ensemble:
        """Build and check every member. Raises ValueError if weights were altered or do not fit."""
        members = [
            build_member(m, w, sha)
            for m, w, sha in zip(spec.members, weights, spec.sha256, strict=True)
        ]
        return cls(spec, members, device, speed)

    def images(
        self, pixels: NDArray[np.uint8], sky: NDArray[np.float32], scale: NDArray[np.float32]
    ) -> Tensor:
        """Return normalised canvases, (B, 3, S, S), on the ensemble's device."""
        return normalised(pixels, sky, scale, self.device)

    def image(self, cut: Canvas) -> Tensor:
        """Return the normalised canvas, (3, S, S), on the ensemble's device."""
        return normalised_canvas(cut, self.device)

    @torch.no_grad()
    def votes(self, images: Tensor) -> Tensor:
        """Return the vote fractions of every member, pooled over its views: (M, B, 37) float32.

        A galaxy's votes do not depend on the other galaxies of its batch: a CPU computes one
        galaxy at a time, a GPU blocks of one size, filled up with copies.
        """
        block = _GPU_BLOCK if self.device.type == "cuda" else 1
        starts = range(0, len(images), block)
        pieces = [self._votes_of_block(images[i : i + block], block) for i in starts]
        return torch.cat(pieces, dim=1) if pieces else images.new_zeros((len(self.voters), 0, 37))

    def _votes_of_block(self, images: Tensor, block: int) -> Tensor:
        """Return votes (M, B, 37) of at most `block` galaxies."""
        full = torch.cat([images, images[-1:].expand(block - len(images), -1, -1, -1)])
        return torch.stack([self._votes_of(m, full) for m in self.voters])[:, : len(images)]

    def _votes_of(self, member: Member, images: Tensor) -> Tensor:
        view, galaxies = self.spec.votes_view, len(images)
        count = 1 if view.identity else self.spec.vote_views
        seen = images
        if not view.identity:
            matrices = sequence(view, 0, count, (0.0, 0.0)).to(self.device)
            looks = images.repeat_interleave(count, dim=0)
            seen = resample(looks, matrices.repeat(galaxies, 1, 1), member.spec.input_px)
        votes = member.votes(seen.contiguous(memory_format=torch.channels_last)).float()
        return pooled(votes.view(galaxies, count, -1), 1, self.spec.pool)
