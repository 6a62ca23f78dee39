"""Object storage: where a bucket is, who may write to it, and what lies there."""

from __future__ import annotations

from dataclasses import dataclass


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
