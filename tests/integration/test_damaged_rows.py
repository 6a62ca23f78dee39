"""A row that another hand wrote costs nobody but itself: not a feed, not a page, not a command, and bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from damage import draw, open_database, write_cell
from effort import EFFORT
from engine import newsroom_on, run, texts
from feedsvc.archive import ARCHIVE_ENTRIES
from feedsvc.audit import audit
from feedsvc.cli import main
from feedsvc.errors import UnreadableArticleError, UnreadableSectionError
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Article, Author, Enclosure, State
from feedsvc.publish import promote_due, withdraw

if TYPE_CHECKING:
    from newsroom import Newsroom

Cell = Callable[[Article, str, Any], bool]


@pytest.fixture
def sqlite_newsroom(sqlite_url: str, tmp_path: Path, clock: Any) -> Iterator[Newsroom]:
    """Its database takes anything."""
    with newsroom_on(sqlite_url, tmp_path / "site", clock) as newsroom:
        yield newsroom


@pytest.fixture
def write(store_url: str) -> Any:
    """Write a cell past the store. False where the database refuses it, and so holds to it by itself."""
    engine = open_database(store_url)

    def write_one(article: Article, column: str, value: Any) -> bool:
        is_written = write_cell(engine, article.id, column, value)
        assert is_written or store_url.startswith("postgresql"), "SQLite takes anything"
        return is_written

    yield write_one
    engine.dispose()


UNREADABLE = [
    ("corrections", "nonsense", "corrections"),
    ("corrections", '{"note": "x", "at": 1}', "corrections"),
    ("corrections", '[{"note": "x"}]', "corrections[0]"),
    ("corrections", '[{"note": "x", "at": 100000000000000000}]', "corrections[0].at"),
    ("corrections", "[" * 5000 + "]" * 5000, "corrections"),
    ("sections", "[[]]", "sections[0]"),
    ("authors", "[1]", "authors[0]"),
    ("authors", '[{"name": "x", "a\\u0000b": 1}]', "authors[0]"),
    ("authors", '[{"name": "x\\u0000"}]', "authors[0].name"),
    ("enclosures", '[{"url": "u", "type": "t", "length_bytes": -1}]', "enclosures[0].length_bytes"),
    ("enclosures", '[{"url": "u", "type": 7, "length_bytes": 1}]', "enclosures[0].type"),
    ("image", '{"url": "u", "width": true}', "image.width"),
    ("revision", -1, "revision"),
    ("title", b"\xff\xfe", "title"),
    ("updated", 1.5, "updated"),
]


@pytest.mark.parametrize(("column", "value", "where"), UNREADABLE)
def test_a_row_that_is_no_article_is_told_and_left_out(
    newsroom: Newsroom, write: Cell, column: str, value: Any, where: str
) -> None:
    runtime = newsroom.runtime
    good, bad = newsroom.put(title="好"), newsroom.put(title="坏")
    if not write(bad, column, value):
        return

    with pytest.raises(UnreadableArticleError) as refused:
        runtime.store.article(bad.id)

    assert (refused.value.article_id, refused.value.where) == (bad.id, where)
    result = run(runtime)
    assert (result.outcome, result.entries) == ("published", 1)
    assert good.entry_id in texts(runtime)["rss"]
    (told,) = result.findings
    assert bad.id in told.message
    assert where in told.message
    assert newsroom.client.get("/sections/macro/").status_code == 200
    assert newsroom.client.get(f"/articles/{bad.id}").status_code == 503


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("[]", "withdrawal"),
        ('{"at": 1}', "withdrawal"),
        ('{"at": 1, "notice": null, "shown_in": "macro"}', "withdrawal.shown_in"),
        ('{"at": 1e300, "notice": null, "shown_in": []}', "withdrawal.at"),
    ],
)
def test_a_withdrawal_that_is_none_is_told(newsroom: Newsroom, write: Cell, value: str, where: str) -> None:
    good, gone = newsroom.put(), newsroom.put()
    withdraw(newsroom.runtime.store, newsroom.runtime.clock, gone.id)
    if not write(gone, "withdrawal", value):
        return

    result = run(newsroom.runtime)

    assert (result.outcome, result.entries) == ("published", 1)
    assert good.entry_id in texts(newsroom.runtime)["atom"]
    assert f"{where} " in result.findings[0].message


def test_the_next_newest_take_the_place_of_any_number_of_bad_ones(newsroom: Newsroom, write: Cell, clock: Any) -> None:
    good = [newsroom.put(title=f"好{number}") for number in range(3)]
    clock.advance(60)
    for _ in range(9):
        write(newsroom.put(), "authors", "[1]")

    assert run(newsroom.runtime).entries == 3
    assert all(each.entry_id in texts(newsroom.runtime)["rss"] for each in good)
    listed = newsroom.call("GET", "/articles?limit=2", token=newsroom.token()).get_json()
    assert [each["id"] for each in listed["articles"]] == [good[2].id, good[1].id]
    assert listed["next"] == good[1].seq
    assert len(listed["unreadable"]) == 9


def test_a_scheduled_one_that_can_t_be_read_keeps_nobody_back(newsroom: Newsroom, write: Cell, clock: Any) -> None:
    soon = clock() + timedelta(minutes=1)
    bad, good = newsroom.put(published=soon), newsroom.put(published=soon)
    write(bad, "tags", "[1]")
    clock.advance(61)

    broken: list[str] = []
    promoted = promote_due(newsroom.runtime.store, clock, broken=broken)

    assert [article.id for article in promoted] == [good.id]
    assert bad.id in broken[0]


def test_a_state_that_another_hand_changed_counts(newsroom: Newsroom, write: Cell) -> None:
    """What its place says is a copy: a draft must not stand in a feed."""
    good, bad = newsroom.put(), newsroom.put()
    write(bad, "state", "draft")

    result = run(newsroom.runtime)

    assert result.entries == 1
    assert bad.entry_id not in texts(newsroom.runtime)["rss"]
    assert f"Article {bad.id} is draft in macro" in result.findings[0].message
    assert good.entry_id in texts(newsroom.runtime)["rss"]


def test_a_place_without_its_article_stops_neither_feed_nor_archive(
    newsroom: Newsroom, store_url: str, clock: Any
) -> None:
    lost = [newsroom.put(published=clock() - timedelta(days=1)), newsroom.put(published=clock() + timedelta(0))]
    good = [newsroom.put(published=clock() - timedelta(hours=number)) for number in range(1, 7)]
    engine = open_database(store_url)
    try:
        with engine.begin() as connection:
            for each in lost:
                connection.execute(text("DELETE FROM article WHERE seq = :seq"), {"seq": each.seq})
    except IntegrityError:
        assert store_url.startswith("postgresql"), "SQLite holds to no foreign key unless it is told to"
        return
    finally:
        engine.dispose()

    result = run(newsroom.runtime)

    assert (result.outcome, result.entries) == ("published", 3)
    assert f"number {lost[1].seq} (`seq`) was deleted" in result.findings[0].message
    state = newsroom.runtime.store.section_states()["macro"]
    assert 1 <= state.archives <= ARCHIVE_ENTRIES
    newsroom.runtime.regenerator.archivist.bring_up(newsroom.runtime.settings, "macro")
    archive = newsroom.runtime.folder.read("macro/archive/1", "atom")
    assert archive is not None
    assert good[-1].entry_id.encode() in archive.content
    found = audit(newsroom.runtime, newsroom.runtime.settings, "macro")
    assert [finding.rule for finding in found] == ["article.unreadable"]


HOSTILE = {
    "comments": ("<!--" * 1_000_000, "is never closed"),
    "nested": ("<div>" * 200_000, "more than 250 open elements"),
    "elements": ("<p>x" * 200_000, "more than 20000 elements"),
    "references": ("&amp;" * 200_000, "character references (&)"),
    "attributes": (f"<p {' '.join(f'a{number}=1' for number in range(256_000))}>x</p>", "more than 100 attributes"),
    "size": ("x" * 5_000_000, "is longer than 4194304 bytes"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_body_beyond_the_gate_s_bounds_is_quarantined_before_anything_parses_it(
    newsroom: Newsroom, write: Cell, kind: str
) -> None:
    body, why = HOSTILE[kind]
    runtime = newsroom.runtime
    good, bad = newsroom.put(title="好"), newsroom.put(title="坏")
    write(bad, "content_html", body)
    began = time.thread_time()

    result = run(runtime)

    assert time.thread_time() - began < 5
    assert (result.outcome, result.entries, result.quarantined) == ("published", 1, (bad.id,))
    assert good.entry_id in texts(runtime)["rss"]
    reason = runtime.store.quarantined()[bad.id].reason
    assert reason.startswith("content_html ")
    assert why in reason
    began = time.thread_time()
    for path in ("/", "/sections/macro/"):
        assert newsroom.client.get(path).status_code == 200
    assert time.thread_time() - began < 5


def test_nobody_is_blocked_by_many_that_the_gate_would_have_refused(newsroom: Newsroom, write: Cell) -> None:
    good = newsroom.put(title="好", sections=("science",))
    for _ in range(8):
        write(newsroom.put(sections=("science",)), "tags", '["' + "x" * 300 + '"]')

    result = run(newsroom.runtime, "science")

    assert (result.outcome, result.entries, len(result.quarantined)) == ("published", 1, 8)
    assert good.entry_id in texts(newsroom.runtime, "science")["rss"]


# mending


def test_a_put_mends_it(newsroom: Newsroom, write: Cell) -> None:
    bad = newsroom.put(external_id="a/1", authors=())
    write(bad, "authors", "[1]")
    write(bad, "revision", -5)
    run(newsroom.runtime)
    sent = {"title": bad.title, "sections": ["macro"], "content_html": bad.content_html}

    answer = newsroom.call("PUT", "/articles/a%2F1", sent, token=newsroom.token())

    assert answer.status_code == 200
    assert {note["place"] for note in answer.get_json()["notes"]} == {"authors", "revision"}
    mended = newsroom.runtime.store.article(bad.id)
    assert mended is not None
    assert (mended.entry_id, mended.state, mended.revision) == (bad.entry_id, State.LIVE, 2)
    result = run(newsroom.runtime)
    assert (result.entries, result.findings) == (1, ())


def test_a_patch_mends_it_if_it_says_what_is_lost(newsroom: Newsroom, write: Cell) -> None:
    bad = newsroom.put()
    token = newsroom.token()
    write(bad, "authors", "[1]")

    refused = newsroom.call("PATCH", f"/articles/{bad.id}", {"title": "新"}, token=token)
    assert refused.status_code == 409
    assert "say authors anew" in refused.get_json()["detail"]
    said = newsroom.call("PATCH", f"/articles/{bad.id}", {"authors": [{"name": "周"}]}, token=token)

    assert said.status_code == 200
    mended = newsroom.runtime.store.article(bad.id)
    assert mended is not None
    assert (mended.title, mended.authors) == (bad.title, (Author(name="周"),))


@pytest.mark.parametrize("column", ["sections", "corrections", "title"])
def test_a_delete_takes_it_back(newsroom: Newsroom, write: Cell, column: str) -> None:
    bad = newsroom.put()
    run(newsroom.runtime)
    if not write(bad, column, b"\xff" if column == "title" else "[[]]"):
        return

    answer = newsroom.call("DELETE", f"/articles/{bad.id}", token=newsroom.token("macro"))

    assert answer.status_code == 200
    assert answer.get_json()["state"] == "withdrawn"
    result = run(newsroom.runtime)
    assert (result.entries, result.findings) == (0, ())
    assert bad.entry_id in texts(newsroom.runtime)["atom"]


def test_what_is_wrong_is_told_to_those_who_may_read_it(newsroom: Newsroom, write: Cell) -> None:
    bad = newsroom.put(external_id="e1")
    write(bad, "authors", '[{"name": "秘", "x": 1}]')
    for path in (f"/articles/{bad.id}", "/articles/e1"):
        answer = newsroom.call("GET", path, token=newsroom.token())
        assert answer.status_code == 409
        assert answer.get_json()["type"] == "urn:feedsvc:problem:unreadable"
        assert answer.get_json()["errors"][0]["field"] == "authors[0]"
        assert newsroom.call("GET", path, token=newsroom.token("science")).status_code == 403
    listed = newsroom.call("GET", "/articles?external_id=e1", token=newsroom.token()).get_json()
    assert bad.id in listed["unreadable"][0]
    assert newsroom.call("PUT", "/articles/e1", {}, token=newsroom.token("science")).status_code == 403


def test_what_can_t_be_mended_from_here_says_where_it_can(newsroom: Newsroom, write: Cell) -> None:
    bad = newsroom.put()
    if not write(bad, "entry_id", b"\xff"):
        return
    for method in ("PUT", "DELETE"):
        answer = newsroom.call(method, f"/articles/{bad.id}", {} if method == "PUT" else None, token=newsroom.token())
        assert answer.status_code == 409
        assert f"Correct its row, WHERE seq = {bad.seq}" in answer.get_json()["detail"]
    assert newsroom.call("DELETE", f"/articles/{bad.id}", token=newsroom.token("macro")).status_code == 404


def test_a_row_mended_by_hand_is_found_by_regenerate(newsroom: Newsroom, write: Cell) -> None:
    bad = newsroom.put()
    write(bad, "tags", "[1]")
    assert run(newsroom.runtime).entries == 0
    write(bad, "tags", "[]")

    assert run(newsroom.runtime).entries == 1


# the attack


def test_random_damage_costs_only_the_damaged(newsroom: Newsroom, store_url: str, clock: Any) -> None:
    """Every column, each kind of nonsense, by chance: then every route and every command."""
    seed = 20261125 if EFFORT == 1 else Random().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201  # shown where it fails
    runtime, chance = newsroom.runtime, Random(seed)
    file = Enclosure(url="https://news.example.org/a.mp3", type="audio/mpeg", length_bytes=5)
    good, hurt = [], []
    for number in range(16 * EFFORT):
        clock.advance(60)
        sections = (chance.choice(["macro", "finance", "science"]),)
        hurt.append(newsroom.put(title=f"坏{number}", sections=sections, enclosures=(file,), external_id=f"x{number}"))
        if chance.random() < 0.2:
            withdraw(runtime.store, clock, hurt[-1].id, mode=chance.choice(["notice", "tombstone"]))
        clock.advance(60)
        good.append(newsroom.put(title=f"好{number}", sections=sections))
    engine = open_database(store_url)
    for article in hurt:
        write_cell(engine, article.id, *draw(chance))
    engine.dispose()
    newsroom.regenerate()

    for slug in runtime.settings.feeds:
        assert run(runtime, slug, force=True).error is None, slug
        members = runtime.settings.feeds[slug].members
        mine = [each for each in good if set(each.sections) & set(members)]
        shown = texts(runtime, slug)["rss"]
        assert all(each.entry_id in shown for each in mine[-2:]), slug
    _walk_routes(newsroom, hurt)
    _run_commands(newsroom, hurt)


def _walk_routes(newsroom: Newsroom, articles: list[Article]) -> None:
    token = newsroom.token()
    feeds = newsroom.runtime.settings.feeds
    pages = ["/", "/healthz", *(f"/sections/{slug}/" for slug in feeds)]
    pages += [f"/feeds/{slug}.{FORMATS[name].suffix}" for slug in feeds for name in feeds[slug].formats]
    pages += [f"/articles/{article.id}" for article in articles]
    for path in pages:
        assert newsroom.client.get(path).status_code != 500, path
    asked = [("GET", "/articles?limit=200"), ("GET", "/quarantine"), ("GET", "/sections")]
    asked += [("GET", f"/articles?section={slug}") for slug in feeds]
    for article in articles:
        asked += [("GET", f"/articles/{article.id}"), ("GET", f"/articles?external_id={article.external_id}")]
        asked += [("POST", f"/articles/{article.id}/retry")]
    for method, path in asked:
        assert newsroom.call(method, path, token=token).status_code < 500, (method, path)
    whole = {"title": "改好了", "sections": ["science"], "summary": "好"}
    for number, article in enumerate(articles):
        method = ("PUT", "PATCH", "DELETE")[number % 3]
        sent = None if method == "DELETE" else whole
        answer = newsroom.call(method, f"/articles/{article.id}", sent, token=token)
        assert answer.status_code < 500, (method, article.id, answer.get_data())


def _run_commands(newsroom: Newsroom, articles: list[Article]) -> None:
    config = str(newsroom.runtime.settings.path)
    commands = [["status"], ["status", "--json"], ["verify"], ["quarantine"], ["quarantine", "retry", "--all"]]
    commands += [["article", "list"], ["regenerate", "--all"]]
    for article in articles[:3]:
        commands += [["article", word, article.id] for word in ("show", "why", "withdraw", "revive")]
        commands += [["article", "edit", article.id, "--note", "更正"], ["quarantine", "show", article.id]]
    for command in commands:
        result = CliRunner().invoke(main, ["--config", config, *command])
        assert result.exception is None or isinstance(result.exception, SystemExit), (command, result.exception)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("generation", "abc"), ("generation", -1), ("urgent_generation", 1.5), ("archives", b"\xff"), ("created", "x"),
        ("created", 10**17), ("feed_id", b"\xff"), ("archive_generation", "7x"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_section_is_told_of_and_readers_keep_what_is_live(
    sqlite_newsroom: Newsroom, column: str, value: Any
) -> None:
    """Its counters and its id can't be guessed, so nothing is made anew until somebody has put them right."""
    newsroom, config = sqlite_newsroom, str(sqlite_newsroom.runtime.settings.path)
    newsroom.put()
    newsroom.regenerate()
    engine = open_database(newsroom.runtime.settings.database_url)
    with engine.begin() as connection:
        right = connection.execute(text(f"SELECT {column} FROM section WHERE slug = 'macro'")).scalar_one()
        connection.execute(text(f"UPDATE section SET {column} = :value WHERE slug = 'macro'"), {"value": value})
    with pytest.raises(UnreadableSectionError, match=f"Section macro can't be read.*: {column} ") as told:
        newsroom.runtime.regenerator.stale(newsroom.runtime.settings)
    for command in (["doctor"], ["regenerate", "--all"], ["verify"], ["status"]):
        said = CliRunner().invoke(main, ["--config", config, *command])
        assert said.exit_code == 1, command
        assert str(told.value) in said.output
    (database,) = [check for check in newsroom.runtime.checks() if check.name == "database"]
    assert database.detail == str(told.value)
    assert newsroom.client.get("/feeds/macro.rss").status_code == 200
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE section SET {column} = :value WHERE slug = 'macro'"), {"value": right})
    engine.dispose()
    assert newsroom.runtime.regenerator.stale(newsroom.runtime.settings) == []


@pytest.mark.parametrize("slug", ["栏目", "../x", b"\xff"])
def test_a_section_that_nobody_can_have_named_is_none(sqlite_newsroom: Newsroom, slug: Any) -> None:
    newsroom, config = sqlite_newsroom, str(sqlite_newsroom.runtime.settings.path)
    newsroom.put()
    newsroom.regenerate()
    engine = open_database(newsroom.runtime.settings.database_url)
    with engine.begin() as connection:
        columns = "slug, feed_id, created, generation, urgent_generation"
        adding = text(f"INSERT INTO section ({columns}) VALUES (:slug, 'urn:x', 1, 0, 0)")
        connection.execute(adding, {"slug": slug})
    engine.dispose()
    for command in (["regenerate", "--all"], ["verify"]):
        said = CliRunner().invoke(main, ["--config", config, *command])
        assert (said.exit_code, said.exception) == (0, None), said.output
