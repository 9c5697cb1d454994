"""HDF5 files as plain arrays: nothing in one reaches outside it or makes the library load code.

An HDF5 file can point to other files (external and virtual data) and name filters that the library
would look for in folders of plugins. Neither is followed: the file is refused before any such data
is read.
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
"""A chunk is unpacked whole; none may be larger."""

_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}  # noqa: E501  # fmt: skip
"""Those that the library itself holds, by HDF5's registered numbers."""

_BLOCK_BYTES = 2**20


@contextmanager
def opened(fs: FileSystem, path: str) -> Iterator[dict[str, Any]]:
    """The data sets at the top of a file by name, for reading; links and groups are passed over.

    Raises StorageError for what is no whole HDF5 file, ValueError for data that lie elsewhere, that
    need a filter from outside or whose chunks are over CHUNK_BYTES_MAX.
    """
    import h5py  # heavy, and only these files need it

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
    """Some rows of a data set of one axis; bytes are read as UTF-8. Raises ValueError."""
    values = dataset[rows]
    if values.dtype.kind in "SO":
        texts = [v.decode("utf-8", "replace") if isinstance(v, bytes) else v for v in values]
        return pa.array(texts, pa.string())
    return pa.array(values.astype(values.dtype.newbyteorder("=")))


def is_column(dataset: Any) -> bool:
    """Whether it is one value a row that a table can hold: a number, a truth value or a text."""
    import h5py

    kind = dataset.dtype.kind
    text = kind == "S" or h5py.check_string_dtype(dataset.dtype) is not None
    return dataset.ndim == 1 and (kind in "iufb" or text)


def _random(fs: FileSystem, path: str) -> Any:
    """A file to be read in many small pieces: on a store, in blocks that are kept."""
    if storage.is_local(fs):
        return storage.open_random(fs, path)
    return fs.open(path, "rb", cache_type="blockcache", block_size=_BLOCK_BYTES)


def _check(dataset: Any, name: str, path: str) -> None:
    import h5py

    plan = dataset.id.get_create_plist()
    if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count():
        raise ValueError(
            f"{name!r} in {path!r} lies in another file, which is not followed: copy the data into "
            "one file (h5repack)"
        )
    numbers = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    if foreign := [number for number in numbers if number not in _FILTERS]:
        raise ValueError(
            f"{name!r} in {path!r} is packed with the HDF5 filter {foreign[0]}, and no plugin is "
            f"loaded: only {', '.join(_FILTERS.values())} are read; pack it anew (h5repack -f GZIP)"
        )
    size = math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize
    if size > CHUNK_BYTES_MAX:
        raise ValueError(
            f"{name!r} in {path!r} has chunks of {size} bytes, more than {CHUNK_BYTES_MAX}: write "
            "it with smaller ones (h5repack -l)"
        )
