"""Petrosian radii of a noiseless image, by the survey's definition (circular apertures).

SDSS (Strauss et al. 2002, section 3.2): eta(r) = mean surface brightness in 0.8-1.25 r over that
inside r; r_P is where eta falls to 0.2; the flux is that inside 2 r_P; petroR90 holds 90 % of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ETA = 0.2
FLUX_RADII = 2.0


@dataclass(frozen=True, kw_only=True)
class Petrosian:
    """Radii in the unit of the image's pixel scale, flux in that of the image."""

    radius: float
    r50: float
    r90: float
    flux: float


def petrosian(image: NDArray[np.floating], pixel_scale: float) -> Petrosian:
    """Radii about the image's centre ((n - 1)/2); `image` is (n, n), noiseless, without sky.

    Where eta never falls to 0.2 inside the image r_P is the largest radius tried, half the distance
    to the image's edge, so the image should reach 2 r_P. Raises ValueError for one without flux.
    """
    n = image.shape[0]
    axis = np.arange(n) - (n - 1) / 2
    radius = np.hypot(axis[:, None], axis).ravel()
    edges = np.arange(0.0, n / 2, 0.5)
    growth, area = _curve_of_growth(radius, image.ravel().astype(np.float64), edges)
    if not growth[-1] > 0:
        raise ValueError("the image holds no flux: a Petrosian radius needs a galaxy at the centre")
    tried = edges[(edges >= 2.0) & (edges <= edges[-1] / FLUX_RADII)]
    inside = np.interp(tried, edges, growth) / np.interp(tried, edges, area)
    annulus = np.interp(1.25 * tried, edges, growth) - np.interp(0.8 * tried, edges, growth)
    annulus /= np.interp(1.25 * tried, edges, area) - np.interp(0.8 * tried, edges, area)
    r_petro = _first_crossing(tried, annulus / inside)
    flux = float(np.interp(FLUX_RADII * r_petro, edges, growth))
    monotone = np.maximum.accumulate(growth)
    r50, r90 = np.interp([0.5 * flux, 0.9 * flux], monotone, edges)
    return Petrosian(
        radius=r_petro * pixel_scale, r50=r50 * pixel_scale, r90=r90 * pixel_scale, flux=flux
    )


def _curve_of_growth(
    radius: NDArray[np.float64], flux: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Flux and area inside each edge; a pixel is spread over one pixel of radius (a soft edge)."""
    order = np.argsort(radius)
    ordered = radius[order]
    # the mean of the hard sums over +-1/2 px: the antiderivative of the hard curve, differenced
    outer, inner = ordered + 0.5, ordered - 0.5
    growth = _ramp_sum(outer, inner, flux[order], edges)
    area = _ramp_sum(outer, inner, np.ones_like(flux), edges)
    return growth, area


def _ramp_sum(
    outer: NDArray[np.float64],
    inner: NDArray[np.float64],
    weight: NDArray[np.float64],
    edges: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum over pixels of weight x clip(edge - inner, 0, 1), by two running sums."""
    zero = np.zeros(1)
    total = np.concatenate([zero, np.cumsum(weight)])
    first_inner = np.concatenate([zero, np.cumsum(weight * inner)])
    whole = np.searchsorted(outer, edges, side="right")
    begun = np.searchsorted(inner, edges, side="right")
    partial = edges * (total[begun] - total[whole]) - (first_inner[begun] - first_inner[whole])
    result: NDArray[np.float64] = total[whole] + partial
    return result


def _first_crossing(radius: NDArray[np.float64], eta: NDArray[np.float64]) -> float:
    below = np.nonzero(eta < ETA)[0]
    if len(below) == 0:
        return float(radius[-1])
    k = int(below[0])
    if k == 0:
        return float(radius[0])
    share = (eta[k - 1] - ETA) / (eta[k - 1] - eta[k])
    return float(radius[k - 1] + share * (radius[k] - radius[k - 1]))
