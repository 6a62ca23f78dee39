"""How much is taken of what comes from outside, as far as an admin may choose (docs/limits.md)."""

from __future__ import annotations

from dataclasses import dataclass

AT_START = ("head", "silence", "guesses", "connections")
"""Those that the web server is started with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes are bytes, times are seconds. What an article may hold is never more than parsers were proved to bear.

    `request`: the body of a request. `file`: one that is imported. `page`: one news page. `articles`: in one file.
    `content`: an article's HTML, `elements` in it, `depth` of them; how many `sections`, `authors`, `tags` and
    `enclosures` it has. `head`: until a request's head is whole. `silence`: of a client that has gone, or takes nothing
    of its answer. `wait`: the longest that a client is let wait for its article. `feed`: the making of one. `hook`: the
    call of one. `guesses`: wrong tokens an hour of one address. `connections`: to one process.
    """

    request: int = 8_000_000
    file: int = 64_000_000
    page: int = 4_000_000
    articles: int = 50_000
    content: int = 4_000_000
    elements: int = 20_000
    depth: int = 250
    sections: int = 50
    authors: int = 50
    tags: int = 100
    enclosures: int = 20
    head: int = 5
    silence: int = 60
    wait: int = 30
    feed: int = 300
    hook: int = 10
    guesses: int = 30
    connections: int = 65_536
