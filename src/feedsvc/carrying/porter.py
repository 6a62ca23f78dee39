"""One parcel into a bucket, on the condition that what it replaces is what was thought to lie there.

    known       replaced by its entity-tag, or put where nothing lies
    otherwise   looked at: what is right is noted, what is newer than here stays, all else is replaced as it was seen

A document goes only if its bytes are those that were proved: the store knows their digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from feedsvc.errors import BucketConflictError
from feedsvc.log import get_logger
from feedsvc.model import Held, Lying, Parcel
from feedsvc.output import Bucket, FeedsFolder
from feedsvc.store import Ledger

log = get_logger(__name__)

_TRIES = 3
_NO_ETAG = '"00000000000000000000000000000000"'


class LateError(Exception):
    """The lease may be another's before this could be done; nothing was begun."""


@dataclass(frozen=True, slots=True)
class Porter:
    """Of one bucket and feeds folder. Safe to share between threads.

    `seconds_left` says for how long nobody else can hold the lease: nothing is begun that may last longer.
    """

    bucket: Bucket
    ledger: Ledger
    folder: FeedsFolder
    seconds_left: Callable[[], float]

    def read(self, parcel: Parcel) -> bytes | None:
        """Its bytes as they were proved; None where others lie in the folder now: theirs is the next word."""
        stored = self.folder.read(parcel.name, parcel.format)
        return stored.content if stored is not None and stored.digest == parcel.digest else None

    def put(self, parcel: Parcel, content: bytes, etag: str | None) -> Held:
        """In the place of the object with this entity-tag, None: of none.

        Raises BucketConflictError where something else lies there; BucketError, LateError.
        """
        self._begin()
        return _held_as(parcel, self.bucket.put(parcel, content, etag))

    def settle(self, parcel: Parcel, content: bytes) -> Held:
        """Whatever lies there: what lies there afterwards. Raises BucketError, LateError."""
        for _ in range(_TRIES - 1):
            try:
                return self._settle(parcel, content)
            except BucketConflictError:
                continue  # somebody else writes there as well
        return self._settle(parcel, content)

    def delete(self, key: str, *, is_known: bool) -> bool:
        """Is it gone? What is not known to be ours has to say so itself. Raises BucketError, LateError."""
        if not is_known:
            lying = self.bucket.look(key)
            if lying is not None and lying.digest is None:
                return False
        self._begin()
        self.bucket.delete(key)
        return True

    def is_fenced(self, parcel: Parcel, content: bytes) -> bool:
        """Does the bucket refuse who doesn't know what lies there? The same is put once more, under a wrong tag."""
        try:
            self.put(parcel, content, _NO_ETAG)
        except BucketConflictError:
            return True
        return False

    def _begin(self) -> None:
        if self.seconds_left() < self.bucket.most_seconds:
            raise LateError

    def _settle(self, parcel: Parcel, content: bytes) -> Held:
        lying = self.bucket.look(parcel.key)
        if lying is None:
            return self.put(parcel, content, None)
        if _is_right(lying, parcel, content):
            return _held_as(parcel, lying.etag)
        newest = self.ledger.newest(parcel.name, parcel.format)
        if newest is not None and newest[0] == lying.digest and newest[1] > parcel.mtime:
            return Held(
                key=parcel.key, digest=lying.digest, headers=lying.headers, mtime=newest[1], etag=lying.etag
            )  # fmt: skip
        held = self.put(parcel, content, lying.etag)
        log.warning("bucket_object_replaced", key=parcel.key, was_ours=lying.digest is not None)
        return held


def _is_right(lying: Lying, parcel: Parcel, content: bytes) -> bool:
    """By its entity-tag, where that is a digest of the bytes, as it is of what was put in one piece unencrypted.

    What it says of itself may be a lie.
    """
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return (lying.digest, lying.headers, lying.etag) == (parcel.digest, parcel.headers, f'"{digest}"')


def _held_as(parcel: Parcel, etag: str) -> Held:
    """What is known of a parcel that lies there under this entity-tag."""
    return Held(key=parcel.key, digest=parcel.digest, headers=parcel.headers, mtime=parcel.mtime, etag=etag)
