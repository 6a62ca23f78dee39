"""Object storage: where a bucket is, who may write to it, and what lies there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property


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


def digest_headers(media_type: str | None, cache_control: str | None) -> str:
    """By which it is known whether an object is sent as it should be."""
    return hashlib.sha256(f"{media_type}\n{cache_control}".encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A live document as it is to lie in a bucket: `name` and `format` say where it lies in the feeds folder."""

    key: str
    name: str
    format: str
    digest: str
    mtime: datetime
    media_type: str
    cache_control: str

    @cached_property
    def headers(self) -> str:
        return digest_headers(self.media_type, self.cache_control)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """What a bucket says of an object. `digest` is what whoever put it there said of its bytes, None if nothing."""

    etag: str
    digest: str | None
    headers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a bucket says of an object among all others."""

    key: str
    etag: str
    stored: datetime
