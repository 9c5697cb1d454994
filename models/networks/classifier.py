"""A trained classifier: one network of an ensemble, with the preparation of its input images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from catalogues.shards.splits import fold_of
from models.networks.classes import central_square, class_canvas
from models.networks.member import Member
from models.networks.spec import ClassSpec, EnsembleSpec
from models.views import plain_view, resample, sequence


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """One network of an ensemble of kind "classes", frozen, in evaluation mode.

    network: (B, 3, input_px, input_px) float32 -> (B, K) logits in the order of `classes`.
    member: its number in the ensemble. `actors.load_networks.load_classifier` loads a classifier.
    """

    network: Member
    spec: EnsembleSpec
    member: int
    device: torch.device

    @property
    def labels(self) -> ClassSpec:
        """The classes, their column, the folds, and how images are read."""
        if self.spec.classes is None:
            raise ValueError(
                f"ensemble {self.spec.name!r} predicts {self.spec.kind}, no classes: give one of "
                "kind 'classes'"
            )
        return self.spec.classes

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in the order of the logits."""
        return self.labels.names

    @property
    def input_px(self) -> int:
        """Side of the square that the network sees."""
        return self.network.spec.input_px

    def index(self, name: object) -> int:
        """Return the index of a class's logit. Raises ValueError if the network lacks the class."""
        return self.labels.index(name)

    def unseen_by(self, source: object) -> int:
        """Return the number of the member of this architecture that was not trained on `source`.

        source: a value of `labels.fold_column`. Load that member to explain a source of the
        training set.
        """
        folds = self.labels.folds
        return self.member // folds * folds + fold_of(str(source), folds)

    def canvas(self, image: NDArray[Any]) -> Tensor:
        """Return the canvas, (3, C, C), of an image as read: (H, W) fluxes or (H, W, 3) uint8."""
        square = torch.from_numpy(class_canvas(image, self.labels, self.spec.field))
        return square.to(self.device).expand(3, -1, -1)

    def image(self, image: NDArray[Any]) -> Tensor:
        """Return the network's input, (3, input_px, input_px), of an image as read."""
        return plain_view(self.canvas(image)[None], self.spec.votes_view, self.input_px)[0]

    def frame(self, plane: NDArray[Any]) -> NDArray[np.float32]:
        """Cut any plane (H, W) of a "flux" image's pixels (a mask, the fluxes) like the input.

        Returns (input_px, input_px), neither clipped nor scaled.
        """
        square = torch.from_numpy(central_square(plane, self.spec.field.canvas_px))
        seen = plain_view(square[None, None], self.spec.votes_view, self.input_px)
        return np.asarray(seen[0, 0].numpy())

    @torch.no_grad()
    def probabilities(self, canvases: Tensor) -> Tensor:
        """Return the softmax, mean over the ensemble's views, of canvases (B, 3, C, C): (B, K)."""
        view, count = self.spec.votes_view, self.spec.vote_views
        if view.identity:
            return torch.softmax(self.network(canvases), dim=-1)
        matrices = sequence(view, 0, count, (0.0, 0.0)).float().to(self.device)
        looks = canvases.repeat_interleave(count, dim=0)
        seen = resample(looks, matrices.repeat(len(canvases), 1, 1), self.input_px)
        shares = torch.softmax(self.network(seen).float(), dim=-1)
        return shares.view(len(canvases), count, -1).mean(dim=1)
