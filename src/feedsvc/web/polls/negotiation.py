"""Which coding of a document a client gets (RFC 9110 §12.5.3)."""

from __future__ import annotations

from typing import Final, Literal

from werkzeug.http import parse_accept_header

from feedsvc.model import Coding

IDENTITY: Final = "identity"
Form = Coding | Literal["identity"]
"""A document's plain bytes, or one of its codings."""

_BY_MERIT: tuple[Form, ...] = ("br", "gzip", IDENTITY)
"""What is sent where the client likes several equally: the smallest."""

_ALIASES = {"x-gzip": "gzip"}  # RFC 9110 §8.4.1.3
_REMEMBERED = 1_000
_LONGEST_REMEMBERED = 500


class Negotiator:
    """Remembers what it made of a header: a million readers send a few dozen of them."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Form, ...]] = {}

    def order(self, accept_encoding: str | None) -> tuple[Form, ...]:
        """Codings in the order in which to try them, `identity` among them always."""
        if accept_encoding is None:
            return (IDENTITY,)
        made = self._made.get(accept_encoding)
        if made is None:
            made = order_codings(accept_encoding)
            if len(accept_encoding) > _LONGEST_REMEMBERED:
                return made
            if len(self._made) >= _REMEMBERED:
                self._made.clear()
            self._made[accept_encoding] = made
        return made


def order_codings(accept_encoding: str) -> tuple[Form, ...]:
    """The acceptable codings, best first.

    Plain bytes come last where the client names other codings only, and also where it refuses them: a reader is better
    off with what it did not ask for than with 406, and RFC 9110 leaves the choice.
    """
    qualities: dict[str, float] = {}
    for coding, quality in parse_accept_header(accept_encoding):
        name = coding.lower()
        qualities.setdefault(_ALIASES.get(name, name), quality)
    others = qualities.get("*", 0.0)
    accepted = [(qualities.get(coding, others), coding) for coding in _BY_MERIT]
    order = [coding for quality, coding in sorted(accepted, key=lambda each: -each[0]) if quality > 0]
    return tuple(order) if IDENTITY in order else (*order, IDENTITY)
