"""Saliency maps kept on disk: made once per galaxy and kind, read by every trial.

`FOLDER/noise-<S_noise>/<object_id>.npy` holds the members' maps, (M, S, S) float32;
`FOLDER/grey/<object_id>.npy` the grey image, (S, S) float32; other kinds of map stand beside them
in folders of their own. A file is there whole or not at all,
so what is there need not be made again after an interruption.

Named arrays in one file each, whole or not at all: what a killed run need not compute again.
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
    """Kind of the paper's maps at one noise level, also the name of their folder."""
    return f"noise-{noise_fraction:g}"


def jackknife_kind(kind: str, combine: str) -> str:
    """Kind of the same maps without one group of samples each, as `combine` needs them."""
    return f"{kind}-left-out-{combine}"


class MapCache:
    """The arrays below a folder, local or s3://, by kind and object_id."""

    def __init__(self, url: str, options: StorageOptions | None = None) -> None:
        self.fs, self.root = storage.filesystem(url, options)

    def path(self, kind: str, object_id: int) -> str:
        """Where an array lies or will lie."""
        return storage.join(self.root, kind, f"{object_id}.npy")

    def present(self, kind: str) -> set[int]:
        """The galaxies of which there is an array. Raises StorageError."""
        folder = storage.join(self.root, kind)
        if not storage.exists(self.fs, folder):
            return set()
        files = storage.list_files(self.fs, folder, (".npy",))
        found = (_FILE.fullmatch(os.path.basename(path)) for path, _ in files)
        return {int(match[1]) for match in found if match}

    def write(self, kind: str, object_id: int, array: NDArray[np.float32]) -> None:
        """Keep an array, replacing what was there. Raises StorageError."""
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array, dtype=np.float32), allow_pickle=False)
        storage.write_whole(self.fs, self.path(kind, object_id), buffer.getvalue())

    def read(self, kind: str, object_id: int) -> NDArray[np.float32]:
        """An array that was kept. Raises StorageError where it is not there or no such array."""
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
        """Which kinds each galaxy still lacks, in the order given; those that lack none are left
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
        """The arrays kept under `name`; None where there are none, or none that can be read.
        Raises StorageError."""
        (data,) = storage.read_many(self._fs, [self._path(name)])
        try:
            found = np.load(io.BytesIO(data or b""), allow_pickle=False)
            return {key: found[key] for key in found.files}
        except (ValueError, EOFError, OSError, AttributeError, zipfile.BadZipFile):
            return None

    def put(self, name: str, arrays: Arrays) -> None:
        """Keep arrays (none, too) under `name`, instead of what was there. Raises StorageError."""
        buffer = io.BytesIO()
        np.savez(buffer, **dict(arrays))  # type: ignore[arg-type]
        storage.write_whole(self._fs, self._path(name), buffer.getvalue())

    def count(self) -> int:
        """How many names are kept. Raises StorageError."""
        there = storage.exists(self._fs, self._root)
        return len(storage.list_files(self._fs, self._root, (".npz",))) if there else 0

    def forget(self) -> None:
        """Remove the folder and all that is kept there. Raises StorageError."""
        if storage.exists(self._fs, self._root):
            with storage.explained("remove", self._root):
                self._fs.rm(self._root, recursive=True)

    def _path(self, name: str) -> str:
        return storage.join(self._root, f"{name}.npz")
