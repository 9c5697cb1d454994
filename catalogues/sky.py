"""Positions on the sky: HEALPix pixels, a map projection, and a search for neighbours."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from astropy import units
from astropy_healpix import boundaries_lonlat, lonlat_to_healpix
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

ORDER = 29


def healpix_29(ra_deg: ArrayLike, dec_deg: ArrayLike) -> pa.Int64Array:
    """Return the HEALPix pixels (nested, order 29) of ICRS positions (N,) in degrees.

    The pixel is null where a coordinate is not finite or the declination is beyond +-90 degrees.
    """
    ra, dec = np.asarray(ra_deg, dtype=np.float64), np.asarray(dec_deg, dtype=np.float64)
    good = np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90)
    pixels = np.zeros(ra.shape, dtype=np.int64)
    if good.any():
        lon, lat = (ra[good] % 360.0) * units.deg, dec[good] * units.deg
        pixels[good] = lonlat_to_healpix(lon, lat, 2**ORDER, order="nested")
    return pa.array(pixels, pa.int64(), mask=~good)


def cell_corners_deg(
    cells: ArrayLike, order: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return right ascensions and declinations, (N, 4), of the corners of nested HEALPix cells."""
    lon, lat = boundaries_lonlat(np.asarray(cells, np.int64), 1, 2**order, order="nested")
    return lon.to_value(units.deg), lat.to_value(units.deg)


_STEPS = 40
"""Newton's method converges quadratically, except at the poles: a factor of 1.5 per step there."""


def mollweide(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[Floats, Floats]:
    """Project (N,) positions with Mollweide's equal-area projection: x in [-2, 2], y in [-1, 1].

    longitude_deg: from the central meridian, within [-180, 180] for x in [-2, 2]; x grows with it.
    The equations are x = 2 (lon / 180 deg) cos t and y = sin t, where 2 t + sin 2t = pi sin(lat)
    (Snyder 1987, Map Projections, eqs. 31-1 to 31-4, for a radius of 1 / sqrt 2).
    """
    longitude, latitude = np.asarray(longitude_deg, float), np.radians(latitude_deg)
    doubled = np.array(2 * np.arcsin(2 * latitude / np.pi))
    target = np.pi * np.sin(latitude)
    for _ in range(_STEPS):
        slope = np.maximum(1 + np.cos(doubled), 1e-12)
        doubled -= np.clip((doubled + np.sin(doubled) - target) / slope, -0.5, 0.5)
    doubled = np.clip(doubled, -np.pi, np.pi)
    return longitude / 90 * np.cos(doubled / 2), np.sin(doubled / 2)


Floats = NDArray[np.float64]


class SkyIndex:
    """Index of positions for neighbour searches.

    ra_deg, dec_deg: (N,), ICRS. A position that is not finite is never found.
    """

    def __init__(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> None:
        ra, dec = (np.asarray(v, dtype=np.float64) for v in (ra_deg, dec_deg))
        self.index = np.flatnonzero(_valid(ra, dec))
        self._tree = cKDTree(_unit(ra[self.index], dec[self.index]))

    def nearest(
        self, ra_deg: ArrayLike, dec_deg: ArrayLike, tolerance_arcsec: float
    ) -> tuple[NDArray[np.int64], Floats]:
        """Return index and separation (arcsec, great circle) of the nearest indexed position, (M,).

        The index is -1 and the separation inf where no position lies within the tolerance.
        """
        ra, dec = (np.asarray(v, dtype=np.float64) for v in (ra_deg, dec_deg))
        found = np.full(ra.shape, -1, dtype=np.int64)
        separation = np.full(ra.shape, np.inf)
        good = np.flatnonzero(_valid(ra, dec))
        if not self.index.size or not good.size:
            return found, separation
        chord, near = self._tree.query(_unit(ra[good], dec[good]))
        arcsec = np.rad2deg(2 * np.arcsin(np.minimum(chord / 2, 1))) * 3600
        within = arcsec <= tolerance_arcsec
        found[good[within]] = self.index[np.asarray(near)[within]]
        separation[good[within]] = arcsec[within]
        return found, separation

    def within(
        self, ra_deg: ArrayLike, dec_deg: ArrayLike, tolerance_arcsec: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all pairs within the tolerance: indices into the arguments and into the index."""
        ra, dec = (np.asarray(v, dtype=np.float64) for v in (ra_deg, dec_deg))
        good = np.flatnonzero(_valid(ra, dec))
        if not self.index.size or not good.size:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        chord = 2 * np.sin(np.deg2rad(tolerance_arcsec / 3600) / 2)
        near = self._tree.query_ball_point(_unit(ra[good], dec[good]), chord, return_sorted=True)
        count = [len(places) for places in near]
        found = np.fromiter((p for places in near for p in places), np.int64, sum(count))
        return np.repeat(good, count), self.index[found]

    def groups(self, count: int, linking_arcsec: float) -> NDArray[np.int64]:
        """Group positions by friends of friends. Returns each position's first group member.

        count: N, the length of the result. A position that is not finite is a group of its own.
        """
        first = np.arange(count, dtype=np.int64)
        chord = 2 * np.sin(np.deg2rad(linking_arcsec / 3600) / 2)
        pairs = self._tree.query_pairs(chord, output_type="ndarray")
        links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(self.index),) * 2)
        _, label = connected_components(links, directed=False)
        lowest = np.full(len(self.index), count, dtype=np.int64)
        np.minimum.at(lowest, label, self.index)
        first[self.index] = lowest[label]
        return first


def separations_arcsec(
    ra_deg: ArrayLike, dec_deg: ArrayLike, other_ra_deg: ArrayLike, other_dec_deg: ArrayLike
) -> Floats:
    """Great-circle distances of places, (N,) each, NaN where a coordinate is none."""
    a, b, c, d = (
        np.asarray(v, dtype=np.float64) for v in (ra_deg, dec_deg, other_ra_deg, other_dec_deg)
    )
    chord = np.linalg.norm(_unit(a, b) - _unit(c, d), axis=1)
    arcsec = np.rad2deg(2 * np.arcsin(np.minimum(chord / 2, 1))) * 3600
    return np.where(_valid(a, b) & _valid(c, d), arcsec, np.nan)


def _valid(ra: Floats, dec: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(ra) & np.isfinite(dec) & (np.abs(dec) <= 90))


def _unit(ra_deg: Floats, dec_deg: Floats) -> Floats:
    """Unit vectors, (N, 3)."""
    ra, dec = np.deg2rad(ra_deg), np.deg2rad(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
