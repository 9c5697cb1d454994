"""Which of the pixels above a threshold belong to the galaxy at the centre."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.barparams import BarLengthParams

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

_LOBES_CONSIDERED = 8  # the brightest components away from the centre
_LOBE_FLUX_RATIO = 0.2  # of the fainter lobe to the brighter one, and to what stands between them


def central_components(
    mask: Mask, light: Floats, centre: tuple[float, float], params: BarLengthParams
) -> Mask:
    """The part of a mask (H, W) that belongs to the object at centre (x, y).

    Kept are the components (8-connected) that come within params.centre_tolerance of the
    centre, and the two ansae of a bar: the brightest pair of others whose midpoint does.
    """
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count == 0:
        return mask
    radius = params.centre_tolerance * min(mask.shape)
    y, x = np.nonzero(mask)
    label = labels[y, x]
    distance = np.hypot(x - centre[0], y - centre[1])
    nearest = np.full(count + 1, math.inf)
    np.minimum.at(nearest, label, distance)
    kept = nearest <= max(radius, 1.0)
    weight = np.nan_to_num(light[y, x], nan=0.0).clip(0.0, 1.0)
    flux = np.bincount(label, weight, count + 1)
    flux[0] = 0.0
    floor = _LOBE_FLUX_RATIO * flux[kept].sum()
    with np.errstate(invalid="ignore"):
        middle_x = np.bincount(label, weight * (x - centre[0]), count + 1) / flux
        middle_y = np.bincount(label, weight * (y - centre[1]), count + 1) / flux
    kept[_lobes(np.where(kept, 0.0, flux), middle_x, middle_y, floor, radius)] = True
    return np.asarray(kept[labels] & mask)


def _lobes(flux: Floats, x: Floats, y: Floats, floor: float, radius: float) -> list[int]:
    """The pair of components with the most flux in its fainter one and its midpoint at 0."""
    order = [int(i) for i in np.argsort(flux)[::-1][:_LOBES_CONSIDERED] if flux[i] > floor]
    best: list[int] = []
    best_flux = 0.0
    for a, i in enumerate(order):
        for j in order[a + 1 :]:
            fainter = float(flux[j])
            opposite = math.hypot(x[i] + x[j], y[i] + y[j]) / 2 <= radius
            if opposite and fainter >= _LOBE_FLUX_RATIO * flux[i] and fainter > best_flux:
                best, best_flux = [i, j], fainter
    return best
