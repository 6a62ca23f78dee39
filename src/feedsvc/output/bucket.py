"""A bucket of object storage: put there on a condition, looked at, listed, deleted.

Nobody but a Bucket imports obstore, and it does so when it is made: that takes 8 MB, which those who have none save.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from feedsvc import __version__
from feedsvc.errors import BucketConflictError, BucketError
from feedsvc.model import BucketPlace, Listed, Lying, Parcel, digest_headers

if TYPE_CHECKING:
    from obstore import PutMode

DIGEST = "feedsvc-digest"
"""The metadata (`x-amz-meta-feedsvc-digest`) by which an object is known to be ours, and to hold which bytes."""

_RETRIES = 2
_PAGE = 1000

_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3}[A-Za-z ]{0,40})")
_METADATA_SERVICE = re.compile("/latest/(api/token|meta-data)")
_LONGEST_REASON = 200

_KEYS = "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and restart feedsvc."
_RIGHTS = "Give the credentials the rights that docs/security.md names (Object storage)."
_MENDS = {
    "NoSuchBucket": "Make the bucket, or correct bucket.url in config.yaml.",
    "AccessDenied": _RIGHTS,
    "InvalidAccessKeyId": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "ExpiredToken": "Renew AWS_SESSION_TOKEN, and restart feedsvc.",
    "RequestTimeTooSkewed": "Set this machine's clock (NTP).",
    "AuthorizationHeaderMalformed": "Correct bucket.region in config.yaml.",
    "PermanentRedirect": "Correct bucket.region or bucket.endpoint in config.yaml.",
    "NotImplemented": "The store has to heed If-Match and If-None-Match on PUT: use one that does.",
}
"""By the code in which S3 says what is wrong."""

_AGAIN = "It is tried again."
_NO_STORE = "Look whether bucket.endpoint in config.yaml is where a store that speaks S3 answers; it is tried again."
_UNREACHED = "Look at the network and at bucket.endpoint in config.yaml; it is tried again."


class Bucket:
    """One of them, as its place says. Safe to share between threads. Raises BucketError, within `most_seconds`.

    Each call is tried again where the store says that it is busy, or was not reached; none is twice in effect.
    """

    def __init__(self, place: BucketPlace) -> None:
        """Nothing is asked of it yet."""
        import obstore  # noqa: PLC0415  # see above
        from obstore.store import S3Store  # noqa: PLC0415

        self._place = place
        self._obstore: Any = obstore
        attempt = timedelta(seconds=place.timeout_seconds / 2)
        longest_pause = timedelta(seconds=place.timeout_seconds / 10)
        given = {"endpoint": place.endpoint, "region": place.region}
        with self._telling("open it"):
            self._store = S3Store(
                place.name,
                prefix=place.prefix or None,
                conditional_put="etag",
                disable_bulk_delete=True,  # not every store knows how to delete several at once
                client_options={
                    "timeout": attempt,
                    "connect_timeout": attempt,
                    "user_agent": f"feedsvc/{__version__}",
                    "allow_http": (place.endpoint or "").lower().startswith("http://"),
                },
                retry_config={
                    "max_retries": _RETRIES,
                    "retry_timeout": attempt,
                    "backoff": {"init_backoff": longest_pause / 4, "max_backoff": longest_pause, "base": 2},
                },
                **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]  # a TypedDict
            )

    @property
    def most_seconds(self) -> float:
        """No call takes longer, finding the credentials included."""
        return 2 * self._place.timeout_seconds

    def put(self, parcel: Parcel, content: bytes, etag: str | None) -> str:
        """Put it in the place of the object that has this entity-tag, None: of none; the new one's.

        Raises BucketConflictError, and nothing is changed, where something else lies there.
        """
        mode: PutMode = "create" if etag is None else {"e_tag": etag}
        attributes = {
            "Content-Type": parcel.media_type,
            "Cache-Control": parcel.cache_control,
            DIGEST: parcel.digest,
        }
        with self._telling(f"put {parcel.key}"):
            result = self._obstore.put(
                self._store, parcel.key, content, mode=mode, attributes=attributes, use_multipart=False
            )
        return str(result["e_tag"])

    def look(self, key: str) -> Lying | None:
        """What lies there, without its bytes."""
        with self._telling(f"look at {key}"):
            try:
                found = self._obstore.get(self._store, key, options={"head": True})
            except FileNotFoundError:
                return None
            attributes = found.attributes
        headers = digest_headers(attributes.get("Content-Type"), attributes.get("Cache-Control"))
        return Lying(etag=str(found.meta["e_tag"]), digest=attributes.get(DIGEST), headers=headers)

    def delete(self, key: str) -> None:
        """It is not there afterwards. On no condition, since few stores know one: hold the lease."""
        with self._telling(f"delete {key}"):
            self._obstore.delete(self._store, key)

    def list(self) -> Iterator[list[Listed]]:
        """All that lies there, whosever it is; up to a thousand at a time, for each of which the store is asked."""
        with self._telling("list what lies there"):
            pages = iter(self._obstore.list(self._store, chunk_size=_PAGE))
        while True:
            with self._telling("list what lies there"):
                page = next(pages, None)
            if page is None:
                return
            yield [
                Listed(key=each["path"], etag=str(each["e_tag"]), stored=each["last_modified"].replace(microsecond=0))
                for each in page
            ]

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        exceptions = self._obstore.exceptions
        try:
            yield
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
            reason, mend = "something else lies there than was thought", "It is looked at again."
            raise BucketConflictError(self._place.url, what, reason, mend) from None
        except (exceptions.BaseError, OSError, ValueError) as error:
            raise BucketError(self._place.url, what, *_explain(error, str(error))) from None


def _explain(error: Exception, text: str) -> tuple[str, str]:
    """Why, and the mend. Nothing of an answer's own words is told but its code: they may quote what was sent."""
    code = _CODE.search(text)
    if code is None and _METADATA_SERVICE.search(text):  # whatever answered in its place, a proxy for example
        return "no credentials were found", "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and restart feedsvc."
    if found := code or _STATUS.search(text):
        said = found[1].strip()
        is_refusal = type(error).__name__ in {"PermissionDeniedError", "UnauthenticatedError"}
        other = _RIGHTS if is_refusal else _NO_STORE if said.startswith("4") else _AGAIN
        return f"the store answers {said}", _MENDS.get(said, other)
    return _explain_silence(text)


def _explain_silence(text: str) -> tuple[str, str]:
    """Where nothing answered that speaks S3."""
    if "redirect" in text:
        return "the store sends us elsewhere", _MENDS["PermanentRedirect"]
    if "kind: Timeout" in text:
        return "it doesn't answer in time", _UNREACHED
    if "HTTP error" in text:
        return "it can't be reached", _UNREACHED
    if "invalid list response" in text:
        return "the answer is not S3's", _NO_STORE
    return text.partition("\n")[0][:_LONGEST_REASON], _AGAIN
