"""Parameters of the canvas and its views: which part of an image a network sees. No torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class ViewParams:
    """Which views of a canvas are averaged over.

    With everything off and width 1, the only view is the canvas itself.

    Attributes
    ----------
    width
        Width of the square that the network sees, as a fraction of the canvas.
    width_range
        (smallest, largest) width. If given, the widths of views are spread log-uniformly over it.
    rotate
        Whether views are rotated by any angle.
    reflect
        Whether every second view is mirrored.
    """

    width: float = 1.0
    width_range: tuple[float, float] | None = None
    rotate: bool = False
    reflect: bool = False

    def __post_init__(self) -> None:
        for value in (self.width, *(self.width_range or ())):
            if not 0.05 <= value <= 4:
                raise ValueError(f"view width {value} must lie in 0.05..4 canvas widths")
        if self.width_range and self.width_range[0] > self.width_range[1]:
            raise ValueError(f"width_range={self.width_range} must be (smallest, largest)")

    @property
    def identity(self) -> bool:
        """Whether every view is the whole, unchanged canvas."""
        plain = self.width_range is None and not self.rotate and not self.reflect
        return plain and self.width == 1.0


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """Which square of sky becomes the canvas.

    Attributes
    ----------
    kind
        "galaxy": a square centred on the galaxy, sky-subtracted and scaled to the galaxy's
        brightness. "frame": the whole image, value / 255 (paper 1, section 4.1).
    canvas_px
        Side of the canvas in pixels.
    half_width_radii
        Half-width of the square of kind "galaxy", in galaxy radii.
    """

    kind: Literal["galaxy", "frame"] = "galaxy"
    canvas_px: int = 144
    half_width_radii: float = 1.8

    def __post_init__(self) -> None:
        if self.kind not in ("galaxy", "frame"):
            raise ValueError(f"kind={self.kind!r} must be 'galaxy' or 'frame'")
        if not 16 <= self.canvas_px <= 4096:
            raise ValueError(f"canvas_px={self.canvas_px} must lie in 16..4096")
        if not 0.5 <= self.half_width_radii <= 20:
            raise ValueError(f"half_width_radii={self.half_width_radii} must lie in 0.5..20")

    @classmethod
    def paper(cls, canvas_px: int = 224) -> FieldSpec:
        """Return the field of paper 1: the whole 424 px cutout at 224 px, values in [0, 1]."""
        return cls(kind="frame", canvas_px=canvas_px)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return asdict(self)
