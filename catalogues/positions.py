"""Places on the sky as HEALPix pixels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from astropy import units
from astropy_healpix import boundaries_lonlat, lonlat_to_healpix
from numpy.typing import ArrayLike, NDArray

ORDER = 29


def healpix_29(ra_deg: ArrayLike, dec_deg: ArrayLike) -> pa.Int64Array:
    """HEALPix pixels, nested, order 29, of ICRS positions (N,) in degrees.

    Null where a coordinate is not finite or the declination lies beyond the poles.
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
    """Right ascensions and declinations, (N, 4) each, of the corners of nested HEALPix `cells`."""
    lon, lat = boundaries_lonlat(np.asarray(cells, np.int64), 1, 2**order, order="nested")
    return lon.to_value(units.deg), lat.to_value(units.deg)
