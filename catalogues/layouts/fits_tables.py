"""FITS tables in portions, in the machine's byte order, integers exact and nulls kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits


def columns(file: Any, path: str) -> list[str]:
    """Names of the first table's columns. Raises ValueError."""
    with _opened(file, path) as opened:
        return list(_table(opened, path).columns.names)


def read(file: Any, path: str, names: list[str], rows: int) -> Iterator[pa.Table]:
    """Columns `names` of the first table of the file. Raises ValueError."""
    with _opened(file, path) as opened:
        hdu = _table(opened, path)
        for start in range(0, len(hdu.data), rows):
            part = hdu.data[start : start + rows]
            arrays = [_array(part[name], hdu.columns[name], path) for name in names]
            yield pa.table(arrays, names=names)


def _opened(file: Any, path: str) -> Any:
    try:
        return fits.open(file, memmap=False, lazy_load_hdus=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"the table {path!r} is not a readable FITS file: {error}") from error


def _table(opened: Any, path: str) -> Any:
    for hdu in opened:
        if isinstance(hdu, (fits.BinTableHDU, fits.TableHDU)):
            return hdu
    raise ValueError(f"the FITS file {path!r} holds no table: give the one that does")


def _array(values: Any, column: Any, path: str) -> pa.Array:
    values = np.asarray(values)
    if values.ndim != 1:
        raise ValueError(
            f"column {column.name!r} of {path!r} holds {values.shape[1:]} values per row: name "
            "columns of one value"
        )
    if values.dtype.kind in "SU":
        return pa.array([str(v).strip() or None for v in values.astype(str)], pa.string())
    native = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("="), copy=False))
    null = column.null
    mask = native == int(null) if null not in (None, "") and native.dtype.kind in "iu" else None
    return pa.array(native, mask=mask)
