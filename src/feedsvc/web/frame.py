"""What every HTML page has: frame, words, validators, security headers."""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, render_template, request

from feedsvc.feed.formats import FORMATS
from feedsvc.model import ALL_SLUG, Section, Site
from feedsvc.web.context import this_runtime
from feedsvc.web.polls.conditional import is_listed
from feedsvc.words import language_of_words, local, say_offset, say_time, words_for

STATIC_DIR = Path(__file__).with_name("static")
PAGE_MAX_AGE_SECONDS = 30

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src https: http: data:; media-src https: http:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

FORMAT_TITLES = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}


@cache
def _style_version() -> str:
    return hashlib.sha256((STATIC_DIR / "site.css").read_bytes()).hexdigest()[:12]


def path_to_root() -> str:
    """The way from this page to the service's root, relative, so that a proxy may mount it anywhere."""
    return "../" * (request.path.count("/") - 1) or "./"


def list_feeds(site: Site, section: Section) -> list[dict[str, str]]:
    """A section's feeds for links: `url` to copy, `path` from the root to follow, `type` without parameters."""
    feeds = []
    for name in section.formats:
        row = FORMATS[name]
        feeds.append(
            {
                "name": FORMAT_TITLES[name],
                "url": site.feed_url(section.slug, row.suffix),
                "path": f"feeds/{section.slug}.{row.suffix}",
                "type": row.media_type.partition(";")[0],
            }
        )
    return feeds


def is_everything(site: Site, section: Section) -> bool:
    """True for `all` without a title of its own: in a list of sections the site's title would puzzle."""
    return section.slug == ALL_SLUG and section.title == site.title


def page(template: str, *, language: str, status: int = 200, **values: Any) -> Response:
    """Render a template into a response; a good page carries an ETag and answers 304 to whoever has it."""
    settings = this_runtime().settings
    site, words, zone = settings.site, words_for(language), ZoneInfo(settings.site.timezone)
    html = render_template(
        template,
        site=site,
        language=language,
        frame=language_of_words(language),
        words=words,
        root=path_to_root(),
        style_version=_style_version(),
        local=lambda moment: local(moment, zone),
        say_time=lambda moment: say_time(local(moment, zone), language),
        say_offset=lambda moment: say_offset(local(moment, zone)),
        feeds_of=lambda section: list_feeds(site, section),
        name_of=lambda section: words["everything"] if is_everything(site, section) else section.title,
        **values,
    )
    if status != HTTPStatus.OK:
        return Response(html, status, {"Cache-Control": "no-store"}, mimetype="text/html")
    tag = hashlib.sha256(html.encode()).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": f"max-age={PAGE_MAX_AGE_SECONDS}"}
    if is_listed({tag}, request.headers.get("If-None-Match", "")):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(html, headers=headers, mimetype="text/html")


def error_page(
    status: int, message: str = "", *, nearest: Section | None = None, kind: str = "", error_id: str = ""
) -> Response:
    """A page in the same design that says what is wrong and where to go on; `kind` picks its words.

    `error_id` is what a reader may tell us, so that we find the fault in the log.
    """
    settings = this_runtime().settings
    kind = kind or _KINDS.get(status) or ("refused" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "wrong")
    return page(
        "error.html",
        language=settings.site.language,
        status=status,
        kind=kind,
        message=message,
        error_id=error_id,
        # Feeds go on without the article store; who came for something else than a feed doesn't want their addresses.
        are_feeds_wanted=kind == "unavailable" or request.path.startswith("/feeds/"),
        nearest=nearest,
        sections=list(settings.feeds.values()),
    )


_KINDS = {404: "not_found", 405: "read_only", 410: "withdrawn", 503: "unavailable"}


def accepts_html() -> bool:
    """True for browsers; feed readers and curl, which don't put HTML first, get plain text."""
    return request.accept_mimetypes["text/html"] > request.accept_mimetypes["text/plain"]
