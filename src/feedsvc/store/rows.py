"""Rows of articles as they lie in the database -> articles. A row that is the same to the byte is the same article.

Nothing of a row is taken on trust, neither its revision nor its time, since any hand may write it: all of it is read
each time, which takes a tenth of making an article of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Connection, Select, Text, bindparam, cast, select, type_coerce
from sqlalchemy.types import NullType

from feedsvc.errors import UnreadableArticleError
from feedsvc.model import Article
from feedsvc.store.mapping import article_from_cells
from feedsvc.store.schema import Instant, Json, StateWord, article, read_json

_OBJECTS_BYTES = 4096
"""What an article and its row take in memory besides their texts, at most (3.1 KB on the average, tracemalloc)."""

_CHARACTER_BYTES = 2

_Known = tuple[Sequence[Any], Article, int]
"""A row as the driver gave it, what it says, and how many bytes of memory both take, roughly."""


def _select_raw(*, is_sqlite: bool) -> Select[*tuple[Any, ...]]:
    """The columns as the driver gives them; PostgreSQL's would make values of JSON, among which 1 equals true."""
    columns = (
        cast(column, Text) if isinstance(column.type, Json) and not is_sqlite else type_coerce(column, NullType())
        for column in article.c
    )
    return select(*columns).where(article.c.seq.in_(bindparam("keys", expanding=True)))


_RAW: Mapping[bool, Select[*tuple[Any, ...]]] = {
    is_sqlite: _select_raw(is_sqlite=is_sqlite) for is_sqlite in (True, False)
}


def _reader_of(type_: Any) -> Callable[[Any], Any] | None:
    if isinstance(type_, Json):
        return lambda raw: None if raw is None else read_json(raw)
    if isinstance(type_, Boolean):
        return lambda raw: None if raw is None else bool(raw)
    if isinstance(type_, Instant | StateWord):
        return lambda raw: type_.process_result_value(raw, None)  # type: ignore[arg-type]  # it looks at no dialect
    return None


_READERS = tuple((column.name, _reader_of(column.type)) for column in article.c)


class KnownRows:
    """Rows that were read before, by seq, each with its article. Not safe to share between threads."""

    def __init__(self) -> None:
        self._before: dict[int, _Known] = {}
        self._now: dict[int, _Known] = {}

    def read(self, connection: Connection, keys: Sequence[int]) -> Mapping[int, Article | UnreadableArticleError]:
        """What stands under these seqs now. An article is the very same object as before where its row is the same."""
        found: dict[int, Article | UnreadableArticleError] = {}
        for row in connection.execute(_RAW[connection.dialect.name == "sqlite"], {"keys": keys}):
            raw = tuple(row)
            seq = raw[0]
            known = self._before.get(seq)
            try:
                self._now[seq] = known = known if known is not None and known[0] == raw else _read(raw)
                found[seq] = known[1]
            except UnreadableArticleError as error:
                found[seq] = error
        return found

    def settle(self) -> int:
        """Forget what was not read since the last time. How many bytes of memory the rest takes, roughly."""
        self._before, self._now = self._now, {}
        return sum(size_bytes for _, _, size_bytes in self._before.values())


def _read(raw: Sequence[Any]) -> _Known:
    cells = {name: read(cell) if read else cell for (name, read), cell in zip(_READERS, raw, strict=True)}
    characters = sum(len(cell) for cell in raw if isinstance(cell, str))
    return raw, article_from_cells(cells), _OBJECTS_BYTES + characters * _CHARACTER_BYTES
