"""A request for a feed -> its answer: bytes from the feeds folder; no Flask, no database, no rendering."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Any

from werkzeug.http import parse_accept_header

from feedsvc.config import Server, Settings
from feedsvc.errors import OutputError
from feedsvc.feed.formats import FORMATS
from feedsvc.runtime import Runtime
from feedsvc.targets import Target, list_targets, target_of
from feedsvc.web.polls.answer import Answer, say, say_allowed
from feedsvc.web.polls.archives import is_coming, read_address
from feedsvc.web.polls.conditional import judge, read_tags
from feedsvc.web.polls.documents import DocumentCache, Known, Place
from feedsvc.web.polls.missing import explain_missing, is_removed, list_feeds, say_removed
from feedsvc.web.polls.negotiation import IDENTITY, Negotiator
from feedsvc.web.polls.version import Sending, Version, version_of

Environ = Mapping[str, Any]
"""A WSGI environment (PEP 3333), or as much of one as `environ_of` makes."""

_READING = frozenset({"GET", "HEAD"})
_MOVED_MAX_AGE_SECONDS = 3600
_RETRY_AFTER_SECONDS = 2
_TRIES = 3
_KEPT_ARCHIVES = 1_000
_FEED_COMES = "This feed has not been made yet. It comes within seconds of the start; please ask again."
_ARCHIVE_COMES = (
    "This archive has not been made yet. They come one after the other, the newest first; please ask again."
)
_UNREADABLE = (
    "This document can't be read at the moment. Whoever runs the service finds the reason in /healthz; ask again."
)
_SLUG_OF = re.compile("/feeds/([a-z0-9-]+)[./]")
_DELTA_FORMATS = frozenset({"rss", "atom"})
_DELTA_FORMS = frozenset({"gzip", IDENTITY})
_OF_FEEDPARSER = "application/x-netcdf"
_NAMED = "HTTP_FEEDSVC_TAGS"
"""The header in which nginx says by what names it goes."""

_RAW = "raw"
"""The query under which a browser gets the document itself."""


def environ_of(method: str, path: str, headers: Mapping[str, str] | None = None, query: str = "") -> dict[str, str]:
    """A request as WSGI puts it; `path` is percent-decoded."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path.encode(errors="surrogateescape").decode("latin-1")}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
    return environ | {"QUERY_STRING": query}


@dataclass(frozen=True, slots=True)
class _Resource:
    """What an address means, and where that lies."""

    target: Target
    place: Place


class Polls:
    """Answers polls without Flask, so that a WSGI callable may do so before Flask is entered."""

    def __init__(self, runtime: Runtime, limit_bytes: int = Server.memory) -> None:
        self._runtime = runtime
        self._source = runtime.source
        self._documents = DocumentCache(runtime.folder, limit_bytes)
        self._negotiator = Negotiator()
        self._settings: Settings | None = None
        self._adopting = Lock()
        self._resources: Mapping[str, _Resource] = {}
        self._archives: OrderedDict[str, _Resource] = OrderedDict()

    def answer(self, environ: Environ) -> Answer:
        """Answer one request for a path under /feeds/, or /feeds.opml."""
        return self.answer_document(environ) or self._explain(environ)

    def answer_document(self, environ: Environ) -> Answer | None:
        """The answer where a document that is there is asked for; None for anything else.

        This is the way of nearly all requests there are: every microsecond in it counts.
        """
        settings = self._source.current
        if settings is not self._settings:
            settings = self._adopt()
        path = environ["PATH_INFO"]
        resource = self._resources.get(path) or self._find_archive(settings, path)
        if resource is None or environ["REQUEST_METHOD"] not in _READING:
            return None
        if environ.get("HTTP_SEC_FETCH_DEST") == "document" and (page := _lead_to_page(resource, environ)):
            return page
        for _ in range(_TRIES):
            try:
                known = self._documents.look_up(resource.place)
                answer = None if known is None else self._send(resource, known, environ)
            except OutputError:
                return None
            if known is None or answer is not None:
                return answer
        return None  # it is replaced faster than it is read

    def lead(self, method: str, path: bytes, query: str = "") -> Answer | None:
        """Answer a request, anywhere on the site, for an address that once was a feed; None if it was none.

        A redirection can be mended, so it is kept for an hour only (RFC 9110 §15.4.2 would let it be kept for ever).
        """
        settings = self._runtime.settings
        move = settings.moves.find(path, query)
        if move is None:
            return None
        if method not in _READING:
            return say_allowed(method)
        url = settings.site.feed_url(move.section.slug, FORMATS[move.format].suffix)
        caching = ("Cache-Control", f"max-age={_MOVED_MAX_AGE_SECONDS}")
        return say(method, HTTPStatus.MOVED_PERMANENTLY, f"This feed is at {url} now.", ("Location", url), caching)

    def _send(self, resource: _Resource, known: Known, environ: Environ) -> Answer | None:
        """200, 304 or 412; None if the file has been replaced in the meantime."""
        version = version_of(resource.target, known)
        for form in self._negotiator.order(environ.get("HTTP_ACCEPT_ENCODING")):
            if form in known.lengths:  # plain bytes always are
                break
        sending = version.in_form(form)
        status = _judge(version, sending, environ)
        if status is HTTPStatus.NOT_MODIFIED:
            return sending.unchanged
        if status is HTTPStatus.PRECONDITION_FAILED:
            return say(environ["REQUEST_METHOD"], status, "The document is not the one that was asked about.")
        answer = self._send_delta(version, sending, environ) if "HTTP_A_IM" in environ else None
        if answer is None:
            # HEAD reads the body, too: what it says would else be wrong where a twin has been taken away.
            sending, body = self._read(version, sending)
            headers = version.describe_by_file(sending) if environ.get(_NAMED) == "file" else sending.headers
            answer = None if body is None else Answer(HTTPStatus.OK, headers, body)
        return answer._replace(body=b"") if answer and environ["REQUEST_METHOD"] == "HEAD" else answer

    def _read(self, version: Version, sending: Sending) -> tuple[Sending, bytes | None]:
        """What is sent and its bytes: the plain ones where a twin lies there and can't be read."""
        try:
            return sending, self._documents.read(version.known, sending.form)
        except OutputError:
            if sending.form == IDENTITY:
                raise
        return version.in_form(IDENTITY), self._documents.read(version.known, IDENTITY)

    def _send_delta(self, version: Version, sending: Sending, environ: Environ) -> Answer | None:
        """226 with what is new since a version that the client names (RFC 3229); None where 200 is smaller or right."""
        if version.target.format not in _DELTA_FORMATS or not _asks_for_delta(environ):
            return None
        order = self._negotiator.order(environ.get("HTTP_ACCEPT_ENCODING"))
        form = next(form for form in order if form in _DELTA_FORMS)
        tags = (tag for _, tag in read_tags(environ.get("HTTP_IF_NONE_MATCH", "")))
        tag, delta = self._documents.read_delta(version.known, tags, form) or ("", None)
        if delta is None or len(delta) >= version.known.lengths[sending.form]:
            return None
        return Answer(HTTPStatus.IM_USED, version.describe_delta(tag, len(delta), form), delta)

    def _adopt(self) -> Settings:
        """Take over the settings now in force. Only names that config.yaml made ever reach the file system.

        The others wait for the thread that came first: 32 that all do it for 5,000 sections keep polls for seconds.
        """
        with self._adopting:
            settings = self._source.current
            if settings is not self._settings:
                self._resources = {
                    path: _Resource(target, self._documents.place(target.slug, target.format))
                    for path, target in list_targets(settings).items()
                }
                self._archives = OrderedDict()
                self._settings = settings
        return settings

    def _find_archive(self, settings: Settings, path: str) -> _Resource | None:
        """Those asked for last are remembered: a section may have thousands."""
        resource = self._archives.get(path)
        if resource is None:
            address = read_address(settings, path)
            if address is None:
                return None
            target = target_of(address.name, address.slug)
            try:
                resource = _Resource(target, self._documents.place(target.slug, target.format))
            except OutputError:
                return None
            self._archives[path] = resource
            if len(self._archives) > _KEPT_ARCHIVES:
                self._archives.popitem(last=False)
        return resource

    def _explain(self, environ: Environ) -> Answer:
        """Why there is no document to send, and what to do instead."""
        settings = self._runtime.settings
        method, raw = environ["REQUEST_METHOD"], environ["PATH_INFO"].encode("latin-1", errors="replace")
        if method not in _READING:
            return say_allowed(method)
        path = raw.decode(errors="replace")
        archive = read_address(settings, path)
        if archive is None and path not in self._resources:
            return self.lead(method, raw) or self._say_missing(method, path)
        if archive is not None and not is_coming(self._runtime.folder, archive):
            return say(method, HTTPStatus.NOT_FOUND, explain_missing(settings, path))
        text = _ARCHIVE_COMES if archive else _FEED_COMES
        resource = self._resources.get(path) or self._find_archive(settings, path)
        if resource is None or not self._is_readable(resource):
            text = _UNREADABLE
        return say(method, HTTPStatus.SERVICE_UNAVAILABLE, text, ("Retry-After", str(_RETRY_AFTER_SECONDS)))

    def _is_readable(self, resource: _Resource) -> bool:
        """Can be told what lies there, be it nothing?"""
        try:
            known = self._documents.look_up(resource.place)
            if known is not None:
                self._documents.read(known, IDENTITY)
        except OutputError:
            return False
        return True

    def _say_missing(self, method: str, path: str) -> Answer:
        """410 for a feed of a section that there was, so that readers stop asking; else 404."""
        settings = self._runtime.settings
        slug = _SLUG_OF.match(path)
        if slug and is_removed(self._runtime, slug[1]):
            return say(method, HTTPStatus.GONE, f"{say_removed(slug[1])}\n\n{list_feeds(settings)}")
        return say(method, HTTPStatus.NOT_FOUND, explain_missing(settings, path))


def _lead_to_page(resource: _Resource, environ: Environ) -> Answer | None:
    """Who opens a feed in a browser wants to know what it is: that is told on the section's page.

    No cache keeps the answer, so no reader ever gets it.
    """
    slug = resource.target.section
    if slug is None or environ.get("QUERY_STRING") == _RAW:
        return None
    # Relative, so that it leads to the right place wherever a proxy has mounted the service.
    way = f"{'../' * (environ['PATH_INFO'].count('/') - 1)}sections/{slug}/#subscribe"
    text = "This is a feed, for feed readers. The page that tells about it is at the Location."
    return say(environ["REQUEST_METHOD"], HTTPStatus.SEE_OTHER, text, ("Location", way))


def _asks_for_delta(environ: Environ) -> bool:
    """Is `feed` among the instance manipulations that the client takes (RFC 3229 §10.5.3), and does it mean it?

    feedparser sends it with every request, whether or not the program around it knows a 226: rss2email 3.13 takes one
    for an error, and mails nothing until its version is forgotten. What tells feedparser is its Accept, under any name.
    """
    if _OF_FEEDPARSER in environ.get("HTTP_ACCEPT", ""):
        return False
    return any(name.lower() == "feed" and quality > 0 for name, quality in parse_accept_header(environ["HTTP_A_IM"]))


def _judge(version: Version, sending: Sending, environ: Environ) -> HTTPStatus:
    """As conditional.judge; what nearly all clients send is settled without reading it."""
    if "HTTP_IF_MATCH" not in environ and "HTTP_IF_UNMODIFIED_SINCE" not in environ:
        tag = environ.get("HTTP_IF_NONE_MATCH")
        if tag in version.tags:
            return HTTPStatus.NOT_MODIFIED
        if tag is None and "HTTP_IF_MODIFIED_SINCE" not in environ:
            return HTTPStatus.OK
    return judge(environ, version.opaque(), version.strong(sending.form), version.known.mtime)
