"""How much is taken of what comes from outside, as config.yaml says it: no more than parsers were proved to bear."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from feedsvc.config.fields import DURATION_WORDS, durations, expecting, sizes
from feedsvc.config.mapping import Shape
from feedsvc.model import Limits

_LEAST_BYTES = 1_000
_MOST_BYTES = 64_000_000
_MOST_HTML_BYTES = 4_000_000
_HOUR_SECONDS = 3_600

Taken = Annotated[
    int,
    Field(ge=_LEAST_BYTES, le=_MOST_BYTES),
    sizes(_LEAST_BYTES, _MOST_BYTES),
    expecting("a size such as 500 KB or 8 MB (or a whole number of bytes), from 1 KB to 64 MB"),
]
Html = Annotated[
    int,
    Field(ge=_LEAST_BYTES, le=_MOST_HTML_BYTES),
    sizes(_LEAST_BYTES, _MOST_HTML_BYTES),
    expecting("a size such as 500 KB or 4 MB (or a whole number of bytes), from 1 KB to 4 MB"),
]
Time = Annotated[
    int,
    Field(ge=1, le=_HOUR_SECONDS),
    durations(1, _HOUR_SECONDS),
    expecting(DURATION_WORDS + "from 1s to 1h"),
]
Articles = Annotated[int, Field(ge=1, le=50_000), expecting("a whole number from 1 to 50000")]
Elements = Annotated[int, Field(ge=10, le=20_000), expecting("a whole number from 10 to 20000")]
Depth = Annotated[int, Field(ge=10, le=250), expecting("a whole number from 10 to 250")]
Some = Annotated[int, Field(ge=1, le=50), expecting("a whole number from 1 to 50")]
Tags = Annotated[int, Field(ge=0, le=100), expecting("a whole number from 0 to 100")]
Enclosures = Annotated[int, Field(ge=0, le=20), expecting("a whole number from 0 to 20")]
Guesses = Annotated[int, Field(ge=1, le=1_000_000), expecting("a whole number from 1 to 1000000")]
Connections = Annotated[int, Field(ge=64, le=1_000_000), expecting("a whole number from 64 to 1000000")]

_USUAL = Limits()


class LimitsShape(Shape):
    """How much is taken of what comes from outside."""

    request: Taken = Field(default=_USUAL.request, description="The body of one request to the API.")
    file: Taken = Field(default=_USUAL.file, description="A file that is imported.")
    page: Html = Field(default=_USUAL.page, description="The text of a news page that is imported.")
    articles: Articles = Field(default=_USUAL.articles, description="How many articles one file may hold.")
    content: Html = Field(default=_USUAL.content, description="The HTML of an article.")
    elements: Elements = Field(default=_USUAL.elements, description="How many elements that HTML may hold.")
    depth: Depth = Field(default=_USUAL.depth, description="How many of its elements may lie in each other.")
    sections: Some = Field(default=_USUAL.sections, description="How many sections an article may be in.")
    authors: Some = Field(default=_USUAL.authors, description="How many authors it may have.")
    tags: Tags = Field(default=_USUAL.tags, description="How many tags it may have.")
    enclosures: Enclosures = Field(default=_USUAL.enclosures, description="How many enclosures it may have.")
    head: Time = Field(default=_USUAL.head, description="How long a client may take to send the head of a request.")
    silence: Time = Field(
        default=_USUAL.silence, description="How long a client may take nothing of its answer, or be silently gone."
    )
    wait: Time = Field(
        default=_USUAL.wait, description="How long a client may wait for its article to be live (Prefer: wait)."
    )
    feed: Time = Field(default=_USUAL.feed, description="How long the making of one feed may take.")
    hook: Time = Field(default=_USUAL.hook, description="How long the call of a hook may take.")
    guesses: Guesses = Field(
        default=_USUAL.guesses, description="How many wrong tokens an address may send in an hour."
    )
    connections: Connections = Field(
        default=_USUAL.connections, description="How many connections each process of the web server may have."
    )
