"""The table of formats. A new format is a module like rss.py and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from feedsvc.feed import atom, jsonfeed, rss
from feedsvc.feed.inspection import inspect
from feedsvc.model import Feed, Finding

RENDERER = "4"
"""The version of all renderers together: raise it when any document's bytes change for the same feed."""


@dataclass(frozen=True, slots=True)
class Format:
    """`render` gives a document's bytes (or raises RenderError); `verify` says what is wrong with some bytes.

    `inspect` says what is wrong with the whole of a document each of whose entries `verify` found right before.
    """

    name: str
    suffix: str
    media_type: str
    render: Callable[[Feed], bytes]
    verify: Callable[[bytes, Feed], list[Finding]]
    inspect: Callable[[bytes, Feed], list[Finding]]


def _row(module: ModuleType) -> Format:
    return Format(
        module.NAME,
        module.SUFFIX,
        module.MEDIA_TYPE,
        module.render,
        module.verify,
        partial(inspect, format=module.NAME),
    )


FORMATS: Mapping[str, Format] = {module.NAME: _row(module) for module in (rss, atom, jsonfeed)}
