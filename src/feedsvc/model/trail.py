"""How one gets from the last versions of a live document to the one that lies there now."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Version:
    """What a document held at one time: `entries` maps an entry's id to a digest of its bytes, in the document's order.

    `tag` is what stands in the document's ETag: the first 32 hex digits of its SHA-256.
    """

    tag: str
    entries: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What a document was, and what has changed since.

    `mtime` is the document's. `versions` are newest first, the document itself among them. `deltas` maps the tag of a
    version to the ids of the entries that are new or changed since, in the document's order; a version that is not in
    it has no delta. `head`, `entries` (by id, those that a delta needs) and `foot` are bytes of the document.
    """

    mtime: datetime
    versions: tuple[Version, ...]
    deltas: Mapping[str, Sequence[str]]
    head: bytes
    entries: Mapping[str, bytes]
    foot: bytes

    @property
    def tag(self) -> str:
        """That of the document to which it leads."""
        return self.versions[0].tag if self.versions else ""

    def delta_from(self, tag: str) -> bytes | None:
        """The document with only what is new or changed since this version, or None."""
        return self.join(self.deltas[tag]) if tag in self.deltas else None

    def join(self, entry_ids: Collection[str]) -> bytes:
        """The document with only these entries, in its own order."""
        return b"".join((self.head, *(piece for each, piece in self.entries.items() if each in entry_ids), self.foot))
