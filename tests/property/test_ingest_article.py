"""Whatever passes the gate passes it again unchanged and untold; whatever it is given, it answers in its own words."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import nh3
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feedsvc.errors import RefusedError, UnknownSectionError
from feedsvc.ingest import Accepted, accept, parse_json, read_file, to_json
from feedsvc.ingest.annotations import clean_line
from feedsvc.ingest.bounds import FIRST_YEAR, LAST_YEAR, MAX_DEPTH
from feedsvc.ingest.markup import MarkupError, measure_depth, read_markup
from feedsvc.model import ArticleInput

SECTIONS = ["macro", "finance", "tech"]


def resolve(name: str) -> str:
    if name not in SECTIONS:
        raise UnknownSectionError(name, SECTIONS)
    return name


def take(data: dict[str, Any]) -> Accepted:
    return accept(data, resolve_section=resolve, base_url="https://news.example")


def assert_passes_again(article: ArticleInput) -> None:
    given_out = json.loads(json.dumps(to_json(article)))
    assert take(given_out) == Accepted(article)


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


@given(ARTICLE)
@settings(max_examples=400, deadline=None)
def test_what_passed_passes_again_unchanged_without_a_note(data: dict[str, Any]) -> None:
    try:
        article = take(data).article
    except RefusedError:
        assume(False)
    assert_passes_again(article)


@given(MARKUP)
@settings(max_examples=300, deadline=None)
def test_a_body_that_passed_passes_again(markup: str) -> None:
    try:
        article = take({"title": "題", "summary": "文", "sections": ["macro"], "content_html": markup}).article
    except RefusedError:
        return
    assert_passes_again(article)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELD = st.sampled_from([*ArticleInput.__dataclass_fields__, "authors", "image"])


@given(st.dictionaries(FIELD | st.text(max_size=8), JSON, max_size=8))
@settings(max_examples=300, deadline=None)
def test_any_json_is_taken_or_refused_with_reasons_that_can_be_shown(data: dict[str, Any]) -> None:
    try:
        accepted = take(data)
    except RefusedError as error:
        refusal = error
    else:
        assert_passes_again(accepted.article)
        return
    assert refusal.problems
    assert all(problem.reason for problem in refusal.problems)
    assert str(refusal).encode()


@given(st.binary(max_size=60), st.sampled_from(["a.json", "a.jsonl", "a.txt", "a.bin"]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_taken_or_refused(content: bytes, name: str) -> None:
    batch = read_file(name, content, resolve_section=resolve, base_url="https://news.example", naive_timezone=None)
    assert all(str(one.error).encode() for one in batch.refused)


@given(JSON)
def test_json_is_read_as_written(value: Any) -> None:
    assert parse_json(json.dumps({"x": value}).encode()) == {"x": value}


TAGS = "div span b i font a p table td tr li ul section select option button h1 object ruby rt marquee foo".split()
TOKEN = st.builds(
    lambda close, name, rest: f"<{close}{name}{rest}>",
    st.sampled_from(["", "", "/"]),
    st.sampled_from(TAGS),
    st.sampled_from(["", " x", " a='>'", ' a="></div>"', "/", " a=b'", " '", ' a"', " =x", " a= >"]),
) | st.sampled_from(["甲", "<!--x-->", "<!-->", "</ div>", "<!x>", "<script></div></script>", "<svg></div></svg>", "<"])


@given(st.lists(TOKEN, min_size=1, max_size=6), st.lists(TOKEN, max_size=4))
@settings(max_examples=600, deadline=None)
def test_no_repeated_markup_hides_its_depth(repeated: list[str], before: list[str]) -> None:
    markup = "".join(before) + "".join(repeated) * 1_500
    try:
        reading = read_markup(markup)
    except MarkupError:
        return
    parsed = nh3.clean(reading.markup, tags=set(TAGS), clean_content_tags=set(), attributes={})
    # p, li, td and their like go uncounted: at most two or three of them lie between two that are counted.
    assert measure_depth(parsed) <= 4 * MAX_DEPTH + 20


@given(
    st.lists(
        st.sampled_from(["字", "行", "(háng)", "（zì）", "(bank)", "?shī)", "(", "）", "a", "ì", "\ue000"]), max_size=12
    )
)
def test_cleaning_a_line_takes_out_annotations_only(pieces: list[str]) -> None:
    line = "".join(pieces)
    cleaned = clean_line(line)
    assert len(line) - len(cleaned.text) >= 4 * cleaned.removed
    assert cleaned.text == line or cleaned.removed
    for remark in cleaned.remarks:
        assert 1 <= remark.column <= len(line)
