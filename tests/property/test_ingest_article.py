"""Whatever passes the gate passes it again unchanged and untold; whatever it is given, it answers in its own words."""

from __future__ import annotations

import json
from typing import Any

import nh3
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from articles_in_json import ARTICLE, MARKUP, SECTIONS
from effort import examples
from feedsvc.errors import RefusedError, UnknownSectionError
from feedsvc.htmltags import TAG
from feedsvc.ingest import Accepted, accept, parse_json, read_file, to_json
from feedsvc.ingest.annotations import clean_line
from feedsvc.ingest.markup import MarkupError, measure_depth, read_markup
from feedsvc.ingest.nesting import Nesting
from feedsvc.model import ArticleInput


def resolve(name: str) -> str:
    if name not in SECTIONS:
        raise UnknownSectionError(name, SECTIONS)
    return name


def take(data: dict[str, Any]) -> Accepted:
    return accept(data, resolve_section=resolve, base_url="https://news.example")


def assert_passes_again(article: ArticleInput) -> None:
    given_out = json.loads(json.dumps(to_json(article)))
    assert take(given_out) == Accepted(article)


@examples(400)
@given(ARTICLE)
def test_what_passed_passes_again_unchanged_without_a_note(data: dict[str, Any]) -> None:
    try:
        article = take(data).article
    except RefusedError:
        assume(False)
    assert_passes_again(article)


@examples(300)
@given(MARKUP)
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


@examples(300)
@given(st.dictionaries(FIELD | st.text(max_size=8), JSON, max_size=8))
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


@examples(300)
@given(st.binary(max_size=60), st.sampled_from(["a.json", "a.jsonl", "a.txt", "a.bin"]))
def test_any_bytes_are_taken_or_refused(content: bytes, name: str) -> None:
    batch = read_file(name, content, resolve_section=resolve, base_url="https://news.example", naive_timezone=None)
    assert all(str(one.error).encode() for one in batch.refused)


@examples(600)
@given(JSON)
def test_json_is_read_as_written(value: Any) -> None:
    assert parse_json(json.dumps({"x": value}).encode()) == {"x": value}


TAGS = (
    "div span b i font a p table caption td tr ul li dl dt dd section select option input button h1 h2 object form "
    "ruby rt marquee body em foo"
).split()
TOKEN = st.builds(
    lambda close, name, rest: f"<{close}{name}{rest}>",
    st.sampled_from(["", "", "/"]),
    st.sampled_from(TAGS),
    st.sampled_from(["", " x", " a='>'", ' a="></div>"', "/", " a=b'", " '", ' a"', " =x", " a= >"]),
) | st.sampled_from(["甲", "<!--x-->", "<!-->", "</ div>", "<!x>", "<script></div></script>", "<svg></div></svg>", "<"])


def count_unclosed(markup: str) -> int:
    """The most elements that are counted as open anywhere."""
    nesting, most = Nesting(), 0
    for tag in TAG.finditer(markup):
        if tag[1]:
            nesting.close(tag[2].lower())
        else:
            nesting.open(tag[2].lower(), tag[0], tag.start())
        most = max(most, len(nesting.unclosed))
    return most


def assert_nothing_hides(markup: str) -> None:
    try:
        reading = read_markup(markup)
    except MarkupError:
        return
    parsed = nh3.clean(reading.markup, tags=set(TAGS), clean_content_tags=set(), attributes={})
    # A parser adds the body and the row of a table.
    assert measure_depth(parsed) <= 3 * count_unclosed(reading.markup) + 3


@examples(100)
@given(st.lists(TOKEN, min_size=1, max_size=6), st.lists(TOKEN, max_size=4), st.sampled_from([100, 1_500]))
def test_no_repeated_markup_hides_its_depth(repeated: list[str], before: list[str], times: int) -> None:
    assert_nothing_hides("".join(before) + "".join(repeated) * times)


@pytest.mark.parametrize(
    "repeated",
    [
        "<select></marquee><marquee>",
        "<select><input><div></select>",
        "<li><dd>",
        "<span><p></span></p>",
        "<b><span></b><ruby></span>",
        "<table><table></table><div></table>",
        "<h1><h2></h2><div></h1>",
        "<body><section></body>",
    ],
)
def test_markup_that_once_hid_its_depth_no_longer_does(repeated: str) -> None:
    for before in ("", "<div>", "<object><td>", "<table><td><select>"):
        assert_nothing_hides(before + repeated * 240)


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
