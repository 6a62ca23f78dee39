"""Polls: /feeds/<section>.rss|.atom|.json, archives and the OPML list.

Bytes from the feeds folder; no database, no rendering.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import Headers as WerkzeugHeaders

from feedsvc.config import Settings
from feedsvc.errors import OutputError, UnknownSectionError
from feedsvc.feed import opml
from feedsvc.feed.formats import FORMATS
from feedsvc.model import ARCHIVE_FORMAT, INDEX_SLUG, Section
from feedsvc.output import StoredDocument
from feedsvc.runtime import Runtime
from feedsvc.web.archives import MAX_AGE_SECONDS, ArchiveAddress, explain_no_archive, is_coming, read_address
from feedsvc.web.conditional import http_date, is_unchanged
from feedsvc.web.context import runtime_of, this_runtime
from feedsvc.web.documents import DocumentCache
from feedsvc.web.frame import accepts_html, error_page

_KEY = "feedsvc.polls"

ALLOW = "GET, HEAD, OPTIONS"

_STALE_IF_ERROR_SECONDS = 86_400
_OPML_MAX_AGE_SECONDS = 300
_MOVED_MAX_AGE_SECONDS = 3600
_RETRY_AFTER_SECONDS = 2
_FEED_COMES = "This feed has not been made yet. It comes within seconds of the start; please ask again."
_ARCHIVE_COMES = (
    "This archive has not been made yet. They come one after the other, the newest first; please ask again."
)
_LISTED_SECTIONS = 50
_LONGEST_GUESSED_NAME = 64
_SLUG_OF = re.compile("/feeds/([a-z0-9-]+)[./]")

# A feed served as XML may hold XHTML, whose scripts a browser would run: nothing in a document may do anything.
_INERT = (("Content-Security-Policy", "default-src 'none'; sandbox"), ("X-Content-Type-Options", "nosniff"))
_CORS = (("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", "ETag, Last-Modified"))
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", ALLOW),
    ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since"),
    ("Access-Control-Max-Age", "86400"),
)


class Headers(Protocol):
    """Request headers by name in any case: werkzeug's EnvironHeaders is one."""

    def get(self, name: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP response. `body` is empty for HEAD, whose Content-Length is still that of GET."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Target:
    """What an address means: a file in the feeds folder and how to send it."""

    slug: str
    format: str
    media_type: str
    max_age_seconds: int


class Polls:
    """Answers polls without Flask, so that a WSGI callable may do so before Flask is entered."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._documents = DocumentCache(runtime.folder)
        self._targets: tuple[Settings, Mapping[str, Target]] | None = None

    def answer(self, method: str, path: str, headers: Headers) -> Answer:
        """Answer one request for a `path` under /feeds/, or /feeds.opml, given without query and percent-decoded."""
        if method not in {"GET", "HEAD"}:
            return _say_allowed(method)
        settings = self._runtime.settings
        archive = read_address(settings, path)
        target = self._targets_of(settings).get(path) if archive is None else _target_of(archive)
        if target is None:
            return self.lead(method, path.encode(errors="surrogateescape")) or self._say_missing(method, path)
        try:
            document = self._documents.get(target.slug, target.format)
        except OutputError:
            document = None
        if document is not None:
            return _send(method, target, document, headers)
        if archive is not None and not is_coming(self._documents, self._runtime.folder, archive):
            return _say(method, HTTPStatus.NOT_FOUND, explain_missing(settings, path))
        text = _ARCHIVE_COMES if archive else _FEED_COMES
        return _say(method, HTTPStatus.SERVICE_UNAVAILABLE, text, ("Retry-After", str(_RETRY_AFTER_SECONDS)))

    def lead(self, method: str, path: bytes, query: str = "") -> Answer | None:
        """Answer a request, anywhere on the site, for an address that once was a feed; None if it was none.

        A redirection can be mended, so it is kept for an hour only (RFC 9110 §15.4.2 would let it be kept for ever).
        """
        settings = self._runtime.settings
        move = settings.moves.find(path, query)
        if move is None:
            return None
        if method not in {"GET", "HEAD"}:
            return _say_allowed(method)
        url = settings.site.feed_url(move.section.slug, FORMATS[move.format].suffix)
        caching = ("Cache-Control", f"public, max-age={_MOVED_MAX_AGE_SECONDS}")
        return _say(method, HTTPStatus.MOVED_PERMANENTLY, f"This feed is at {url} now.", ("Location", url), caching)

    def _say_missing(self, method: str, path: str) -> Answer:
        """410 for a feed of a section that there was, so that readers stop asking; else 404."""
        settings = self._runtime.settings
        slug = _SLUG_OF.match(path)
        if slug and is_removed(self._runtime, slug[1]):
            return _say(method, HTTPStatus.GONE, f"{_say_removed(slug[1])}\n\n{_list_feeds(settings)}")
        return _say(method, HTTPStatus.NOT_FOUND, explain_missing(settings, path))

    def _targets_of(self, settings: Settings) -> Mapping[str, Target]:
        """Every address there is: only names that config.yaml made ever reach the file system."""
        if self._targets is None or self._targets[0] is not settings:
            self._targets = (settings, _list_targets(settings))
        return self._targets[1]


def _target_of(archive: ArchiveAddress) -> Target:
    return Target(archive.name, ARCHIVE_FORMAT, FORMATS[ARCHIVE_FORMAT].media_type, MAX_AGE_SECONDS)


def _list_targets(settings: Settings) -> dict[str, Target]:
    targets = {}
    for section in settings.feeds.values():
        for name in section.formats:
            row = FORMATS[name]
            path = f"/feeds/{section.slug}.{row.suffix}"
            targets[path] = Target(section.slug, name, row.media_type, section.max_age_seconds)
    index = Target(INDEX_SLUG, "opml", opml.MEDIA_TYPE, _OPML_MAX_AGE_SECONDS)
    return targets | {"/feeds.opml": index, f"/feeds/{INDEX_SLUG}.opml": index}


def _send(method: str, target: Target, document: StoredDocument, headers: Headers) -> Answer:
    """200 or 304 with the plain bytes under a strong ETag; each coding will be its own representation, chosen here."""
    etag = f'"{document.digest[:32]}"'
    age = target.max_age_seconds
    validators = (
        ("ETag", etag),
        ("Last-Modified", http_date(document.mtime)),
        (
            "Cache-Control",
            f"public, max-age={age}, stale-while-revalidate={age}, stale-if-error={_STALE_IF_ERROR_SECONDS}",
        ),
        *_CORS,
        *_INERT,
    )
    if is_unchanged(etag, document.mtime, headers.get("If-None-Match"), headers.get("If-Modified-Since")):
        return Answer(HTTPStatus.NOT_MODIFIED, validators)
    described = (("Content-Type", target.media_type), ("Content-Length", str(len(document.content))), *validators)
    return Answer(HTTPStatus.OK, described, b"" if method == "HEAD" else document.content)


def _say_allowed(method: str) -> Answer:
    if method == "OPTIONS":
        return Answer(HTTPStatus.NO_CONTENT, (("Allow", ALLOW), *_CORS, *_PREFLIGHT, *_INERT))
    return _say(method, HTTPStatus.METHOD_NOT_ALLOWED, f"A feed can only be read: {ALLOW}.", ("Allow", ALLOW))


def _say(method: str, status: int, text: str, *headers: tuple[str, str]) -> Answer:
    """Plain text; never kept, unless the headers say otherwise."""
    body = f"{text}\n".encode()
    caching = () if any(name == "Cache-Control" for name, _ in headers) else (("Cache-Control", "no-store"),)
    described = (
        *headers,
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(body))),
        *caching,
        *_CORS,
        *_INERT,
    )
    return Answer(status, described, b"" if method == "HEAD" else body)


def explain_missing(settings: Settings, path: str) -> str:
    """Plain text for a feed address that is none: what is wrong, the nearest right one, and what there is."""
    return f"{guess_meaning(settings, path)}\n\n{_list_feeds(settings)}"


def is_removed(runtime: Runtime, slug: str) -> bool:
    """Was there a section of this name, and does config.yaml name it no longer? No database is asked."""
    if slug in runtime.settings.feeds:
        return False
    try:
        return slug in runtime.folder.removed()
    except OutputError:
        return False


def _say_removed(slug: str) -> str:
    return f"Section {slug!r} has been closed, and its feeds with it."


def _list_feeds(settings: Settings) -> str:
    listed = list(settings.feeds.values())[:_LISTED_SECTIONS]
    lines = [f"Feeds of {settings.site.title}:"]
    lines += [f"  {section.title}: {' '.join(_feed_urls(settings, section))}" for section in listed]
    if len(settings.feeds) > len(listed):
        lines.append(f"  and {len(settings.feeds) - len(listed)} more")
    lines += ["", f"All of them as OPML: {settings.site.opml_url}", f"Home page: {settings.site.base_url}/"]
    return "\n".join(lines)


def guess_meaning(settings: Settings, path: str) -> str:
    """One or two sentences about a feed address that is none: the part that is wrong and the likeliest right one."""
    if (explained := explain_no_archive(settings, path)) is not None:
        return explained
    name, _, suffix = path.removeprefix("/feeds/")[:_LONGEST_GUESSED_NAME].rpartition(".")
    slug = name or suffix
    if slug in settings.feeds:
        section = settings.feeds[slug]
        return f"There is no feed at this address. Section {slug!r} has: {' '.join(_feed_urls(settings, section))}"
    nearest = find_nearest(settings, slug)
    if nearest is None:
        return f"There is no section {slug!r}."
    urls = " ".join(_feed_urls(settings, nearest))
    return f"There is no section {slug!r}. Did you mean {nearest.slug!r}? It has: {urls}"


def find_nearest(settings: Settings, name: str) -> Section | None:
    """The section that a wrong name most likely means: by title or alias, else by spelling."""
    try:
        return settings.feeds[settings.resolve_section(name)]
    except UnknownSectionError:
        return settings.feeds.get(UnknownSectionError(name, tuple(settings.feeds)).nearest)


def _feed_urls(settings: Settings, section: Section) -> list[str]:
    return [settings.site.feed_url(section.slug, FORMATS[name].suffix) for name in section.formats]


class PollResponse(Response):
    """An Answer as it is: werkzeug would take Last-Modified out of a 304, which caches may use (RFC 9110 §15.4.5)."""

    def __init__(self, answer: Answer) -> None:
        super().__init__([answer.body], answer.status)
        self.headers = WerkzeugHeaders(answer.headers)

    def get_wsgi_headers(self, _environ: object) -> WerkzeugHeaders:
        return self.headers


blueprint = Blueprint("feeds", __name__)


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    """A rule without methods matches all of them, so that Polls alone says what is allowed."""
    state.app.extensions[_KEY] = Polls(runtime_of(state.app))
    for path in ("/feeds/<name>", "/feeds/<slug>/archive/<name>", "/feeds.opml"):
        state.app.url_map.add(state.app.url_rule_class(path, endpoint="feeds.poll"))


@blueprint.endpoint("feeds.poll")
def poll(**_: str) -> Response:
    polls: Polls = current_app.extensions[_KEY]
    answer = polls.answer(request.method, request.path, request.headers)
    if answer.status == HTTPStatus.NOT_FOUND and accepts_html():
        return error_page(answer.status, guess_meaning(this_runtime().settings, request.path))
    if answer.status == HTTPStatus.GONE and accepts_html():
        return error_page(answer.status, kind="closed")
    return PollResponse(answer)


@blueprint.before_app_request
def lead_from_old_address() -> Response | None:
    """Addresses of older feeds may be anywhere on the site, and in any encoding."""
    polls: Polls = current_app.extensions[_KEY]
    path = str(request.environ.get("PATH_INFO", "")).encode("latin-1", errors="replace")
    answer = polls.lead(request.method, path, request.environ.get("QUERY_STRING", ""))
    return None if answer is None else PollResponse(answer)
