"""Rows of articles to values of model/ and back. Lists keep their order; an empty one is stored as NULL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import Row

from feedsvc.errors import ConflictError, UnreadableArticleError
from feedsvc.model import (
    Article,
    ArticleFields,
    Author,
    Correction,
    Enclosure,
    Image,
    Source,
    State,
    Withdrawal,
)
from feedsvc.store import cells
from feedsvc.store.cells import CellError
from feedsvc.store.schema import is_storable, seconds_of
from feedsvc.text import canonical_text

_FIELDS = tuple(field.name for field in fields(ArticleFields))


@dataclass(frozen=True, slots=True)
class Salvage:
    """What could be read of a row, and the columns that could not (`authors`)."""

    article: Article
    lost: tuple[str, ...]

    def require_said(self, patch: Mapping[str, Any]) -> None:
        """Raise ConflictError unless a patch says anew what it would else silently empty."""
        unsaid = [name for name in self.lost if name in _SAID and name not in patch]
        if unsaid:
            raise ConflictError(
                unsaid[0], f"can't be read from the database: say {', '.join(unsaid)} anew; null leaves one out"
            )


def field_columns(said: ArticleFields) -> dict[str, Any]:
    """The columns of `article` that hold what the newsroom says."""
    return {
        "external_id": said.external_id,
        "title": said.title,
        "link": said.link,
        "summary": said.summary,
        "content_html": said.content_html,
        "language": said.language,
        "editor": said.editor,
        "sections": list(said.sections),
        "authors": [asdict(author) for author in said.authors] or None,
        "source": asdict(said.source) if said.source else None,
        "breadcrumb": list(said.breadcrumb) or None,
        "tags": list(said.tags) or None,
        "image": asdict(said.image) if said.image else None,
        "enclosures": [asdict(enclosure) for enclosure in said.enclosures] or None,
    }


def article_of(said: ArticleFields, **rest: Any) -> Article:
    """As it is stored, with what the newsroom says of it."""
    return Article(**{name: getattr(said, name) for name in _FIELDS}, **rest)


def history_columns(article: Article) -> dict[str, Any]:
    """The columns of `article` that hold what editors said about its changes."""
    gone = article.withdrawal
    return {
        "corrections": corrections_json(article.corrections),
        "withdrawal": {"at": seconds_of(gone.at), "notice": gone.notice, "shown_in": list(gone.shown_in)}
        if gone
        else None,
    }


def corrections_json(corrections: Iterable[Correction]) -> list[dict[str, Any]] | None:
    return [{"note": each.note, "at": seconds_of(each.at)} for each in corrections] or None


_FILE = cells.record(
    Enclosure,
    {
        "url": cells.text,
        "type": cells.text,
        "length_bytes": cells.whole(0, cells.GREATEST_EXACT),
        "title": cells.optional(cells.text),
        "duration_seconds": cells.optional(cells.whole(0, cells.GREATEST_EXACT)),
    },
    frozenset({"url", "type", "length_bytes"}),
)
_IMAGE = cells.record(
    Image,
    {
        "url": cells.text,
        "type": cells.optional(cells.text),
        "width": cells.optional(cells.whole(0, cells.GREATEST_EXACT)),
        "height": cells.optional(cells.whole(0, cells.GREATEST_EXACT)),
        "alt": cells.optional(cells.text),
    },
    frozenset({"url"}),
)
_AUTHOR = cells.record(
    Author,
    {"name": cells.text, "email": cells.optional(cells.text), "url": cells.optional(cells.text)},
    frozenset({"name"}),
)
_SOURCE = cells.record(Source, {"name": cells.text, "url": cells.optional(cells.text)}, frozenset({"name"}))
_CORRECTION = cells.record(Correction, {"note": cells.text, "at": cells.instant}, frozenset({"note", "at"}))
_WITHDRAWAL = cells.record(
    Withdrawal,
    {"at": cells.instant, "notice": cells.optional(cells.text), "shown_in": cells.items(cells.text)},
    frozenset({"at", "notice", "shown_in"}),
)

_IDENTITY: Mapping[str, cells.Read[Any]] = {
    "seq": cells.whole(-(2**63), 2**63 - 1),
    "id": cells.text,
    "entry_id": cells.text,
    "is_permalink": cells.flag,
    "created": cells.instant,
    "state": cells.word(State),
}
"""The columns that nothing can stand in for."""

_REST: Mapping[str, tuple[cells.Read[Any], Any]] = {
    "external_id": (cells.optional(cells.text), None),
    "published": (cells.optional(cells.instant), None),
    "updated": (cells.optional(cells.instant), None),
    "revision": (cells.whole(1, cells.GREATEST - 1), 1),
    "title": (cells.text, ""),
    "link": (cells.optional(cells.text), None),
    "summary": (cells.optional(cells.text), None),
    "content_html": (cells.optional(cells.text), None),
    "language": (cells.optional(cells.text), None),
    "editor": (cells.optional(cells.text), None),
    "sections": (cells.items(cells.text), ()),
    "authors": (cells.items(_AUTHOR), ()),
    "source": (cells.optional(_SOURCE), None),
    "breadcrumb": (cells.items(cells.text), ()),
    "tags": (cells.items(cells.text), ()),
    "image": (cells.optional(_IMAGE), None),
    "enclosures": (cells.items(_FILE), ()),
    "corrections": (cells.items(_CORRECTION), ()),
    "withdrawal": (cells.optional(_WITHDRAWAL), None),
}
"""The others, each with what is put where nothing can be read."""


_SAID = frozenset({"published", "updated", *_FIELDS})
"""What a newsroom says of an article."""


def article_from(row: Row[Any]) -> Article:
    """Raises UnreadableArticleError, naming article and column, for a row that is no article."""
    return article_from_cells(row._asdict())


def article_from_cells(cell: Mapping[str, Any]) -> Article:
    """Likewise, of the values of a row by their columns' names."""
    try:
        article = Article(
            **{name: read(cell[name], name) for name, read in _IDENTITY.items()},
            **{name: read(cell[name], name) for name, (read, _) in _REST.items()},
        )
        _check_standing(article)
    except CellError as error:
        raise unreadable(cell, error) from error
    return article


def salvage(row: Row[Any], sections: Iterable[str]) -> Salvage:
    """What can be read of a row; what can't is left empty and named. `sections` are those in which it has a place.

    Raises UnreadableArticleError where not even its identity can be read.
    """
    cell = row._asdict()
    lost: list[str] = []

    def read_or_leave(name: str, read: cells.Read[Any], empty: Any) -> Any:
        try:
            return read(cell[name], name)
        except CellError:
            lost.append(name)
            return empty

    try:
        identity = {name: read(cell[name], name) for name, read in _IDENTITY.items()}
    except CellError as error:
        raise unreadable(cell, error) from error
    article = Article(**identity, **{name: read_or_leave(name, *how) for name, how in _REST.items()})
    article = replace(article, sections=tuple(dict.fromkeys((*article.sections, *sections))))
    try:
        _check_standing(article)
    except CellError as error:
        lost.append(error.where)
        article = replace(article, withdrawal=None)
    return Salvage(article, tuple(lost))


def sections_from(value: Any) -> tuple[str, ...] | None:
    """What the column `sections` says; None where it can't be read."""
    try:
        return cells.items(cells.text)(value, "sections")
    except CellError:
        return None


def unreadable(cell: Mapping[str, Any], error: CellError) -> UnreadableArticleError:
    """The same error, of this article."""
    article_id = cell["id"] if isinstance(cell["id"], str) and is_storable(cell["id"]) else None
    is_mendable = article_id is not None and error.where not in _IDENTITY
    return UnreadableArticleError(
        cell["seq"], article_id, error.where, canonical_text(error.why), is_mendable=is_mendable
    )


def readable(rows: Iterable[Row[Any]], broken: list[str] | None = None) -> Iterator[Article]:
    """The articles that can be read; why the others can't goes to `broken`, so that one never hides the rest."""
    for row in rows:
        try:
            yield article_from(row)
        except UnreadableArticleError as error:
            if broken is not None:
                broken.append(str(error))


def _check_standing(article: Article) -> None:
    """Raise CellError where state, times and withdrawal contradict each other."""
    if article.published is None and (article.state in (State.SCHEDULED, State.LIVE) or article.withdrawal):
        raise CellError("published", "is missing, though it is or was to be live")
    if article.withdrawal is not None and article.state is not State.WITHDRAWN:
        raise CellError("withdrawal", f"is there, though its state is {article.state.value}")
