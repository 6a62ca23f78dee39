"""A token whose row another hand wrote is none: refused, told of, and no way to more sections than it had."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands import Site
from feedsvc.tokens import hash_token, mint
from newsroom import Newsroom, open_newsroom

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def newsroom(tmp_path: Path, clock: Callable[[], datetime]) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as newsroom:
        yield newsroom


@pytest.mark.parametrize("cell", ["sections = 'null'", "sections = '\"\"'", "sections = '{}'", "sections = '[{}]'"])
def test_no_sections_are_not_all_sections(newsroom: Newsroom, tmp_path: Path, cell: str) -> None:
    token = newsroom.token("macro")
    overwrite(tmp_path, cell)
    assert newsroom.call("GET", "/sections", token=token).status_code == 401
    rotated = mint()
    with newsroom.runtime.store.write() as tx:
        new = tx.rotate_token(token[-8:], hash_token(rotated), NOW, NOW + timedelta(hours=1))
    assert new is not None
    assert newsroom.call("GET", "/sections", token=rotated).get_json() == {"sections": []}


@pytest.mark.parametrize("cell", ["created = 'x'", "last_used = '\x1b[2J'", "revoked = 'never'", "name = x'ff'"])
def test_one_that_can_not_be_read_is_refused_and_listed(newsroom: Newsroom, tmp_path: Path, cell: str) -> None:
    token = newsroom.token()
    overwrite(tmp_path, cell)
    assert newsroom.call("GET", "/sections", token=token).status_code == 401
    assert "(unreadable)" in Site(tmp_path).run("token", "list").output


def test_a_token_may_be_for_any_number_of_sections(newsroom: Newsroom) -> None:
    newsroom.token(*(f"s{number}" for number in range(5_000)))
    (token,) = newsroom.runtime.store.tokens()
    assert len(token.sections) == 5_000


def overwrite(folder: Path, cell: str) -> None:
    with sqlite3.connect(folder / "feedsvc.db") as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(f"UPDATE token SET {cell}")
    connection.close()
