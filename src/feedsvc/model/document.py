"""A feed's bytes in one format, and what is found wrong with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal


@dataclass(frozen=True, slots=True)
class Pieces:
    """A document of ours, cut: its head, the bytes of each entry in its order, its foot.

    `separator` stands between entries; `digests` are parallel to them.
    """

    head: bytes
    entries: tuple[bytes, ...]
    foot: bytes
    separator: bytes
    digests: tuple[str, ...]

    def join(self, entries: Iterable[bytes]) -> bytes:
        """The document with these entries in the place of its own."""
        return b"".join((self.head, self.separator.join(entries), self.foot))


@dataclass(frozen=True)
class Document:
    """The bytes of one feed in one format. `format` names a row of feed.formats (or "opml").

    `pieces` are what they fall into, where that is known.
    """

    slug: str
    format: str
    content: bytes
    pieces: Pieces | None = field(default=None, compare=False, repr=False)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the bytes in hex: the ETag's source and the test for "nothing changed"."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Proofs:
    """Which bytes were proved to say which entries, in one format of one feed.

    `context` digests all else that the proof hung on: code, libraries, the feed's head. `digests` maps what an entry
    says (its key) to the digest of the bytes that were proved to say it.
    """

    context: str
    digests: Mapping[str, str]


Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong with a document: a difference from what it should say, or a breach of its format's standard.

    `rule` is a short stable name (`entry.title`), `entry_id` the entry it hangs on or None for the document, `expected`
    and `found` are shortened for reading. `standard` names document and section (`RFC 4287 §4.2.6`), `mend` what to
    do about it, `place` where it stands (`line 12`, `content_html, character 40`); each may be empty.
    """

    rule: str
    message: str
    format: str
    entry_id: str | None = None
    expected: str = ""
    found: str = ""
    severity: Severity = "error"
    standard: str = ""
    mend: str = ""
    place: str = ""

    def __str__(self) -> str:
        whose = f" in entry {self.entry_id}" if self.entry_id else ""
        return f"{self.format}: {self.rule}{whose}: {self.message}"
