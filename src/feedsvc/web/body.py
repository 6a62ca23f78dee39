"""Request bodies: bounded, and never left on the wire."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected

from feedsvc.errors import RefusedError
from feedsvc.ingest.jsontext import parse_json
from feedsvc.web.context import this_runtime
from feedsvc.web.places import DROPPING, READING
from feedsvc.web.problems import RETRY_AFTER_SECONDS, ProblemError

# A client that is still sending reads no answer, and sees a broken connection in its place; so the rest is read
# and dropped, within bounds that keep one client from holding a thread for long.
_DROPPED_BYTES = 64 * 1024 * 1024
_DROPPING_SECONDS = 10.0
_CHUNK_BYTES = 256 * 1024


_READERS = threading.BoundedSemaphore(READING)
_DROPPERS = threading.BoundedSemaphore(DROPPING)

_JSON_TYPES = {"application/json", "application/merge-patch+json"}


def is_sent() -> bool:
    """Does the request bring a body? One of no length is none."""
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def read_json() -> dict[str, Any]:
    """The body as one JSON object. Raises ProblemError: 415 for another type, 400 for broken JSON, and as read()."""
    coding = request.headers.get("Content-Encoding", "identity")
    charset = request.mimetype_params.get("charset", "utf-8")
    if coding.lower() != "identity":
        raise _unsupported(f"Content-Encoding {coding!r} is not taken; send the JSON as it is.")
    if request.mimetype not in _JSON_TYPES:
        raise _unsupported(f"Send Content-Type: application/json (found {request.mimetype or 'none'}).")
    if charset.lower() not in {"utf-8", "utf8"}:
        raise _unsupported(f"JSON is UTF-8 (RFC 8259 §8.1); charset {charset!r} is not taken.")
    body = read()
    try:
        return parse_json(body)
    except RefusedError as error:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "bad-json", "The body is no JSON object.", str(error), errors=error.problems
        ) from error


def _unsupported(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-type", "The body must be JSON.", detail)


def read() -> bytes:
    """The body whole, of known length or chunked. Raises ProblemError: 413 beyond limits.request, 400 if cut short."""
    expected, most_bytes = request.content_length, this_runtime().settings.limits.request
    if expected is not None and expected > most_bytes:
        raise _too_large(f"{expected} bytes", most_bytes)
    with _place(_READERS):
        return _read(expected, most_bytes)


@contextmanager
def _place(places: threading.BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "busy",
            "Too many bodies are on their way.",
            "Send it again in some seconds.",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    try:
        yield
    finally:
        places.release()


def _read(expected: int | None, most_bytes: int) -> bytes:
    chunks, length_bytes = [], 0
    while chunk := request.stream.read(_CHUNK_BYTES):
        length_bytes += len(chunk)
        if length_bytes > most_bytes:
            raise _too_large("more than that", most_bytes)
        chunks.append(chunk)
    if expected is not None and length_bytes < expected:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            "body-cut-short",
            "The body ended early.",
            f"Content-Length says {expected} bytes, {length_bytes} came.",
        )
    return b"".join(chunks)


def _too_large(found: str, most_bytes: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        "The body is too large.",
        f"At most {most_bytes} bytes are taken (limits.request in config.yaml), this has {found}.",
    )


def drain(response: Response) -> Response:
    """Read and drop what is left of the request's body before the answer goes out.

    Not for a client that waits to be asked for its body (RFC 9110 §10.1.1): the answer tells it not to send it at all.
    Nor for one that sends a body where it means nothing (§9.3.1): its answer does not wait for that. Nor for one so
    large that it would not be read to its end.
    """
    if (
        not is_sent()
        or request.method in {"GET", "HEAD"}
        or (request.content_length or 0) > _DROPPED_BYTES
        or request.headers.get("Expect", "").lower() == "100-continue"
    ):
        return response
    deadline = time.monotonic() + _DROPPING_SECONDS
    left_bytes = _DROPPED_BYTES
    # Without a place the body stays where it is: that client may miss its answer, nobody else theirs.
    with suppress(ClientDisconnected, OSError, ProblemError), _place(_DROPPERS):
        while left_bytes > 0 and time.monotonic() < deadline and (chunk := request.stream.read(_CHUNK_BYTES)):
            left_bytes -= len(chunk)
    return response
