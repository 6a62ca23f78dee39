"""The few questions one can ask of the database. Rows never leave this room: values of model/ come out.

    Store      each question by itself, about the state that is committed at that moment
    Reading    all of them about one committed state, over one connection (`with store.reading() as reading`)

A text with NUL or a lone surrogate is never stored, and no article is found under it.
"""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Connection, Select, bindparam, cast, func, select, union_all

from feedsvc.model import (
    Archive,
    Article,
    DocumentRecord,
    Mark,
    MemberState,
    Proofs,
    Publication,
    Quarantined,
    SectionsReading,
    SectionState,
    Standing,
    State,
    Sums,
    Token,
)
from feedsvc.store import archives, schema
from feedsvc.store.mapping import Salvage, article_from, readable, salvage, sections_from
from feedsvc.store.queries import KEYS_AT_ONCE, Time, newest_articles, places_of, read_on, rows_by_key
from feedsvc.store.records import (
    MARK_COLUMNS,
    mark_from,
    proofs_from,
    publication_from,
    quarantined_from,
    section_state_from,
    standing_from,
    token_from,
)
from feedsvc.store.rows import KnownRows
from feedsvc.store.schema import Damaged

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_article, _member = schema.article.c, schema.article_section.c

# Built once: SQLAlchemy takes 50 microseconds to build and recognise a statement, and 17 to send one that it knows.
_BY_ID = select(schema.article).where(_article.id == bindparam("key"))
_BY_EXTERNAL_ID = select(schema.article).where(_article.external_id == bindparam("key"))
# Asked for both by an OR, SQLite would read all.
_BY_EITHER_ID = union_all(_BY_ID, _BY_EXTERNAL_ID)
_BY_ENTRY_ID = select(schema.article).where(_article.entry_id.in_(bindparam("keys", expanding=True)))
# Asked for the state, too, SQLite would read all that are live: it does not know how many there are.
_STANDING = (
    select(_article.entry_id, _article.sections, _article.state, schema.quarantine.c.article_id)
    .outerjoin(schema.quarantine, schema.quarantine.c.article_id == _article.id)
    .where(_article.entry_id.in_(bindparam("keys", expanding=True)))
)
_NEXT_DUE = select(_article.published).where(_article.state == schema.SCHEDULED).order_by(_article.published).limit(1)
_DUE = (
    select(schema.article)
    .where(_article.state == schema.SCHEDULED, _article.published <= bindparam("now"))
    .order_by(_article.published, _article.seq)
    .limit(bindparam("limit"))
)
_COUNTS = select(_article.state, func.count()).group_by(_article.state)

_SECTIONS = select(schema.section)
_THESE_SECTIONS = _SECTIONS.where(schema.section.c.slug.in_(bindparam("keys", expanding=True)))
# PostgreSQL adds up whole numbers to a numeric.
_SUMS = select(*(cast(func.coalesce(func.sum(schema.section.c[name]), 0), BigInteger) for name in Sums._fields))

_publication = schema.publication.c
_PUBLICATIONS = select(schema.publication).where(_publication.folder_id == bindparam("folder_id"))
_PUBLICATION = _PUBLICATIONS.where(_publication.slug == bindparam("slug"))
_MARKS = select(*(_publication[name] for name in MARK_COLUMNS)).where(_publication.folder_id == bindparam("folder_id"))
_THESE_MARKS = _MARKS.where(_publication.slug.in_(bindparam("keys", expanding=True)))
_PROOFS = select(schema.proof.c.formats).where(schema.proof.c.slug == bindparam("slug"))

_QUARANTINED = select(schema.quarantine)
_THESE_QUARANTINED = _QUARANTINED.where(schema.quarantine.c.article_id.in_(bindparam("keys", expanding=True)))

_TOKENS = select(schema.token).where(
    schema.token.c.token_hash >= bindparam("first"), schema.token.c.token_hash < bindparam("beyond")
)

_LOOKED_UP_DIGITS = 16


class Questions(ABC):
    """What can be asked; who answers says of which moment."""

    @abstractmethod
    def _open(self) -> AbstractContextManager[Connection]:
        """The connection over which one question is answered, all of it about one committed state."""

    def _ask(self) -> AbstractContextManager[Connection]:
        """Likewise, for a question that is one statement."""
        return self._open()

    # articles

    def article(self, article_id: str) -> Article | None:
        return self._one_article(_BY_ID, article_id)

    def article_by_external_id(self, external_id: str) -> Article | None:
        return self._one_article(_BY_EXTERNAL_ID, external_id)

    def _one_article(self, query: Select[tuple[object, ...]], key: str) -> Article | None:
        if not schema.is_storable(key):
            return None
        with self._ask() as connection:
            row = connection.execute(query, {"key": key}).one_or_none()
        return article_from(row) if row else None

    def salvage(self, key: str) -> Salvage | None:
        """The article with this id, else external id: all of it, or what of it can be read.

        Raises UnreadableArticleError where not even its identity can be.
        """
        if not schema.is_storable(key):
            return None
        with self._ask() as connection:
            rows = connection.execute(_BY_EITHER_ID, {"key": key}).all()
        if not rows:
            return None
        row = next((row for row in rows if row.id == key), rows[0])
        with self._ask() as connection:
            return salvage(row, places_of(connection, row.seq))

    def articles_by_entry_id(self, entry_ids: Iterable[str]) -> Mapping[str, Article]:
        """Those that stand in the feeds under these ids, by id; one that can't be read is left out."""
        keys = [entry_id for entry_id in dict.fromkeys(entry_ids) if schema.is_storable(entry_id)]
        with self._open() as connection:
            found = list(readable(rows_by_key(connection, _BY_ENTRY_ID, keys)))
        return {article.entry_id: article for article in found}

    def sections_of_live(self, entry_ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """The sections of those that stand in the feeds under these ids, live and not in quarantine, by id."""
        keys = [entry_id for entry_id in dict.fromkeys(entry_ids) if schema.is_storable(entry_id)]
        with self._ask() if len(keys) <= KEYS_AT_ONCE else self._open() as connection:
            rows = list(rows_by_key(connection, _STANDING, keys))
        standing = [row for row in rows if row.state is State.LIVE and row.article_id is None]
        return {row.entry_id: sections_from(row.sections) or () for row in standing}

    def newest_live(self, sections: Sequence[str], limit: int, *, broken: list[str] | None = None) -> list[Article]:
        """The newest live articles of any of these plain sections, each once: published, then seq, descending.

        One LIMITed index range per member, merged, or, of very many members, the newest of all sections, a bounded
        number; never a scan or a sort of all members' articles. One whose row can't be read, was deleted by hand, or
        stands otherwise than its place says is left out, the next newest takes its place, and `broken` gets a sentence
        about it.
        """
        return self.newest(sections, limit, (MemberState.LIVE,), broken=broken)

    def newest(
        self,
        sections: Sequence[str],
        limit: int,
        states: tuple[MemberState, ...],
        *,
        by: Time = "published",
        since: datetime | None = None,
        known: Sequence[Article] = (),
        rows: KnownRows | None = None,
        broken: list[str] | None = None,
    ) -> list[Article]:
        """The newest that stand in one of these states in any of these plain sections, each once.

        In descending order of published, or of updated, then seq; none that is older than `since` by it. Read as for
        `newest_live`, each state by itself. Those that are `known` from a moment ago are not read again; of `rows` that
        are as they were the articles are.
        """
        with self._open() as connection:
            return newest_articles(
                connection, sections, states, limit, by=by, since=since, known=known, rows=rows, broken=broken
            )

    def list_articles(
        self,
        *,
        section: str | None = None,
        state: State | None = None,
        limit: int = 50,
        before_seq: int | None = None,
        broken: list[str] | None = None,
    ) -> list[Article]:
        """By arrival, newest first; `before_seq` continues after a page. `broken` as for `newest_live`."""
        query = select(schema.article)
        if section is None:
            place = _article.seq
        else:
            query = query.join(schema.article_section, _member.seq == _article.seq).where(_member.section == section)
            place = _member.seq
        if state is not None:
            query = query.where(_article.state == state)
        query = query.order_by(place.desc())
        with self._open() as connection:
            return read_on(connection, query, place, limit=limit, before_seq=before_seq, broken=broken)

    def count_articles(self) -> Mapping[State, int]:
        """How many there are of each state, 0 included."""
        with self._open() as connection:
            counted = {row[0]: row[1] for row in connection.execute(_COUNTS)}
        return {state: counted.get(state, 0) for state in State}

    def next_due(self) -> datetime | None:
        """When the next scheduled article is to go live. The past where its row tells no time: `due` tells of it."""
        with self._ask() as connection:
            due: datetime | Damaged | None = connection.execute(_NEXT_DUE).scalar_one_or_none()
        return _LONG_AGO if isinstance(due, Damaged) else due

    def due(self, now: datetime, limit: int = 100, *, broken: list[str] | None = None) -> list[Article]:
        """Scheduled articles whose time has come, earliest first. `broken` as for `newest_live`."""
        wanted = limit
        with self._open() as connection:
            while True:
                rows = connection.execute(_DUE, {"now": now, "limit": wanted}).all()
                told: list[str] = []
                found = list(readable(rows, told))
                if found or len(rows) < wanted:
                    break
                wanted *= 2
        if broken is not None:
            broken += told
        return found[:limit]

    # archives

    def archived(self, section: str, number: int, *, broken: list[str] | None = None) -> list[Article]:
        """What stands in one archive of a section: published, then seq, descending. `broken` as for `newest_live`."""
        with self._open() as connection:
            return archives.archived_articles(connection, section, number, broken)

    def archive(self, section: str, number: int) -> Archive | None:
        archive = schema.archive.c
        query = select(archive.section, archive.number, archive.generation)
        with self._open() as connection:
            row = connection.execute(query.where(archive.section == section, archive.number == number)).one_or_none()
        return Archive(**row._asdict()) if row else None

    def archive_of(self, article: Article, section: str) -> int | None:
        """The number of the section's archive that holds an article, or None."""
        with self._open() as connection:
            return dict(archives.places_in_archives(connection, article.seq, [section])).get(section)

    def has_loose_end(self, section: str, held: Collection[int]) -> bool:
        """Does an article stand in the section that is in none of its archives and not among the `held` (seqs)?"""
        with self._open() as connection:
            return archives.has_loose_end(connection, section, held)

    def stale_archives(self, folder_id: str, section: str, shown: str) -> list[Archive]:
        """Those of a section that the folder does not hold as they are now, newest first.

        `shown` is the digest of the settings that show. It reads a row for each archive of the section.
        """
        with self._open() as connection:
            return archives.stale_archives(connection, folder_id, section, shown)

    def archive_records(self, folder_id: str, section: str, number: int | None = None) -> Mapping[int, DocumentRecord]:
        """What the folder holds of a section's archives, or of one of them, by number."""
        with self._open() as connection:
            return archives.archive_records(connection, folder_id, section, number)

    # sections

    def section_states(self, slugs: Collection[str] | None = None) -> Mapping[str, SectionState]:
        """Every section that was ever registered, by slug; only these of them, if given."""
        with self._open() as connection:
            return _section_states(connection, slugs)

    def read_sections(self, slugs: Collection[str] | None = None) -> SectionsReading:
        """Likewise, with the sums over all sections at the same moment."""
        with self._open() as connection:
            states = _section_states(connection, slugs)
            sums = Sums.of(states.values()) if slugs is None else Sums(*tuple(connection.execute(_SUMS).one()))
        return SectionsReading(states, sums)

    # publications

    def publication(self, folder_id: str, slug: str) -> Publication | None:
        with self._open() as connection:
            row = connection.execute(_PUBLICATION, {"folder_id": folder_id, "slug": slug}).one_or_none()
        return publication_from(row) if row else None

    def publications(self, folder_id: str) -> Mapping[str, Standing]:
        """How all of them stand, by slug."""
        with self._open() as connection:
            rows = connection.execute(_PUBLICATIONS, {"folder_id": folder_id})
            found = [known for row in rows if (known := standing_from(row))]
        return {publication.slug: publication for publication in sorted(found, key=lambda one: one.slug)}

    def proofs(self, slug: str) -> Mapping[str, Proofs]:
        """What is known to be proved of a feed's entries, by format; none where that can't be read."""
        with self._open() as connection:
            return proofs_from(connection.execute(_PROOFS, {"slug": slug}).scalar_one_or_none())

    def marks(self, folder_id: str, slugs: Collection[str] | None = None) -> Mapping[str, Mark]:
        """What tells of each publication whether it is stale, by slug; only of these, if given."""
        mine = {"folder_id": folder_id}
        with self._open() as connection:
            rows = (
                connection.execute(_MARKS, mine)
                if slugs is None
                else rows_by_key(connection, _THESE_MARKS, list(slugs), **mine)
            )
            return {mark.slug: mark for row in rows if (mark := mark_from(row))}

    # quarantine

    def quarantined(self, article_ids: Iterable[str] | None = None) -> Mapping[str, Quarantined]:
        """By article id; all of them without an argument."""
        with self._open() as connection:
            rows = (
                connection.execute(_QUARANTINED)
                if article_ids is None
                else rows_by_key(connection, _THESE_QUARANTINED, list(article_ids))
            )
            found = [item for row in rows if (item := quarantined_from(row))]
        return {item.article_id: item for item in found}

    # worker heartbeat and tokens

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str]]]:
        """By folder id: when its worker last said it lives, and what it said (section slug -> next run, ISO 8601)."""
        with self._open() as connection:
            rows = connection.execute(select(schema.heartbeat)).all()
        return {
            row.folder_id: (row.at, row.next_runs)
            for row in rows
            if isinstance(row.at, datetime) and isinstance(row.next_runs, dict)
        }

    def tokens(self) -> list[Token]:
        """All of them, revoked ones too, in the order they were made."""
        with self._open() as connection:
            return [token_from(row) for row in connection.execute(select(schema.token).order_by(schema.token.c.id))]

    def token_hashes(self, now: datetime) -> frozenset[str]:
        """Of all that are in force."""
        in_force = schema.token.c.revoked.is_(None) | (schema.token.c.revoked > now)
        with self._ask() as connection:
            return frozenset(connection.execute(select(schema.token.c.token_hash).where(in_force)).scalars())

    def token_by_hash(self, token_hash: str) -> Token | None:
        """The token, revoked or not; ask it whether it is in force.

        An index compares byte by byte, in a time that tells how many were right. So the database is asked by the first
        64 bits alone, and the rest is compared here in constant time.
        """
        first = token_hash[:_LOOKED_UP_DIGITS]
        with self._ask() as connection:
            rows = connection.execute(_TOKENS, {"first": first, "beyond": f"{first}g"}).all()
        wanted = token_hash.encode()
        found = [row for row in rows if hmac.compare_digest(str(row.token_hash).encode(), wanted)]
        return token_from(found[0]) if found else None


class Reading(Questions):
    """One committed state, for as long as the block of Store.reading is open; belongs to its thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _open(self) -> AbstractContextManager[Connection]:
        return nullcontext(self._connection)


def _section_states(connection: Connection, slugs: Collection[str] | None) -> Mapping[str, SectionState]:
    if slugs is None:
        rows = iter(connection.execute(_SECTIONS))
    else:
        rows = rows_by_key(connection, _THESE_SECTIONS, [slug for slug in slugs if schema.is_storable(slug)])
    # All are fetched first: one that can't be read would leave SQLite's statement open, and with it an old snapshot.
    states = [section_state_from(row) for row in list(rows) if isinstance(row.slug, str)]
    return {state.slug: state for state in sorted(states, key=lambda state: state.slug)}
