"""A feed -> its document in one format and what is wrong with it, reusing the bytes of entries that were proved before.

    each entry -> its key, a digest of all that it says; the rest that bytes or proof may hang on -> the context
    known: key -> digest of proved bytes; digest -> bytes                  (none at first, and with `proof: full`)
    render      head, entries whose bytes are not at hand, foot            by the format's renderer, as ever
    verify      head, entries that were never proved, foot                 by the format's verify, as ever
    join        head, all entries in their order, foot
    inspect     the whole: parsed, held to the schema; the sequence of ids

What an entry's bytes say does not hang on its neighbours: it is written, read and held to the rules by itself, but for
the ids, which must differ. So a document is proved if its head and foot are, each of its entries is, and the whole has
the right form and sequence. Each piece begins where an entry does and ends where one does, and there are as many
entries as pieces, in the sequence of the pieces: so no piece holds two, and none a part of one. In any doubt all of it
is rendered and verified anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable

from lxml import etree

from feedsvc.feed.compose import only
from feedsvc.feed.formats import Format
from feedsvc.feed.pieces import digest_of, split
from feedsvc.model import Feed, Finding, Pieces, Proofs

_CODE = ("feed", "parse", "model", "text.py", "htmltags.py", "words.py", "summary.py")
_LIBRARIES = ("feedgen", "feedparser", "lxml")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is at hand of a feed in one format: `proofs` of entries, and `pieces`, bytes of entries by their digest."""

    proofs: Proofs
    pieces: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Assembled:
    """`proofs` are of all entries in it; they count only without findings. `pieces` are None where it can't be cut."""

    content: bytes
    findings: tuple[Finding, ...]
    proofs: Proofs
    pieces: Pieces | None


def keep(content: bytes, format: str, proofs: Proofs) -> Kept:
    """What of a document can be used again."""
    pieces = split(content, format)
    return Kept(proofs, dict(zip(pieces.digests, pieces.entries, strict=True)) if pieces else {})


def keys_of(feed: Feed) -> Mapping[str, str]:
    """What each of its entries says, digested; by entry id, the same for all formats."""
    return {entry.entry_id: entry.key for entry in feed.entries}


def assemble(
    feed: Feed, format: Format, kept: Kept | None = None, *, keys: Mapping[str, str], renderer: str
) -> Assembled:
    """Render a feed and prove it; `keys` are those of its entries.

    Raises RenderError, and whatever renderer or verify may raise.
    """
    context = _context_of(feed, format, renderer)
    known = kept.proofs.digests if kept is not None and kept.proofs.context == context else {}
    if kept is not None and known and len(keys) == len(feed.entries):
        assembled = _assemble_of_kept(feed, format, keys, known, kept.pieces)
        if assembled is not None:
            return replace(assembled, proofs=Proofs(context, assembled.proofs.digests))
    content = format.render(feed)
    pieces = split(content, format.name)
    if pieces is not None and len(pieces.entries) != len(keys):
        pieces = None
    proofs = dict(zip(keys.values(), pieces.digests, strict=True)) if pieces else {}
    return Assembled(content, tuple(format.verify(content, feed)), Proofs(context, proofs), pieces)


def _assemble_of_kept(
    feed: Feed, format: Format, keys: Mapping[str, str], known: Mapping[str, str], lying: Mapping[str, bytes]
) -> Assembled | None:
    """None where it can't be proved so, for whatever reason."""
    digests = {each: digest for each, key in keys.items() if (digest := known.get(key, "")) in lying}
    entries = {each: lying[digest] for each, digest in digests.items()}
    missing = only(feed, keys.keys() - entries.keys())
    frame = split(format.render(missing), format.name)
    if frame is None or len(frame.entries) != len(missing.entries):
        return None
    rendered = [entry.entry_id for entry in missing.entries]
    digests.update(zip(rendered, frame.digests, strict=True))
    entries.update(zip(rendered, frame.entries, strict=True))
    unproved = [each for each in rendered if known.get(keys[each]) != digests[each]]
    findings = format.verify(frame.join(entries[each] for each in unproved), only(feed, unproved))
    whole = replace(frame, entries=tuple(entries[each] for each in keys), digests=tuple(digests[each] for each in keys))
    content = whole.join(whole.entries)
    if any(each.severity == "error" for each in findings) or format.inspect(content, feed):
        return None
    return Assembled(content, tuple(findings), Proofs("", dict(zip(keys.values(), whole.digests, strict=True))), whole)


def _context_of(feed: Feed, format: Format, renderer: str) -> str:
    """All that an entry's bytes and their proof may hang on besides the entry: the feed's settings, the code.

    Where the document lies, and where others do, shows in its head alone: so what was proved in a live document is
    proved in its archives.
    """
    head = replace(feed, entries=(), tombstones=(), updated=feed.created)
    head = replace(head, self_urls={}, prev_archive_url=None, current_url=None)
    return digest_of(repr((renderer, _digest_code(), format.name, head)).encode(errors="surrogatepass"))


@cache
def _digest_code() -> str:
    """What renders, reads and judges: our own code to the letter, the libraries by their versions."""
    package = resources.files("feedsvc")
    sources = [source for name in _CODE for source in _read_sources(package / name)]
    versions = [(name, metadata.version(name)) for name in _LIBRARIES]
    return hashlib.sha256(repr((versions, etree.LIBXML_VERSION, sources)).encode()).hexdigest()


def _read_sources(place: Traversable) -> list[tuple[str, str]]:
    """Name and digest of each file there, in the order of names."""
    if place.is_dir():
        return [found for each in sorted(place.iterdir(), key=lambda each: each.name) for found in _read_sources(each)]
    is_source = place.name.endswith((".py", ".rng"))
    return [(place.name, hashlib.sha256(place.read_bytes()).hexdigest())] if is_source else []
