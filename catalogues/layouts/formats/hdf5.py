"""Read HDF5 files as plain arrays, without access to other files and without loading plugins.

An HDF5 file can refer to other files (external and virtual data) and to filters that the library
would load from plugin folders. Such a file is refused before any of these data are read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from catalogues import storage
from catalogues.storage import FileSystem, StorageError

SUFFIXES: tuple[str, ...] = (".hdf5", ".h5")

CHUNK_BYTES_MAX = 128 * 2**20
"""Largest allowed chunk: a chunk is unpacked whole."""

_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}  # noqa: E501  # fmt: skip
"""Filters that are part of the library, by HDF5's registered numbers."""

_BLOCK_BYTES = 2**20


@contextmanager
def opened(fs: FileSystem, path: str) -> Iterator[dict[str, Any]]:
    """Open the data sets at the top level of a file, by name. Links and groups are skipped.

    Raises StorageError if the file is not a complete HDF5 file, and ValueError for data in other
    files, for a filter that is a plugin, and for chunks larger than CHUNK_BYTES_MAX.
    """
    import h5py  # slow to import, and only these files need it

    with storage.explained("read", path), _random(fs, path) as file:
        try:
            with h5py.File(file, "r") as held:
                own = [n for n in held if isinstance(held.get(n, getlink=True), h5py.HardLink)]
                found = {n: held[n] for n in own if isinstance(held[n], h5py.Dataset)}
                for name, dataset in found.items():
                    _check(dataset, name, storage.redact(path))
                yield found
        except (OSError, RuntimeError, KeyError) as error:
            raise StorageError(
                f"{storage.redact(path)!r} is not a whole HDF5 file ({error}): fetch it again"
            ) from error


def column(dataset: Any, rows: slice) -> pa.Array:
    """Read some rows of a data set with one axis. Bytes are decoded as UTF-8. Raises ValueError."""
    values = dataset[rows]
    if values.dtype.kind in "SO":
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
        return pa.array(texts, pa.string())
    return pa.array(values.astype(values.dtype.newbyteorder("=")))


def is_column(dataset: Any) -> bool:
    """Return whether a data set has one value per row: a number, a truth value or a text."""
    import h5py

    kind = dataset.dtype.kind
    text = kind == "S" or h5py.check_string_dtype(dataset.dtype) is not None
    return dataset.ndim == 1 and (kind in "iufb" or text)


def _random(fs: FileSystem, path: str) -> Any:
    """Open a file for many small reads. On a store, blocks of the file are cached."""
    if storage.is_local(fs):
        return storage.open_random(fs, path)
    return fs.open(path, "rb", cache_type="blockcache", block_size=_BLOCK_BYTES)


def _check(dataset: Any, name: str, path: str) -> None:
    import h5py

    plan = dataset.id.get_create_plist()
    if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count():
        raise ValueError(
            f"{name!r} in {path!r} refers to another file, which is not read: copy the data into "
            "one file (h5repack)"
        )
    numbers = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    if foreign := [number for number in numbers if number not in _FILTERS]:
        raise ValueError(
            f"{name!r} in {path!r} is packed with the HDF5 filter {foreign[0]}, and no plugin is "
            f"loaded: only {', '.join(_FILTERS.values())} are read; repack it (h5repack -f GZIP)"
        )
    size = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
    if size > CHUNK_BYTES_MAX:
        raise ValueError(
            f"{name!r} in {path!r} has chunks of {size} bytes, more than {CHUNK_BYTES_MAX}: write "
            "it with smaller chunks (h5repack -l)"
        )
