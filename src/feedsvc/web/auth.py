"""Bearer tokens (RFC 6750): who asks, and for which sections."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from feedsvc.errors import StoreError
from feedsvc.log import get_logger
from feedsvc.model import Token
from feedsvc.runtime import Runtime
from feedsvc.tokens import hash_token
from feedsvc.web.guesses import Guesses
from feedsvc.web.problems import ProblemError

log = get_logger(__name__)

_REALM = "feedsvc"
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token may touch: `sections` are slugs of plain sections, None means all."""

    sections: frozenset[str] | None

    def covers(self, slugs: Iterable[str]) -> bool:
        """To write an article, all of its sections must be in the scope."""
        return self.sections is None or self.sections.issuperset(slugs)

    def touches(self, slugs: Iterable[str]) -> bool:
        """To read an article, one of its sections is enough: it stands in a section that the token may read."""
        return self.sections is None or not self.sections.isdisjoint(slugs)

    def require(self, slugs: Iterable[str]) -> None:
        """Raise ProblemError 403 unless all of `slugs` are in the scope."""
        foreign = sorted(set(slugs) - (self.sections or frozenset())) if self.sections is not None else []
        if foreign:
            raise self._insufficient(foreign)

    def require_any(self, slugs: Iterable[str]) -> None:
        """Raise ProblemError 403 unless one of `slugs` is in the scope."""
        wanted = sorted(set(slugs))
        if not self.touches(wanted):
            raise self._insufficient(wanted)

    def _insufficient(self, foreign: list[str]) -> ProblemError:
        own = sorted(self.sections or ())
        return ProblemError(
            HTTPStatus.FORBIDDEN,
            "insufficient-scope",
            "The token is not for this section.",
            f"It is for {', '.join(own)}; this needs {', '.join(foreign)}.",
            {"WWW-Authenticate": f'Bearer realm="{_REALM}", error="insufficient_scope", scope="{" ".join(foreign)}"'},
        )


def authenticate(runtime: Runtime, guesses: Guesses, authorization: str | None, address: str) -> Scope:
    """The scope of the token in an Authorization header.

    Raises ProblemError: 401 without a good one, 429 if this address has sent too many wrong ones.
    """
    if authorization is None:
        raise _unauthorized("no-token", "This needs a token.", "Send it as Authorization: Bearer fs_...")
    match = _BEARER.fullmatch(authorization.strip())
    if match is None:
        raise _unauthorized("no-token", "This needs a token.", "The Authorization header holds no bearer token.")
    token_hash = hash_token(match[1])
    if wait_seconds := guesses.wait_seconds(address, token_hash):
        raise _throttled(wait_seconds)
    token = runtime.store.token_by_hash(token_hash)
    if token is None or not token.is_in_force(runtime.clock()):
        guesses.note_wrong(address)
        detail = "No such token is known." if token is None else "It has been revoked."
        raise _unauthorized("invalid-token", "The token is not valid.", detail, "invalid_token")
    _note_use(runtime, token)
    return Scope(frozenset(token.sections) if token.sections else None)


def _unauthorized(name: str, title: str, detail: str, error: str = "") -> ProblemError:
    """RFC 6750 §3: a request that sent no token is told nothing but that one is needed."""
    told = f', error="{error}", error_description="{detail}"' if error else ""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED, name, title, detail, {"WWW-Authenticate": f'Bearer realm="{_REALM}"{told}'}
    )


def _throttled(wait_seconds: int) -> ProblemError:
    """RFC 6585 §4."""
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many-wrong-tokens",
        "Too many wrong tokens came from this address.",
        f"Tokens are looked at again in {wait_seconds} s. `feedsvc token list` says which ones are in force.",
        {"Retry-After": str(wait_seconds)},
    )


def _note_use(runtime: Runtime, token: Token) -> None:
    now = runtime.clock()
    if token.last_used is not None and now - token.last_used < _USE_NOTED_EVERY:
        return
    try:
        with runtime.store.write() as tx:
            tx.note_token_use(token.id, now)
    except StoreError as error:  # the request itself may still be answered, reading for example
        log.warning("token_use_not_noted", token=token.name, error=str(error))
