"""What is new or changed in a live document since its last versions (RFC 3229, with "feed" as instance manipulation).

    lead         a document and what the last versions held -> Trail             pure, proved
    Tracker      reads what is remembered, asks the store about entries that left, saves the trail

An entry has changed when its bytes have, whether by a correction, a setting or a newer renderer. A delta is cut from
the document that went live: its head, whole entries, its foot, nothing written anew. So its parts are proved already.
What is left to prove is that they stand without the rest, and that is proved for all deltas of a document at once: the
document of every entry that any of them needs is held to its feed as any other is. Each delta is that one less some
entries.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial

from feedsvc.config import ProofMode, Settings
from feedsvc.errors import FeedsvcError, OutputError
from feedsvc.feed import atom, rss
from feedsvc.feed.compose import only
from feedsvc.feed.formats import FORMATS, Format
from feedsvc.feed.pieces import split
from feedsvc.log import get_logger
from feedsvc.model import Document, Feed, Finding, Section, Trail, Version
from feedsvc.output import Deltas, FeedsFolder
from feedsvc.proof import guard
from feedsvc.staleness import formats_of
from feedsvc.store import Store

log = get_logger(__name__)

KEPT_VERSIONS = 8
"""From so many versions before the live one there are deltas."""

WORTHWHILE_SHARE = 0.6
"""A delta that is not smaller than this share of the document is none: the whole is the safer answer."""

DELTA_FORMATS = (rss.NAME, atom.NAME)
"""JSON Feed has no head that a reader would merge by, and RFC 3229's "feed" is for RSS and Atom."""

_TAG_DIGITS = 32


def left(now: Version, before: Version) -> set[str]:
    """The ids of entries that stood in an earlier version and are not there now."""
    return set(before.entries) - set(now.entries)


def changed(now: Version, before: Version) -> tuple[str, ...]:
    """The ids of entries that an earlier version did not hold as they are now."""
    return tuple(entry_id for entry_id, digest in now.entries.items() if before.entries.get(entry_id) != digest)


def lead(
    document: Document,
    feed: Feed,
    mtime: datetime,
    remembered: Sequence[Version],
    *,
    slid_out: Callable[[frozenset[str]], Collection[str]],
    verify: Callable[[bytes, Feed], Iterable[Finding]],
) -> tuple[Trail, tuple[Finding, ...]] | None:
    """The trail to a proved document of this feed, and why its deltas can't be proved (then it has none).

    `remembered` is what the last versions held, newest first. `slid_out` is asked which of the entries that have left
    only made room for newer ones. `verify` may trust the bytes of each entry by itself. None where the document does
    not fall into the feed's entries.
    """
    pieces = document.pieces or split(document.content, document.format)
    ids = [entry.entry_id for entry in feed.entries]
    if pieces is None or len(pieces.entries) != len(set(ids)) or len(ids) != len(set(ids)):
        return None
    entries = dict(zip(ids, pieces.entries, strict=True))
    now = Version(document.digest[:_TAG_DIGITS], dict(zip(ids, pieces.digests, strict=True)))
    earlier = tuple(version for version in remembered if version.tag != now.tag)[:KEPT_VERSIONS]
    departed = frozenset(entry_id for version in earlier for entry_id in left(now, version))
    forgivable = set(slid_out(departed)) if departed else set()
    bound_bytes = len(document.content) * WORTHWHILE_SHARE - len(pieces.head) - len(pieces.foot)
    deltas = {
        version.tag: fresh
        for version in earlier
        if left(now, version) <= forgivable
        and (fresh := changed(now, version))
        and sum(len(entries[entry_id]) for entry_id in fresh) < bound_bytes
    }
    needed = {entry_id for fresh in deltas.values() for entry_id in fresh}
    trail = Trail(
        mtime=mtime,
        versions=(now, *earlier),
        deltas=deltas,
        head=pieces.head,
        entries={entry_id: piece for entry_id, piece in entries.items() if entry_id in needed},
        foot=pieces.foot,
    )
    findings = _prove(trail, feed, document.format, verify) if deltas else ()
    return (replace(trail, deltas={}, entries={}) if findings else trail), findings


def _prove(
    trail: Trail, feed: Feed, format: str, verify: Callable[[bytes, Feed], Iterable[Finding]]
) -> tuple[Finding, ...]:
    findings = guard(format, lambda: verify(trail.join(trail.entries), only(feed, trail.entries)))
    return tuple(finding for finding in findings if finding.severity == "error")


class Tracker:
    """Bound to one store and one feeds folder. What it can't do harms nobody: readers get the whole document."""

    def __init__(self, store: Store, folder: FeedsFolder, *, formats: Mapping[str, Format] = FORMATS) -> None:
        self._store = store
        self._folder = folder
        self._deltas = Deltas(folder)
        self._formats = formats
        self._complained: set[tuple[str, ...]] = set()

    def follow(
        self,
        section: Section,
        feed: Feed,
        documents: Sequence[Document],
        times: Mapping[str, datetime],
        *,
        proof: ProofMode,
    ) -> None:
        """Lay the trails to documents that are about to go live, under the folder's lock for the section.

        So whoever finds the document finds its deltas, too. Never raises; what goes wrong is logged, once until it
        goes right.
        """
        why = None
        slid_out = cache(partial(self._slid_out, section))  # each format asks the same
        for document in documents:
            if document.format in DELTA_FORMATS:
                row = self._formats[document.format]
                verify = row.verify if proof == "full" else row.inspect
                why = self._follow(feed, document, times[document.format], slid_out, verify) or why
        self._tell("deltas_missing", why, slug=section.slug)

    def remove_unconfigured(self, settings: Settings) -> None:
        """Remove the trails to documents that config.yaml no longer names. Never raises, likewise."""
        why = None
        try:
            for slug, name in self._deltas.names():
                if name not in formats_of(settings, slug):
                    with self._folder.lock(slug):
                        self._deltas.remove(slug, [name])
        except OutputError as error:
            why = str(error)
        self._tell("deltas_not_removed", why)

    def _tell(self, event: str, why: str | None, **about: str) -> None:
        key = (event, *about.values())
        if why is None:
            self._complained.discard(key)
        elif key not in self._complained:
            self._complained.add(key)
            log.warning(event, reason=why, **about)

    def _follow(
        self,
        feed: Feed,
        document: Document,
        mtime: datetime,
        slid_out: Callable[[frozenset[str]], Collection[str]],
        verify: Callable[[bytes, Feed], Iterable[Finding]],
    ) -> str | None:
        try:
            known = self._deltas.load(document.slug, document.format)
            led = lead(
                document,
                feed,
                mtime,
                known.versions if known else (),
                slid_out=slid_out,
                verify=verify,
            )
            if led is None:
                return f"{document.format}: the document can't be cut into its entries"
            trail, findings = led
            self._deltas.save(document.slug, document.format, trail)
        except FeedsvcError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  # a fault of ours in here must keep no document back
            return f"{document.format}: {type(error).__name__}: {error}"
        return f"deltas can't be proved: {findings[0]}" if findings else None

    def _slid_out(self, section: Section, entry_ids: frozenset[str]) -> frozenset[str]:
        """Those that still belong to the section: live there, not in quarantine."""
        sections = self._store.sections_of_live(entry_ids)
        members = set(section.members)
        return frozenset(entry_id for entry_id, named in sections.items() if not members.isdisjoint(named))
