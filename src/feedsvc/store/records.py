"""Rows of all tables but that of articles to values of model/ and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from feedsvc.errors import UnreadableSectionError
from feedsvc.model import (
    DocumentRecord,
    Finding,
    Mark,
    Proofs,
    Publication,
    Quarantined,
    SectionState,
    Standing,
    Token,
)
from feedsvc.store import cells
from feedsvc.store.cells import CellError
from feedsvc.store.schema import instant_of, seconds_of

_COUNTERS = ("generation", "urgent_generation", "archives", "archive_generation")
_RIGHT = (str, int, int, int, int)
_COUNTER = cells.whole(0, 2**63)
"""Generations and revisions: they begin at 0, and only rise."""


def section_state_from(row: Row[Any]) -> SectionState:
    """Raises UnreadableSectionError."""
    counters = (row.generation, row.urgent_generation, row.archives, row.archive_generation)
    is_right = tuple(map(type, (row.feed_id, *counters))) == _RIGHT and min(counters) >= 0
    if not (is_right and isinstance(row.created, datetime)):
        try:
            cells.text(row.feed_id, "feed_id")
            cells.instant(row.created, "created")
            for name, value in zip(_COUNTERS, counters, strict=True):
                _COUNTER(value, name)
        except CellError as error:
            raise UnreadableSectionError(row.slug, error.where, error.why) from None
    return SectionState(**row._asdict())


def quarantined_from(row: Row[Any]) -> Quarantined | None:
    """None for a row that can't be read: its article is proved anew."""
    try:
        return Quarantined(
            article_id=cells.text(row.article_id, "article_id"),
            revision=cells.whole(1, cells.GREATEST)(row.revision, "revision"),
            reason=cells.text(row.reason, "reason"),
            renderer=cells.text(row.renderer, "renderer"),
            since=cells.instant(row.since, "since"),
            findings=tuple(Finding(**finding) for finding in row.findings or ()),
        )
    except (CellError, TypeError):
        return None


_UNREADABLE = "(unreadable)"
"""No section has such a name."""


def token_from(row: Row[Any]) -> Token:
    """One whose row can't be read is revoked, and for no section, also if it is rotated."""
    try:
        return Token(
            id=row.id,
            name=cells.text(row.name, "name"),
            sections=_sections_of_token(row.sections),
            created=cells.instant(row.created, "created"),
            last_used=cells.optional(cells.instant)(row.last_used, "last_used"),
            revoked=cells.optional(cells.instant)(row.revoked, "revoked"),
        )
    except CellError:
        never = instant_of(0)
        name = row.name if isinstance(row.name, str) else _UNREADABLE
        return Token(id=row.id, name=name, sections=(_UNREADABLE,), created=never, last_used=None, revoked=never)


def _sections_of_token(value: Any) -> tuple[str, ...]:
    """A list alone: an empty one is all sections, so nothing else may come to it. There is no bound to its length."""
    if not isinstance(value, list):
        raise CellError("sections", "holds no list")
    return tuple(cells.text(slug, "sections") for slug in value)


def publication_columns(publication: Publication) -> dict[str, Any]:
    """Every column of `publication` but the folder's, and those on archives, which are noted in their own time."""
    return {
        "slug": publication.slug,
        "made_from": publication.made_from,
        "generation": publication.generation,
        "entries": dict(publication.entries),
        "documents": documents_json(publication.documents),
        "findings": [asdict(finding) for finding in publication.findings],
        "error": publication.error,
        "attempted": publication.attempted,
        "published": publication.published,
    }


def publication_from(row: Row[Any]) -> Publication | None:
    """None for a row that can't be read: the feed is made anew, and the row with it."""
    try:
        return _publication_from(row)
    except (CellError, TypeError, AttributeError, LookupError, OverflowError):
        return None


def standing_from(row: Row[Any]) -> Standing | None:
    """Likewise."""
    known = publication_from(row)
    if known is None:
        return None
    return Standing(
        slug=known.slug,
        made_from=known.made_from,
        holds=len(known.entries),
        documents=known.documents,
        findings=known.findings,
        error=known.error,
        attempted=known.attempted,
        published=known.published,
        archived_from=known.archived_from,
        archive_error=known.archive_error,
    )


def proofs_from(formats: Any) -> Mapping[str, Proofs]:
    """By format; none of a cell that can't be read: all is proved anew then."""
    try:
        return {
            name: Proofs(
                cells.text(found["context"], "formats"),
                {key: cells.text(digest, "formats") for key, digest in found["digests"].items()},
            )
            for name, found in (formats or {}).items()
        }
    except (CellError, TypeError, AttributeError, LookupError):
        return {}


def _publication_from(row: Row[Any]) -> Publication:
    return Publication(
        slug=row.slug,
        made_from=cells.text(row.made_from, "made_from"),
        generation=row.generation,
        entries={cells.text(key, "entries"): _COUNTER(value, "entries") for key, value in row.entries.items()},
        documents=tuple(_document_from(document) for document in row.documents),
        findings=tuple(Finding(**finding) for finding in row.findings),
        error=cells.optional(cells.text)(row.error, "error"),
        attempted=cells.instant(row.attempted, "attempted"),
        published=cells.optional(cells.instant)(row.published, "published"),
        archived_from=cells.optional(cells.text)(row.archived_from, "archived_from"),
        archive_error=cells.optional(cells.text)(row.archive_error, "archive_error"),
    )


MARK_COLUMNS = ("slug", "made_from", "documents", "error", "archived_from")


def mark_from(row: Row[Any]) -> Mark | None:
    """None for a row that can't be read, as for `publication_from`."""
    try:
        return Mark(
            slug=row.slug,
            made_from=cells.text(row.made_from, "made_from"),
            documents=tuple(_document_from(document) for document in row.documents),
            error=cells.optional(cells.text)(row.error, "error"),
            archived_from=cells.optional(cells.text)(row.archived_from, "archived_from"),
        )
    except (CellError, TypeError, AttributeError, LookupError, OverflowError):
        return None


def documents_json(records: Iterable[DocumentRecord]) -> list[dict[str, Any]]:
    return [
        {
            "format": record.format,
            "digest": record.digest,
            "length_bytes": record.length_bytes,
            "mtime": seconds_of(record.mtime),
            "twins": dict(record.twins),
            "twin_error": record.twin_error,
        }
        for record in records
    ]


def _document_from(value: Mapping[str, Any]) -> DocumentRecord:
    return DocumentRecord(**{**value, "mtime": instant_of(value["mtime"])})
