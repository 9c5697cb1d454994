"""Which views of a canvas are averaged over. No torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ViewParams:
    """Which views are averaged over.

    width: width of the square that the network sees, as a fraction of the canvas; `width_range`
    (smallest, largest) is drawn log-uniformly around it where not None. rotate: any angle;
    reflect: every second view mirrored. With everything off and width 1 a view is the canvas.
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
        """Whether every view is the whole canvas as it lies."""
        plain = self.width_range is None and not self.rotate and not self.reflect
        return plain and self.width == 1.0
