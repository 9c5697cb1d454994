"""Divide the sky into partitions: HEALPix pixels of several orders with similar numbers of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy_healpix import neighbours
from numpy.typing import NDArray

from catalogues.sky import ORDER

Ints = NDArray[np.int64]

COUNT_ORDER = 9
"""Order of the pixels in which rows are counted, 0.11 deg wide. No partition is smaller."""

_SIZE_OVER_WIDTH = 1.6
"""Square root of a pixel's area / smallest distance between opposite sides, as in `hats`."""


@dataclass(frozen=True, kw_only=True)
class Partitions:
    """Pixels of the nested scheme that do not overlap, in the order of their order-29 pixels.

    `orders`, `pixels`, `rows`: (P,). Pixel i covers the order-29 pixels [starts[i], ends[i]).
    """

    orders: Ints
    pixels: Ints
    rows: Ints

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def starts(self) -> Ints:
        """First order-29 pixel of each partition."""
        return self.pixels << 2 * (ORDER - self.orders)

    @property
    def ends(self) -> Ints:
        """Order-29 pixel after the last one of each partition."""
        return (self.pixels + 1) << 2 * (ORDER - self.orders)

    @property
    def sky_fraction(self) -> float:
        """Share of the sky that the partitions cover."""
        return float((4.0 ** -self.orders.astype(float)).sum() / 12)


def count_pixels(healpix_29: Ints) -> tuple[Ints, Ints]:
    """Count rows per pixel of COUNT_ORDER. Returns the pixels with rows, and their counts."""
    pixels, counts = np.unique(healpix_29 >> 2 * (ORDER - COUNT_ORDER), return_counts=True)
    return pixels, counts.astype(np.int64)


def divide(counts: Ints, rows_max: int) -> Partitions:
    """Choose the largest pixels with at most `rows_max` rows.

    counts: rows in every pixel of an order, (12 x 4^order,). A pixel of that order is a partition
    even if it has more rows. Raises ValueError for rows_max below 1.
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
    """Return the order of the smallest pixels that are nowhere narrower than the margin.

    Everything within the margin of a position then lies in its pixel or the eight neighbours.
    Raises ValueError for a margin that is not above 0 or wider than a degree.
    """
    if not 0 < margin_arcsec <= 3600:
        raise ValueError(f"margin_arcsec={margin_arcsec:g} must lie above 0, up to 3600")
    width = np.radians(margin_arcsec / 3600) * _SIZE_OVER_WIDTH
    return int(np.clip(np.log2(np.sqrt(np.pi / 3) / width), 0, ORDER))


def margin_pairs(healpix_29: Ints, own: int, partitions: Partitions, order: int) -> tuple[Ints, Ints]:  # noqa: E501  # fmt: skip
    """Find rows of partition `own` in the margins of other partitions. Returns rows and partitions.

    The pairs are sorted by partition. A row is in a margin if its pixel of `order` (from
    `margin_order`) or a neighbour of that pixel touches the partition. So all rows within the
    margin are found, and some that are a few times as far away.
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
