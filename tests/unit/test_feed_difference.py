"""Where two readings part, as an editor can read it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from feedsvc.feed.difference import Difference, find_difference

LONG = "春眠不觉晓，处处闻啼鸟。" * 20


@pytest.mark.parametrize(
    ("name", "expected", "found", "place", "shown"),
    [
        ("title", "甲乙", "甲丙", "title, character 2", ("甲乙", "甲丙")),
        ("title", "甲", "甲乙", "title, character 2", ("甲", "甲乙")),
        ("title", "a\u200b", "a\u3000\x01", "title, character 2", ("a‹U+200B›", "a‹U+3000›‹U+0001›")),
        ("summary", "甲", None, "summary", ("甲", "nothing")),
        ("editor", (), ("某",), "editor", ("nothing", "某")),
        ("content", (("text/html", "甲"),), (("text/html", "乙"),), "content_html, character 1", ("甲", "乙")),
        (
            "categories",
            (("甲", None), ("乙", None)),
            (("甲", None), ("丙", None)),
            "tags[1], character 1",
            ("乙", "丙"),
        ),
        ("categories", (("甲", None),), (), "tags", ("甲, nothing", "nothing")),
        ("updated", datetime(2026, 3, 1, tzinfo=UTC), None, "updated", ("2026-03-01T00:00:00Z", "nothing")),
    ],
)
def test_the_place_and_what_stands_there(
    name: str, expected: object, found: object, place: str, shown: tuple[str, str]
) -> None:
    assert find_difference(name, expected, found) == Difference(place, *shown)


def test_of_a_long_text_only_the_place_is_shown() -> None:
    difference = find_difference("content", LONG + "甲" + LONG, LONG + "乙" + LONG)
    assert difference.place == f"content_html, character {len(LONG) + 1}"
    assert difference.expected == f"…{LONG[-16:]}甲{LONG[:47]}…"
    assert difference.found == f"…{LONG[-16:]}乙{LONG[:47]}…"
