"""Object storage: where a bucket is, who may write to it, and what lies there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPlace:
    """Where a bucket is. `prefix` stands for /feeds/ in it and may be empty; credentials come from the environment.

    `timeout_seconds` bounds one request, with what of it is tried again.
    """

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    timeout_seconds: int = 10

    @property
    def url(self) -> str:
        """Its name for people, and in the store: whoever reaches it by another endpoint means the same one."""
        return f"s3://{self.name}/{self.prefix}".rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who may write to a bucket. `holder` is None where nobody does.

    `epoch` rises by one whenever somebody takes it, `beat` whenever its holder says that it lives. One that says
    nothing for `lasts_seconds` has lost it to whoever notices. `told` is what its last holder said of how it gets on.
    """

    bucket: str
    holder: str | None
    epoch: int
    beat: int
    lasts_seconds: int
    told: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a bucket holds under one key, as far as is known.

    `digest` is that of the bytes (SHA-256, hex), `headers` that of what is sent with them; `mtime` is when the document
    was last modified by our reckoning. `etag` and `stored` are the bucket's own words: its entity-tag, with quotes, and
    when it says that the object came, None until it was asked.
    """

    key: str
    digest: str
    headers: str
    mtime: datetime
    etag: str
    stored: datetime | None = None
