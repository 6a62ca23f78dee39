"""Is a feed's address answered as readers and caches need it? Asks as they do, and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

from feedsvc.feed.grammar.rules import Fault, Rule
from feedsvc.web.polls import Answer
from feedsvc.web.polls.conditional import parse_http_date

_HTTP = "RFC 9110"

STATUS = Rule(
    name="http.status",
    standard=f"{_HTTP} §15",
    message="the address is not answered with a feed",
    mend="do what the answer says",
)
TYPE = Rule(
    name="http.content-type",
    standard=f"{_HTTP} §8.3",
    message="the Content-Type is not that of this format, so readers may take it for something else",
    mend="send what is expected",
)
LENGTH = Rule(
    name="http.content-length",
    standard=f"{_HTTP} §8.6",
    message="the Content-Length is not the body's",
    mend="send the number of bytes in the body",
)
ETAG = Rule(
    name="http.etag",
    standard=f"{_HTTP} §8.8.3",
    message="there is no ETag, so every poll costs the whole document",
    mend="send one that changes with the bytes, and with nothing else",
)
LAST_MODIFIED = Rule(
    name="http.last-modified",
    standard=f"{_HTTP} §8.8.2",
    message="there is no Last-Modified, or it is no HTTP date, and some readers know nothing else",
    mend="send the time at which these bytes were published, such as Sun, 01 Mar 2026 12:00:00 GMT",
)
CACHE = Rule(
    name="http.cache-control",
    standard="RFC 9111 §5.2.2",
    message="Cache-Control does not say how long it may be kept",
    mend="send public and max-age",
)
NOSNIFF = Rule(
    name="http.nosniff",
    standard="Fetch Standard, X-Content-Type-Options",
    message="a browser may take it for a page and run what stands in it",
    mend="send X-Content-Type-Options: nosniff",
)
NOT_MODIFIED = Rule(
    name="http.not-modified",
    standard=f"{_HTTP} §15.4.5",
    message="who asks with what it got is not told that nothing has changed, or gets a body with it",
    mend="answer If-None-Match and If-Modified-Since with 304 and no body",
)
HEAD = Rule(
    name="http.head",
    standard=f"{_HTTP} §9.3.2",
    message="HEAD is not answered with the headers of GET and no body",
    mend="send the same status and headers",
)
RULES = (STATUS, TYPE, LENGTH, ETAG, LAST_MODIFIED, CACHE, NOSNIFF, NOT_MODIFIED, HEAD)

Ask = Callable[[str, Mapping[str, str]], Answer]
"""Method and headers -> what one address answers."""

_SHOWN = 200


def check_answers(ask: Ask, answer: Answer, media_type: str) -> Iterator[Fault]:
    """What is wrong with `answer` (to a plain GET), and with what `ask` says to the questions that follow from it."""
    headers = {name.lower(): value for name, value in answer.headers}
    if answer.status != HTTPStatus.OK:
        said = answer.body.decode(errors="replace").strip().partition("\n")[0]
        yield Fault(STATUS, f"{answer.status}: {said}"[:_SHOWN], expected="200")
        return
    if headers.get("content-type") != media_type:
        yield Fault(TYPE, headers.get("content-type", ""), expected=media_type)
    if headers.get("content-length") != str(len(answer.body)):
        yield Fault(LENGTH, headers.get("content-length", ""), expected=str(len(answer.body)))
    if not headers.get("etag"):
        yield Fault(ETAG)
    if parse_http_date(headers.get("last-modified", "")) is None:
        yield Fault(LAST_MODIFIED, headers.get("last-modified", ""))
    if "max-age=" not in headers.get("cache-control", ""):
        yield Fault(CACHE, headers.get("cache-control", ""))
    if headers.get("x-content-type-options") != "nosniff":
        yield Fault(NOSNIFF)
    yield from _check_conditions(ask, headers)
    head = ask("HEAD", {})
    if (head.status, head.headers, head.body) != (answer.status, answer.headers, b""):
        yield Fault(HEAD, f"{head.status}, {len(head.body)} bytes of body")


def _check_conditions(ask: Ask, headers: Mapping[str, str]) -> Iterator[Fault]:
    for condition, validator in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
        if validator not in headers:
            continue
        answer = ask("GET", {condition: headers[validator]})
        if answer.status != HTTPStatus.NOT_MODIFIED or answer.body:
            yield Fault(
                NOT_MODIFIED, f"{answer.status}, {len(answer.body)} bytes of body", expected=f"304 to {condition}"
            )
