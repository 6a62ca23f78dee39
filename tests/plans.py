"""What the databases are asked while something is done, and how they would answer it: their own plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, event, insert, text

from feedsvc.model import ArticleInput, MemberState, State
from feedsvc.store import Store, schema
from feedsvc.store.mapping import field_columns

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECTIONS = ("macro", "finance", "sport", "world")


class Question(NamedTuple):
    """A statement as the driver gets it, and its values."""

    statement: str
    values: Any


def fill(
    store: Store, articles: int, sections: Sequence[str] = SECTIONS, *, first: int = 1, age: timedelta = timedelta(0)
) -> None:
    """That many live articles, each in two sections, and one scheduled in a hundred; the first has this seq."""
    rows = []
    for number in range(first, first + articles):
        named = (sections[number % len(sections)], sections[(number + 1) % len(sections)])
        rows.append(
            field_columns(ArticleInput(title=f"第{number}篇", sections=tuple(dict.fromkeys(named))))
            | {"id": f"id{number}", "entry_id": f"urn:{number}", "is_permalink": False, "seq": number}
            | {"state": State.SCHEDULED if number % 100 == 0 else State.LIVE, "revision": 1}
            | {"published": NOON - age + timedelta(seconds=number * 7_919 % 100_003), "updated": NOON, "created": NOON}
        )
    places = [
        {
            "section": slug,
            "state": MemberState(row["state"].value),
            **{key: row[key] for key in ("seq", "published", "updated")},
        }
        for row in rows
        for slug in row["sections"]
    ]
    with store._database.write() as connection:
        connection.execute(insert(schema.article), rows)
        connection.execute(insert(schema.article_section), places)
        if not store._database.is_sqlite:
            last = text("SELECT setval(pg_get_serial_sequence('article', 'seq'), (SELECT max(seq) FROM article))")
            connection.execute(last)


def crowd(store: Store, others: int) -> None:
    """So many sections, and what is known of as many, besides those that there are; statistics of all tables."""
    slugs = [f"crowd-{number}" for number in range(others)]
    known = {"made_from": "", "generation": 0, "entries": {}, "documents": [], "findings": [], "attempted": NOON}
    version = {"format": "rss", "last_modified": NOON, "digest": "", "generation": 0}
    held = {"revision": 1, "reason": "", "renderer": "", "since": NOON}
    archive = {"number": 1, "generation": 1}
    made = {"shown": "", "digest": "", "length_bytes": 1, "mtime": NOON, "folder_id": "elsewhere"}
    with store.write() as tx:
        tx.register_sections(slugs, NOON, {slug: f"urn:{slug}" for slug in slugs})
    with store._database.write() as connection:
        rows_of: Mapping[Table, list[dict[str, Any]]] = {
            schema.publication: [{"folder_id": "elsewhere", "slug": slug} | known for slug in slugs],
            schema.document_version: [{"slug": slug} | version for slug in slugs],
            schema.proof: [{"slug": slug, "formats": {}} for slug in slugs],
            schema.quarantine: [{"article_id": slug} | held for slug in slugs],
            schema.archive: [{"section": slug, "entries": 1} | archive for slug in slugs],
            schema.archive_publication: [{"section": slug} | archive | made for slug in slugs],
            schema.token: [{"name": slug, "token_hash": slug, "sections": [], "created": NOON} for slug in slugs],
        }
        for table, rows in rows_of.items():
            connection.execute(insert(table), rows)
        connection.execute(text("ANALYZE"))


@contextmanager
def asked(store: Store, *verbs: str) -> Iterator[list[Question]]:
    """What the store sends while the block runs: statements that begin with one of these words, SELECT if there are
    none."""
    engine: Engine = store._database._engine
    sent: list[Question] = []

    def note(
        _connection: Connection, _cursor: object, statement: str, values: Any, _context: object, many: bool
    ) -> None:  # SQLAlchemy's
        if statement.startswith(verbs or "SELECT"):
            sent.append(Question(statement, values[0] if many else values))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def sqlite_plan(store: Store, questions: Sequence[Question]) -> list[str]:
    """Every line of EXPLAIN QUERY PLAN."""
    with store._database.read() as connection:
        return [
            row.detail
            for statement, values in questions
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


def sqlite_plan_of(store: Store, question: Callable[[], object]) -> list[str]:
    """Likewise, of what a question sends."""
    with asked(store) as sent:
        question()
    return sqlite_plan(store, sent)


def postgresql_plans(store: Store, questions: Sequence[Question], options: str = "") -> list[str]:
    """What EXPLAIN says of each."""
    plans = []
    with store._database.read() as connection:
        for statement, values in questions:
            rows = connection.exec_driver_sql(f"EXPLAIN {options} {statement}", values)
            plans.append("\n".join(row[0] for row in rows))
    return plans


def steps(store: Store, question: Callable[[], object]) -> int:
    """How many instructions SQLite's machine ran, within 10, to answer."""
    ran = 0

    def tick() -> int:
        nonlocal ran
        ran += 10
        return 0

    with store._database.read() as connection:
        # The pool holds one connection here, which every question of this thread gets again.
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(tick, 10)
    question()
    driver.set_progress_handler(None, 0)
    return ran
