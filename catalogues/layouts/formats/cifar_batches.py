"""Read MiraBest's files: choose the .npz file, load its arrays, and translate its labels."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from catalogues import storage
from catalogues.layouts.formats.tables import read_table, table_columns
from catalogues.storage import FileSystem

FR_CLASSES = {1: "FRI", 2: "FRII", 3: "hybrid"}
CONFIDENCES = {0: "confident", 1: "uncertain"}
MORPHOLOGIES = {0: "standard", 1: "double-double", 2: "wide-angle tail", 4: "head-tail"}
LABELS = {"fr_class": FR_CLASSES, "confidence": CONFIDENCES, "morphology": MORPHOLOGIES}
"""Label columns of the shards, and the words for the digits of the catalogue."""

_BYTES_MAX = 4 * 2**30
_PICKLES = re.compile(r"(^|/)(data_batch_\d+|test_batch|batches\.meta|[^/]*\.(pkl|pickle))$")


def find_files(fs: FileSystem, path: str) -> tuple[str, str | None, list[str]]:
    """Find the .npz file, its table (or None) and other .npz files.

    Raises StorageError and ValueError.
    """
    names = [name for name, _ in storage.list_files(fs, path)]
    if pickled := [name for name in names if _PICKLES.search(name)]:
        raise ValueError(
            f"{storage.redact(pickled[0])!r} is a pickled batch, which is never opened, because "
            "unpickling runs any code in a file: if you trust it, save its arrays with "
            "numpy.savez(file, images=(N, 150, 150), labels=0 for FRI or 1 for FRII, source=names) "
            "and give that file; or give the FITS images with --layout folder"
        )
    found = [name for name in names if name.endswith(".npz")]
    if not found:
        raise ValueError(
            f"{storage.redact(path)!r} is not MiraBest: give its .npz, or the folder that holds it"
        )
    folder = path if found != [path] else path.rpartition("/")[0]
    tables = [n for n, _ in storage.list_files(fs, folder, ("_labels.csv",))]
    pairs = [(npz, t) for npz in found for t in tables if _belongs(t, npz)]
    if len(pairs) > 1 or (not pairs and len(found) > 1):
        raise ValueError(f"there are {len(found)} .npz files, {', '.join(found)}: name one of them")
    npz, table = pairs[0] if pairs else (found[0], None)
    return npz, table, [name.rpartition("/")[2] for name in found if name != npz]


def _belongs(table: str, npz: str) -> bool:
    return npz.startswith(table.removesuffix("_labels.csv"))


def read_arrays(fs: FileSystem, path: str) -> dict[str, NDArray[Any]]:
    """Read the whole .npz without unpickling. Raises StorageError and ValueError."""
    data = io.BytesIO(storage.read_whole(fs, path))
    try:
        with zipfile.ZipFile(data) as packed:
            size = sum(item.file_size for item in packed.infolist())
        if size > _BYTES_MAX:
            raise ValueError(f"unpacked it has {size} bytes, more than {_BYTES_MAX}")
        with np.load(data, allow_pickle=False) as npz:
            arrays = {name: npz[name] for name in npz.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{storage.redact(path)!r} cannot be read ({error}): give an .npz of plain arrays; "
            "pickled objects are never loaded"
        ) from error
    images = arrays.get("images")
    if images is None or images.ndim != 3 or images.dtype.kind not in "iuf" or not len(images):
        what = "none" if images is None else f"{images.dtype} {images.shape}"
        raise ValueError(
            f"{storage.redact(path)!r} needs an array 'images' of numbers, (N, H, W), but has "
            f"{what}"
        )
    return arrays


def label_columns(
    fs: FileSystem, npz: str, table: str | None, arrays: dict[str, NDArray[Any]]
) -> dict[str, list[Any]]:
    """Return columns for the images in order: "source", LABELS and, with a table, position and z.

    Raises StorageError and ValueError.
    """
    if table is None:
        return _named_columns(npz, arrays)
    return _catalogue_columns(fs, table, len(arrays["images"]))


def _catalogue_columns(fs: FileSystem, table: str, count: int) -> dict[str, list[Any]]:
    """Read the columns from the catalogue's table, whose row i describes image i."""
    needed = ["row", "source", *LABELS, "ra_deg", "dec_deg", "z"]
    if absent := [name for name in needed if name not in table_columns(fs, table)]:
        raise ValueError(
            f"{storage.redact(table)!r} has no columns {', '.join(absent)}: add them to the table"
        )
    parts = list(read_table(fs, table, needed, ["source"], 10_000))
    found = pa.concat_tables(parts).to_pydict() if parts else {name: [] for name in needed}
    if found["row"] != list(range(count)):
        raise ValueError(
            f"the column 'row' of {storage.redact(table)!r} must count the {count} images from 0: "
            "give the table that belongs to them"
        )
    for name, words in LABELS.items():
        found[name] = [_word(value, name, words, i) for i, value in enumerate(found[name])]
    return found


def _word(value: Any, name: str, words: dict[int, str], row: int) -> str:
    if value not in words:
        known = ", ".join(f"{k} ({word})" for k, word in words.items())
        raise ValueError(f"{name}={value!r} in row {row} is none of {known}: correct the table")
    return words[value]


def _named_columns(path: str, arrays: dict[str, NDArray[Any]]) -> dict[str, list[Any]]:
    """Derive the columns of the 8-bit release from its names.

    A name begins with the digits of class, confidence and morphology.
    """
    count = len(arrays["images"])
    for name in ("labels", "source"):
        if name not in arrays or arrays[name].shape != (count,):
            raise ValueError(
                f"{storage.redact(path)!r} needs an array {name!r} of {count} values: give the "
                "release that has them, or a table *_labels.csv in the same folder"
            )
    seen: Counter[str] = Counter()
    names, digits = [], []
    for text in arrays["source"].tolist():
        stem = str(text).rpartition("/")[2]
        seen[stem] += 1
        names.append(stem if seen[stem] == 1 else f"{stem}#{seen[stem]}")
        digits.append(re.match(r"\d(\d)(\d)_", stem))
    labels = arrays["labels"].tolist()
    return {
        "source": names,
        "fr_class": [_word(v + 1, "label + 1", FR_CLASSES, i) for i, v in enumerate(labels)],
        "confidence": [d and CONFIDENCES.get(int(d[1])) for d in digits],
        "morphology": [d and MORPHOLOGIES.get(int(d[2])) for d in digits],
    }  # fmt: skip
