"""What a poll may ask, and what it must get: one table for the application alone and for nginx before it.

Header values name what is only known of the document at hand: `{plain}`, `{gzip}` and `{br}` are its tags in these
codings, `{older}` that of the version before, `{modified}` its Last-Modified, `{before}` and `{after}` an hour around,
`{rfc850}` and `{asctime}` the same instant as `{modified}` in the older forms of RFC 9110 §5.6.7.
"""

from __future__ import annotations

from dataclasses import dataclass

FEED = "/feeds/macro.rss"
ARCHIVE = "/feeds/macro/archive/1.atom"
BARE = "/feeds/culture.json"
"""Its brotli twin is not there."""

LOST = "/feeds/world.json"
"""It has not been made, or was deleted."""

CLOSED = "/feeds/gone.rss"
"""Of a section that was taken out of config.yaml."""

OLD = "/rss.xml"
"""An address at which FEED was once."""

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Case:
    """`coding` is that of a body; `own_names` keeps it to tags as the application makes them."""

    name: str
    status: int
    headers: Headers = ()
    path: str = FEED
    method: str = "GET"
    coding: str | None = None
    own_names: bool = False


def _asked(status: int, name: str, value: str, *more: tuple[str, str], **fields: str) -> Case:
    headers = ((name, value), *more)
    shown = ", ".join(f"{key}: {text[:60]}" for key, text in headers)
    return Case(f"{fields.get('method', '')} {fields.get('path', '')} {shown}".strip(), status, headers, **fields)  # type: ignore[arg-type]


def _at(path: str, status: int, method: str = "GET") -> Case:
    return Case(f"{method} {path}", status, path=path, method=method)


def _accepting(value: str, coding: str | None, path: str = FEED) -> Case:
    return Case(f"{path} in {value[:60]!r}", 200, (("Accept-Encoding", value),), path, coding=coding)


INM, IMS, IM, IUS = "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since"
OTHER = '"0123456789abcdef0123456789abcdef"'

CONDITIONAL = (
    _asked(304, INM, "{plain}"),
    _asked(304, INM, "W/{plain}"),
    _asked(304, INM, OTHER + ", {plain}"),
    _asked(304, INM, "{plain}," + OTHER),
    _asked(304, INM, OTHER + "  ,\t W/{plain} , " + OTHER),
    _asked(304, INM, ", ".join(f'"{number:032x}"' for number in range(150)) + ", {plain}"),
    _asked(304, INM, "{plain}, unquoted"),
    _asked(304, INM, "*"),
    _asked(200, INM, OTHER),
    _asked(200, INM, f"W/{OTHER}"),
    _asked(200, INM, '"5f000000-10"'),
    _asked(200, INM, '"5f000000-10", W/"5f000000-11"'),
    _asked(200, INM, "unquoted"),
    _asked(200, INM, '"'),
    _asked(200, INM, '""'),
    _asked(200, INM, ""),
    _asked(304, INM, "{plain}", method="HEAD"),
    _asked(200, INM, OTHER, method="HEAD"),
    _asked(304, INM, "{plain}", path=ARCHIVE),
    _asked(304, INM, "{plain}", path="/feeds.opml"),
    _asked(304, INM, "{plain}", path="/feeds/all.json"),
    _asked(304, INM, "{plain}", path="/feeds/macro.rss?since=yesterday"),
    _asked(404, INM, "*", path="/feeds/none.rss"),
    _asked(503, INM, "*", path=LOST),
    _asked(410, INM, OTHER, path=CLOSED),
    _asked(405, INM, "{plain}", method="POST"),
    # Whoever sends both is told by the tag alone (§13.2.2): newsboat and many others do.
    _asked(304, INM, "{plain}", (IMS, "{modified}")),
    _asked(304, INM, "{plain}", (IMS, "{before}")),
    _asked(304, INM, "{plain}", (IMS, "{after}")),
    _asked(304, INM, "{plain}", (IMS, "yesterday")),
    _asked(304, INM, "{plain}", (IMS, "0")),
    _asked(304, INM, "*", (IMS, "{before}")),
    _asked(304, INM, "{plain}", (IMS, "{before}"), method="HEAD"),
    _asked(200, INM, OTHER, (IMS, "{modified}")),
    _asked(200, INM, '"5f000000-10"', (IMS, "{modified}")),
    _asked(200, INM, OTHER, (IMS, "{after}")),
    _asked(200, INM, "", (IMS, "{modified}")),
    _asked(304, IMS, "{modified}"),
    _asked(304, IMS, "{after}"),
    _asked(304, IMS, "Fri, 31 Dec 9999 23:59:59 GMT"),
    _asked(200, IMS, "{before}"),
    _asked(200, IMS, "Thu, 01 Jan 1970 00:00:00 GMT"),
    _asked(304, IMS, "{rfc850}"),
    _asked(304, IMS, "{asctime}"),
    _asked(304, IMS, "{modified}", method="HEAD"),
    _asked(304, IMS, "{modified}", path=ARCHIVE),
    _asked(304, IMS, "{modified}", path="/feeds/index.opml"),
    # What is no HTTP-date is not heeded (§13.1.3), although it lies ahead.
    *(
        _asked(200, IMS, text)
        for text in (
            "",
            "0",
            "9999999999",
            "tomorrow",
            "Sun, 06 Nov 2094 08:49:37",
            "Sun, 06 Nov 2094 08:49:37 +0000",
            "Sun, 06 Nov 2094 08:49:37 gmt",
            "Sun, 6 Nov 2094 08:49:37 GMT",
            "Sun, 31 Feb 2094 08:49:37 GMT",
            "Sun, 06 Nov 2094 25:49:37 GMT",
            "Sun, 06 Nov 2094 08:49:61 GMT",
            "Sun, 06 Nov 2094 08:49:37 GMT; length=100",
            "2094-11-06T08:49:37Z",
        )
    ),
    _asked(200, IM, "{plain}"),
    _asked(200, IM, "*"),
    _asked(200, IM, OTHER + ", {plain}"),
    _asked(412, IM, OTHER),
    _asked(412, IM, "unquoted"),
    _asked(200, IM, "unquoted, {plain}"),
    _asked(412, IM, "W/{plain}"),
    _asked(412, IM, "{gzip}", own_names="yes"),
    _asked(412, IM, OTHER, method="HEAD"),
    _asked(304, IM, "{plain}", (INM, "{plain}")),
    _asked(412, IM, OTHER, (INM, "{plain}")),
    _asked(200, IM, "{plain}", (IUS, "{before}")),
    _asked(200, IUS, "{modified}"),
    _asked(200, IUS, "{after}"),
    _asked(412, IUS, "{before}"),
    _asked(200, IUS, "yesterday"),
    _asked(304, IUS, "{modified}", (INM, "{plain}")),
    _asked(412, IUS, "{before}", (INM, "{plain}")),
    _asked(200, "Range", "bytes=0-9"),
    _asked(200, "Range", "bytes=999999999-"),
    _asked(200, "Range", "bytes=0-9", ("If-Range", "{plain}")),
    _asked(200, "Range", "bytes=0-9", ("If-Range", "{modified}")),
    _asked(200, "Range", "bytes=0-9", ("If-Range", OTHER)),
    _asked(304, "Range", "bytes=0-9", (INM, "{plain}")),
)

NEGOTIATED = (
    Case("no Accept-Encoding", 200),
    _accepting("", None),
    _accepting("gzip", "gzip"),
    _accepting("br", "br"),
    _accepting("gzip, br", "br"),
    _accepting("br, gzip", "br"),
    _accepting("gzip,br", "br"),
    _accepting("gzip, deflate", "gzip"),
    _accepting("deflate, gzip", "gzip"),
    _accepting("deflate,gzip", "gzip"),
    _accepting("gzip, deflate, br, zstd", "br"),
    _accepting("identity, gzip", "gzip"),
    _accepting("compress, zstd, identity, deflate", None),
    _accepting("gzip, gzip", "gzip"),
    _accepting("gzip;q=1.0,deflate;q=0.6,identity;q=0.3", "gzip"),
    _accepting("gzip;q=0", None),
    _accepting("gzip;q=0.000", None),
    _accepting("gzip;q=0, br", "br"),
    _accepting("br;q=0, gzip", "gzip"),
    _accepting("gzip; q=0", None),
    _accepting("gzip ;q=0", None),
    _accepting("br;q=0.1, gzip;q=0.9", "gzip"),
    _accepting("br;q=0.9, gzip;q=0.1", "br"),
    _accepting("gzip;q=0.5, br;q=0.5", "br"),
    _accepting("gzip;q=0.5, identity", None),
    _accepting("identity;q=0.5, gzip;q=0.4", None),
    _accepting("identity;q=0, gzip", "gzip"),
    _accepting("identity;q=0", None),
    _accepting("*", "br"),
    _accepting("*;q=0", None),
    _accepting("*;q=0, gzip", "gzip"),
    _accepting("gzip;q=0, *", "br"),
    _accepting("br;q=0, *;q=0.5", "gzip"),
    _accepting("x-gzip", "gzip"),
    _accepting("GZIP", "gzip"),
    _accepting("Br, Gzip;q=0.5", "br"),
    _accepting("gzipx, xgzip", None),
    _accepting("gzipx, gzip", "gzip"),
    _accepting("xbr, bro", None),
    _accepting(", gzip ,, ", "gzip"),
    _accepting("\tgzip\t,\tbr", "br"),
    _accepting("utf-8", None),
    _accepting("gzip, " * 499 + "gzip", "gzip"),
    _accepting("x" * 3000, None),
    _accepting("x, " * 1000 + "br", "br"),
    _accepting("gzip;q=0.1, " * 250 + "br;q=0.05", "gzip"),
    _accepting("gzip, br", "br", ARCHIVE),
    _accepting("gzip", "gzip", "/feeds.opml"),
    _accepting("gzip, br", "gzip", BARE),
    _accepting("br", None, BARE),
    _accepting("br;q=1, gzip;q=0.5", "gzip", BARE),
    Case("HEAD in gzip", 200, (("Accept-Encoding", "gzip"),), method="HEAD", coding="gzip"),
    Case("HEAD in br", 200, (("Accept-Encoding", "gzip, br"),), method="HEAD", coding="br"),
    Case("gzip through another proxy", 200, (("Accept-Encoding", "gzip"), ("Via", "1.1 cache")), coding="gzip"),
    Case("gzip for an old browser", 200, (("Accept-Encoding", "gzip"), ("User-Agent", "MSIE 6.0")), coding="gzip"),
    _asked(304, "Accept-Encoding", "gzip", (INM, "{gzip}")),
    _asked(304, "Accept-Encoding", "br, gzip", (INM, "{br}")),
    _asked(304, "Accept-Encoding", "br, gzip", (INM, "{br}"), (IMS, "{before}")),
    _asked(304, "Accept-Encoding", "gzip", (INM, "W/{plain}"), own_names="yes"),
    _asked(304, "Accept-Encoding", "gzip", (INM, "{plain}"), own_names="yes"),
    _asked(304, "Accept-Encoding", "identity", (INM, "{br}"), own_names="yes"),
    _asked(304, "Accept-Encoding", "gzip;q=0.5", (INM, "{gzip}")),
    _asked(304, "Accept-Encoding", "gzip", (IMS, "{modified}")),
    _asked(412, "Accept-Encoding", "gzip", (IM, "{plain}"), own_names="yes"),
    _asked(304, "Accept-Encoding", "br", (INM, "{plain}"), path=BARE),
)

MANNERS = (
    _asked(200, "A-IM", "feed"),
    _asked(226, "A-IM", "feed", (INM, "{older}"), own_names="yes"),
    _asked(226, "A-IM", "feed", (INM, "{older}"), own_names="yes", method="HEAD"),
    _asked(226, "A-IM", "gzip, feed", (INM, "W/{older}"), (IMS, "{before}"), own_names="yes"),
    _asked(304, "A-IM", "feed", (INM, "{plain}")),
    _asked(304, "A-IM", "feed", (INM, "{plain}"), (IMS, "{before}")),
    _asked(200, "A-IM", "feed;q=0", (INM, "{older}"), own_names="yes"),
    _asked(200, "A-IM", "vcdiff", (INM, "{older}"), own_names="yes"),
    _asked(200, "A-IM", "feed", (INM, "{older}"), own_names="yes", path="/feeds/macro.json"),
    _asked(303, "Sec-Fetch-Dest", "document"),
    _asked(303, "Sec-Fetch-Dest", "document", method="HEAD"),
    _asked(303, "Sec-Fetch-Dest", "document", (INM, "{plain}")),
    _asked(303, "Sec-Fetch-Dest", "document", path=ARCHIVE),
    _asked(200, "Sec-Fetch-Dest", "document", path="/feeds/macro.rss?raw"),
    _asked(200, "Sec-Fetch-Dest", "document", path="/feeds.opml"),
    _asked(404, "Sec-Fetch-Dest", "document", path="/feeds/none.rss"),
    _asked(200, "Sec-Fetch-Dest", "empty"),
    _asked(304, "Sec-Fetch-Dest", "empty", (INM, "{plain}")),
    _asked(200, "Origin", "https://reader.example"),
    _asked(200, "Cache-Control", "no-cache", ("Pragma", "no-cache")),
    _asked(404, "Accept", "text/html", path="/feeds/none.rss"),
    _asked(204, "Access-Control-Request-Method", "GET", ("Origin", "https://reader.example"), method="OPTIONS"),
)

ADDRESSES = (
    *(_at(f"/feeds/macro.{suffix}", 200) for suffix in ("rss", "atom", "json")),
    *(_at(f"/feeds/{name}", 200) for name in ("economy.rss", "all.atom", "letters.rss", "index.opml")),
    _at("/feeds.opml", 200),
    _at(ARCHIVE, 200),
    *(_at(path, 200, "HEAD") for path in ("/feeds/macro.atom", "/feeds.opml", ARCHIVE)),
    *(_at(path, 204, "OPTIONS") for path in (FEED, "/feeds.opml", ARCHIVE, LOST)),
    *(_at(FEED, 405, method) for method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND")),
    _at(LOST, 503),
    _at(LOST, 503, "HEAD"),
    _at(CLOSED, 410),
    _at(CLOSED, 410, "HEAD"),
    _at(OLD, 301),
    _at(f"{OLD}?from=mail", 301),
    _at(OLD, 301, "HEAD"),
    _at("/feeds/legacy.rss", 301),
    _at("/feeds/none.rss", 404),
    _at("/feeds/none.rss", 404, "HEAD"),
    _at("/feeds/macro.rss?", 200),
    _at("/feeds/macro.rss?utm_source=x&y=%00", 200),
    _at("/feeds.opml?raw", 200),
    _at("/feeds/macro.rss?a=/../b|c", 200),
    _at("/feeds/%6Dacro.rss", 200),
    _at("/feeds/macro%2Erss", 200),
    _at("/feeds/macro%2erss", 200),
    _at("/feeds%2Fmacro.rss", 200),
    _at("/feeds//macro.rss", 404),
    _at("//feeds/macro.rss", 404),
    _at("/feeds/./macro.rss", 404),
    _at("/./feeds/macro.rss", 404),
    _at("/feeds/%2e/macro.rss", 404),
    _at("/feeds/x/../macro.rss", 404),
    _at("/feeds/x/%2e%2e/macro.rss", 404),
    _at("/Feeds/macro.rss", 404),
    _at("/feeds/MACRO.rss", 404),
    _at("/feeds/macro.RSS", 404),
    _at("/feeds/macro.rss/", 404),
    _at("/feeds/macro.rss;v=2", 404),
    _at("/feeds/macro.rss%20", 404),
    _at("/feeds/macro", 404),
    _at("/feeds/macro.xml", 404),
    _at("/feeds/macro.opml", 404),
    _at("/feeds/index.rss", 404),
    _at("/feeds/", 404),
    _at("/feeds", 404),
    _at("/feeds.opml/", 404),
    _at("/feeds.rss", 404),
    _at("/feeds/%E5%AE%8F%E8%A7%82.rss", 404),
    _at("/feeds/macro.rss.gz", 404),
    _at("/feeds/macro.rss.br", 404),
    _at("/feeds/macro/archive/1.atom.gz", 404),
    _at("/feeds/index.opml.br", 404),
    _at("/feeds/.folder-id", 404),
    _at("/feeds/.removed", 404),
    _at("/feeds/.bell", 404),
    _at("/feeds/.deltas/macro.rss", 404),
    _at("/feeds/.locks/macro", 404),
    _at("/feeds/..%2Fconfig.yaml", 404),
    _at("/feeds/../config.yaml", 404),
    _at("/feeds/macro/archive/01.atom", 404),
    _at("/feeds/macro/archive/0.atom", 404),
    _at("/feeds/macro/archive/99.atom", 404),
    _at("/feeds/macro/archive/1234567890.atom", 404),
    _at("/feeds/macro/archive/1.rss", 404),
    _at("/feeds/economy/archive/1.atom", 404),
    _at("/feeds/macro/archive/", 404),
    _at("/sections/macro/", 200),
    _at("/sections/macro", 308),
    _at("/articles/none", 404),
    _at("/", 200),
    _at("/static/none", 404),
)

CASES = (*CONDITIONAL, *NEGOTIATED, *MANNERS, *ADDRESSES)

ASKED = tuple(
    (case, names)
    for case in CASES
    for names in ("own", "file")
    if names == "own" or (not case.own_names and any("{" in value for _, value in case.headers))
)
"""Each case with the tags that the application makes, and with nginx's for the same file."""
