"""Files on local disks and in S3: read them, list them, write them whole or not at all."""

from catalogues.storage.errors import StorageError, explained, redact
from catalogues.storage.files import (
    SCHEMES,
    absolute,
    check_outside,
    exists,
    filesystem,
    is_local,
    is_within,
    join,
    list_files,
    list_versions,
    open_random,
    read_many,
    read_whole,
    version,
    within,
    write_whole,
)
from catalogues.storage.place import FileSystem, Place
from catalogues.storage.s3 import StorageOptions

__all__ = [
    "SCHEMES",
    "FileSystem",
    "Place",
    "StorageError",
    "StorageOptions",
    "absolute",
    "check_outside",
    "exists",
    "explained",
    "filesystem",
    "is_local",
    "is_within",
    "join",
    "list_files",
    "list_versions",
    "open_random",
    "read_many",
    "read_whole",
    "redact",
    "version",
    "within",
    "write_whole",
]
