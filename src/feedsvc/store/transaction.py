"""The changes one can make, each a method of the open transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from feedsvc.errors import ArticleNotFoundError, ConflictError
from feedsvc.model import (
    IN_PLACE,
    Archive,
    Article,
    ArticleInput,
    Correction,
    DocumentRecord,
    Proofs,
    Publication,
    Quarantined,
    State,
)
from feedsvc.store import archives, changes, schema, versions
from feedsvc.store.mapping import (
    Salvage,
    article_from,
    article_of,
    corrections_json,
    field_columns,
    history_columns,
    salvage,
    sections_from,
)
from feedsvc.store.queries import places_of
from feedsvc.store.records import documents_json, publication_columns
from feedsvc.store.token_changes import TokenChanges


class Transaction(TokenChanges):
    """The changes one can make. All methods belong to the transaction that Store.write opened.

    `has_changes`: articles were changed. `changed` are the slugs whose generations were raised, `published` those of
    publications that were noted.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.has_changes = False
        self.changed: set[str] = set()
        self.published: set[str] = set()
        self._touched: dict[str, set[int]] = {}

    # articles

    def article(self, article_id: str) -> Article | None:
        """Read under the transaction (locked FOR UPDATE on PostgreSQL)."""
        return self._one_article(changes.BY_ID, article_id)

    def article_by_external_id(self, external_id: str) -> Article | None:
        """Likewise."""
        return self._one_article(changes.BY_EXTERNAL_ID, external_id)

    def has_article(self, article_id: str) -> bool:
        """Is there one with this id, whether or not it can be read?"""
        key = {"key": article_id}
        return (
            schema.is_storable(article_id) and self._connection.execute(changes.HAS_ID, key).one_or_none() is not None
        )

    def salvage(self, seq: int) -> Salvage:
        """What can be read of an article that raised UnreadableArticleError. Raises it where that is too little."""
        row = self._connection.execute(select(schema.article).where(schema.article.c.seq == seq)).one()
        return salvage(row, places_of(self._connection, seq))

    def _one_article(self, query: Select[Any], key: str) -> Article | None:
        if not schema.is_storable(key):
            return None
        row = self._connection.execute(query, {"key": key}).one_or_none()
        return article_from(row) if row else None

    def insert_article(
        self,
        fields: ArticleInput,
        *,
        id: str,
        entry_id: str,
        state: State,
        published: datetime | None,
        updated: datetime | None,
        now: datetime,
        corrections: tuple[Correction, ...] = (),
    ) -> Article:
        """Store a new article (revision 1) with the fields as given, times and corrections as decided by the caller.

        Raises ConflictError where id, external id or entry_id is taken; the transaction stays usable.
        """
        columns = field_columns(fields) | {
            "id": id,
            "entry_id": entry_id,
            "is_permalink": fields.is_permalink,
            "state": state,
            "published": published,
            "updated": updated,
            "created": now,
            "revision": 1,
            "corrections": corrections_json(corrections),
        }
        self.has_changes = True
        adding = changes.adding(schema.article, "seq", is_sqlite=self._is_sqlite)
        seq = self._connection.execute(adding, columns).scalar_one_or_none()
        if seq is None:
            raise self._conflict(id, entry_id, fields.external_id)
        article = article_of(
            fields,
            seq=seq,
            id=id,
            entry_id=entry_id,
            is_permalink=fields.is_permalink,
            state=state,
            published=schema.as_stored(published),
            updated=schema.as_stored(updated),
            created=schema.as_stored(now),
            corrections=corrections,
        )
        self._join_sections(article, {})
        return article

    def update_article(self, article: Article) -> None:
        """Store all mutable fields of `article` (everything but seq, id, entry_id, is_permalink, created).

        Where it stays in a section it stays in its archive; the archives that it is or was in are marked as changed,
        which raise_generations commits. Raises ArticleNotFoundError; ConflictError where the external id is another
        article's.
        """
        self.has_changes = True
        mine = {"of_seq": article.seq}
        row = self._connection.execute(changes.SECTIONS_OF, mine).one_or_none()
        if row is None:
            raise ArticleNotFoundError(article.id)
        before = sections_from(row.sections)
        if before is None:
            before = tuple(places_of(self._connection, article.seq))
        columns = field_columns(article) | {
            "state": article.state,
            "published": article.published,
            "updated": article.updated,
            "revision": article.revision,
            **history_columns(article),
        }
        try:
            self._connection.execute(changes.CHANGE_ARTICLE, {**mine, **columns})
        except IntegrityError as error:
            raise ConflictError("external_id", f"{article.external_id!r} belongs to another article") from error
        # What is deleted says in which archives it was: a cut may have put it there while we waited for the row.
        left = self._connection.execute(changes.LEAVE_SECTIONS, {**mine, "sections": before})
        kept = {row.section: row.archive for row in left if row.archive}
        self._touch(kept.items())
        self._join_sections(article, kept)

    def _join_sections(self, article: Article, kept: Mapping[str, int]) -> None:
        shared = {"seq": article.seq, "published": article.published, "updated": article.updated}
        states = {slug: article.state_in(slug) for slug in article.sections}
        rows = [
            {"section": slug, "state": state, "archive": kept.get(slug, 0) if state in IN_PLACE else 0, **shared}
            for slug, state in states.items()
        ]
        if rows:
            self._connection.execute(changes.JOIN_SECTION, rows)

    def replace_places(self, article: Article) -> Collection[str]:
        """Put it into just the sections that it says, from wherever it stands; the sections that this concerns.

        It stays in its archives where it stays in their sections.
        """
        self.has_changes = True
        place = schema.article_section.c
        left = self._connection.execute(
            delete(schema.article_section).where(place.seq == article.seq).returning(place.section, place.archive)
        ).all()
        archives = {row.section: row.archive for row in left if row.archive}
        self._touch(archives.items())
        self._join_sections(article, archives)
        return {*(row.section for row in left), *article.sections}

    def remove_orphans(self, seqs: Collection[int]) -> Collection[str]:
        """Take away the places of articles that are not there; the sections that this concerns."""
        self.has_changes = True
        place = schema.article_section.c
        is_there = select(schema.article.c.seq).where(schema.article.c.seq == place.seq).exists()
        left = self._connection.execute(
            delete(schema.article_section).where(place.seq.in_(seqs), ~is_there).returning(place.section, place.archive)
        ).all()
        self._touch((row.section, row.archive) for row in left if row.archive)
        return {row.section for row in left}

    def _conflict(self, id: str, entry_id: str, external_id: str | None) -> ConflictError:
        """Which of the three is taken, and by whom."""
        article = schema.article.c
        taken = or_(article.external_id == external_id, article.entry_id == entry_id, article.id == id)
        row = self._connection.execute(select(schema.article).where(taken).limit(1)).one()
        if external_id is not None and row.external_id == external_id:
            field, value = "external_id", external_id
        elif row.entry_id == entry_id:
            field, value = "entry_id", entry_id
        else:
            field, value = "id", id
        return ConflictError(field, f"{value!r} belongs to article {row.id}")

    # sections

    def register_sections(self, slugs: Iterable[str], now: datetime, mint_feed_id: Mapping[str, str]) -> None:
        """Add rows for slugs not yet known, with the feed id given; known ones are left as they are."""
        rows = [
            {
                "slug": slug,
                "feed_id": mint_feed_id[slug],
                "created": now,
                "generation": 0,
                "urgent_generation": 0,
            }
            for slug in sorted(set(slugs))
        ]
        if rows:
            insertion = changes.insertion(schema.section, is_sqlite=self._is_sqlite)
            self._connection.execute(insertion.on_conflict_do_nothing(), rows)

    def raise_generations(self, slugs: Iterable[str], *, urgent: bool = False) -> Mapping[str, int]:
        """Add one to each section's generation (in slug order, so that two writers never deadlock); the new values.

        Archives that this transaction changed are raised, too, under the lock of their section's row, so that the
        highest generation is always the last to be committed. A slug that was never registered is left out: no feed
        was made of it yet, so none can be stale.
        """
        values: dict[str, int] = {}
        for slug in sorted({*slugs, *self._touched}):
            numbers = self._touched.pop(slug, ())
            raising = changes.raising(is_urgent=urgent, has_archives=bool(numbers))
            row = self._connection.execute(raising, {"of_slug": slug}).one_or_none()
            if row is not None:
                self.has_changes = True
                self.changed.add(slug)
                values[slug] = row.generation
                self._stamp_archives(slug, numbers, row.archive_generation)
        return values

    # archives

    def cut_archives(self, section: str, held: Collection[int], max_entries: int, max_bytes: int) -> None:
        """Put articles of the tail into new archives, in order of arrival, until each is in one or among the `held`.

        `held` are the seqs of those in the live document. An archive gets at most so many articles, with bodies of at
        most so many bytes together, but at least one. Nothing happens where all are held. Where very many are not, each
        call cuts some archives: ask `has_loose_end` whether another one is needed.
        """
        archives.cut(self._connection, section, held, max_entries, max_bytes)

    def save_archive(self, folder_id: str, archive: Archive, shown: str, record: DocumentRecord) -> None:
        """Note that the folder holds it, made from this generation under settings of which `shown` is the digest."""
        self._put(
            schema.archive_publication,
            {
                "folder_id": folder_id,
                "section": archive.section,
                "number": archive.number,
                "shown": shown,
                "generation": archive.generation,
                "digest": record.digest,
                "length_bytes": record.length_bytes,
                "mtime": record.mtime,
                "twins": dict(record.twins),
            },
        )

    def note_twins(self, folder_id: str, archive: Archive, record: DocumentRecord) -> None:
        """Note which twins lie beside an archive that the folder holds as before."""
        published = schema.archive_publication.c
        mine = (
            published.folder_id == folder_id,
            published.section == archive.section,
            published.number == archive.number,
        )
        self._connection.execute(update(schema.archive_publication).where(*mine).values(twins=dict(record.twins)))

    def forget_archives(self, folder_id: str, section: str) -> None:
        """The folder holds none of this section's any more."""
        published = schema.archive_publication.c
        mine = (published.folder_id == folder_id, published.section == section)
        self._connection.execute(delete(schema.archive_publication).where(*mine))
        archives = schema.proof.c.slug.startswith(f"{section}/archive/", autoescape=True)
        self._connection.execute(delete(schema.proof).where(archives))
        self.note_archives(folder_id, section, None, None)

    def note_archives(self, folder_id: str, slug: str, archived_from: str | None, error: str | None) -> None:
        """Set these two of a publication; nothing happens where there is none."""
        publication = schema.publication.c
        self._connection.execute(
            update(schema.publication)
            .where(publication.folder_id == folder_id, publication.slug == slug)
            .values(archived_from=archived_from, archive_error=error)
        )

    def _touch(self, places: Iterable[tuple[str, int]]) -> None:
        """Remember (section, number) of archives that have changed, for raise_generations."""
        for slug, number in places:
            self._touched.setdefault(slug, set()).add(number)

    def _touch_archives_of(self, article_id: str) -> None:
        article = schema.article.c
        found = self._connection.execute(
            select(article.seq, article.sections).where(article.id == article_id)
        ).one_or_none()
        if found is not None:
            sections = sections_from(found.sections)
            if sections is None:
                sections = tuple(places_of(self._connection, found.seq))
            self._touch(archives.places_in_archives(self._connection, found.seq, sections))

    def _stamp_archives(self, slug: str, numbers: Collection[int], generation: int) -> None:
        archive = schema.archive.c
        if numbers:
            mine = (archive.section == slug, archive.number.in_(sorted(numbers)))
            self._connection.execute(update(schema.archive).where(*mine).values(generation=generation))

    # publications

    def allot_last_modified(
        self,
        slug: str,
        digests: Mapping[str, str],
        generation: int,
        now: datetime,
        *,
        anew: Collection[str] = (),
        may_lag: bool = True,
    ) -> Mapping[str, datetime]:
        """When the bytes with these digests, by format, count as last modified; all documents of `slug` at once.

        The newest known version of (slug, format) has the same digest: its time. Else, if `generation` is below the
        newest version's and the digest is known: the known time (a lagging replica). Else max(now, newest + 1 s), whole
        seconds, noted as the newest version; but below the newest version's generation that would part the replicas for
        good, since the newest bytes would get another time here: without `may_lag` OutdatedError is raised.

        For the formats in `anew` it is always a new time: other bytes may have been read under the one that these had.
        """
        return versions.allot(self._connection, slug, digests, generation, now, anew=anew, may_lag=may_lag)

    def save_publication(self, folder_id: str, publication: Publication) -> None:
        """Add or replace by folder and slug."""
        self.published.add(publication.slug)
        self._put(schema.publication, publication_columns(publication) | {"folder_id": folder_id})

    def note_documents(self, folder_id: str, slug: str, records: Iterable[DocumentRecord]) -> None:
        """What lies beside these documents has changed since their publication was noted, and nothing else."""
        mine = {"of_folder": folder_id, "of_slug": slug}
        self._connection.execute(changes.NOTE_DOCUMENTS, {**mine, "records": documents_json(records)})

    def save_proofs(self, slug: str, proofs: Mapping[str, Proofs]) -> None:
        """Add or replace by slug; `proofs` are by format."""
        formats = {name: {"context": each.context, "digests": dict(each.digests)} for name, each in proofs.items()}
        self._put(schema.proof, {"slug": slug, "formats": formats})

    def forget_proofs(self, slug: str) -> None:
        """So that all of it is proved anew; nothing happens where there are none."""
        self._connection.execute(delete(schema.proof).where(schema.proof.c.slug == slug))

    def delete_publication(self, folder_id: str, slug: str) -> None:
        """Forget it; nothing happens where there is none."""
        publication = schema.publication.c
        mine = (publication.folder_id == folder_id, publication.slug == slug)
        self._connection.execute(delete(schema.publication).where(*mine))

    # quarantine

    def quarantine(self, item: Quarantined, *, is_news: bool = True) -> None:
        """Add or replace by article id. If it is news, marks the archives that the article stands in as changed."""
        if is_news:
            self._touch_archives_of(item.article_id)
        self._put(schema.quarantine, asdict(item) | {"findings": [asdict(finding) for finding in item.findings]})

    def try_again(self, article_id: str) -> bool:
        """Let it be proved anew, also in its archives; it stays there until it is found good. False if it was not."""
        trying = update(schema.quarantine).where(schema.quarantine.c.article_id == article_id).values(renderer="")
        is_tried = self._connection.execute(trying).rowcount > 0
        if is_tried:
            self._touch_archives_of(article_id)
        return is_tried

    def release(self, article_id: str) -> bool:
        """Take it out of quarantine; False if it was not in it. Marks the archives that it stands in as changed."""
        self._touch_archives_of(article_id)
        release = delete(schema.quarantine).where(schema.quarantine.c.article_id == article_id)
        return self._connection.execute(release).rowcount > 0

    # worker heartbeat

    def beat(self, folder_id: str, now: datetime, next_runs: Mapping[str, str] | None) -> None:
        """Say that this folder's worker lives, and when it looks at each section next (ISO 8601); None: as before."""
        if next_runs is None:
            mine = schema.heartbeat.c.folder_id == folder_id
            if self._connection.execute(update(schema.heartbeat).where(mine).values(at=now)).rowcount:
                return
        self._put(schema.heartbeat, {"folder_id": folder_id, "at": now, "next_runs": dict(next_runs or {})})

    def end_beat(self, folder_id: str) -> None:
        """This folder's worker has ended; another one, if there is any by mistake, says so when it beats next."""
        self._connection.execute(delete(schema.heartbeat).where(schema.heartbeat.c.folder_id == folder_id))

    def _put(self, table: Table, columns: Mapping[str, Any]) -> None:
        self._connection.execute(changes.replacing(table, tuple(columns), is_sqlite=self._is_sqlite), columns)
