"""Read the samples of a tar file from front to back, without unpacking anything to disk."""

from __future__ import annotations

import json
import posixpath
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from catalogues import storage
from catalogues.layouts.formats.image_files import FILE_BYTES_MAX, SUFFIXES
from catalogues.statuses import Status
from catalogues.storage import FileSystem, StorageError

JSON_BYTES_MAX = 2**20
"""Largest JSON file of a galaxy. A sample with a larger one is left out."""

MEMBERS_MAX = 10**6
"""Largest number of members in a tar file, because their names are held in memory."""


_BLOCK = 512


@dataclass(kw_only=True)
class TarSample:
    """A galaxy of a tar file. `key`: its name with folder. `fault`: why it is left out."""

    key: str
    columns: dict[str, Any] = field(default_factory=dict)
    image: bytes | None = None
    image_name: str | None = None
    fault: tuple[Status, str] | None = None


def read_samples(fs: FileSystem, path: str, images: bool) -> Iterator[TarSample]:
    """Iterate over the samples of a tar file in order, with one sample in memory.

    Raises StorageError for a damaged file.
    """
    sample: TarSample | None = None
    for member, tar in _members(fs, path):
        key, kind = _split(member.name)
        if sample is None or key != sample.key:
            if sample is not None:
                yield sample
            sample = TarSample(key=key)
        if sample.fault is None:
            sample.fault = _add(sample, member, kind, tar, images)
    if sample is not None:
        yield sample


def _members(fs: FileSystem, path: str) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """Iterate over plain files. Links, devices, folders and hidden names are skipped."""
    with _opened(fs, path) as file:
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                for number, member in enumerate(tar):
                    if number >= MEMBERS_MAX:
                        raise StorageError(
                            f"{storage.redact(path)!r} has more than {MEMBERS_MAX} members: divide "
                            "it into several tar files"
                        )
                    if member.isreg() and not posixpath.basename(member.name).startswith("."):
                        yield member, tar
                file.seek(tar.offset)
                if file.read(_BLOCK) != bytes(_BLOCK):  # tarfile takes a cut header for the end
                    raise tarfile.ReadError("its end is missing")
        except (tarfile.TarError, EOFError) as error:
            raise StorageError(
                f"{storage.redact(path)!r} is not a whole tar file ({error}): fetch it again"
            ) from error


@contextmanager
def _opened(fs: FileSystem, path: str) -> Iterator[Any]:
    """Open a file for reading from front to back, with long jumps over unwanted parts."""
    if storage.is_local(fs):
        with storage.open_random(fs, path) as file:
            yield file
        return
    with storage.explained("read", path), fs.open(path, "rb", cache_type="readahead") as file:
        yield file


def _split(name: str) -> tuple[str, str]:
    """Split a member's name into the key with its folder and the suffix in lower case."""
    folder, base = posixpath.split(posixpath.normpath(name))
    key, _, kind = base.partition(".")
    return posixpath.join(folder, key), kind.lower()


def _add(
    sample: TarSample, member: tarfile.TarInfo, kind: str, tar: tarfile.TarFile, images: bool
) -> tuple[Status, str] | None:
    """Add a JSON or image member to its sample; skip other members. Returns the fault, if any."""
    if kind == "json" or kind.endswith(".json"):
        return _add_columns(sample, member, tar)
    if not f".{kind}".endswith(SUFFIXES):
        return None
    if sample.image_name is not None:
        told = f"{sample.image_name!r} and {member.name!r} are both its image: remove one"
        return Status.UNSUPPORTED_IMAGE, told
    if member.size > FILE_BYTES_MAX:
        told = f"the image has {member.size} bytes, more than {FILE_BYTES_MAX}: cut out the galaxy"
        return Status.TOO_LARGE_IMAGE, told
    sample.image_name = member.name
    if images:
        sample.image = _content(member, tar)
    return None


def _add_columns(
    sample: TarSample, member: tarfile.TarInfo, tar: tarfile.TarFile
) -> tuple[Status, str] | None:
    if member.size > JSON_BYTES_MAX:
        return Status.BAD_ID, f"{member.name!r} has {member.size} bytes, more than {JSON_BYTES_MAX}"
    try:
        found = json.loads(_content(member, tar))
    except (ValueError, RecursionError) as error:
        return Status.BAD_ID, f"{member.name!r} is not JSON: {error}"
    if not isinstance(found, dict):
        return Status.BAD_ID, f"{member.name!r} is not a JSON object but a {type(found).__name__}"
    sample.columns |= found
    return None


def _content(member: tarfile.TarInfo, tar: tarfile.TarFile) -> bytes:
    file = tar.extractfile(member)
    content = file.read() if file is not None else b""
    if len(content) != member.size:
        raise tarfile.ReadError(f"{member.name!r} ends after {len(content)} of {member.size} bytes")
    return content
