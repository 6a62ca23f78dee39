"""Articles as a newsroom may send them, drawn by hypothesis: odd, hostile, and often enough sound."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st

from feedsvc.ingest.bounds import FIRST_YEAR, LAST_YEAR

SECTIONS = ["macro", "finance", "tech"]

WORDS = st.sampled_from(
    [
        "糧價",
        "回穩",
        " ",
        "\u3000",
        "\n",
        "\r",
        "\t",
        "\x01",
        "\x85",
        "\x93",
        "\xa0",
        "\ufffe",
        "&amp;",
        "<b>",
        "</b>",
        "𠮷",
        "👩‍👩‍👧",
        "e\u0301",
        "\u200b",
        "\ue000",
        "a@b.cn",
        "()",
        "<>",
        "（",
        "]]>",
        "<!--",
        '"',
        "'",
        "\x0b",
        "\u2028",
    ]
)
# NUL is refused anywhere, and would leave few articles that pass.
TEXT = st.lists(WORDS, max_size=6).map("".join) | st.text(st.characters(exclude_characters="\0"), max_size=20)
TITLE = st.builds("{}題{}".format, TEXT, TEXT)
URL = st.sampled_from(
    [
        "https://a.example/x",
        "a b.png",
        "/新聞?q=麥&copy;",
        "//b.example",
        "https://例子.example/%zz#甲",
        "?",
        "#a",
        "HTTP://A.example:80/./b/../c",
        "https://u:p@a.example/",
        "https://a.example/a|b^c`{d}",
    ]
)
MARKUP = st.lists(
    st.sampled_from(
        [
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<i>",
            "<div>",
            "</div>",
            "<a href='/x?a=1&copy=2'>",
            "</a>",
            "<table>",
            "<td>",
            "<ul>",
            "<li>",
            "<img src=a.png onerror=x>",
            "<script>x</script>",
            "<!-- x -->",
            "<br/>",
            "&nbsp;",
            "&#12;",
            "<svg><p>x</svg>",
            "<",
            "< ",
            "&",
            "<pre>\n",
            "<ruby>漢<rt>hàn</ruby>",
            "</table>",
            "<select>",
            "<h1>",
        ]
    )
    | TEXT,
    max_size=12,
).map("".join)
TIME = st.datetimes(datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR, 12, 31)).map(  # noqa: DTZ001 - Z comes next
    lambda moment: moment.isoformat() + "Z"
)
AUTHOR = TEXT | st.fixed_dictionaries({"name": TEXT}, optional={"url": URL, "email": st.just("a@x.example")})
ARTICLE = st.fixed_dictionaries(
    {"title": TITLE, "sections": st.lists(st.sampled_from(SECTIONS), min_size=1, max_size=4)},
    optional={
        "external_id": TEXT,
        "link": URL,
        "summary": TEXT,
        "content_html": MARKUP,
        "authors": st.lists(AUTHOR, max_size=3),
        "editor": TEXT,
        "source": TEXT | st.fixed_dictionaries({"name": TEXT}, optional={"url": URL}),
        "breadcrumb": st.lists(TEXT, max_size=3),
        "tags": st.lists(TEXT, max_size=3),
        "language": st.sampled_from(["zh-Hant", "zh_tw", "EN", "cmn-hans-cn", "zh-min-nan"]),
        "published": TIME,
        "updated": TIME,
        "image": URL | st.fixed_dictionaries({"url": URL}, optional={"alt": TEXT, "width": st.integers(1, 9)}),
        "enclosures": st.lists(
            st.fixed_dictionaries(
                {"url": URL, "type": st.sampled_from(["audio/mpeg", " Audio/OGG; codecs=opus"])},
                optional={
                    "length": st.integers(0, 2**40),
                    "title": TEXT,
                    "duration": st.integers(1, 10**7) | st.sampled_from(["1:02:03", "5:12", "7"]),
                },
            ),
            max_size=2,
        ),
        "minor": st.booleans(),
        "correction": TEXT,
        "draft": st.booleans(),
        "entry_id": st.sampled_from(["https://old.example/?p=1&q=2", "urn:x:麥", "12  34", "a\tb", "&lt;", "<b>"]),
    },
)
