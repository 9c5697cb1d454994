"""S3 connections: options, and how long a store that does not answer is asked again."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from catalogues.storage.errors import redact

_READS = 2
"""How often to ask for an answer that breaks off, each time with the full number of attempts."""


@dataclass(frozen=True, kw_only=True)
class StorageOptions:
    """How to reach S3. Credentials come only from the usual chain (environment, profile, role).

    Attributes
    ----------
    endpoint_url : address of a store that is not AWS; by default AWS_ENDPOINT_URL, else AWS.
    anonymous : send no credentials, for public buckets.
    attempts : requests before giving up; the random pauses between them double, up to 20 s.
    silence_s : seconds without an answer after which a request has failed.
    """

    endpoint_url: str | None = None
    anonymous: bool = False
    attempts: int = 5
    silence_s: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts is {self.attempts}: give at least 1")
        if not self.silence_s > 0:
            raise ValueError(f"silence_s is {self.silence_s}: give a positive number of seconds")
        if self.endpoint_url and not re.match(r"https?://[^/@]+/?$", self.endpoint_url):
            raise ValueError(
                f"endpoint_url {redact(self.endpoint_url)!r} is not an address: give only scheme, "
                "host and port, such as http://127.0.0.1:9000"
            )


def s3_filesystem(options: StorageOptions) -> Any:
    """Make the fsspec filesystem of S3. No connection is opened yet."""
    endpoint = options.endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or None
    config: dict[str, Any] = {
        "connect_timeout": min(10.0, options.silence_s),
        "read_timeout": options.silence_s,
        "retries": {"mode": "standard", "total_max_attempts": options.attempts},
    }
    if endpoint:
        # other stores address buckets by path, and some do not support AWS's newer checksums
        config["s3"] = {"addressing_style": "path"}
        config["request_checksum_calculation"] = "when_required"
        config["response_checksum_validation"] = "when_required"
    import fsspec  # slow to import: not for `--help`

    fs = fsspec.filesystem(
        "s3",
        anon=options.anonymous,
        endpoint_url=endpoint,
        config_kwargs=config,
        # a cached instance or listing would hide changed credentials and new files
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    fs.retries = _READS
    return fs
