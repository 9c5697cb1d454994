"""Where files lie: local folders and S3 buckets behind one door, files whole or not at all."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from catalogues.storage.errors import StorageError, explained, redact
from catalogues.storage.place import FileSystem, Place
from catalogues.storage.s3 import StorageOptions, s3_filesystem

SCHEMES: tuple[str, ...] = ("file", "s3", "memory")
"""Kinds of storage that are read and written; `memory` serves tests."""

_READ_THREADS = 16


def filesystem(url: str, options: StorageOptions | None = None) -> Place:
    """The file system of `url` and the path on it.

    `url`: a local path, file://..., s3://bucket/key. Local paths become absolute. Nothing is
    contacted yet. Raises StorageError for another scheme, or for credentials inside the address.
    """
    scheme, rest = url.split("://", 1) if "://" in url else ("file", url)
    if scheme not in SCHEMES:
        raise StorageError(
            f"{redact(url)!r} has the scheme {scheme!r}: only local paths, file:// and s3:// are "
            "read and written; copy the data to one of them"
        )
    if not url.strip():
        raise StorageError("an empty path names no place: give a folder or s3://bucket/prefix")
    if scheme == "s3" and ("@" in rest.split("/", 1)[0] or not rest.split("/", 1)[0]):
        raise StorageError(
            f"{redact(url)!r} is not s3://bucket/prefix: name the bucket there, and give "
            "credentials by the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), a profile "
            "or a role"
        )
    import fsspec  # slow to import: not for `--help`

    fs = s3_filesystem(options or StorageOptions()) if scheme == "s3" else fsspec.filesystem(scheme)
    path = os.path.abspath(rest) if scheme == "file" else fs._strip_protocol(url)
    return Place(fs, str(path))


def absolute(url: str) -> str:
    """The address for processes whose working folder is another. Raises StorageError."""
    fs, path = filesystem(url)
    return path if is_local(fs) else url


def join(root: str, *names: str) -> str:
    """Path of `names` below `root`, with single slashes."""
    return "/".join([root.rstrip("/"), *(n.strip("/") for n in names)])


def within(root: str, name: str) -> str | None:
    """The path of `name` below `root`; None for one that is absolute, a URL or climbs out."""
    parts = name.replace("\\", "/").split("/")
    if not name or name[0] in "/\\" or "\0" in name or ".." in parts or ":" in parts[0]:
        return None
    return join(root, *(part for part in parts if part not in ("", ".")))


def is_within(url: str, folder: str) -> bool:
    """Whether a place is `folder`, or lies within it. Raises StorageError."""
    inner, outer = (filesystem(place)[1].rstrip("/") + "/" for place in (url, folder))
    return inner.startswith(outer)


def check_outside(output: str, source: str) -> None:
    """Raises ValueError if an output lies among the shards of `source`."""
    if is_within(output, source):
        raise ValueError(
            f"the output {redact(output)!r} lies within the input: its files would be taken for "
            "shards; choose a folder beside it"
        )


def exists(fs: FileSystem, path: str) -> bool:
    """Whether a file or folder is there. Raises StorageError where the store will not tell."""
    with explained("look up", path):
        try:
            fs.info(path)
        except FileNotFoundError:
            return False
        return True


def list_files(fs: FileSystem, root: str, suffixes: Iterable[str] = ("",)) -> list[tuple[str, int]]:
    """(path, bytes) of every file below `root`, sorted; `suffixes` lower case, any case matches.

    Names that begin with "." or "_" (also folders') are passed over. `root` may be one file.
    Raises StorageError if `root` is not there or may not be listed.
    """
    return [(path, size) for path, size, _ in list_versions(fs, root, suffixes)]


def list_versions(
    fs: FileSystem, root: str, suffixes: Iterable[str] = ("",)
) -> list[tuple[str, int, str]]:
    """(path, bytes, version) as `list_files`; a file that was written anew has another version."""
    wanted = tuple(suffixes)
    with explained("list", root):
        info = fs.info(root)
        if info["type"] == "file":
            return [(root, int(info["size"]), _version(info))]
        found = fs.find(root, detail=True)
    base = len(root.rstrip("/")) + 1
    return sorted(
        (path, int(entry["size"]), _version(entry))
        for path, entry in found.items()
        if path.lower().endswith(wanted)
        and not any(part.startswith((".", "_")) for part in path[base:].split("/"))
    )


def version(fs: FileSystem, path: str) -> str:
    """The version of a file, as `list_versions` has it. Raises StorageError."""
    with explained("look up", path):
        return _version(fs.info(path))


def _version(info: Any) -> str:
    return str(info.get("ETag") or info.get("mtime") or info.get("created") or "")


def read_whole(fs: FileSystem, path: str) -> bytes:
    """A file's bytes. Raises StorageError."""
    with explained("read", path):
        return bytes(fs.cat_file(path))


def read_many(fs: FileSystem, paths: Iterable[str]) -> list[bytes | None]:
    """The files' bytes in order, read by several threads; None where there is no such file.

    Raises StorageError for any other refusal.
    """

    def read(path: str) -> bytes | None:
        with explained("read", path):
            try:
                return bytes(fs.cat_file(path))
            except (FileNotFoundError, IsADirectoryError):
                return None

    with ThreadPoolExecutor(_READ_THREADS) as pool:
        return list(pool.map(read, paths))


def open_random(fs: FileSystem, path: str) -> BinaryIO:
    """A file open for reading in pieces, each fetched as asked: no read-ahead. StorageError."""
    with explained("open", path):
        if is_local(fs):
            return open(path, "rb")
        file: BinaryIO = fs.open(path, "rb", cache_type="none")
        return file


def is_local(fs: FileSystem) -> bool:
    """Whether `fs` is this machine's disk."""
    protocol = fs.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)


def write_whole(fs: FileSystem, path: str, content: bytes | Callable[[BinaryIO], None]) -> None:
    """Write a file so that it appears whole or not at all, replacing what was there.

    `content`: the bytes, or a function that writes them to the file it is given. On a disk: a
    hidden file beside the target, synced, renamed. Elsewhere: collected in memory, then one put
    (a large one in parts, which the store shows when the last has come). Raises StorageError;
    anything else that `content` raises passes through. Failure leaves nothing behind.
    """
    if is_local(fs):
        _write_local(path, content)
        return
    if not isinstance(content, bytes):
        buffer = io.BytesIO()
        content(buffer)
        content = buffer.getvalue()
    with explained("write", path):
        fs.pipe_file(path, content)


def _write_local(path: str, content: bytes | Callable[[BinaryIO], None]) -> None:
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.tmp")
    try:
        with explained("write", path):
            os.makedirs(folder, exist_ok=True)
            with open(aside, "xb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    content(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
    except BaseException:
        if os.path.exists(aside):
            os.remove(aside)
        raise
