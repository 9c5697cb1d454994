"""What is explained: a network that tells classes apart, and a row's image as that network sees it.

Two kinds of ensemble: of kind "classes" (FRI and FRII), where each source is explained by the
network of its fold, which was not trained on it; and of kind "votes", where one member is asked for
one answer ("bar_yes").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from actors.load_networks import find_ensemble, load_classifier
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
"""Values, in lower case, of a column of confidence that say that a label is."""


@dataclass(frozen=True, kw_only=True)
class SubjectParams:
    """ensemble: as actors.load_networks.find_ensemble takes it. member: its number, for "classes"
    the first of a group of folds. answer: of a votes ensemble. label, confidence: columns of the
    input, None where it has none. mask: what is known of where the source is."""

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
                f"answer={self.answer!r} is none of the 37 answers of Galaxy Zoo: give one such as "
                "'bar_yes'"
            )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An image as its network sees it: (3, H, W), where its source is (H, W), a bar that is known,
    and the grey image (H, W) for people."""

    network: nn.Module
    image: Tensor
    mask: NDArray[np.bool_] | None = None
    bar: TrueBar | None = None


class Unreadable(Exception):
    """An image that cannot be explained, with a row's status and message."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Subject(Protocol):
    """classes: in the order of the logits. columns: of the input that `seen` needs besides."""

    classes: tuple[str, ...]
    columns: tuple[str, ...]

    def seen(self, row: Mapping[str, Any], /) -> Seen:
        """A row's image. Raises Unreadable."""

    def label(self, row: Mapping[str, Any], /) -> str | None:
        """A row's class by the catalogue, None where it has none."""

    def probe(self) -> tuple[nn.Module, Tensor]:
        """A network and an image of its size, grey."""


def load_subject(params: SubjectParams) -> Subject:
    """The networks, on their device. Raises StorageError, ValueError."""
    kind = find_ensemble(params.ensemble, params.storage).description.get("kind", "votes")
    return Classes(params) if kind == "classes" else ExplainedAnswer(params)


def confident(row: Mapping[str, Any], column: str | None) -> bool | None:
    """Whether a row's label is, None where it does not say."""
    value = row.get(column) if column else None
    return None if value is None else str(value).lower() in CONFIDENT


class Classes:
    """Members of a classifier, each loaded when a source of its fold first comes."""

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
        """The first network."""
        return _probe(self.first.network, self.first.input_px)

    def label(self, row: Mapping[str, Any]) -> str | None:
        """As the column of the labels has it."""
        value = row.get(self.params.label) if self.params.label else None
        return None if value is None else str(value)

    def seen(self, row: Mapping[str, Any]) -> Seen:
        """By the member that was not trained on the row's source."""
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
            message = "nothing is left of the image once its noise is clipped"
            raise Unreadable(Status.BLANK_IMAGE.value, message)
        mask = None
        if self.params.mask == "island":
            mask = classifier.frame(island_mask(flux).astype(np.float32)) > 0.5
        return Seen(network=classifier.network, image=image, mask=mask)


class ExplainedAnswer:
    """One member of a votes ensemble, asked for one answer at the crop of its votes."""

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
        # as it is, not as models.networks.fast_gradients has it: class activation maps read its
        # layers
        member = build_member(members[number], files.weights[number], self.spec.sha256[number])
        self.network = AnswerNetwork(to_device(member, self.device), column).eval()
        self.classes: tuple[str, ...] = answer_classes(column)
        self.columns: tuple[str, ...] = BAR_TRUTH if params.mask == "bar" else ()

    def probe(self) -> tuple[nn.Module, Tensor]:
        """The one network."""
        return _probe(self.network, self.input_px)

    def label(self, row: Mapping[str, Any]) -> str | None:
        """Of a mock galaxy: whether it has a bar; else as the column of the labels has it."""
        if self.params.label:
            value = row.get(self.params.label)
            return None if value is None else str(value)
        if self.params.mask != "bar" or self.params.answer != "bar_yes":
            return None
        return self.classes[0] if row.get(BAR_TRUTH[0]) is not None else self.classes[1]

    def seen(self, row: Mapping[str, Any]) -> Seen:
        """The canvas at the votes' crop, neither turned nor mirrored."""
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
    """A bar's mask and place on a view of `width` canvases that has `out_px` pixels."""
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
