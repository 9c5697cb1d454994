"""Classes of a column that a network tells apart, and the square of an image it does so by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from catalogues.images.radio import RadioParams, preprocess
from models.preprocess import FieldSpec, canvas


@dataclass(frozen=True, kw_only=True)
class ClassSpec:
    """What a classifier was trained for, as `ensemble.json` keeps it under "classes".

    names: the values of `column`, in the order of the logits. folds: the members come in groups of
    so many, one architecture after another; member number k of a group never saw the sources whose
    `catalogues.shards.splits.fold_of` is k. fold_column: whose value is a source, for that
    function. reads: "flux", one band, pre-processed as `radio` says, the central square of stored
    pixels; or "picture", RGB, as the ensemble's field says.
    """

    names: tuple[str, ...]
    column: str
    folds: int
    fold_column: str = "object_id"
    reads: Literal["flux", "picture"] = "flux"
    radio: RadioParams = field(default_factory=RadioParams)

    def __post_init__(self) -> None:
        if len(self.names) < 2 or len(set(self.names)) != len(self.names):
            raise ValueError(f"classes {self.names}: give at least two, each with its own name")
        if self.folds < 2:
            raise ValueError(f"folds={self.folds} must be at least 2, so that each has a rest")
        if self.reads not in ("flux", "picture"):
            raise ValueError(f"reads={self.reads!r} must be 'flux' or 'picture'")

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> ClassSpec:
        """The inverse of dataclasses.asdict. Raises KeyError, TypeError, ValueError."""
        values = {**raw, "names": tuple(raw["names"]), "radio": RadioParams(**raw["radio"])}
        return cls(**values)

    def index(self, name: object) -> int:
        """The logit of a class. Raises ValueError for one that the network lacks."""
        if str(name) not in self.names:
            raise ValueError(
                f"the network knows no class {str(name)!r} of {self.column!r}: its classes are "
                f"{', '.join(self.names)}; name one of them, or train with that one"
            )
        return self.names.index(str(name))


def class_canvas(
    image: NDArray[Any], spec: ClassSpec, field_spec: FieldSpec
) -> NDArray[np.float32]:
    """The square that views are taken of: (C, S, S) float32, C = 1 ("flux") or 3 ("picture").

    image: (H, W) fluxes, or (H, W, 3) uint8. Raises ValueError for the other's shape.
    """
    if spec.reads == "flux":
        return central_square(preprocess(image, spec.radio), field_spec.canvas_px)[None]
    if image.ndim != 3:
        raise ValueError(f"an image of shape {image.shape} must be (H, W, 3): this reads pictures")
    cut = canvas(image, field_spec)
    values = (cut.pixels.astype(np.float32) - np.array(cut.sky, np.float32)) / cut.scale
    return np.ascontiguousarray(np.clip(values, -0.25, 1.5).transpose(2, 0, 1), np.float32)


def central_square(plane: NDArray[Any], side_px: int) -> NDArray[np.float32]:
    """The middle `side_px` x `side_px` pixels of (H, W), with zeros where it is smaller."""
    out = np.zeros((side_px, side_px), np.float32)
    places = [_overlap(size, side_px) for size in plane.shape]
    (from_y, to_y), (from_x, to_x) = places
    out[to_y, to_x] = plane[from_y, from_x]
    return out


def _overlap(size: int, side: int) -> tuple[slice, slice]:
    """Of one axis: which part of `size` pixels goes to which part of `side`."""
    count, first, start = min(size, side), max(0, (size - side) // 2), max(0, (side - size) // 2)
    return slice(first, first + count), slice(start, start + count)
