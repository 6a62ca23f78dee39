"""The events of a YAML text by libyaml, as far as they are surely those that ruamel.yaml gives, too.

libyaml reads YAML 1.1, takes some things for YAML that are none, and ends names elsewhere. What is such, or looks like
it, is not read here. tests/property/test_config_tree.py holds the two to each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

_LEFT_TO_RUAMEL = re.compile(r"[\t\x7f-\x9f\u2028\u2029\ufeff]|^%|^\.\.\.", re.MULTILINE)
"""What YAML 1.1 takes for white space or the end of a line, and what surrounds a document."""

_BLOCKS = frozenset({"|", ">"})
_BLOCK = re.compile(r"[|>][-+]?\r?\n *[^ \r\n]")
_ENDS_OF_NAMES = frozenset({"", " ", "\n", "\r", ",", "]", "}"})


def read_events(text: str) -> Iterator[Any]:
    """Those of the one document in `text`.

    Raises yaml.YAMLError where it is none, ValueError where ruamel.yaml may see something else in it, or nothing.
    """
    if not yaml.__with_libyaml__ or _LEFT_TO_RUAMEL.search(text):
        raise ValueError("left to the other parser")
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_event():
            event = loader.get_event()
            if _is_odd(event, text):
                raise ValueError("left to the other parser")
            yield event
    finally:
        loader.dispose()


def _is_odd(event: Any, text: str) -> bool:
    """Has it a tag, an anchor whose name may go on, or a block of text that does not just begin in the next line?"""
    if getattr(event, "tag", None) is not None:
        return True
    start, anchor = event.start_mark.index, getattr(event, "anchor", None)
    if anchor is not None:
        end = start + 1 + len(anchor)
        if text[end : end + 1] not in _ENDS_OF_NAMES:
            return True
    return getattr(event, "style", None) in _BLOCKS and _BLOCK.match(text, start) is None
