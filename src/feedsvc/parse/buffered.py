"""feedparser's own `parse`, less what it spends in vain: the same reading in two thirds of the time.

- CPython's SAX driver never sets expat's `buffer_text`, so an escaped article comes in a piece for each reference and
  each line, hundreds of them. Here each text comes in one.
- feedparser looks through all of sys.path for a module `drv_libxml2`, which no longer exists, at each call.
- It maps each text by `str.translate`, which asks a table for each Chinese letter in vain.
- It asks and copies the few words that it keeps about a content as if they had other names, and might hold others.

All of that hangs on two names in the module of its `parse`. This is that function with names of its own, so whoever
else in this process uses feedparser has it as it is.

The one reading that may differ is of an Atom content that is declared as escaped and holds elements all the same:
whether feedparser drops an outer <div> hangs there on the pieces in which the text comes. No document of ours is such.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import Any
from xml.sax.expatreader import ExpatParser

from feedparser import api
from feedparser.util import FeedParserDict

_BUFFER_BYTES = 1 << 16


class _Parser(ExpatParser):
    _parser: Any

    def reset(self) -> None:
        super().reset()
        self._parser.buffer_text = True
        self._parser.buffer_size = _BUFFER_BYTES


def create_parser() -> ExpatParser:
    """What xml.sax.make_parser asks a module for that it is told of."""
    return _Parser()


class _Text(str):
    __slots__ = ()

    def translate(self, table: Mapping[int, Any]) -> str:  # type: ignore[override]  # feedparser has one table
        """As ever where there is something to translate, which finding out costs a thirtieth."""
        return super().translate(table) if any(map(self.__contains__, map(chr, table))) else str(self)


class _Words(FeedParserDict):  # type: ignore[misc]  # feedparser carries no types
    """About a content: its type, language, base. None of these keys is another's name, none of the values holds any."""

    get = dict.get

    def __deepcopy__(self, _memo: object) -> FeedParserDict:
        return FeedParserDict(self)


class _Reader(api.StrictFeedParser):  # type: ignore[misc]  # likewise
    contentparams: FeedParserDict

    def decode_entities(self, _element: str, data: str) -> str:
        """Not needed in XML: all texts pass by on their way to be translated."""
        return _Text(data)

    def push_content(self, *arguments: Any) -> None:
        super().push_content(*arguments)
        self.contentparams = _Words(self.contentparams)


parse = FunctionType(
    api.parse.__code__,
    {**vars(api), "PREFERRED_XML_PARSERS": [__name__], "StrictFeedParser": _Reader},
    argdefs=api.parse.__defaults__,
)
