"""What of a feed need be neither rendered nor proved again: proofs from the store, bytes from the live documents.

The bytes count only under the digest that was proved, so neither a file that was altered nor one of another time can
bring anything else into a document. Where either is missing, more is made anew, and that is all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from feedsvc.errors import OutputError
from feedsvc.feed.assembly import Kept, keep
from feedsvc.output import FeedsFolder
from feedsvc.store import Reading


def gather(reading: Reading, folder: FeedsFolder, slug: str, formats: Iterable[str]) -> Mapping[str, Kept]:
    """By format, under the section's lock. Raises StoreError."""
    proofs = reading.proofs(slug)
    return {name: keep(_read(folder, slug, name), name, proofs[name]) for name in formats if name in proofs}


def _read(folder: FeedsFolder, slug: str, format: str) -> bytes:
    """What lies there, whatever it is; nothing where it can't be read."""
    try:
        document = folder.read(slug, format)
    except OutputError:
        return b""
    return document.content if document else b""
