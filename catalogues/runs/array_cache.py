"""Caches of arrays on disk, so that an interrupted run does not compute them again.

`MapCache` holds saliency maps, which are made once per galaxy and kind and read by every trial:
`FOLDER/noise-<S_noise>/<object_id>.npy` holds the members' maps, (M, S, S) float32, and
`FOLDER/grey/<object_id>.npy` the grey image, (S, S) float32. Other kinds of map have folders of
their own. `ArrayCache` holds named arrays. Every file is written whole or not at all.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalogues import storage
from catalogues.storage import StorageError, StorageOptions

GREY = "grey"
"""Kind of the grey images."""

_FILE = re.compile(r"(-?\d+)\.npy")


def noise_kind(noise_fraction: float) -> str:
    """Return the kind of the paper's maps at one noise level, also the name of their folder."""
    return f"noise-{noise_fraction:g}"


def jackknife_kind(kind: str, combine: str) -> str:
    """Return the kind of the jackknife maps (each without one group of samples) for `combine`."""
    return f"{kind}-left-out-{combine}"


class MapCache:
    """The arrays below a folder, local or s3://, by kind and object_id."""

    def __init__(self, url: str, options: StorageOptions | None = None) -> None:
        self.fs, self.root = storage.filesystem(url, options)

    def path(self, kind: str, object_id: int) -> str:
        """Return the path of an array, whether it exists or not."""
        return storage.join(self.root, kind, f"{object_id}.npy")

    def present(self, kind: str) -> set[int]:
        """Return the object_ids of the galaxies that have an array. Raises StorageError."""
        folder = storage.join(self.root, kind)
        if not storage.exists(self.fs, folder):
            return set()
        files = storage.list_files(self.fs, folder, (".npy",))
        found = (_FILE.fullmatch(os.path.basename(path)) for path, _ in files)
        return {int(match[1]) for match in found if match}

    def write(self, kind: str, object_id: int, array: NDArray[np.float32]) -> None:
        """Write an array, replacing an old one. Raises StorageError."""
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array, dtype=np.float32), allow_pickle=False)
        storage.write_whole(self.fs, self.path(kind, object_id), buffer.getvalue())

    def read(self, kind: str, object_id: int) -> NDArray[np.float32]:
        """Read an array. Raises StorageError if the file is absent or damaged."""
        path = self.path(kind, object_id)
        data = storage.read_whole(self.fs, path)
        try:
            array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise StorageError(
                f"{storage.redact(path)!r} is not a map ({error}): remove it, and the same command "
                "will make it again"
            ) from error
        return np.asarray(array, dtype=np.float32)

    def missing(self, kinds: Iterable[str], ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """Return the kinds that each galaxy lacks, in the given order. Complete galaxies are left
        out. Raises StorageError."""
        there = {kind: self.present(kind) for kind in kinds}
        lacking = ((i, tuple(k for k, have in there.items() if i not in have)) for i in ids)
        return {i: kinds for i, kinds in lacking if kinds}


Arrays = Mapping[str, NDArray[Any]]


class ArrayCache:
    """Files `name`.npz in a folder or below a URL. Nothing in them is unpickled."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._fs, self._root = storage.filesystem(folder)

    def get(self, name: str) -> dict[str, NDArray[Any]] | None:
        """Read the arrays of `name`; None if the file is absent or damaged. Raises StorageError."""
        (data,) = storage.read_many(self._fs, [self._path(name)])
        try:
            found = np.load(io.BytesIO(data or b""), allow_pickle=False)
            return {key: found[key] for key in found.files}
        except (ValueError, EOFError, OSError, AttributeError, zipfile.BadZipFile):
            return None

    def put(self, name: str, arrays: Arrays) -> None:
        """Write arrays (or no array) as `name`, replacing old ones. Raises StorageError."""
        buffer = io.BytesIO()
        np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
        storage.write_whole(self._fs, self._path(name), buffer.getvalue())

    def count(self) -> int:
        """Return the number of names in the cache. Raises StorageError."""
        there = storage.exists(self._fs, self._root)
        return len(storage.list_files(self._fs, self._root, (".npz",))) if there else 0

    def forget(self) -> None:
        """Remove the folder and all its files. Raises StorageError."""
        if storage.exists(self._fs, self._root):
            with storage.explained("remove", self._root):
                self._fs.rm(self._root, recursive=True)

    def _path(self, name: str) -> str:
        return storage.join(self._root, f"{name}.npz")
