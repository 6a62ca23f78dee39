"""Bytes of JSON -> values, strictly: what two parsers could read differently is refused.

RFC 8259, read as RFC 7493 (I-JSON) does: UTF-8, no name twice in an object, no NaN or Infinity. Also the merge patch.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

from feedsvc.ingest.bounds import MAX_JSON_MARKS
from feedsvc.ingest.report import refused, shorten

WHOLE = "body"
"""The field that a problem with the text as a whole names."""


class _JSONRuleError(ValueError):
    """Python's parser would take it, we don't."""


def parse_json(body: bytes, *, first_line: int = 1) -> dict[str, Any]:
    """Read one JSON object. Raises RefusedError: broken (line and column are told), no object, ambiguous, too deep.

    `first_line` is the line of a file on which `body` begins.
    """
    value = parse_json_value(body, first_line=first_line)
    if not isinstance(value, dict):
        raise refused(WHOLE, value, "must be a JSON object: {...}")
    return value


def parse_json_value(body: bytes, *, first_line: int = 1) -> Any:
    """Read one JSON value of any kind, as parse_json does. Raises RefusedError."""
    if sum(map(body.count, (b",", b"{", b"["))) > MAX_JSON_MARKS:
        raise refused(WHOLE, "", f"holds more than {MAX_JSON_MARKS} values: split it")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused(WHOLE, "", f"is not UTF-8: byte {error.start + 1} is {body[error.start]:#04x}") from error
    try:
        return json.loads(
            text, object_pairs_hook=_build_object, parse_constant=_refuse_constant, parse_float=_read_float
        )
    except json.JSONDecodeError as error:
        excerpt = text[max(0, error.pos - 20) : error.pos + 20]
        where = f"line {first_line + error.lineno - 1}, column {error.colno}"
        raise refused(WHOLE, excerpt, f"is no valid JSON at {where}: {error.msg}") from error
    except RecursionError as error:
        raise refused(WHOLE, "", "is nested too deep: an article needs four levels") from error
    except _JSONRuleError as error:
        raise refused(WHOLE, "", str(error)) from error
    except ValueError as error:  # a whole number of thousands of digits
        raise refused(WHOLE, "", "holds a number of too many digits") from error


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396 §2): null removes a member, an object merges, anything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _JSONRuleError(f'names "{shorten(twice)}" twice in one object: keep one')
    return built


def _refuse_constant(name: str) -> NoReturn:
    raise _JSONRuleError(f"holds {name}, which is no JSON: use a number or null")


def _read_float(digits: str) -> float:
    number = float(digits)
    if number in {float("inf"), float("-inf")}:
        raise _JSONRuleError(f"holds {shorten(digits)}, which is too great a number")
    return number
