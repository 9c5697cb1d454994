"""What a store's refusal means, in words that name the place and the remedy but never a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


class StorageError(Exception):
    """Storage said no: the message gives what was asked, the rule and the remedy, no secrets."""


def redact(text: str) -> str:
    """`text` with every user:password@ of an address replaced by ***@."""
    return re.sub(r"(?<=://)[^/\s]*@", "***@", text)


@contextmanager
def explained(doing: str, path: str) -> Iterator[None]:
    """Turn a store's refusal into a StorageError that says what to do. `doing`: "read", "list"."""
    what = f"cannot {doing} {redact(path)!r}"
    try:
        yield
    except FileNotFoundError as error:
        raise StorageError(
            f"{what}: no such file, folder or bucket; check the spelling and that it exists"
        ) from error
    except PermissionError as error:
        raise StorageError(
            f"{what}: permission denied; on S3 check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (or "
            "profile, role) and the bucket's policy, on a disk the folder's owner and mode"
        ) from error
    except OSError as error:
        raise StorageError(f"{what}: {type(error).__name__}: {redact(str(error))}") from error
    except Exception as error:  # botocore's own family derives from Exception
        if not type(error).__module__.startswith(("botocore", "aiohttp")):
            raise
        raise StorageError(f"{what}: {_botocore_words(error)}") from error


def _botocore_words(error: Exception) -> str:
    name = type(error).__name__
    if "Credential" in name or "Token" in name or "Profile" in name:
        return (
            f"no usable credentials ({name}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a "
            "profile or a role, or ask anonymously for a public bucket"
        )
    return f"{name}: {redact(str(error))}; check the endpoint's address and that it is running"
