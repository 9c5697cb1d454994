"""Files that are replaced only if nobody else has: what a lease on an output is made of."""

from __future__ import annotations

import os
import uuid

from catalogues.storage import files
from catalogues.storage.errors import explained
from catalogues.storage.place import FileSystem


def read_tagged(fs: FileSystem, path: str) -> tuple[bytes, str] | None:
    """A file's bytes and the tag of its version, for `write_if`; None where there is none.

    The tag is never younger than the bytes, so that a change between the two is noticed.
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
    """Write a file if its version is still `tag` (None: if it is not there); whether it was done.

    On S3 the store itself compares. On a disk creating is as strict; replacing compares first and
    two that do so at the same moment both succeed: read again a moment later to know who was last.
    Raises StorageError.
    """
    if files.is_local(fs):
        return _create(path, content) if tag is None else _replace(fs, path, content, tag)
    if tag is not None and not tag.startswith(('"', "W/")):  # a store without tags
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
            os.link(aside, path)  # unlike a rename, it fails where there is a file
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
