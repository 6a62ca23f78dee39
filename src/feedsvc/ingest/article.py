"""The article in JSON: the one shape every importer ends in, and the one gate through which articles come.

Names are those of the HTTP API: external_id, title, link, summary, content_html, sections, authors [{name, email, url}],
editor, source {name, url}, breadcrumb, tags, language, published, updated, image {url, type, width, height, alt},
enclosures [{url, type, length}], minor, draft. Required: title, sections, and content_html or summary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from pydantic import BaseModel

from feedsvc.model import ArticleInput, Note


class ArticleJSON(BaseModel):
    """pydantic model of the JSON shape; unknown fields are refused."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An article that passed the gate, and what was changed on the way (told to the sender)."""

    article: ArticleInput
    notes: tuple[Note, ...] = ()


def accept(
    data: Mapping[str, Any],
    *,
    resolve_section: Callable[[str], str],
    base_url: str,
    naive_timezone: tzinfo | None = None,
) -> Accepted:
    """Check and canonicalise an article given as JSON values.

    `resolve_section` turns a name into a slug or raises UnknownSectionError; relative URLs count from the article's link, else
    from `base_url`. A time without zone is read in `naive_timezone` with a note; where that is None it is refused.
    Raises RefusedError with every problem found.
    """
    raise NotImplementedError
