"""Requests as an attacker writes them, drawn by hypothesis: odd paths, queries, headers and bodies, by any method."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from articles_in_json import ARTICLE

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "FROB", "get")

_ROUTES = (
    "/",
    "/feeds/macro.rss",
    "/feeds/macro.json",
    "/feeds/macro/archive/1.atom",
    "/feeds.opml",
    "/feeds/index.opml",
    "/sections/macro",
    "/sections/macro/",
    "/articles/ID",
    "/static/site.css",
    "/api/v1/articles",
    "/api/v1/articles/",
    "/api/v1/articles/first",
    "/api/v1/articles/ID",
    "/api/v1/articles/first/retry",
    "/api/v1/articles/retry",
    "/api/v1/sections",
    "/api/v1/quarantine",
    "/healthz",
    "/readyz",
    "/old/feed",
    "/metrics",
)

# Percent-encoded already, or bytes that a client should have encoded.
_PIECES = st.sampled_from(
    [
        "..",
        "../",
        "%2e%2e/",
        "%2e%2e%2f",
        "%252e%252e%252f",
        "..%5c",
        "..;/",
        ".%00/",
        "%00",
        "%0d%0aX-Evil:%201",
        "%c0%ae%c0%ae/",
        "%e0%80%af",
        "%f8%80%80%80%af",
        "%ff",
        "%ed%a0%80",
        "%",
        "%zz",
        "%u002e",
        "//",
        "/",
        "/./",
        "\\",
        ";",
        ";.css",
        ".css",
        "/x.css",
        "%3f",
        "%23",
        "%20",
        "+",
        "~",
        "*",
        "@evil.example",
        "http:",
        "//evil.example/",
        "%E5%AE%8F%E8%A7%82",
        "%f0%9f%91%a9%e2%80%8d",
        "%e2%80%ae",
        "%1b[2J",
        "-1",
        "99999999999999999999",
        "{{7*7}}",
        "${x}",
        "'",
        '"',
        "<script>",
        "%u0000",
        "x" * 5_000,
        "%2f" * 800,
        "etc/passwd",
        "config.yaml",
        "feedsvc.db",
        ".folder-id",
        ".locks/macro",
        "macro.rss.gz",
        "archive/0.atom",
        "archive/999999999.atom",
        "api/v1/articles/first",
    ]
)
_QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "external_id",
                "section",
                "state",
                "limit",
                "before",
                "mode",
                "v",
                "raw",
                "token",
                "access_token",
                "_method",
            ]
        ),
        st.sampled_from(
            ["", "first", "macro", "live", "0", "-1", "9" * 30, "1e9", "%00", "%ff", "a%0d%0ab", "*", "notice", "PUT"]
        )
        | st.text(max_size=8).map(lambda text: quote(text, errors="replace")),
    ).map("=".join),
    max_size=3,
).map("&".join) | st.sampled_from(["", "&", "=", "a" * 3_000, "&".join(["a=b"] * 2_000), "%", "?", "raw", "raw&raw"])

_DATES = (
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:60 GMT",
    "Thu, 32 Foo 0000 25:61:61 GMT",
    "Sun Nov  6 08:49:37 1994",
    "0",
    "x" * 2_000,
)
_VALUES: dict[str, tuple[str, ...]] = {
    "A-IM": ("feed", "feed;q=0", "vcdiff, feed, gzip", ", , ,", "feed" * 500),
    "Accept": ("*/*", "text/html", "text/html;q=nan", "application/json;q=1e400", "a/b;" * 500, "/", ";q=", "\xff"),
    "Accept-Charset": ("utf-7", "x" * 500),
    "Accept-Encoding": ("gzip", "br;q=1e999", "*;q=0", "identity;q=0, *;q=0", "gzip;q=-1", "a," * 3_000, "\xff", ";"),
    "Accept-Language": ("zh", "*", "\xff"),
    "Connection": ("close", "keep-alive, Authorization", "upgrade"),
    "Content-Encoding": ("gzip", "identity", "GZIP, br", "\xff"),
    "Content-Length": ("0", "5", "99999999", "-1", "x", "+5", "１"),
    "Content-Type": (
        "application/json",
        "application/merge-patch+json",
        "application/json; charset=utf-7",
        "application/json; charset=utf-8; charset=utf-16",
        'application/json; charset="',
        "APPLICATION/JSON;CHARSET=UTF8",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "/",
        ";",
        "\xff",
        "application/json" + ";a=b" * 500,
    ),
    "Cookie": ("a=b", "session=" + "x" * 2_000, "a=\x01"),
    "Expect": ("100-continue", "x"),
    "Forwarded": ("for=127.0.0.1;host=evil.example;proto=gopher", "x" * 2_000),
    "Feedsvc-Tags": ("file", "x"),
    "Host": ("evil.example", "", "a b[/@:99999999", "x" * 2_000, "[::1", "evil.example:80:80", "\xff"),
    "If-Match": ("*", '"x"', 'W/"x"', '"' * 500, ", ,"),
    "If-Modified-Since": _DATES,
    "If-None-Match": ("*", '"x"', 'W/"' * 500, '"\xff"', "x" * 2_000),
    "If-Range": ('"x"', _DATES[0]),
    "If-Unmodified-Since": _DATES,
    "Prefer": ("wait=0", 'wait="0"', "wait=" + "9" * 500, "wait=-1", "respond-async, wait=0;x=y", ",wait = 0,," * 200),
    "Range": ("bytes=0-0", "bytes=-1", "bytes=" + "0-0," * 500, "bytes=9-1", "x=1-2"),
    "Referer": ("https://evil.example/", "\xff"),
    "Sec-Fetch-Dest": ("document", "image", "\xff"),
    "TE": ("trailers", "chunked"),
    "Transfer-Encoding": ("chunked", "identity", "xchunked", "gzip, chunked"),
    "User-Agent": ("x" * 3_000, "\x1b[2J", "12 subscribers; feed-id:3", "9" * 500 + " readers", "\xe4\xb8"),
    "X-Forwarded-For": ("127.0.0.1", "\xff", "", "x" * 2_000, ",,,,", "[::1]:80", "1.2.3.4, 127.0.0.1"),
    "X-Forwarded-Host": ("evil.example",),
    "X-Forwarded-Prefix": ("/evil", "\r\n"),
    "X-Forwarded-Proto": ("gopher",),
    "X-HTTP-Method-Override": ("DELETE", "PUT"),
    "X-Original-URL": ("/api/v1/articles", "/feeds/finance.rss"),
    "X-Rewrite-URL": ("/feeds/finance.rss",),
    "X-Script-Name": ("/evil",),
}
HEADERS = tuple(_VALUES)
_AUTHORIZATIONS = (
    "",
    "Bearer",
    "Bearer x",
    "Bearer TOKEN, Bearer x",
    "Basic YTpi",
    "bearer  TOKEN",
    "Bearer\tTOKEN",
    "\xff",
)

_HEADERS = st.dictionaries(st.sampled_from(HEADERS), st.none(), max_size=5).flatmap(
    lambda named: st.fixed_dictionaries({name: st.sampled_from(_VALUES[name]) for name in named})
)

_ODD_TEXT = st.sampled_from(
    [
        "",
        "\ud800",
        "\x00",
        "\x1b]0;x\x07",
        "\u202e",
        "\r\nX-Evil: 1",
        "macro",
        "first",
        "javascript:alert(1)",
        "http://[",
        "http://x:99999999/",
        "//evil.example",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:60Z",
        "2026-02-30",
        "x" * 5_000,
        "é" * 1_001,
        "<svg><style><img src=x onerror=alert(1)>",
        "{{7*7}}",
        "${PATH}",
        "' OR 1=1 --",
        "%s%n%x",
        "1e400",
    ]
) | st.text(max_size=6)
_SCALARS = (
    st.none() | st.booleans() | st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**400, 1e308, -0.0, 1.5]) | _ODD_TEXT
)
ANY_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_ODD_TEXT, inner, max_size=4), max_leaves=10
)
FIELDS = (
    "external_id title link summary content_html sections authors editor source breadcrumb tags language published "
    "updated image enclosures minor draft entry_id is_permalink correction notice mode name url email type length "
    "duration width height alt withdrawal id state"
).split()


@st.composite
def _spoilt_articles(draw: st.DrawFn) -> dict[str, Any]:
    """A sound article in which some fields are anything at all."""
    article: dict[str, Any] = {"title": "題", "sections": ["macro"], "content_html": "<p>文</p>"} | draw(
        st.just({}) | ARTICLE
    )
    return article | draw(st.dictionaries(st.sampled_from(FIELDS), ANY_JSON, max_size=3))


RAW_BODIES = (
    b"",
    b"{",
    b"[" * 20_000,
    b'{"a":' * 20_000,
    b'{"title": "a", "title": "b"}',
    b'{"title": NaN}',
    b'{"title": 1e999}',
    b'{"title": ' + b"9" * 5_000 + b"}",
    b'{"title": "\\ud800"}',
    b'{"title": "\xed\xa0\x80"}',
    b'{"title": "\x00"}',
    b"\xef\xbb\xbf{}",
    '{"title": "題"}'.encode("utf-16"),
    b'{"sections": [' + b'"macro",' * 20_000 + b'"macro"]}',
    b"\x1f\x8b\x08\x00" + bytes(40),
    b"<xml/>",
    b"null",
    b'"x"',
    b"{}" * 2,
    b" " * 100_000 + b"{}",
)
BODIES = (
    _spoilt_articles().map(lambda value: json.dumps(value).encode())
    | ANY_JSON.map(lambda value: json.dumps(value).encode())
    | st.sampled_from(RAW_BODIES)
    | st.binary(max_size=20)
)


@dataclass(frozen=True)
class Attack:
    """ID and TOKEN stand for an article's id and a token that is in force. `path` is as it is sent."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@st.composite
def _paths(draw: st.DrawFn) -> str:
    path = draw(st.sampled_from(_ROUTES))
    for piece in draw(st.lists(_PIECES, max_size=3)):
        at = draw(st.integers(1, len(path)))
        path = path[:at] + piece + path[at if draw(st.booleans()) else len(path) :]
    return path


WRITES = st.builds(
    Attack,
    st.sampled_from(("PUT", "POST", "PATCH", "DELETE")),
    st.sampled_from(("/api/v1/articles", "/api/v1/articles/first", "/api/v1/articles/ID", "/api/v1/articles/new")),
    st.sampled_from(("", "external_id=first", "external_id=new", "mode=notice")),
    st.just({"Authorization": "Bearer TOKEN", "Content-Type": "application/json"}),
    BODIES,
)
"""What a newsroom whose token has been stolen would send."""


@st.composite
def attacks(draw: st.DrawFn) -> Attack:
    headers = dict(draw(_HEADERS))
    if draw(st.integers(0, 3)):  # most get past the door
        headers["Authorization"] = "Bearer TOKEN"
    else:
        headers["Authorization"] = draw(st.sampled_from(_AUTHORIZATIONS))
    body = draw(st.none() | BODIES)
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    path = draw(st.sampled_from(_ROUTES) | _paths())
    return Attack(draw(st.sampled_from(METHODS)), path, draw(_QUERIES), headers, body)


HEADER_NAMES = tuple(
    dict.fromkeys(
        (
            *HEADERS,
            *"""Accept-Charset Accept-Datetime Access-Control-Request-Headers Access-Control-Request-Method Age
            Alt-Used API-Version Authorization Base-URL Cache-Control CDN-Cache-Control CF-Connecting-IP CF-Visitor
            Client-IP Content-Disposition Content-Language Content-Location Content-Range Date Delta-Base
            Destination Digest Device-Memory DNT DPR Early-Data ETag Expires Fastly-Client-IP From Front-End-Https
            Http-Host IM HTTP2-Settings Keep-Alive Last-Modified Link Location Max-Forwards Method-Override NEL
            Origin Overwrite Path-Info Pragma Priority Profile Proxy Proxy-Authorization Proxy-Connection Purpose
            Query-String Refresh Remote-Addr Remote-User Report-To Request-Method Request-Uri Save-Data Script-Name
            Sec-CH-UA Sec-CH-UA-Mobile Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Sec-GPC Sec-Purpose
            Sec-WebSocket-Key Server-Name Set-Cookie Signature SOAPAction Status Surrogate-Capability
            Surrogate-Control Timeout Traceparent Trailer Translate True-Client-IP Upgrade Upgrade-Insecure-Requests
            URI URL Vary Via Viewport-Width Want-Digest Warning Width X-Accel-Redirect X-Admin
            X-Amz-Website-Redirect-Location X-API-Version X-Backend X-Base-URL X-Callback X-Client-IP
            X-Cluster-Client-IP X-Correlation-ID X-Country X-Debug X-Dest X-Format X-Forwarded X-Forwarded-Method
            X-Forwarded-Path X-Forwarded-Port X-Forwarded-Scheme X-Forwarded-Server X-Forwarded-SSL X-Forwarded-Uri
            X-Host X-HTTP-Host-Override X-HTTP-Method X-Lang X-Locale X-Lighttpd-Send-File X-Method-Override
            X-Original-Host X-Original-Uri X-Path X-Path-Info X-Proxy-Url X-ProxyUser-Ip X-Purpose X-Real-IP
            X-Remote-User X-Reproxy-URL X-Request-ID X-Request-URI X-Requested-With X-Rewrite-Host X-Sendfile
            X-Server-Name X-Theme X-Trace X-Url X-Url-Scheme X-User X-Version X-WAP-Profile Accept_Encoding
            If_None_Match A_IM Sec_Fetch_Dest X_Forwarded_Host X_Original_URL""".split(),
        )
    )
)
"""Those by which applications have been known to answer otherwise."""

CACHE_VALUES = (
    "evil.example",
    "*",
    "file",
    "gzip",
    "1",
    "/feeds/finance.rss",
    "document",
    "feed",
    "for=127.0.0.1;host=evil.example;proto=gopher",
    "https://evil.example/",
    "DELETE",
    "bytes=0-5",
    "Fri, 01 Jan 2100 00:00:00 GMT",
    '"x"',
    "text/html",
    "identity;q=0",
    "true",
    "x" * 3_000,
)
