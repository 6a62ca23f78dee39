"""The few questions we ask of the database, and the one way to change it.

SQLite in WAL mode and PostgreSQL answer alike. Rows never leave this room: values of model/ go in and come out.
Reads see committed state, each its own snapshot; every write happens inside `with store.write() as tx` (BEGIN
IMMEDIATE on SQLite), short, and is rolled back whole on any exception. SQLAlchemy's and the driver's exceptions leave
as StoreError or StoreUnavailableError. A text with NUL or a lone surrogate is never stored (StoreError), and no article
is found under it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Column, Connection, cast, func, select, text

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
    State,
    Sums,
    Token,
)
from feedsvc.store import archives, schema
from feedsvc.store.connect import Database
from feedsvc.store.mapping import (
    MARK_COLUMNS,
    Salvage,
    article_from,
    mark_from,
    proofs_from,
    publication_from,
    quarantined_from,
    readable,
    salvage,
    section_state_from,
    sections_from,
    token_from,
)
from feedsvc.store.migrate import migrate
from feedsvc.store.notices import Notices
from feedsvc.store.queries import Time, chunks, newest_articles, places_of, read_on
from feedsvc.store.schema import Damaged
from feedsvc.store.transaction import Transaction
from feedsvc.wake import Sleeper

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Store:
    """One database. Safe to share between threads; a forked process gets connections of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._notices = Notices(database)
        self._tell_published: Callable[[Collection[str]], None] = _tell_nobody

    @classmethod
    def open(cls, url: str) -> Store:
        """Connect lazily to a SQLAlchemy URL (`sqlite:///path`, `postgresql://...`, read as postgresql+psycopg).

        Raises StoreError for a URL that names no such database.
        """
        return cls(Database(url))

    def migrate(self) -> None:
        """Bring the schema to the newest version (Alembic); safe when several processes do it at once.

        Raises StoreError for a database that is newer than this code.
        """
        migrate(self._database)

    def ping(self) -> None:
        """Raise StoreUnavailableError unless a trivial query answers."""
        with self._database.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give all connections back; the next call opens new ones."""
        self._database.close()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that may write. Commits at the end of the block, rolls back on an exception.

        Whoever sleeps till something changes is woken as soon as it is committed.
        """
        with self._database.write() as connection:
            tx = Transaction(connection)
            yield tx
            if tx.has_changes:
                self._notices.tell(connection, tx.changed)
        if tx.has_changes:
            self._notices.call(tx.changed)
        if tx.published:
            self._tell_published(tx.published)

    def sleeper(self) -> Sleeper:
        """Woken by each change of articles that anybody commits, with the slugs of their sections. Close it."""
        return self._notices.sleeper()

    def when_published(self, tell: Callable[[Collection[str]], None]) -> None:
        """Call this with the slugs of publications as soon as they are noted, by this store."""
        self._tell_published = tell

    # articles

    def article(self, article_id: str) -> Article | None:
        return self._one_article(schema.article.c.id, article_id)

    def article_by_external_id(self, external_id: str) -> Article | None:
        return self._one_article(schema.article.c.external_id, external_id)

    def salvage(self, key: str) -> Salvage | None:
        """The article with this id, else external id: all of it, or what of it can be read.

        Raises UnreadableArticleError where not even its identity can be.
        """
        article = schema.article.c
        with self._database.read() as connection:
            for column in (article.id, article.external_id):
                row = None
                if schema.is_storable(key):
                    row = connection.execute(select(schema.article).where(column == key)).one_or_none()
                if row is not None:
                    return salvage(row, places_of(connection, row.seq))
        return None

    def articles_by_entry_id(self, entry_ids: Iterable[str]) -> Mapping[str, Article]:
        """Those that stand in the feeds under these ids, by id; one that can't be read is left out."""
        keys = [entry_id for entry_id in dict.fromkeys(entry_ids) if schema.is_storable(entry_id)]
        found: list[Article] = []
        with self._database.read() as connection:
            for part in chunks(keys):
                rows = connection.execute(select(schema.article).where(schema.article.c.entry_id.in_(part)))
                found += readable(rows.all())
        return {article.entry_id: article for article in found}

    def sections_of_live(self, entry_ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
        """The sections of those that stand in the feeds under these ids, live and not in quarantine, by id."""
        article, held = schema.article.c, schema.quarantine.c
        # Asked for the state, too, SQLite would read all that are live: it does not know how many there are.
        query = select(article.entry_id, article.sections, article.state, held.article_id).outerjoin(
            schema.quarantine, held.article_id == article.id
        )
        keys = [entry_id for entry_id in dict.fromkeys(entry_ids) if schema.is_storable(entry_id)]
        with self._database.read() as connection:
            rows = [row for part in chunks(keys) for row in connection.execute(query.where(article.entry_id.in_(part)))]
        standing = [row for row in rows if row.state is State.LIVE and row.article_id is None]
        return {row.entry_id: sections_from(row.sections) or () for row in standing}

    def _one_article(self, column: Column[str], key: str) -> Article | None:
        if not schema.is_storable(key):
            return None
        with self._database.read() as connection:
            row = connection.execute(select(schema.article).where(column == key)).one_or_none()
        return article_from(row) if row else None

    def newest_live(self, sections: Sequence[str], limit: int, *, broken: list[str] | None = None) -> list[Article]:
        """The newest live articles of any of these plain sections, each once: published, then seq, descending.

        One LIMITed index range per member, merged; never a scan or a sort of all members' articles. One whose row can't
        be read, was deleted by hand, or stands otherwise than its place says is left out, the next newest takes its
        place, and `broken` gets a sentence about it.
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
        broken: list[str] | None = None,
    ) -> list[Article]:
        """The newest that stand in one of these states in any of these plain sections, each once.

        In descending order of published, or of updated, then seq; none that is older than `since` by it. As for
        `newest_live`, one LIMITed index range for each member and state. Those that are `known` from a moment ago are
        not read again.
        """
        with self._database.read() as connection:
            return newest_articles(connection, sections, states, limit, by=by, since=since, known=known, broken=broken)

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
        article, member = schema.article.c, schema.article_section.c
        query = select(schema.article)
        if section is None:
            place = article.seq
        else:
            query = query.join(schema.article_section, member.seq == article.seq).where(member.section == section)
            place = member.seq
        if state is not None:
            query = query.where(article.state == state)
        query = query.order_by(place.desc())
        with self._database.read() as connection:
            return read_on(connection, query, place, limit=limit, before_seq=before_seq, broken=broken)

    def count_articles(self) -> Mapping[State, int]:
        """How many there are of each state, 0 included."""
        state = schema.article.c.state
        with self._database.read() as connection:
            counted = {row[0]: row[1] for row in connection.execute(select(state, func.count()).group_by(state))}
        return {state: counted.get(state, 0) for state in State}

    def next_due(self) -> datetime | None:
        """When the next scheduled article is to go live. The past where its row tells no time: `due` tells of it."""
        article = schema.article.c
        query = select(article.published).where(article.state == schema.SCHEDULED).order_by(article.published).limit(1)
        with self._database.read() as connection:
            due: datetime | Damaged | None = connection.execute(query).scalar_one_or_none()
        return _LONG_AGO if isinstance(due, Damaged) else due

    def due(self, now: datetime, limit: int = 100, *, broken: list[str] | None = None) -> list[Article]:
        """Scheduled articles whose time has come, earliest first. `broken` as for `newest_live`."""
        article = schema.article.c
        query = (
            select(schema.article)
            .where(article.state == schema.SCHEDULED, article.published <= now)
            .order_by(article.published, article.seq)
        )
        wanted = limit
        with self._database.read() as connection:
            while True:
                rows = connection.execute(query.limit(wanted)).all()
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
        with self._database.read() as connection:
            return archives.archived_articles(connection, section, number, broken)

    def archive(self, section: str, number: int) -> Archive | None:
        archive = schema.archive.c
        query = select(archive.section, archive.number, archive.generation)
        with self._database.read() as connection:
            row = connection.execute(query.where(archive.section == section, archive.number == number)).one_or_none()
        return Archive(**row._asdict()) if row else None

    def archive_of(self, article: Article, section: str) -> int | None:
        """The number of the section's archive that holds an article, or None."""
        with self._database.read() as connection:
            return dict(archives.places_in_archives(connection, article.seq, [section])).get(section)

    def has_loose_end(self, section: str, held: Collection[int]) -> bool:
        """Does an article stand in the section that is in none of its archives and not among the `held` (seqs)?"""
        with self._database.read() as connection:
            return archives.has_loose_end(connection, section, held)

    def stale_archives(self, folder_id: str, section: str, shown: str) -> list[Archive]:
        """Those of a section that the folder does not hold as they are now, newest first.

        `shown` is the digest of the settings that show. It reads a row for each archive of the section.
        """
        with self._database.read() as connection:
            return archives.stale_archives(connection, folder_id, section, shown)

    def archive_records(self, folder_id: str, section: str, number: int | None = None) -> Mapping[int, DocumentRecord]:
        """What the folder holds of a section's archives, or of one of them, by number."""
        with self._database.read() as connection:
            return archives.archive_records(connection, folder_id, section, number)

    # sections

    def section_states(self, slugs: Collection[str] | None = None) -> Mapping[str, SectionState]:
        """Every section that was ever registered, by slug; only these of them, if given."""
        with self._database.read() as connection:
            return _section_states(connection, slugs)

    def read_sections(self, slugs: Collection[str] | None = None) -> SectionsReading:
        """Likewise, with the sums over all sections at the same moment."""
        with self._database.read() as connection:
            states = _section_states(connection, slugs)
            sums = Sums.of(states.values()) if slugs is None else Sums(*tuple(connection.execute(_SUMS).one()))
        return SectionsReading(states, sums)

    # publications

    def publication(self, folder_id: str, slug: str) -> Publication | None:
        query = select(schema.publication).where(
            schema.publication.c.folder_id == folder_id, schema.publication.c.slug == slug
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return publication_from(row) if row else None

    def publications(self, folder_id: str) -> Mapping[str, Publication]:
        query = select(schema.publication).where(schema.publication.c.folder_id == folder_id)
        with self._database.read() as connection:
            found = [known for row in connection.execute(query) if (known := publication_from(row))]
        return {publication.slug: publication for publication in sorted(found, key=lambda one: one.slug)}

    def proofs(self, slug: str) -> Mapping[str, Proofs]:
        """What is known to be proved of a feed's entries, by format; none where that can't be read."""
        with self._database.read() as connection:
            formats = connection.execute(
                select(schema.proof.c.formats).where(schema.proof.c.slug == slug)
            ).scalar_one_or_none()
        return proofs_from(formats)

    def marks(self, folder_id: str, slugs: Collection[str] | None = None) -> Mapping[str, Mark]:
        """What tells of each publication whether it is stale, by slug; only of these, if given."""
        publication = schema.publication.c
        columns = (getattr(publication, name) for name in MARK_COLUMNS)
        query = select(*columns).where(publication.folder_id == folder_id)
        queries = [query]
        if slugs is not None:
            queries = [query.where(publication.slug.in_(part)) for part in chunks(list(slugs))]
        with self._database.read() as connection:
            rows = [row for query in queries for row in connection.execute(query)]
        return {mark.slug: mark for row in rows if (mark := mark_from(row))}

    # quarantine

    def quarantined(self, article_ids: Iterable[str] | None = None) -> Mapping[str, Quarantined]:
        """By article id; all of them without an argument."""
        query = select(schema.quarantine)
        queries = [query]
        if article_ids is not None:
            queries = [query.where(schema.quarantine.c.article_id.in_(part)) for part in chunks(list(article_ids))]
        with self._database.read() as connection:
            rows = [row for query in queries for row in connection.execute(query)]
        found = [item for row in rows if (item := quarantined_from(row))]
        return {item.article_id: item for item in found}

    # worker heartbeat and tokens

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str]]]:
        """By folder id: when its worker last said it lives, and what it said (section slug -> next run, ISO 8601)."""
        with self._database.read() as connection:
            rows = connection.execute(select(schema.heartbeat)).all()
        return {
            row.folder_id: (row.at, row.next_runs)
            for row in rows
            if isinstance(row.at, datetime) and isinstance(row.next_runs, dict)
        }

    def tokens(self) -> list[Token]:
        """All of them, revoked ones too, in the order they were made."""
        with self._database.read() as connection:
            return [token_from(row) for row in connection.execute(select(schema.token).order_by(schema.token.c.id))]

    def token_by_hash(self, token_hash: str) -> Token | None:
        """The token, revoked or not; compare `revoked` yourself."""
        with self._database.read() as connection:
            row = connection.execute(select(schema.token).where(schema.token.c.token_hash == token_hash)).one_or_none()
        return token_from(row) if row else None


_counters = (getattr(schema.section.c, name) for name in Sums._fields)
# PostgreSQL adds up whole numbers to a numeric.
_SUMS = select(*(cast(func.coalesce(func.sum(counter), 0), BigInteger) for counter in _counters))


def _section_states(connection: Connection, slugs: Collection[str] | None) -> Mapping[str, SectionState]:
    query = select(schema.section)
    queries = [query]
    if slugs is not None:
        queries = [
            query.where(schema.section.c.slug.in_(part))
            for part in chunks([slug for slug in slugs if schema.is_storable(slug)])
        ]
    states = [section_state_from(row) for query in queries for row in connection.execute(query)]
    return {state.slug: state for state in sorted(states, key=lambda state: state.slug)}


def _tell_nobody(_slugs: Collection[str]) -> None:
    pass
