"""Measure a galaxy at every point of paper 1's hyperparameter grid (table 2) in one pass.

Bhambra, Joachimi & Lahav (2022) choose among X_input {true, false} x S_noise {0.1, 0.15, 0.2, 0.25}
x T_c {0.7 ... 0.9} x T_1 {10 ... 50} for five ways to a length: each of the three members' maps,
the mean of the maps and the mean of the members' lengths. Maps depend only on the noise, so they
are made once per noise level. X_input is a product with the grey image, and all pairs (T_c, T_1)
share one pass over a map.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.barlength.estimator import mean_map
from models.barlength.measure import BarLengthParams, measure_grid
from models.calibration.params import GridParams

Floats = NDArray[np.float64]
Maps = NDArray[np.float32]

AVERAGE_MAPS, AVERAGE_MEASUREMENTS = "average maps", "average measurements"
"""The two methods that need all members; the other methods have a member's name."""


def methods(members: Sequence[str]) -> tuple[str, ...]:
    """Return the methods in the order of `grid_lengths`: each member's, then the two averages."""
    return (*members, AVERAGE_MAPS, AVERAGE_MEASUREMENTS)


def with_input(maps: Maps, grey: Maps) -> Maps:
    """Apply X_input: multiply maps (M, H, W) by the grey image (H, W).

    models.saliency.gradients.finish does the same.
    """
    return maps * grey


def grid_lengths(maps: Maps, params: GridParams) -> Floats:
    """Measure Algorithm 1's lengths of one galaxy, in pixels of the map: (M + 2, T_c, T_1).

    maps: the members' maps, (M, H, W) in [0, 1]. Each length equals that of a single call of
    Algorithm 1; methods are in the order of `methods`. A map of NaN has length 1, as in the
    published code, and does not enter the mean of the maps.
    """
    paper = BarLengthParams.paper()

    def read(saliency: NDArray[np.floating]) -> Floats:
        return measure_grid(saliency, params.correlations, params.pixel_minima, paper)

    members = np.stack([read(m) for m in maps])
    return np.concatenate([members, read(mean_map(maps))[None], members.mean(axis=0)[None]])
