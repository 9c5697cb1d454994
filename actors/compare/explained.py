"""What `ansae compare` explains: a network with classes, and an image as that network sees it.

There are two kinds of ensemble. In an ensemble of kind "classes" (FRI and FRII) each source is
explained by the network of its fold, which was not trained on it. In an ensemble of kind "votes"
one member is asked for one answer ("bar_yes").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from actors.find_ensemble import find_ensemble
from actors.load_networks import load_classifier
from actors.train.examples import BAR_TRUTH, bar_ellipse
from catalogues.galaxyzoo import COLUMNS, INDEX
from catalogues.images.decode import decode
from catalogues.images.flux import decode_flux
from catalogues.images.limits import ImageLimits
from catalogues.statuses import Status
from catalogues.storage import StorageOptions
from models.attribution.network import AnswerNetwork, answer_classes
from models.attribution.source_masks import island_mask
from models.faithfulness.bar_errors import TrueBar
from models.faithfulness.params import Mask
from models.networks.classifier import Classifier
from models.networks.ensemble import normalised_canvas
from models.networks.member import to_device
from models.networks.spec import EnsembleSpec
from models.networks.weights import build_member
from models.preprocess import canvas
from models.training.guidance import regions
from models.view_params import ViewParams
from models.views import plain_view, sequence

CONFIDENT = frozenset({"confident", "certain", "true", "1", "1.0", "yes"})
"""Values, in lower case, of a confidence column that mean: the label is confident."""


@dataclass(frozen=True, kw_only=True)
class SubjectParams:
    """Which network is explained, and which columns of the input it needs.

    Attributes
    ----------
    ensemble, storage
        For actors.find_ensemble.find_ensemble.
    device
        "cpu" or "cuda".
    member
        Number of the member; for "classes" the first member of a group of folds.
    answer
        Answer that is explained, for an ensemble of kind "votes".
    label
        Column of labels; None if the input has none.
    confidence
        Column that says whether a label is confident; None if the input has none.
    mask
        What is known about the place of the source in the image.
    limits
        Bounds of an image.
    """

    ensemble: str
    storage: StorageOptions
    device: str
    member: int = 0
    answer: str = "bar_yes"
    label: str | None = None
    confidence: str | None = None
    mask: Mask = "none"
    limits: ImageLimits = field(default_factory=ImageLimits)

    def __post_init__(self) -> None:
        if self.answer not in COLUMNS:
            raise ValueError(
                f"answer={self.answer!r} is not one of the 37 answers of Galaxy Zoo: give one such "
                "as 'bar_yes'"
            )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An image as its network sees it.

    `image` has the shape (3, H, W). `mask`, (H, W), is true on the source; None if it is not known.
    `bar` is the galaxy's known bar; None if it is not known.
    """

    network: nn.Module
    image: Tensor
    mask: NDArray[np.bool_] | None = None
    bar: TrueBar | None = None


class Unreadable(Exception):
    """An image cannot be explained; holds the row's status and message."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Subject(Protocol):
    """A network, or several, with a way to prepare images for it.

    `classes` are in the order of the logits. `columns` are the further input columns that `seen`
    needs.
    """

    classes: tuple[str, ...]
    columns: tuple[str, ...]

    def seen(self, row: Mapping[str, Any], /) -> Seen:
        """Prepare a row's image. Raises Unreadable."""

    def label(self, row: Mapping[str, Any], /) -> str | None:
        """Return the class of a row in the catalogue; None if it has none."""

    def probe(self) -> tuple[nn.Module, Tensor]:
        """Return a network and a grey image of its input size."""


def load_subject(params: SubjectParams) -> Subject:
    """Load the networks on their device. Raises StorageError and ValueError."""
    kind = find_ensemble(params.ensemble, params.storage).description.get("kind", "votes")
    return Classes(params) if kind == "classes" else ExplainedAnswer(params)


def confident(row: Mapping[str, Any], column: str | None) -> bool | None:
    """Return whether a row's label is confident; None if the row does not say."""
    value = row.get(column) if column else None
    return None if value is None else str(value).lower() in CONFIDENT


class Classes:
    """Subject with the members of a classifier, each loaded when the first source needs it."""

    def __init__(self, params: SubjectParams) -> None:
        self.params = params
        self.first = self._load(params.member)
        self.members: dict[int, Classifier] = {params.member: self.first}
        self.classes = self.first.classes
        source = self.first.labels.fold_column
        self.columns: tuple[str, ...] = () if source == "object_id" else (source,)

    def _load(self, member: int) -> Classifier:
        p = self.params
        return load_classifier(p.ensemble, p.storage, p.device, member)

    def probe(self) -> tuple[nn.Module, Tensor]:
        """Return the first network and a grey image of its input size."""
        return _probe(self.first.network, self.first.input_px)

    def label(self, row: Mapping[str, Any]) -> str | None:
        """Return the value of the label column; None if there is none."""
        value = row.get(self.params.label) if self.params.label else None
        return None if value is None else str(value)

    def seen(self, row: Mapping[str, Any]) -> Seen:
        """Prepare a row's image for the member that was not trained on its source."""
        source = row.get(self.first.labels.fold_column)
        number = self.first.unseen_by(source)
        if number not in self.members:
            self.members[number] = self._load(number)
        classifier = self.members[number]
        if self.first.labels.reads == "picture":
            image = classifier.image(_pixels(row, self.params.limits))
            return Seen(network=classifier.network, image=image)
        flux = _flux(row, self.params.limits)
        image = classifier.image(flux)
        if image.min() == image.max():
            message = "the image is blank after its noise is clipped"
            raise Unreadable(Status.BLANK_IMAGE.value, message)
        mask = None
        if self.params.mask == "island":
            mask = classifier.frame(island_mask(flux).astype(np.float32)) > 0.5
        return Seen(network=classifier.network, image=image, mask=mask)


class ExplainedAnswer:
    """Subject with one member of a votes ensemble and one answer, at the crop of its votes."""

    def __init__(self, params: SubjectParams) -> None:
        self.params = params
        files = find_ensemble(params.ensemble, params.storage)
        self.spec = EnsembleSpec.from_dict(files.description)
        members = self.spec.members
        if not 0 <= params.member < len(members):
            raise ValueError(
                f"member={params.member} must lie in 0..{len(members) - 1}: "
                f"{', '.join(m.name for m in members)}"
            )
        number, column = params.member, INDEX[params.answer]
        self.input_px, self.device = members[number].input_px, torch.device(params.device)
        # the member as it is, without models.networks.fast_gradients: class activation maps need
        # its layers
        member = build_member(members[number], files.weights[number], self.spec.sha256[number])
        self.network = AnswerNetwork(to_device(member, self.device), column).eval()
        self.classes: tuple[str, ...] = answer_classes(column)
        self.columns: tuple[str, ...] = BAR_TRUTH if params.mask == "bar" else ()

    def probe(self) -> tuple[nn.Module, Tensor]:
        """Return the network and a grey image of its input size."""
        return _probe(self.network, self.input_px)

    def label(self, row: Mapping[str, Any]) -> str | None:
        """Return the value of the label column, or whether a mock galaxy has a bar."""
        if self.params.label:
            value = row.get(self.params.label)
            return None if value is None else str(value)
        if self.params.mask != "bar" or self.params.answer != "bar_yes":
            return None
        return self.classes[0] if row.get(BAR_TRUTH[0]) is not None else self.classes[1]

    def seen(self, row: Mapping[str, Any]) -> Seen:
        """Prepare a row's canvas at the votes' crop, neither rotated nor reflected."""
        spec, pixels = self.spec, _pixels(row, self.params.limits)
        cut = canvas(pixels, spec.field)
        image = plain_view(
            normalised_canvas(cut, self.device)[None], spec.votes_view, self.input_px
        )[0]
        ellipse = bar_ellipse(dict(row), pixels, cut)
        if self.params.mask != "bar" or not np.isfinite(ellipse).all():
            return Seen(network=self.network, image=image)
        width = 1.0 if spec.votes_view.identity else spec.votes_view.width
        inside, bar = _bar(ellipse, width, spec.field.canvas_px, image.shape[-1])
        return Seen(network=self.network, image=image, mask=inside, bar=bar)


def _probe(network: nn.Module, side: int) -> tuple[nn.Module, Tensor]:
    device = next(network.parameters()).device
    return network, torch.full((3, side, side), 0.5, device=device)


def _bar(
    ellipse: NDArray[np.float32], width: float, canvas_px: int, out_px: int
) -> tuple[NDArray[np.bool_], TrueBar]:
    """Return the mask and place of a bar on a view that is `width` canvases and `out_px` pixels
    wide."""
    matrix = sequence(ViewParams(width=width), 0, 1, (0.0, 0.0))
    found = regions(torch.from_numpy(ellipse)[None], matrix, canvas_px, out_px)
    factor = width * canvas_px / out_px
    first = 0.5 * (1 - width) * canvas_px
    x, y, major, _, angle = (float(v) for v in ellipse)
    bar = TrueBar(
        x_px=(x + 0.5 - first) / factor - 0.5,
        y_px=(y + 0.5 - first) / factor - 0.5,
        length_px=2 * major / factor,
        position_angle_deg=angle % 180.0,
    )
    return np.asarray(found.inside[0].numpy()), bar


def _pixels(row: Mapping[str, Any], limits: ImageLimits) -> NDArray[np.uint8]:
    decoded = decode((row["image"] or {}).get("bytes"), limits)
    if decoded.pixels is None:
        raise Unreadable((decoded.status or Status.FAILED).value, decoded.message or "")
    return decoded.pixels


def _flux(row: Mapping[str, Any], limits: ImageLimits) -> NDArray[np.float64]:
    read = decode_flux((row["image"] or {}).get("bytes"), limits)
    if read.values is None:
        raise Unreadable((read.status or Status.FAILED).value, read.message)
    return read.values
