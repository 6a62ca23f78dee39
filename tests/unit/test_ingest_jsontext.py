"""JSON is read strictly: whatever two readers could read differently is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from feedsvc.errors import RefusedError
from feedsvc.ingest import merge_patch, parse_json


def refuse(body: bytes) -> tuple[str, str]:
    with pytest.raises(RefusedError) as caught:
        parse_json(body)
    (problem,) = caught.value.problems
    assert problem.field == "body"
    return problem.value, problem.reason


def test_an_object_is_read_with_or_without_byte_order_mark() -> None:
    body = '{"title": "糧價 🌾", "n": 1.5, "x": null}'.encode()
    assert parse_json(body) == {"title": "糧價 🌾", "n": 1.5, "x": None}
    assert parse_json(b"\xef\xbb\xbf" + body) == parse_json(body)


def test_broken_json_is_told_with_line_and_column() -> None:
    value, reason = refuse(b'{\n  "title": "a",\n  "b": }\n')
    assert reason == "is no valid JSON at line 3, column 8: Expecting value"
    assert '"b": }' in value


@pytest.mark.parametrize(
    ("body", "value", "reason"),
    [
        (b"", "", "is no valid JSON at line 1, column 1"),
        (b'{"a": 1,}', "", "is no valid JSON"),
        (b'{"a": "\x00"}', "", "is no valid JSON at line 1, column 8"),
        (b'{"a": 1} {"b": 2}', "", "line 1, column 10: Extra data"),
        (b"[1, 2]", "a list of 2", "must be a JSON object: {...}"),
        (b'"a"', "a", "must be a JSON object"),
        (b"null", "null", "must be a JSON object"),
        (b'{"a": 1, "b": 2, "a": 3}', "", 'names "a" twice in one object: keep one'),
        (b'{"x": [{"a": 1, "a": 1}]}', "", 'names "a" twice'),
        (b'{"a": NaN}', "", "holds NaN, which is no JSON"),
        (b'{"a": -Infinity}', "", "holds -Infinity"),
        (b'{"a": 1e999}', "", "holds 1e999, which is too great a number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "", "holds a number of too many digits"),
        (b"[" * 100_000, "", "is nested too deep"),
        (b'{"a":' * 100_000, "", "is nested too deep"),
        (b'{"a": "\xff"}', "", "is not UTF-8: byte 8 is 0xff"),
        (b"\xff\xfe{\x00}\x00", "", "is not UTF-8: byte 1 is 0xff"),
    ],
)
def test_anything_else_is_refused(body: bytes, value: str, reason: str) -> None:
    found, why = refuse(body)
    assert reason in why
    assert not value or found == value


# RFC 7396, Appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


def test_a_merge_patch_leaves_its_target_alone() -> None:
    target = {"a": {"b": 1}}
    merge_patch(target, {"a": {"b": 2}})
    assert target == {"a": {"b": 1}}
