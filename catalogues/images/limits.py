"""Limits on the size of an image, and the exception that says what is wrong with an image."""

from __future__ import annotations

from dataclasses import dataclass

from catalogues.statuses import Status


@dataclass(frozen=True, kw_only=True)
class ImageLimits:
    """Bounds that are checked on an image's header, before its pixels are unpacked.

    `pixels_max`: width x height. `bytes_max`: size of the encoded file. `side_min_px`: the shorter
    side. `header_cards_max`: cards per FITS header.
    """

    pixels_max: int = 16_000_000
    bytes_max: int = 64 * 2**20
    side_min_px: int = 16
    header_cards_max: int = 10_000

    def __post_init__(self) -> None:
        for name in ("pixels_max", "bytes_max", "side_min_px", "header_cards_max"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: give a positive number")
        if self.side_min_px**2 > self.pixels_max:
            raise ValueError(
                f"side_min_px {self.side_min_px} leaves no image within pixels_max "
                f"{self.pixels_max}: lower the first or raise the second"
            )

    def check_size(self, width: int, height: int) -> None:
        """Check that an image of `width` x `height` pixels is within bounds. Raises ImageFault."""
        if width < 1 or height < 1:
            raise ImageFault(
                Status.CORRUPT_IMAGE, f"the header says {width} x {height} px: no pixels at all"
            )
        if width * height > self.pixels_max:
            raise ImageFault(
                Status.TOO_LARGE_IMAGE,
                f"{width} x {height} px are more than the limit of {self.pixels_max} pixels",
            )
        if min(width, height) < self.side_min_px:
            raise ImageFault(
                Status.TOO_SMALL_IMAGE,
                f"{width} x {height} px: the shorter side is under {self.side_min_px} px",
            )


class ImageFault(Exception):
    """An image cannot be read: its `status` and a sentence. Never leaves `decode`."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
