"""Every error in HTTP's words: status codes, and problem details (RFC 9457) for the API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Response

from feedsvc.errors import (
    ArticleNotFoundError,
    BucketConflictError,
    BucketError,
    ConfigError,
    ConflictError,
    FeedsvcError,
    OutdatedError,
    OutputError,
    ParseError,
    Problem,
    RefusedError,
    RenderError,
    StoreError,
    StoreUnavailableError,
    UnknownSectionError,
    UnreadableArticleError,
    UnreadableSectionError,
)

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a class of errors is over HTTP. `name` makes the problem's type; `is_told` lets its text go out."""

    status: HTTPStatus
    name: str
    title: str
    is_told: bool = True


# A fault of ours may speak of paths and databases: its text goes to the log, not to the client.
_INTERNAL = Meaning(
    HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The service failed; the error is in its log.", is_told=False
)

MEANINGS: Mapping[type[FeedsvcError], Meaning] = {
    FeedsvcError: _INTERNAL,
    ConfigError: _INTERNAL,
    RenderError: _INTERNAL,
    StoreError: _INTERNAL,
    OutputError: _INTERNAL,
    BucketError: _INTERNAL,
    BucketConflictError: _INTERNAL,
    RefusedError: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "refused", "The article can't be accepted as it is."),
    ParseError: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "not-a-feed", "This can't be read as a feed."),
    UnknownSectionError: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "unknown-section", "There is no such section."),
    ArticleNotFoundError: Meaning(HTTPStatus.NOT_FOUND, "no-such-article", "There is no such article."),
    ConflictError: Meaning(HTTPStatus.CONFLICT, "conflict", "This contradicts what is stored."),
    UnreadableArticleError: Meaning(HTTPStatus.CONFLICT, "unreadable", "The article is stored as what is no article."),
    UnreadableSectionError: _INTERNAL,
    OutdatedError: _INTERNAL,
    StoreUnavailableError: Meaning(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "store-unavailable",
        "The article store can't be reached just now; nothing was changed. The same request may succeed soon.",
        is_told=False,
    ),
}


def meaning_of(error: FeedsvcError) -> Meaning:
    """The nearest class's meaning, so that a new subclass has its parent's."""
    return next(MEANINGS[cls] for cls in type(error).__mro__ if cls in MEANINGS)


@dataclass
class ProblemError(Exception):
    """A request that HTTP itself has an answer for (no token, wrong type, too large): raise it in any API view."""

    status: HTTPStatus
    name: str
    title: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[Problem] = ()


def problem(
    status: int,
    name: str,
    title: str,
    detail: str = "",
    *,
    errors: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> Response:
    """RFC 9457 §3: type, title, status, detail; `errors` names each field, its value and the reason."""
    members: dict[str, Any] = {"type": f"urn:feedsvc:problem:{name}", "title": title, "status": int(status)}
    if detail:
        members["detail"] = detail
    if errors:
        members["errors"] = [{"field": error.field, "value": error.value, "reason": error.reason} for error in errors]
    body = json.dumps(members | extensions, ensure_ascii=False)
    # A value quoted back may hold a lone surrogate, which no encoding can carry.
    encoded = body.encode("utf-8", "backslashreplace")
    return Response(encoded, int(status), dict(headers or {}), mimetype=MEDIA_TYPE)


def problem_of(error: FeedsvcError) -> Response:
    """Any error of ours as problem details, with whatever it carries that helps to mend the request."""
    meaning = meaning_of(error)
    errors: Sequence[Problem] = ()
    extensions: dict[str, Any] = {}
    headers = {}
    match error:
        case RefusedError():
            errors = error.problems
        case ConflictError():
            errors = (Problem(error.field, "", error.reason),)
        case UnreadableArticleError():
            errors = (Problem(error.where, "", error.reason),)
            extensions = {"id": error.article_id}
        case UnknownSectionError():
            errors = (Problem("section", error.name, str(error)),)
            extensions = {"sections": list(error.known)}
        case StoreUnavailableError():
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    detail = str(error) if meaning.is_told else ""
    return problem(meaning.status, meaning.name, meaning.title, detail, errors=errors, headers=headers, **extensions)
