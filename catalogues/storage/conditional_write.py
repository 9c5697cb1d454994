"""Conditional writes: replace a file only if nobody else has. Leases on outputs use them."""

from __future__ import annotations

import os
import uuid

from catalogues.storage import files
from catalogues.storage.errors import explained
from catalogues.storage.place import FileSystem


def read_tagged(fs: FileSystem, path: str) -> tuple[bytes, str] | None:
    """Read a file's bytes and the tag of its version, for `write_if`. None if there is no file.

    The tag is read first. It is never newer than the bytes, so a change in between is noticed.
    Raises StorageError.
    """
    with explained("read", path):
        try:
            tag = fs.info(path).get("ETag", "")
            content = bytes(fs.cat_file(path))
        except FileNotFoundError:
            return None
    return content, str(tag) or content.hex()


def write_if(fs: FileSystem, path: str, content: bytes, tag: str | None) -> bool:
    """Write a file if its version is still `tag`, or, for None, if there is no file.

    Returns whether the file was written. On S3 the store itself compares the versions. On a disk,
    creating a file is as strict. Replacing one compares first and then writes, so two processes
    that replace at the same moment both succeed: read the file again a moment later to learn which
    was last. Raises StorageError.
    """
    if files.is_local(fs):
        return _create(path, content) if tag is None else _replace(fs, path, content, tag)
    if tag is not None and not tag.startswith(('"', "W/")):  # the store has no tags
        return _replace(fs, path, content, tag)
    condition = {"mode": "create"} if tag is None else {"IfMatch": tag}
    with explained("write", path):
        try:
            fs.pipe_file(path, content, **condition)
        except FileExistsError:
            return False
        except OSError as error:
            if _precondition_failed(error):
                return False
            raise
    return True


def _create(path: str, content: bytes) -> bool:
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.tmp")
    with explained("write", path):
        os.makedirs(folder, exist_ok=True)
        try:
            with open(aside, "xb") as file:
                file.write(content)
            os.link(aside, path)  # unlike a rename, a link fails if the file exists
        except FileExistsError:
            return False
        finally:
            if os.path.exists(aside):
                os.remove(aside)
    return True


def _replace(fs: FileSystem, path: str, content: bytes, tag: str) -> bool:
    found = read_tagged(fs, path)
    if found is None or found[1] != tag:
        return False
    files.write_whole(fs, path, content)
    return True


def _precondition_failed(error: OSError) -> bool:
    response = getattr(error.__cause__, "response", None) or {}
    return response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (409, 412)
