"""Rows to values of model/ and back. Lists keep their order; an empty one is stored as NULL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from feedsvc.errors import StoreError
from feedsvc.model import (
    Article,
    ArticleFields,
    Author,
    Correction,
    DocumentRecord,
    Enclosure,
    Finding,
    Image,
    Publication,
    Quarantined,
    SectionState,
    Source,
    Token,
    Withdrawal,
)
from feedsvc.store.schema import instant_of, seconds_of


def field_columns(fields: ArticleFields) -> dict[str, Any]:
    """The columns of `article` that hold what the newsroom says."""
    return {
        "external_id": fields.external_id,
        "title": fields.title,
        "link": fields.link,
        "summary": fields.summary,
        "content_html": fields.content_html,
        "language": fields.language,
        "editor": fields.editor,
        "sections": list(fields.sections),
        "authors": [asdict(author) for author in fields.authors] or None,
        "source": asdict(fields.source) if fields.source else None,
        "breadcrumb": list(fields.breadcrumb) or None,
        "tags": list(fields.tags) or None,
        "image": asdict(fields.image) if fields.image else None,
        "enclosures": [asdict(enclosure) for enclosure in fields.enclosures] or None,
    }


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


def article_from(row: Row[Any]) -> Article:
    """Raises StoreError, naming the article, for a row whose JSON has another shape than ours."""
    try:
        return _article_from(row)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise StoreError(
            f"Article {row.id} can't be read from the database ({error}): send it anew, or correct its row."
        ) from error


def readable(rows: Iterable[Row[Any]], broken: list[str] | None = None) -> Iterator[Article]:
    """The articles that can be read; why the others can't goes to `broken`, so that one never hides the rest."""
    for row in rows:
        try:
            yield article_from(row)
        except StoreError as error:
            if broken is not None:
                broken.append(str(error))


def _article_from(row: Row[Any]) -> Article:
    return Article(
        seq=row.seq,
        id=row.id,
        entry_id=row.entry_id,
        is_permalink=row.is_permalink,
        external_id=row.external_id,
        state=row.state,
        published=row.published,
        updated=row.updated,
        created=row.created,
        revision=row.revision,
        title=row.title,
        link=row.link,
        summary=row.summary,
        content_html=row.content_html,
        language=row.language,
        editor=row.editor,
        sections=tuple(row.sections),
        authors=tuple(Author(**author) for author in row.authors or ()),
        source=Source(**row.source) if row.source else None,
        breadcrumb=tuple(row.breadcrumb or ()),
        tags=tuple(row.tags or ()),
        image=Image(**row.image) if row.image else None,
        enclosures=tuple(Enclosure(**enclosure) for enclosure in row.enclosures or ()),
        corrections=tuple(Correction(note=each["note"], at=instant_of(each["at"])) for each in row.corrections or ()),
        withdrawal=_withdrawal_from(row.withdrawal) if row.withdrawal else None,
    )


def _withdrawal_from(value: Mapping[str, Any]) -> Withdrawal:
    return Withdrawal(at=instant_of(value["at"]), notice=value["notice"], shown_in=tuple(value["shown_in"]))


def section_state_from(row: Row[Any]) -> SectionState:
    return SectionState(**row._asdict())


def quarantined_from(row: Row[Any]) -> Quarantined:
    findings = tuple(Finding(**finding) for finding in row.findings or ())
    return Quarantined(**{**row._asdict(), "findings": findings})


def token_from(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        sections=tuple(row.sections),
        created=row.created,
        last_used=row.last_used,
        revoked=row.revoked,
    )


def publication_columns(publication: Publication) -> dict[str, Any]:
    """Every column of `publication` but the folder's, and those on archives, which are noted in their own time."""
    return {
        "slug": publication.slug,
        "made_from": publication.made_from,
        "generation": publication.generation,
        "entries": dict(publication.entries),
        "documents": [_document_json(document) for document in publication.documents],
        "findings": [asdict(finding) for finding in publication.findings],
        "error": publication.error,
        "attempted": publication.attempted,
        "published": publication.published,
    }


def publication_from(row: Row[Any]) -> Publication:
    return Publication(
        slug=row.slug,
        made_from=row.made_from,
        generation=row.generation,
        entries=row.entries,
        documents=tuple(_document_from(document) for document in row.documents),
        findings=tuple(Finding(**finding) for finding in row.findings),
        error=row.error,
        attempted=row.attempted,
        published=row.published,
        archived_from=row.archived_from,
        archive_error=row.archive_error,
    )


def _document_json(document: DocumentRecord) -> dict[str, Any]:
    return asdict(document) | {"mtime": seconds_of(document.mtime)}


def _document_from(value: Mapping[str, Any]) -> DocumentRecord:
    return DocumentRecord(**{**value, "mtime": instant_of(value["mtime"])})
