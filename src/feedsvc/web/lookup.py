"""The article that a key names: its id, else its external id. What is wrong with its row is told to who may read it."""

from __future__ import annotations

from feedsvc.errors import ArticleNotFoundError, UnreadableArticleError
from feedsvc.model import Article
from feedsvc.runtime import Runtime
from feedsvc.store import Salvage
from feedsvc.web.auth import Scope


def find(runtime: Runtime, scope: Scope, key: str) -> Salvage | None:
    """The article, or what is left of one that can't be read, for what replaces it or takes it back."""
    try:
        return runtime.store.salvage(key)
    except UnreadableArticleError as error:
        refuse_stranger(runtime, scope, key, error)
        raise


def require(runtime: Runtime, scope: Scope, key: str) -> Article:
    """The article whole. Raises ArticleNotFoundError, UnreadableArticleError."""
    try:
        article = runtime.store.article(key) or runtime.store.article_by_external_id(key)
    except UnreadableArticleError as error:
        refuse_stranger(runtime, scope, key, error)
        raise
    if article is None:
        raise ArticleNotFoundError(key)
    return article


def refuse_stranger(runtime: Runtime, scope: Scope, key: str, error: UnreadableArticleError) -> None:
    """Raise for a token that may not read the article; where its sections can't be known, none but one for all may."""
    if scope.sections is None:
        return
    try:
        left = runtime.store.salvage(key)
    except UnreadableArticleError:
        left = None
    if left is None:
        raise ArticleNotFoundError(key) from error
    scope.require_any(left.article.sections)
