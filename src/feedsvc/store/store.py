"""The few questions we ask of the database, and the one way to change it.

SQLite in WAL mode and PostgreSQL answer alike. Rows never leave this room: values of model.py go in and come out.
Reads see committed state; every write happens inside `with store.write() as tx` (BEGIN IMMEDIATE on SQLite), short,
and is rolled back whole on any exception. SQLAlchemy's and the driver's exceptions leave as StoreError or
StoreUnavailableError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from feedsvc.model import Article, ArticleInput, Publication, Quarantined, SectionState, State, Token


class Store:
    """One database. Safe to share between threads; after a fork each process opens its own."""

    @classmethod
    def open(cls, url: str) -> Store:
        """Connect lazily to a SQLAlchemy URL (`sqlite:///path`, `postgresql://...`, read as postgresql+psycopg)."""
        raise NotImplementedError

    def migrate(self) -> None:
        """Bring the schema to the newest version (Alembic); safe when several processes do it at once."""
        raise NotImplementedError

    def ping(self) -> None:
        """Raise StoreUnavailableError unless a trivial query answers."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that may write. Commits at the end of the block, rolls back on an exception."""
        raise NotImplementedError

    # articles

    def article(self, article_id: str) -> Article | None: ...

    def article_by_external_id(self, external_id: str) -> Article | None: ...

    def newest_live(self, sections: Sequence[str], limit: int) -> list[Article]:
        """The newest live articles of any of these plain sections: published descending, then seq descending, each once.

        One LIMITed index range per member, merged; never a scan or a sort of all members' articles.
        """
        raise NotImplementedError

    def list_articles(
        self, *, section: str | None = None, state: State | None = None, limit: int = 50, before_seq: int | None = None
    ) -> list[Article]:
        """By arrival, newest first; `before_seq` continues after a page."""
        raise NotImplementedError

    def count_articles(self) -> Mapping[State, int]: ...

    def next_due(self) -> datetime | None:
        """When the next scheduled article is to go live."""
        raise NotImplementedError

    def due(self, now: datetime, limit: int = 100) -> list[Article]:
        """Scheduled articles whose time has come, earliest first."""
        raise NotImplementedError

    # sections

    def section_states(self) -> Mapping[str, SectionState]:
        """Every section that was ever registered, by slug."""
        raise NotImplementedError

    # publications

    def publication(self, folder_id: str, slug: str) -> Publication | None: ...

    def publications(self, folder_id: str) -> Mapping[str, Publication]: ...

    # quarantine

    def quarantined(self, article_ids: Iterable[str] | None = None) -> Mapping[str, Quarantined]:
        """By article id; all of them without an argument."""
        raise NotImplementedError

    # worker heartbeat and tokens

    def heartbeats(self) -> Mapping[str, tuple[datetime, Mapping[str, str]]]:
        """By folder id: when its worker last said it lives, and what it said (section slug -> next run, ISO 8601)."""
        raise NotImplementedError

    def tokens(self) -> list[Token]: ...

    def token_by_hash(self, token_hash: str) -> Token | None:
        """The token, revoked or not; compare `revoked` yourself."""
        raise NotImplementedError


class Transaction:
    """The changes one can make. All methods belong to the transaction that Store.write opened."""

    def article(self, article_id: str) -> Article | None:
        """Read under the transaction (locked FOR UPDATE on PostgreSQL)."""
        raise NotImplementedError

    def article_by_external_id(self, external_id: str) -> Article | None: ...

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
    ) -> Article:
        """Store a new article (revision 1) with the fields as given and the times as decided by the caller.

        Raises ConflictError where id, external id or entry_id is taken.
        """
        raise NotImplementedError

    def update_article(self, article: Article) -> None:
        """Store all mutable fields of `article` (everything but seq, id, entry_id, is_permalink, created)."""
        raise NotImplementedError

    def register_sections(self, slugs: Iterable[str], now: datetime, mint_feed_id: Mapping[str, str]) -> None:
        """Add rows for slugs not yet known, with the feed id given; known ones are left as they are."""
        raise NotImplementedError

    def raise_generations(self, slugs: Iterable[str], *, urgent: bool = False) -> Mapping[str, int]:
        """Add one to each section's generation (in slug order, so that two writers never deadlock); the new values."""
        raise NotImplementedError

    def allot_last_modified(
        self, slug: str, format: str, digest: str, generation: int, now: datetime
    ) -> datetime:
        """When these bytes count as last modified; remembered, so that replicas and restarts agree.

        The newest known version of (slug, format) has the same digest: its time. Else, if `generation` is below the newest
        version's and the digest is known: the known time (a lagging replica). Else max(now, newest + 1 s), whole seconds, noted
        as the newest version. Keeps the last 50 versions of each.
        """
        raise NotImplementedError

    def save_publication(self, folder_id: str, publication: Publication) -> None: ...

    def delete_publication(self, folder_id: str, slug: str) -> None: ...

    def quarantine(self, item: Quarantined) -> None:
        """Add or replace by article id."""
        raise NotImplementedError

    def release(self, article_id: str) -> bool:
        """Take it out of quarantine; False if it was not in it."""
        raise NotImplementedError

    def beat(self, folder_id: str, now: datetime, next_runs: Mapping[str, str]) -> None: ...

    def add_token(self, name: str, token_hash: str, sections: Sequence[str], now: datetime) -> Token:
        """Raises ConflictError if the name is taken by a token that is not revoked."""
        raise NotImplementedError

    def revoke_token(self, name: str, now: datetime) -> Token | None: ...

    def note_token_use(self, token_id: int, now: datetime) -> None: ...
