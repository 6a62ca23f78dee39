"""Feeds as nobody should write them: whatever they are, they are read or refused with a word, in bounded time."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from copy import deepcopy
from itertools import chain
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden"
GOOD = {name: (GOLDEN / f"example.{name}").read_bytes() for name in ("rss", "atom", "json")}

_WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e308,
    10**4000,
    "",
    "\x00\ud800\u202e",
    [],
    {},
    [[]],
    {"": {"": []}},
    "9" * 5000,
)
_DATES = (
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "10000-01-01T00:00:00Z",
    "2026-02-30",
    "Mon, 32 Foo 99999 25:61:61 +9999",
    "二〇二六年三月五日",
    "１２月",
    "1e400",
    "-1",
    "Thu, 01 Jan 1970 00:00:00 XYZ",
    "2026-W01-1",
    "2026-03-01T00:00:00+99:99",
    "0",
    " ",
    "20260301T000000Z",
    "24:00",
    "Sun, 00 Jan 0000 00:00:00 GMT",
)
_CODECS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "gb18030", "big5hkscs", "utf-7")
_LABELS = (
    "punycode",
    "idna",
    "rot13",
    "base64",
    "unicode_escape",
    "utf-7",
    "hz-gb-2312",
    "x-user-defined",
    "gb2312",
    "é",
)
_ENTITIES = "".join(f'<!ENTITY a{number} "{f"&a{number - 1};" * 10}">' for number in range(1, 12))
_DOCTYPES = (
    f'<!DOCTYPE rss [<!ENTITY a0 "x">{_ENTITIES}]>',
    '<!DOCTYPE rss [<!ENTITY a11 SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/x.dtd">',
    '<!DOCTYPE rss [<!ENTITY % a SYSTEM "file:///dev/zero"> %a;]>',
    "<!DOCTYPE rss [",
    f'<!DOCTYPE rss [<!ATTLIST rss x CDATA "{"y" * 100_000}">]>',
)


def truncated(step: int) -> Iterator[tuple[str, bytes]]:
    """Each good feed, cut at every so many bytes."""
    for name, content in GOOD.items():
        for length in range(0, len(content), step):
            yield f"{name} cut at {length}", content[:length]


def drawn(seed: int, number: int) -> Iterator[tuple[str, bytes]]:
    """Good feeds in which something is replaced, doubled, moved or taken away, in bytes and in values."""
    chance = random.Random(seed)
    for each in range(number):
        name = chance.choice(list(GOOD))
        content = bytearray(GOOD[name])
        for _ in range(chance.randint(1, 8)):
            start = chance.randrange(len(content))
            end = start + chance.randint(0, 60)
            piece = content[chance.randrange(len(content)) :][: chance.randint(0, 60)]
            content[start:end] = chance.choice(
                [piece, bytes([chance.randrange(256)]), piece * 50, b"<", b"&#xD800;", b"\\u"]
            )
        yield f"{name} drawn {seed}:{each}", bytes(content)
    for each in range(number):
        feed = json.loads(GOOD["json"])
        for _ in range(chance.randint(1, 5)):
            _spoil(chance, feed)
        yield f"json spoilt {seed}:{each}", json.dumps(feed).encode()


def _spoil(chance: random.Random, value: Any) -> None:
    keys: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    if not keys:
        return
    key = chance.choice(keys)
    if isinstance(value[key], dict | list) and value[key] and chance.random() < 0.8:
        _spoil(chance, value[key])
    else:
        value[key] = deepcopy(chance.choice([*_WRONG, *_DATES]))  # or the next one would spoil it for all


def _rss(items: str, *, head: str = "", attributes: str = "") -> str:
    return f"{head}<rss version='2.0' {attributes}><channel><title>t</title>{items}</channel></rss>"


def planned() -> Iterator[tuple[str, bytes]]:
    """What attackers and broken generators are known for."""
    return chain(_frames(), _values(), _json(), _oddities(), _masses())


def _frames() -> Iterator[tuple[str, bytes]]:
    for doctype in _DOCTYPES:
        yield doctype[:60], _rss("<item><title>&a11;</title></item>", head=doctype).encode()
    for codec in _CODECS:
        for name, content in GOOD.items():
            yield f"{name} in {codec}", content.decode().encode(codec, "replace")
    for label in _LABELS:
        declared = f'<?xml version="1.0" encoding="{label}"?>'
        yield f"says {label}", (declared + _rss("<item><title>甲乙</title></item>")).encode()
        yield f"says {label} in ASCII", (declared + _rss("<item><title>a</title></item>")).encode()


def _values() -> Iterator[tuple[str, bytes]]:
    for date in _DATES:
        yield f"date {date}", _rss(f"<item><title>t</title><guid>1</guid><pubDate>{date}</pubDate></item>").encode()
        item = {"id": "1", "title": "t", "content_text": "x", "date_published": date, "date_modified": date}
        yield f"json date {date}", json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}).encode()
    for wrong in _WRONG:
        for key in ("version", "items", "authors", "hubs", "title", "language"):
            yield (
                f"json {key}",
                json.dumps({**json.loads(GOOD["json"]), key: wrong}).encode()
                if wrong != 10**4000
                else (b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": ' + b"1" * 5000 + b"}]}"),
            )


def _json() -> Iterator[tuple[str, bytes]]:
    numbers = "1e999 -1e999 NaN Infinity -Infinity 1E400 0x10 01 1. .5 --1".split()
    for number in numbers:
        yield (
            f"json number {number}",
            b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":%s}]}' % number.encode(),
        )
    yield "json twice", b'{"version":"https://jsonfeed.org/version/1.1","items":[],"items":[{"id":"1","id":"2"}]}'
    for depth in (50, 101, 1_000, 100_000):
        yield (
            f"json {depth} deep",
            b'{"version":"https://jsonfeed.org/version/1.1","items":' + b"[" * depth + b"]" * depth + b"}",
        )
        yield f"json {depth} open", b'{"version":"https://jsonfeed.org/version/1.1","items":' + b'[{"a":' * depth
        yield f"xml {depth} deep", _rss("<item>" + "<a>" * depth + "</a>" * depth + "</item>").encode()


def _oddities() -> Iterator[tuple[str, bytes]]:
    yield "gzip", gzip.compress(GOOD["rss"])
    yield (
        "a page",
        b"<!DOCTYPE html><html><head><title>x</title></head><body><rss version='2.0'><p>&nbsp;</body></html>",
    )
    yield (
        "xinclude",
        _rss(
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
        ).encode(),
    )
    yield "stylesheet", b'<?xml-stylesheet href="file:///etc/passwd"?>' + GOOD["rss"]
    yield "two encodings", GOOD["rss"][:900] + GOOD["rss"][900:].decode(errors="ignore").encode("gb18030")
    yield "two feeds", GOOD["rss"] + GOOD["atom"]
    yield "marks", b"\xef\xbb\xbf" * 3 + GOOD["rss"]
    yield "a mark of another", b"\xff\xfe" + GOOD["rss"]
    yield "nothing", b""
    yield "zeros", bytes(100_000)
    yield (
        "namespaces",
        _rss("<item/>", attributes=" ".join(f"xmlns:n{number}='u{number}'" for number in range(20_000))).encode(),
    )
    yield "attributes", _rss("<item/>", attributes=" ".join(f"n{number}='u'" for number in range(50_000))).encode()
    yield "the same attribute", _rss("<item/>", attributes="a='1' " * 50_000).encode()


def _masses() -> Iterator[tuple[str, bytes]]:
    many = "9" * 5_000
    media = f"<m:content url='https://a.example/a.png' medium='image' width='{many}' height='{many}'/>"
    file = (
        f"<enclosure url='https://a.example/a.mp3' length='{many}' type='audio/mpeg'/><i:duration>{many}</i:duration>"
    )
    spaces = "xmlns:m='http://search.yahoo.com/mrss/' xmlns:i='http://www.itunes.com/dtds/podcast-1.0.dtd'"
    item = f"<item><title>t</title><guid>1</guid><description>x</description>{media}{file}</item>"
    yield "digits", _rss(f"<ttl>{many}</ttl><image><width>{many}</width></image>{item}", attributes=spaces).encode()
    one = {"url": "https://a.example/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": many}
    yield "json digits", json.dumps({**json.loads(GOOD["json"]), "items": [{"id": "1", "attachments": [one]}]}).encode()
    for name in ("managingEditor", "webMaster"):
        yield f"{name} of @", _rss(f"<{name}>a{'@' * 100_000}\n!</{name}>").encode()
    for name in ("guid", "link", "title", "pubDate", "author", "enclosure", "description", "category"):
        yield f"{name} long", _rss(f"<item><{name}>{'9' * 300_000}</{name}></item>").encode()
        yield f"{name} of @", _rss(f"<item><{name}>a{'@' * 100_000}\n!</{name}></item>").encode()
        yield f"{name} of a@b.cn", _rss(f"<item><{name}>{'a@b.cn ' * 20_000}</{name}></item>").encode()
        yield f"{name} of spaces", _rss(f"<item><{name}>2026-1-1{' ' * 100_000}!</{name}></item>").encode()
        yield (
            f"{name} often",
            _rss("<item>" + f"<{name} url='' length='-1e9' type=''>a@b (c)</{name}>" * 2_000 + "</item>").encode(),
        )
        yield (
            f"{name} wrong",
            _rss(f"<item><{name}><{name}/><![CDATA[]]]]><![CDATA[>&#0;]]>&#99999999;</{name}></item>").encode(),
        )
    for run in (
        "&#",
        "&lt;!--",
        "<![CDATA[",
        "<?x ",
        "]]>",
        "<!",
        "</",
        "&amp;" * 2,
        "%",
        "\u0301",
        "(",
        "a@",
        "http://[",
        "xmlns:",
    ):
        for place in (
            "<item><title>{}</title></item>",
            "<item><description>{}</description></item>",
            "<item a='{}'/>",
            "{}",
        ):
            yield f"run of {run} in {place}", _rss(place.format(run * 20_000)).encode()


def pages() -> Iterator[tuple[str, str]]:
    """News pages with a line that a pattern could read again and again."""
    page = "首页 > 宏观 > 正文\n江畔的老码头\n2026-03-01 10:00\n" + "清晨六点，江畔的老码头已经热闹起来。" * 20
    many = 50_000
    for name, line in {
        "spaces": f"a{' ' * many}b",
        "wide spaces": f"a{chr(0x3000) * many}b",
        "a date and spaces": f"2026-3-1{' ' * many}x",
        "a label and spaces": f"時間{' ' * many}x",
        "labels": "時間" * many,
        "roles": "特约" * many,
        "names": "作者：（李明" * many,
        "a name in spaces": f"作者：(李{' ' * many}明)",
        "crumbs": "位置： > " * many,
        "slashes": "a / " * many,
        "ends of sentences": f"{'。' * many}（李",
    }.items():
        yield f"{name} above", f"{line}\n{page}"
        yield f"{name} below", f"{page}\n{line}"
        yield f"{name} alone", line
