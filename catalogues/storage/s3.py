"""How S3 is reached, and for how long a store that does not answer is asked again."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from catalogues.storage.errors import redact

_READS = 2
"""An answer that breaks off is asked for so often, each time with all of its attempts."""


@dataclass(frozen=True, kw_only=True)
class StorageOptions:
    """How to reach S3. Credentials come from the usual chain (environment, profile, role) only.

    `endpoint_url`: address of a store that is not AWS; else AWS_ENDPOINT_URL, else AWS.
    `anonymous`: ask without credentials, for public buckets. `attempts`: requests before giving up,
    with random pauses between them that double up to 20 s. `silence_s`: without an answer for so
    long a request has failed.
    """

    endpoint_url: str | None = None
    anonymous: bool = False
    attempts: int = 5
    silence_s: float = 30.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError(f"attempts is {self.attempts}: ask at least once")
        if not self.silence_s > 0:
            raise ValueError(f"silence_s is {self.silence_s}: give a positive number of seconds")
        if self.endpoint_url and not re.match(r"https?://[^/@]+/?$", self.endpoint_url):
            raise ValueError(
                f"endpoint_url {redact(self.endpoint_url)!r} is not an address: give scheme, host "
                "and port alone, such as http://127.0.0.1:9000"
            )


def s3_filesystem(options: StorageOptions) -> Any:
    """The fsspec filesystem of S3; nothing is contacted yet."""
    endpoint = options.endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or None
    config: dict[str, Any] = {
        "connect_timeout": min(10.0, options.silence_s),
        "read_timeout": options.silence_s,
        "retries": {"mode": "standard", "total_max_attempts": options.attempts},
    }
    if endpoint:
        # other stores know buckets by path, and not all of them know AWS's newer checksums
        config["s3"] = {"addressing_style": "path"}
        config["request_checksum_calculation"] = "when_required"
        config["response_checksum_validation"] = "when_required"
    import fsspec  # slow to import: not for `--help`

    fs = fsspec.filesystem(
        "s3",
        anon=options.anonymous,
        endpoint_url=endpoint,
        config_kwargs=config,
        # an instance or a listing kept from before would hide changed credentials and new files
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    fs.retries = _READS
    return fs
