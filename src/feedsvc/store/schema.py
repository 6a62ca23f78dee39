"""The tables, and the types that carry values into both databases alike.

Instants are whole seconds since 1970 in a 64-bit integer: ordered and returned the same by SQLite and PostgreSQL, from
year 1 to 9999, whatever the session's time zone. The tables of a database are made by migrations/versions, never from
here; a test holds the two together.

What another hand wrote may be no such value. It comes out as Damaged, since one that raised would cost the rows read
along with it; cells.py says what is wrong with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    literal_column,
    text,
)

from feedsvc.model import MemberState, State

REVISION = "0007"
"""The newest of migrations/versions: a database that stands there needs no Alembic at start."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


class UnstorableTextError(ValueError):
    """A text holds NUL or half a surrogate pair, which no database of ours can give back."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """Stands for what lies in a cell and is no value of its column; `why` completes "the column ..."."""

    why: str


def seconds_of(instant: datetime) -> int:
    """Whole seconds since 1970 of an aware datetime, rounded down."""
    return (instant - _EPOCH) // _SECOND


def instant_of(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)


def as_stored(instant: datetime | None) -> datetime | None:
    """The instant as it comes back: in UTC, in whole seconds."""
    return None if instant is None else instant_of(seconds_of(instant))


write_json = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


def read_json(text: Any) -> Any:
    """What lies in a JSON column as a value. Deep nesting and long numbers are refused as Python refuses them."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        return Damaged(f"is no JSON that can be read ({type(error).__name__}: {error})")


def read_text(text: bytes) -> str | bytes:
    """What lies in a text column of SQLite, which may be no UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text


def is_storable(value: str) -> bool:
    """Encoding finds half a surrogate pair, and costs a third of a search for one."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _check(value: Any) -> None:
    """Raise UnstorableTextError for the first such text anywhere in a JSON value."""
    if isinstance(value, str):
        if not is_storable(value):
            raise UnstorableTextError(
                f"{value[:40]!a} holds a character that can't be stored (NUL or a lone surrogate)"
            )
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key)
            _check(item)
    elif isinstance(value, list):
        for item in value:
            _check(item)


def _word(words: type[State | MemberState], value: Any) -> State | MemberState | Damaged:
    try:
        return words(value)
    except ValueError:
        return Damaged(f"is none of {', '.join(words)}")


class Words(TypeDecorator[str]):
    """Text that both databases take."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # the base's signature
        _check(value)
        return value


class Json(TypeDecorator[Any]):
    """Lists and objects, in the sender's order; None is NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  # the base's signature
        written = write_json(value)
        if "\\u0000" in written or not is_storable(written):  # seldom; else a tenth of the time
            _check(value)
        return value


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as whole seconds since 1970 and given back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002  # the base's signature
        return None if value is None else seconds_of(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  # the base's signature
        """A datetime, None or Damaged."""
        if value is None:
            return None
        if not isinstance(value, int):
            return Damaged("is no whole number of seconds")
        try:
            return instant_of(value)
        except OverflowError:
            return Damaged("lies outside of the years 1 to 9999")


class StateWord(TypeDecorator[State]):
    """A State by its word."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: State | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # the base's signature
        return None if value is None else value.value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  # the base's signature
        """A State, None or Damaged."""
        return None if value is None else _word(State, value)


class MemberStateWord(TypeDecorator[MemberState]):
    """A MemberState by its word."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: MemberState | None, dialect: Dialect) -> str | None:  # noqa: ARG002  # the base's signature
        return None if value is None else value.value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  # the base's signature
        """A MemberState, None or Damaged."""
        return None if value is None else _word(MemberState, value)


metadata = MetaData()

# SQLite numbers rows by itself only where the key is declared INTEGER.
_counter = BigInteger().with_variant(Integer(), "sqlite")

SCHEDULED = literal_column("'scheduled'", StateWord)
LIVE = literal_column("'live'", StateWord)
MEMBER_WORDS = {state: literal_column(f"'{state.value}'", MemberStateWord) for state in MemberState}
"""Written into the statement, not bound: PostgreSQL then plans for this very state, however rare it is."""

article = Table(
    "article",
    metadata,
    Column("seq", _counter, Identity(), primary_key=True),
    Column("id", Words, nullable=False, unique=True),
    Column("entry_id", Words, nullable=False, unique=True),
    Column("is_permalink", Boolean, nullable=False),
    Column("external_id", Words, unique=True),
    Column("state", StateWord, nullable=False),
    Column("published", Instant),
    Column("updated", Instant),
    Column("created", Instant, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("title", Words, nullable=False),
    Column("link", Words),
    Column("summary", Words),
    Column("language", Words),
    Column("editor", Words),
    Column("sections", Json, nullable=False),
    Column("authors", Json),
    Column("source", Json),
    Column("breadcrumb", Json),
    Column("tags", Json),
    Column("image", Json),
    Column("enclosures", Json),
    Column("content_html", Words),
    Column("corrections", Json),
    Column("withdrawal", Json),
)
"""Empty lists are NULL: most of them are empty, and NULL costs nothing to read."""

Index("article_by_state", article.c.state, article.c.seq)
Index(
    "article_scheduled",
    article.c.state,
    article.c.published,
    article.c.seq,
    sqlite_where=text("state = 'scheduled'"),
    postgresql_where=text("state = 'scheduled'"),
)

article_section = Table(
    "article_section",
    metadata,
    Column("section", Words, primary_key=True),
    Column("seq", _counter, ForeignKey(article.c.seq), primary_key=True, autoincrement=False),
    Column("state", MemberStateWord, nullable=False),
    Column("published", Instant),
    Column("updated", Instant),
    Column("archive", Integer, nullable=False, server_default=text("0")),
    sqlite_with_rowid=False,
)
"""Repeats the article's times, so that one index range gives the newest of a section that stand there in one way.

`archive` is the number of the archive that holds it here, 0 while none does.
"""

Index(
    "article_section_newest",
    article_section.c.section,
    article_section.c.state,
    article_section.c.published.desc(),
    article_section.c.seq.desc(),
)

Index(
    "article_section_changed",
    article_section.c.section,
    article_section.c.state,
    article_section.c.updated.desc(),
    article_section.c.seq.desc(),
)

Index(
    "article_section_archived",
    article_section.c.section,
    article_section.c.archive,
    article_section.c.state,
    article_section.c.seq,
)

for _time in ("published", "updated"):
    Index(
        f"article_section_all_{_time}",
        article_section.c.state,
        article_section.c[_time].desc(),
        article_section.c.seq.desc(),
    )

section = Table(
    "section",
    metadata,
    Column("slug", Words, primary_key=True),
    Column("feed_id", Words, nullable=False, unique=True),
    Column("created", Instant, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("urgent_generation", BigInteger, nullable=False),
    Column("archives", Integer, nullable=False, server_default=text("0")),
    Column("archive_generation", BigInteger, nullable=False, server_default=text("0")),
)

archive = Table(
    "archive",
    metadata,
    Column("section", Words, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("entries", Integer, nullable=False),
    Column("generation", BigInteger, nullable=False),
)

archive_publication = Table(
    "archive_publication",
    metadata,
    Column("folder_id", Words, primary_key=True),
    Column("section", Words, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("shown", Words, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("digest", Words, nullable=False),
    Column("length_bytes", BigInteger, nullable=False),
    Column("mtime", Instant, nullable=False),
    Column("twins", Json),
)
"""What one feeds folder holds of the archives: made from which generation, under which settings that show."""

document_version = Table(
    "document_version",
    metadata,
    Column("slug", Words, primary_key=True),
    Column("format", Words, primary_key=True),
    Column("last_modified", Instant, primary_key=True, autoincrement=False),
    Column("digest", Words, nullable=False),
    Column("generation", BigInteger, nullable=False),
)

publication = Table(
    "publication",
    metadata,
    Column("folder_id", Words, primary_key=True),
    Column("slug", Words, primary_key=True),
    Column("made_from", Words, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("entries", Json, nullable=False),
    Column("documents", Json, nullable=False),
    Column("findings", Json, nullable=False),
    Column("error", Words),
    Column("attempted", Instant, nullable=False),
    Column("published", Instant),
    Column("archived_from", Words),
    Column("archive_error", Words),
)

proof = Table(
    "proof",
    metadata,
    Column("slug", Words, primary_key=True),
    Column("formats", Json, nullable=False),
)
"""By format: the context, and the digest of the proved bytes of each entry by its key; archives by name."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("article_id", Words, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("reason", Words, nullable=False),
    Column("renderer", Words, nullable=False),
    Column("since", Instant, nullable=False),
    Column("findings", Json),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("folder_id", Words, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("next_runs", Json, nullable=False),
)

bucket_lease = Table(
    "bucket_lease",
    metadata,
    Column("bucket", Words, primary_key=True),
    Column("holder", Words),
    Column("epoch", BigInteger, nullable=False),
    Column("beat", BigInteger, nullable=False),
    Column("lasts_seconds", Integer, nullable=False),
    Column("told", Json),
)
"""Who writes to a bucket. No column tells a time: the clocks of two machines are never held against each other."""

bucket_object = Table(
    "bucket_object",
    metadata,
    Column("bucket", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("digest", Words, nullable=False),
    Column("headers", Words, nullable=False),
    Column("mtime", Instant, nullable=False),
    Column("etag", Words, nullable=False),
    Column("stored", Instant),
)
"""What a bucket holds, as far as those who wrote to it know."""

token = Table(
    "token",
    metadata,
    Column("id", _counter, Identity(), primary_key=True),
    Column("name", Words, nullable=False),
    Column("token_hash", Words, nullable=False, unique=True),
    Column("sections", Json, nullable=False),
    Column("created", Instant, nullable=False),
    Column("last_used", Instant),
    Column("revoked", Instant),
)

Index(
    "token_name_in_use",
    token.c.name,
    unique=True,
    sqlite_where=text("revoked IS NULL"),
    postgresql_where=text("revoked IS NULL"),
)
