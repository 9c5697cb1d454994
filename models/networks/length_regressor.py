"""The control: a network that predicts the bar's length directly, without maps.

Paper 1, section 5 ("Direct Deep Learning"): Xception with one output, squared error, trained on
the catalogue's lengths. The published code ends in a sigmoid, which cannot reach lengths above 1;
here the output is linear. Lengths are in units of the galaxy's radius as measured on its image, so
that neither the distance nor the size of the cutout matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from models.networks.ensemble import normalised
from models.networks.member import to_device
from models.networks.spec import EnsembleSpec, MemberSpec
from models.networks.weights import build_member
from models.views import plain_view


def control_member(spec: MemberSpec) -> MemberSpec:
    """Return the specification of the same network with one linear output."""
    return replace(spec, head="linear", outputs=1)


class Control:
    """The networks that predict a length directly, on one device."""

    def __init__(self, spec: EnsembleSpec, weights: Sequence[bytes], device: str = "cpu") -> None:
        """Build every member and check its weights.

        Raises ValueError if weights were altered or do not fit, or if the ensemble does not
        predict lengths.
        """
        if spec.kind != "control":
            raise ValueError(
                f"ensemble {spec.name!r} predicts {spec.kind}, not lengths: give one that was "
                "trained with --target bar-length"
            )
        self.spec, self.device = spec, torch.device(device)
        built = [
            build_member(m, w, sha)
            for m, w, sha in zip(spec.members, weights, spec.sha256, strict=True)
        ]
        self.members = [to_device(m, self.device) for m in built]

    @torch.no_grad()
    def lengths_over_radius(
        self, pixels: NDArray[np.uint8], sky: NDArray[np.float32], scale: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Return FULL lengths in galaxy radii, (B,): the mean over the members, never below 0.

        pixels (B, S, S, 3), sky (B, 3) and scale (B,) are those of `models.preprocess.canvas`.
        """
        images = normalised(pixels, sky, scale, self.device)
        found = [
            member(plain_view(images, self.spec.votes_view, member.spec.input_px))[:, 0]
            for member in self.members
        ]
        mean = torch.stack(found).double().mean(dim=0).clamp(min=0)
        return np.asarray(mean.cpu().numpy())

    def lengths_px(
        self,
        pixels: NDArray[np.uint8],
        sky: NDArray[np.float32],
        scale: NDArray[np.float32],
        radius_px: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return FULL lengths in pixels of the stored images, (B,).

        radius_px: the `radius_px` of each galaxy's `Canvas`, (B,).
        """
        radii = np.asarray(radius_px, dtype=np.float64)
        return self.lengths_over_radius(pixels, sky, scale) * radii
