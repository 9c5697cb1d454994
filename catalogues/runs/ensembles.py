"""Read the files of an ensemble: `ensemble.json`, the weights and the estimator's parameters."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogues import storage
from catalogues.storage import FileSystem, StorageOptions

ENSEMBLE_FILE = "ensemble.json"
ESTIMATOR_FILE = "estimator.json"


@dataclass(frozen=True, kw_only=True)
class EnsembleFiles:
    """The files of an ensemble, as bytes and plain values. The weights match their sha256.

    `description`: content of `ensemble.json`. `estimator`: content of `estimator.json` in the same
    folder, None if there is none. `weights`: one file per member.
    """

    url: str
    description: Mapping[str, Any]
    estimator: Mapping[str, Any] | None
    weights: tuple[bytes, ...]


def read_ensemble(url: str, options: StorageOptions | None = None) -> EnsembleFiles:
    """Read and check an ensemble's files. `url`: an ensemble.json, or the folder that holds it.

    The description names the weights by paths relative to itself or by full addresses. Raises
    StorageError if a file is absent, and ValueError if its content is not as expected.
    """
    fs, path = storage.filesystem(url, options)
    if not path.endswith(".json"):
        url, path = f"{url.rstrip('/')}/{ENSEMBLE_FILE}", storage.join(path, ENSEMBLE_FILE)
    description = _json(fs, path)
    names, sums = (_listed(description, key, path) for key in ("weights", "sha256"))
    if len(names) != len(sums):
        raise ValueError(
            f"{path!r} names {len(names)} weights and {len(sums)} sha256: give one for each file"
        )
    beside = os.path.dirname(path)
    weights = tuple(
        _weights(name, expected, fs, beside, options)
        for name, expected in zip(names, sums, strict=True)
    )
    estimator = storage.join(beside, ESTIMATOR_FILE)
    return EnsembleFiles(
        url=url,
        description=description,
        estimator=_json(fs, estimator) if storage.exists(fs, estimator) else None,
        weights=weights,
    )


def _json(fs: FileSystem, path: str) -> dict[str, Any]:
    try:
        value = json.loads(storage.read_whole(fs, path))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{storage.redact(path)!r} is not JSON ({error}): name the description of an ensemble, "
            f"{ENSEMBLE_FILE}, not its weights"
        ) from error
    if not isinstance(value, dict):
        raise ValueError(f"{storage.redact(path)!r} is not a JSON object: write it again")
    return value


def _listed(description: Mapping[str, Any], key: str, path: str) -> list[str]:
    values = description.get(key)
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise ValueError(
            f"{storage.redact(path)!r} has no list of texts {key!r}: it is not the description of "
            "an ensemble, or it is incomplete; give a complete ensemble.json"
        )
    return values


def _weights(
    name: str, expected: str, fs: FileSystem, beside: str, options: StorageOptions | None
) -> bytes:
    """Read one weights file and check its sha256. Raises StorageError and ValueError."""
    path = storage.join(beside, name)
    if "://" in name or name.startswith("/"):
        fs, path = storage.filesystem(name, options)
    data = storage.read_whole(fs, path)
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise ValueError(
            f"weights {storage.redact(path)!r} have sha256 {found[:12]}..., the ensemble says "
            f"{expected[:12]}...: the file was altered, replaced or cut; fetch it again or retrain"
        )
    return data
