"""Storage errors as messages that name the path, the cause and the remedy, but never a secret."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager


class StorageError(Exception):
    """A storage operation failed. The message says what, why and what to do, without secrets."""


def redact(text: str) -> str:
    """Replace every user:password@ in the addresses of `text` by ***@."""
    return re.sub(r"(?<=://)[^/\s]*@", "***@", text)


_DENIED = (
    "permission denied; on S3 check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (or profile, role) "
    "and the bucket's policy, on a disk the folder's owner and mode"
)

_EXPIRED = (
    "the session's credentials have expired; get new ones (profile, role or AWS_SESSION_TOKEN) and "
    "run the same command again"
)

_REPLACED = (
    "the file was replaced while it was being read; put the old one back and run the same command "
    "again, or choose another output"
)

_BY_CODE = {
    "PreconditionFailed": _REPLACED,
    "412": _REPLACED,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "RequestTimeTooSkewed": (
        "the store's clock and this machine's differ by more than the store allows; set this "
        "machine's clock (NTP) and run the same command again"
    ),
}

_BY_ERRNO = {
    errno.ENOSPC: "no space left there; make room and run the same command again",
    errno.EDQUOT: "the quota is used up; make room and run the same command again",
    errno.EFBIG: "the file is larger than the limit on file sizes (ulimit -f); raise the limit",
    errno.EROFS: "that disk is read-only; choose another place or mount it for writing",
}


def _remedy(error: OSError) -> str | None:
    """Return cause and remedy of an error, None if they are not known."""
    response = getattr(error.__cause__, "response", None) or {}
    code = response.get("Error", {}).get("Code", "")
    if code == "400":  # the answer to a HEAD request has no body that could say more
        return (
            "the store refuses the request without a reason (400); the usual reason is that "
            f"{_EXPIRED}"
        )
    return _BY_CODE.get(code) or _BY_ERRNO.get(error.errno or 0)


@contextmanager
def explained(doing: str, path: str) -> Iterator[None]:
    """Turn an error of the storage into a StorageError that says what to do.

    `doing`: the verb for the message, such as "read" or "list".
    """
    what = f"cannot {doing} {redact(path)!r}"
    try:
        yield
    except FileNotFoundError as error:
        raise StorageError(
            f"{what}: no such file, folder or bucket; check the spelling and that it exists"
        ) from error
    except PermissionError as error:
        raise StorageError(f"{what}: {_remedy(error) or _DENIED}") from error
    except OSError as error:
        known = _remedy(error) or f"{type(error).__name__}: {redact(str(error))}"
        if _is_clients(error):
            known = _botocore_words(error)
        raise StorageError(f"{what}: {known}") from error
    except Exception as error:  # most of botocore's errors derive from Exception only
        if not _is_clients(error):
            raise
        raise StorageError(f"{what}: {_botocore_words(error)}") from error


def _is_clients(error: Exception) -> bool:
    return type(error).__module__.startswith(("botocore", "aiohttp"))


def _botocore_words(error: Exception) -> str:
    name = type(error).__name__
    if "Credential" in name or "Token" in name or "Profile" in name:
        return (
            f"no usable credentials ({name}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a "
            "profile or a role, or ask anonymously for a public bucket"
        )
    return f"{name}: {redact(str(error))}; check the endpoint's address and that it is running"
