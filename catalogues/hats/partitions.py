"""Dividing the sky among files: HEALPix pixels of several orders with about as many rows each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy_healpix import neighbours
from numpy.typing import NDArray

from catalogues.sky import ORDER

Ints = NDArray[np.int64]

COUNT_ORDER = 9
"""Order of the pixels in which rows are counted, 0.11 deg wide: the smallest partitions."""

_SIZE_OVER_WIDTH = 1.6
"""Root of a pixel's area over the least distance between its opposite sides, as `hats` has it."""


@dataclass(frozen=True, kw_only=True)
class Partitions:
    """Pixels of the nested scheme that do not overlap, in the order of the sky's index.

    `orders`, `pixels`, `rows`: (P,). Pixel i covers [starts[i], ends[i]) of order-29 pixels.
    """

    orders: Ints
    pixels: Ints
    rows: Ints

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def starts(self) -> Ints:
        """First pixel of order 29 of each."""
        return self.pixels << 2 * (ORDER - self.orders)

    @property
    def ends(self) -> Ints:
        """The one after the last."""
        return (self.pixels + 1) << 2 * (ORDER - self.orders)

    @property
    def sky_fraction(self) -> float:
        """Share of the sky that they cover."""
        return float((4.0 ** -self.orders.astype(float)).sum() / 12)


def count_pixels(healpix_29: Ints) -> tuple[Ints, Ints]:
    """(pixels of COUNT_ORDER that hold any of the rows, how many)."""
    pixels, counts = np.unique(healpix_29 >> 2 * (ORDER - COUNT_ORDER), return_counts=True)
    return pixels, counts.astype(np.int64)


def divide(counts: Ints, rows_max: int) -> Partitions:
    """The largest pixels with at most `rows_max` rows.

    counts: rows in every pixel of an order, (12 x 4^order,). A pixel of that order with more rows
    is a partition all the same. Raises ValueError for rows_max below 1.
    """
    if rows_max < 1:
        raise ValueError(f"rows_max={rows_max} must be at least 1")
    finest = (len(counts) // 12).bit_length() // 2
    by_order = [counts]
    for _ in range(finest):
        by_order.insert(0, by_order[0].reshape(-1, 4).sum(axis=1))
    found = []
    pixels = np.arange(12, dtype=np.int64)
    for order, counted in enumerate(by_order):
        pixels = pixels[counted[pixels] > 0]
        whole = (counted[pixels] <= rows_max) | (order == finest)
        found.append((np.full(whole.sum(), order), pixels[whole], counted[pixels[whole]]))
        pixels = (4 * pixels[~whole, None] + np.arange(4)).ravel()
    orders, chosen, rows = (np.concatenate(part).astype(np.int64) for part in zip(*found))  # noqa: B905
    sky = np.argsort(chosen << 2 * (ORDER - orders))
    return Partitions(orders=orders[sky], pixels=chosen[sky], rows=rows[sky])


def margin_order(margin_arcsec: float) -> int:
    """The order of the smallest pixels that are nowhere narrower than the margin.

    What lies within the margin of a place then lies in the place's pixel or its eight neighbours.
    Raises ValueError for a margin that is not above 0 or wider than a degree.
    """
    if not 0 < margin_arcsec <= 3600:
        raise ValueError(f"margin_arcsec={margin_arcsec:g} must lie above 0, up to 3600")
    width = np.radians(margin_arcsec / 3600) * _SIZE_OVER_WIDTH
    return int(np.clip(np.log2(np.sqrt(np.pi / 3) / width), 0, ORDER))


def margin_pairs(healpix_29: Ints, own: int, partitions: Partitions, order: int) -> tuple[Ints, Ints]:  # noqa: E501  # fmt: skip
    """(rows, partitions), by partition, for rows of `own` that lie in the margins of others.

    Every row within the margin of another partition is there, and some a few times as far: a row
    counts whose pixel of `order` (of `margin_order`) or a neighbour of that touches the partition.
    """
    shift = 2 * (ORDER - order)
    pixels = healpix_29 >> shift
    with np.errstate(invalid="ignore"):  # where only seven pixels meet
        around = np.asarray(neighbours(pixels, 2**order, order="nested"), dtype=np.int64)
    around = np.concatenate([around, pixels[None]])
    low = np.searchsorted(partitions.ends, around << shift, "right")
    high = np.searchsorted(partitions.starts, (around + 1) << shift, "left")
    touched = np.where(around >= 0, high - low, 0).clip(0).ravel()  # -1: no neighbour there
    row = np.repeat(np.tile(np.arange(len(pixels)), len(around)), touched)
    before = np.cumsum(touched) - touched
    target = np.repeat(low.ravel() - before, touched) + np.arange(touched.sum())
    others = target != own
    target, row = np.unique(np.stack([target[others], row[others]]), axis=1)
    return row, target
