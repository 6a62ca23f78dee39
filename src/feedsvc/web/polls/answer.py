"""Whole HTTP responses, made without Flask."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

Header = tuple[str, str]
"""Name and value."""

ALLOW = "GET, HEAD, OPTIONS"

# A feed served as XML may hold XHTML, whose scripts a browser would run: nothing in a document may do anything.
POLICY = "Content-Security-Policy"
SECURITY = (
    (POLICY, "default-src 'none'; sandbox"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
)
CORS = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "ETag, Last-Modified"))
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", ALLOW),
    ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since, A-IM"),
    ("Access-Control-Max-Age", "86400"),
)
NO_STORE = ("Cache-Control", "no-store")

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
"""As WSGI wants them (PEP 3333): `304 Not Modified`."""


class Answer(NamedTuple):
    """A whole HTTP response. `body` is empty for HEAD, whose Content-Length is still that of GET.

    `headers` may be shared by many answers: nobody changes them.
    """

    status: int
    headers: list[Header]
    body: bytes = b""


def say(method: str, status: int, text: str, *headers: Header) -> Answer:
    """Plain text; never kept, unless the headers say otherwise."""
    body = f"{text}\n".encode()
    caching = () if any(name == "Cache-Control" for name, _ in headers) else (NO_STORE,)
    described = [
        *headers,
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        *caching,
        *CORS,
        *SECURITY,
    ]
    return Answer(status, described, b"" if method == "HEAD" else body)


def say_allowed(method: str) -> Answer:
    """What may be done with a feed: to OPTIONS the answer, to any other method a refusal."""
    if method == "OPTIONS":
        return Answer(HTTPStatus.NO_CONTENT, [("Allow", ALLOW), *CORS, *_PREFLIGHT, *SECURITY])
    return say(method, HTTPStatus.METHOD_NOT_ALLOWED, f"A feed can only be read: {ALLOW}.", ("Allow", ALLOW))
