"""Use case: take in, correct, withdraw an article; let a scheduled one go live. One transaction each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from feedsvc.model import Article, ArticleInput
from feedsvc.store import Store

Clock = Callable[[], datetime]
"""Now, aware, in UTC."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. `changed` False: identical to what is stored, nothing was written."""

    article: Article
    created: bool
    changed: bool


def put(store: Store, clock: Clock, fields: ArticleInput, *, article_id: str | None = None) -> Outcome:
    """Create, or replace the article with this id (else this external id): the same call twice changes nothing.

    updated: at first max(what the sender says, published), never the time of import. A change of content: max(now, last + 1 s, what the
    sender says); `minor` leaves it. A withdrawn article is revived with its ids. State: draft if asked; scheduled if
    published lies ahead; else live, which raises the generation of its sections, those it left included. Without
    `published` a new article takes now when it goes live; a replaced one keeps what it had.
    Raises ArticleNotFoundError for an unknown article_id, ConflictError for an id that is taken.
    """
    raise NotImplementedError


def withdraw(store: Store, clock: Clock, article_id: str) -> Outcome:
    """Take it out of every feed at once (raises urgent generations). Raises ArticleNotFoundError. Twice is once."""
    raise NotImplementedError


def promote_due(store: Store, clock: Clock) -> list[Article]:
    """Set live every scheduled article whose time has come, each in a transaction that raises generations."""
    raise NotImplementedError


def register_sections(store: Store, clock: Clock, slugs: tuple[str, ...]) -> None:
    """Give every feed its row: a feed id minted once, a creation time, generation 0."""
    raise NotImplementedError
