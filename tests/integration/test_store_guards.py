"""What stands in the database can be read, even what someone wrote into it by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from feedsvc.model import ArticleInput
from feedsvc.publish import put
from feedsvc.store import Store

if TYPE_CHECKING:
    from integration.conftest import SettableClock


@pytest.mark.parametrize(
    "change",
    [
        "state = 'liev'",
        "published = NULL",
        "state = 'scheduled', published = NULL",
        "published = 253402300800",
        "updated = -62135596801",
        "sections = '{}'",
        "authors = '\"someone\"'",
        "tags = 'null'",
        "image = '[]'",
        "enclosures = '[{'",
    ],
)
def test_an_article_that_could_not_be_read_is_refused(
    store: Store, store_url: str, clock: SettableClock, change: str
) -> None:
    article = put(store, clock, ArticleInput(title="題", summary="摘要", sections=("macro",))).article
    engine = create_engine(store_url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(text(f"UPDATE article SET {change}"))
    finally:
        engine.dispose()

    assert store.article(article.id) == article


def test_a_draft_may_stand_without_a_time(store: Store, clock: SettableClock) -> None:
    draft = ArticleInput(title="題", summary="摘要", sections=("macro",), draft=True)

    article = put(store, clock, draft).article

    assert article.published is None


@pytest.mark.parametrize("published", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)])
def test_the_first_and_the_last_instant_are_kept(store: Store, clock: SettableClock, published: datetime) -> None:
    edge = ArticleInput(title="題", summary="摘要", sections=("macro",), published=published)

    article = put(store, clock, edge).article

    assert store.article(article.id) == article
    assert article.published == published
