"""The report card: how each poller polls, counted in memory at each poll and told to whoever keeps it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from math import frexp
from sys import intern
from threading import Lock
from typing import Any

from feedsvc.model.polling import COUNTED, Counts, Poller, add_up
from feedsvc.text import reveal
from feedsvc.web.pace import Monotonic
from feedsvc.web.polls.addresses import network_of
from feedsvc.web.polls.answer import Answer

KEPT_POLLERS = 10_000
"""Of so many a process remembers when they came last; what others asked is counted all the same."""

LONGEST_AGENT = 200
"""Characters of a User-Agent that count; a request may hold 64 KB of them."""

_KEPT_ROWS = 2_000
_AT_ONCE = 100
_WATCHED = 8
_WATCHED_OF_AGGREGATORS = 1_000
_WATCHED_IN_ALL = 100_000
"""Documents of one poller that are watched. Who tells subscribers tells others for each, so more are wanted."""

_MAX_AGE = re.compile(r"max-age=([0-9]+)")
_FEED_ID = re.compile(r"\bfeed-?id([:=]) ?\w+", re.IGNORECASE)
_SUBSCRIBERS = re.compile(r"\b([0-9]{1,9}) (?:subscribers?|readers?|users?)\b", re.IGNORECASE)

_IM_USED, _NOT_MODIFIED = 226, 304
_SENT = (200, _IM_USED)
_MOVED, _BAD, _TOO_MANY, _FAILED = 301, 400, 429, 500
_CODING_AT = 2
"""Where Content-Encoding stands in the headers of a document, if it does."""


class _Asker:
    """One address and User-Agent. The counts only grow; `told` is what they were when they were last taken.

    `seen` is when it last asked for a document, of `watched` documents at most.
    """

    __slots__ = ("gaps", "seen", "told", "watched", *COUNTED)

    def __init__(self, watched: int) -> None:
        self.watched = watched
        self.polls = self.unchanged = self.deltas = self.bodies = self.plain = self.brotli = self.body_bytes = 0
        self.conditional = self.missed = self.failed = self.moved = self.refused = 0
        self.told: tuple[int, ...] = (0,) * len(COUNTED)
        self.seen: dict[str, float] = {}
        self.gaps: dict[int, int] = {}


class ReportCard:
    """Counts polls; `take` gives what was counted since it was last called.

    `note` is called at each poll by many threads, and takes no lock: an `x += 1` of CPython has no point at which
    another thread could come between. Who comes for the first time, and who is forgotten, takes one.

    Of pollers two generations are kept: where the younger has half of `limit`, the older is forgotten and takes its
    place. So who polls is remembered, and a poll need not put anything in order. `on_new` is called when one comes who
    is not among the younger.
    """

    def __init__(self, limit: int = KEPT_POLLERS, monotonic: Monotonic = time.monotonic) -> None:
        self.on_new: Callable[[], None] = _do_nothing
        self._half = limit // 2
        self._monotonic = monotonic
        self._lock = Lock()
        self._young: dict[tuple[str, str], _Asker] = {}
        self._old: dict[tuple[str, str], _Asker] = {}
        self._gone: list[tuple[tuple[str, str], _Asker]] = []
        self._rows: dict[Poller, Counts] = {}
        self._rates: dict[str, float] = {}
        self._watched = 0

    def note(self, environ: Mapping[str, Any], answer: Answer) -> None:
        """Count one request under /feeds and its answer."""
        agent = environ.get("HTTP_USER_AGENT", "")
        if len(agent) > LONGEST_AGENT:
            agent = agent[:LONGEST_AGENT]
        key = (environ.get("REMOTE_ADDR", ""), agent)
        asker = self._young.get(key) or self._meet(key)
        asker.polls += 1
        status, headers, _ = answer
        if status == _NOT_MODIFIED:
            asker.unchanged += 1
            asker.conditional += 1
        elif not _note_other(asker, environ, answer):
            return
        path = environ["PATH_INFO"]
        last = asker.seen.get(path)
        now = self._monotonic()
        if last is None:
            if len(asker.seen) < asker.watched:
                self._watch(asker, path, now)
            return
        asker.seen[path] = now
        rate = self._rates.get(path) or self._learn(path, headers)
        if rate:
            gap = (now - last) * rate
            bucket = frexp(gap * gap * gap * gap)[1]
            asker.gaps[bucket] = asker.gaps.get(bucket, 0) + 1

    def take(self) -> dict[Poller, Counts]:
        """What was counted since the last time; who polls does not wait for it."""
        with self._lock:
            rows, self._rows = self._rows, {}
            askers = [*self._gone, *self._old.items(), *self._young.items()]
            self._gone = []
        self._rates = {}  # a max-age may have been set anew
        for at in range(0, len(askers), _AT_ONCE):
            with self._lock:  # one who is being forgotten is folded there, too
                for key, asker in askers[at : at + _AT_ONCE]:
                    _fold(rows, key, asker)
        return rows

    def _meet(self, key: tuple[str, str]) -> _Asker:
        self.on_new()
        with self._lock:
            asker = self._young.get(key) or self._old.pop(key, None) or _meet(key[1])
            if len(self._young) >= self._half:
                self._forget()
            self._young[key] = asker
        return asker

    def _watch(self, asker: _Asker, path: str, now: float) -> None:
        with self._lock:
            if self._watched < _WATCHED_IN_ALL:
                self._watched += 1
                asker.seen[intern(path)] = now

    def _forget(self) -> None:
        """Who is forgotten is told of by the next `take`, so that a poll need not wait for it; unless so many come."""
        for each in self._gone:
            _fold(self._rows, *each)
        if len(self._rows) > _KEPT_ROWS:
            self._rows = add_up(self._rows, limit=_KEPT_ROWS // 2)
        self._watched -= sum(len(asker.seen) for asker in self._old.values())
        self._gone, self._old, self._young = list(self._old.items()), self._young, {}

    def _learn(self, path: str, headers: list[tuple[str, str]]) -> float:
        """How much of a document's max-age passes in a second, as the answer itself says; 0 where it does not."""
        for name, value in headers:
            if name == "Cache-Control" and (told := _MAX_AGE.search(value)):
                self._rates[path] = 1 / max(1, int(told[1]))
        return self._rates.get(path, 0.0)


def name_agent(agent: str) -> tuple[str, int | None]:
    """A User-Agent as WSGI gives it -> how it is told, and how many subscribers it tells of.

    The number goes out of the name, and so does the number of a feed: both are others for each feed.
    """
    try:
        text = agent.encode("latin-1").decode()
    except UnicodeError:
        text = agent
    told = _SUBSCRIBERS.search(text)
    text = _SUBSCRIBERS.sub(lambda found: f"N{found[0].removeprefix(found[1])}", text)
    text = " ".join(_FEED_ID.sub(r"feed-id\1N", text).split())
    return text if text.isprintable() else reveal(text), int(told[1]) if told else None


def _note_other(asker: _Asker, environ: Mapping[str, Any], answer: Answer) -> bool:
    """Count what is no 304; True if it was a document."""
    status, headers, body = answer
    if status in _SENT:
        if "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ:
            asker.conditional += 1
        if not body:
            return False  # HEAD
        asker.body_bytes += len(body)
        if status == _IM_USED:
            asker.deltas += 1
            return True
        asker.bodies += 1
        name, coding = headers[_CODING_AT]
        if name != "Content-Encoding":
            asker.plain += 1
        elif coding == "br":
            asker.brotli += 1
        return True
    _note_no_document(asker, status)
    return False


def _note_no_document(asker: _Asker, status: int) -> None:
    if status == _TOO_MANY:
        asker.refused += 1
    elif status >= _FAILED:
        asker.failed += 1
    elif status >= _BAD:
        asker.missed += 1
    elif status == _MOVED:
        asker.moved += 1


def _meet(agent: str) -> _Asker:
    return _Asker(_WATCHED_OF_AGGREGATORS if _SUBSCRIBERS.search(agent) else _WATCHED)


def _do_nothing() -> None:
    pass


def _fold(rows: dict[Poller, Counts], key: tuple[str, str], asker: _Asker) -> None:
    """Add what this asker did since it was last told."""
    now = tuple(getattr(asker, name) for name in COUNTED)
    if now == asker.told:
        return
    told, asker.told = asker.told, now
    gaps, asker.gaps = asker.gaps, {}
    address, agent = key
    name, subscribers = name_agent(agent)
    poller = (network_of(address), name)
    counts = Counts(
        **dict(zip(COUNTED, (each - before for each, before in zip(now, told, strict=True)), strict=True)),
        gaps=gaps,
        subscribers=dict.fromkeys(asker.seen, subscribers) if subscribers is not None else {},
    )
    known = rows.get(poller)
    rows[poller] = counts if known is None else known + counts
