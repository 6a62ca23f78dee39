"""Replicas on one PostgreSQL, in small (`python tests/replicas.py` is the large one): nothing is lost or parts them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from replicas import run

if TYPE_CHECKING:
    from integration.conftest import PostgresServer

ARTICLES = 90


def test_replicas_end_up_the_same_whatever_dies_meanwhile(
    postgres_server: PostgresServer, empty_postgres_url: str, tmp_path: Path
) -> None:
    outcome = run(tmp_path, empty_postgres_url, postgres_server.restart, articles=ARTICLES, replicas=3)
    assert outcome.seen.faults == []
    assert (outcome.acknowledged, outcome.stored, outcome.entries) == (ARTICLES, ARTICLES, ARTICLES)
    assert outcome.repeated, "nobody noticed that one was away"
    assert len(outcome.seen.bodies) > len(outcome.seen.newest), "nothing changed while it was looked at"
