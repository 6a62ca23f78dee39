"""Outside shapes -> ArticleInput, canonical. Pure: bytes and text in, values out, a refusal names field, value and reason."""

from feedsvc.ingest.article import Accepted, ArticleJSON, accept

__all__ = ["Accepted", "ArticleJSON", "accept"]
