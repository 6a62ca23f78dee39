"""Addresses: of the article, of its image, of its files."""

from __future__ import annotations

from typing import Any

from torture.case import Case, Published, refused


def _linked(name: str, probes: str, link: str, shown: str) -> Case:
    return Case(name, probes, {"link": link}, Published({"link": shown}))


def _refused(name: str, probes: str, link: str, reason: str = "") -> Case:
    return refused(name, probes, {"link": link}, "link", reason)


def _files(count: int) -> list[dict[str, Any]]:
    return [
        {"url": f"https://cdn.example/{number}.mp3", "type": "audio/mpeg", "length": number} for number in range(count)
    ]


CASES: tuple[Case, ...] = (
    _linked(
        "link-in-chinese",
        "bare Chinese in path, query and fragment",
        "https://news.example.org/宏观/稿件?标签=麦子#段落",
        "https://news.example.org/%E5%AE%8F%E8%A7%82/%E7%A8%BF%E4%BB%B6?%E6%A0%87%E7%AD%BE=%E9%BA%A6%E5%AD%90#%E6%AE%B5%E8%90%BD",
    ),
    _linked(
        "link-to-idn",
        "a host in Chinese, in capitals, with its default port",
        "HTTPS://例子.测试:443/A",
        "https://xn--fsqu00a.xn--0zwm56d/A",
    ),
    _linked(
        "link-with-spaces",
        "spaces at the ends and inside",
        " https://news.example.org/a b?c d ",
        "https://news.example.org/a%20b?c%20d",
    ),
    _linked(
        "link-relative", "counted from the site", "2025/03/一.html", "https://news.example.org/2025/03/%E4%B8%80.html"
    ),
    _linked("link-without-scheme", "protocol-relative", "//m.example.org/1", "https://m.example.org/1"),
    _linked("link-of-fragment", "a fragment alone", "#top", "https://news.example.org/#top"),
    _linked(
        "link-with-entities",
        "an ampersand that readers take for an entity",
        "https://news.example.org/?a=1&copy=2&lt;=3&amp;b=4",
        "https://news.example.org/?a=1&copy=2&lt%3B=3&amp%3Bb=4",
    ),
    _linked(
        "link-with-odd-characters",
        "characters that RFC 3986 wants encoded",
        'https://news.example.org/a|b^c`{d}"<e>%zz%41',
        "https://news.example.org/a%7Cb%5Ec%60%7Bd%7D%22%3Ce%3E%25zz%41",
    ),
    _linked(
        "link-with-dots",
        "dot segments and backslashes",
        "https://news.example.org/a/../b/./c\\d",
        "https://news.example.org/b/c/d",
    ),
    _linked("link-to-ipv6", "an IPv6 host with port", "http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"),
    _linked("link-in-emoji", "emoji in path and host", "https://☃.example/💩", "https://xn--n3h.example/%F0%9F%92%A9"),
    _linked(
        "link-long",
        "an address of nearly 4,000 characters",
        "https://news.example.org/" + "a" * 3_900,
        "https://news.example.org/" + "a" * 3_900,
    ),
    _refused(
        "link-too-long",
        "an address of 4,001 characters",
        "https://news.example.org/" + "a" * 3_976,
        "is longer than 4000 characters",
    ),
    _refused("link-executes", "a javascript: link", "javascript:alert(1)", "only http and https"),
    _refused("link-of-data", "a data: link", "data:text/html,<b>x</b>", "only http and https"),
    _refused("link-of-file", "a file: link", "file:///etc/passwd", "only http and https"),
    _refused("link-to-nowhere", "a host that is none", "https://exa mple/", "not a URL"),
    refused(
        "source-of-mail",
        "a source whose page is no page",
        {"source": {"name": "某报", "url": "mailto:a@b.example"}},
        "source.url",
        "only http and https",
    ),
    Case(
        "image",
        "an image with everything",
        {
            "image": {
                "url": "图/封面 1.jpg",
                "type": "IMAGE/JPEG",
                "width": 1200,
                "height": 1,
                "alt": ' 图：<晶圆> & "片"\n二 ',
            }
        },
        Published({"image": "https://news.example.org/%E5%9B%BE/%E5%B0%81%E9%9D%A2%201.jpg"}),
    ),
    refused(
        "image-of-data",
        "an image in its address",
        {"image": "data:image/gif;base64,R0lGOD"},
        "image.url",
        "only http and https",
    ),
    refused(
        "image-of-no-size",
        "an image of no width",
        {"image": {"url": "/a.png", "width": 0}},
        "image.width",
        "must be pixels from 1",
    ),
    Case(
        "twenty-files",
        "as many files as are taken",
        {"enclosures": _files(20)},
        Published({"enclosures": tuple((each["url"], each["type"], each["length"]) for each in _files(20))}),
    ),
    refused("too-many-files", "21 files", {"enclosures": _files(21)}, "enclosures", "more than the 20"),
    Case(
        "file-odd",
        "a file with a bare address, a type in capitals with a parameter, the greatest length",
        {"enclosures": [{"url": "/录音 1.ogg?a=1&b=2", "type": " Audio/OGG; codecs=opus", "length": 2**53 - 1}]},
        Published(
            {
                "enclosures": (
                    (
                        "https://news.example.org/%E5%BD%95%E9%9F%B3%201.ogg?a=1&b=2",
                        "audio/ogg; codecs=opus",
                        2**53 - 1,
                    ),
                )
            }
        ),
    ),
    Case(
        "file-of-unknown-length",
        "a file without length",
        {"enclosures": [{"url": "/a.mp3", "type": "audio/mpeg"}]},
        Published({"enclosures": (("https://news.example.org/a.mp3", "audio/mpeg", 0),)}),
    ),
    Case(
        "file-doubled",
        "the same file twice",
        {"enclosures": _files(1) * 2},
        Published({"enclosures": (("https://cdn.example/0.mp3", "audio/mpeg", 0),)}),
    ),
    refused(
        "file-of-negative-length",
        "a file of -1 bytes",
        {"enclosures": [{"url": "/a.mp3", "type": "audio/mpeg", "length": -1}]},
        "enclosures[0].length",
        "must be bytes from 0",
    ),
    refused(
        "file-of-no-type",
        "a type that is none",
        {"enclosures": [{"url": "/a.mp3", "type": "mp3", "length": 1}]},
        "enclosures[0].type",
        "is no media type",
    ),
)
