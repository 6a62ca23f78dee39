"""Use case: documents that are missing in the feeds folder come back as they were published, with their twins.

Whatever is live has a second name outside of the folder (output/spares.py). What was published of a feed, made from
just what it would be made from now, need be neither rendered nor proved nor compressed again: its very files come back,
each read whole and held against the digest that was published; so ETag and Last-Modified are the same. What does not
fit is left alone, and made anew.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from feedsvc.errors import OutputError
from feedsvc.log import get_logger
from feedsvc.model import Coding, DocumentRecord, Mark, Publication
from feedsvc.output import CODINGS, SUFFIXES, FeedsFolder, FileStats, digest_of, unpack
from feedsvc.staleness import Stale

log = get_logger(__name__)

Levels = Mapping[Coding, int]

_THREADS = min(4, os.cpu_count() or 1)
"""Most of the time is reading and digesting, at which Python's lock is not held."""


def find_lost(known: Mapping[str, Mark | Publication], stale: Mapping[str, Stale]) -> list[Mark | Publication]:
    """Of these feeds those that were published as they would be now, so that only files are missing or not theirs."""
    return [
        known[slug]
        for slug, each in stale.items()
        if slug in known and (known[slug].made_from, known[slug].error) == (each.made_from, None)
    ]


def bring_back(
    folder: FeedsFolder,
    name: str,
    records: Iterable[DocumentRecord],
    levels: Levels,
    files: FileStats,
    *,
    twins_alone: bool = False,
) -> FileStats:
    """What is missing of these documents and their twins, under the name's lock.

    `files` and what comes back: what lies there, as `FeedsFolder.stats_of` says. Raises OutputError.
    """
    if not _bring_back(folder, name, records, levels, files, twins_alone=twins_alone):
        return files
    folder.sync(name)
    log.info("feeds_brought_back", feeds=1, slug=name)
    return folder.stats_of(name)


def bring_back_all(folder: FeedsFolder, levels: Levels, lost: Sequence[Mark | Publication]) -> tuple[str, ...]:
    """What is missing of all these feeds; the slugs of those of which something was.

    Nothing is asked of the store: whatever somebody publishes meanwhile lies there, and its spares are others.
    """
    if not lost:
        return ()
    began = time.monotonic()

    def retrieve(known: Mark | Publication) -> bool:
        # What is refused here is refused to whoever makes it anew, who tells of it.
        with contextlib.suppress(OutputError), folder.lock(known.slug):
            return _bring_back(folder, known.slug, known.documents, levels, folder.stats_of(known.slug))
        return False

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="feedsvc-retrieval") as threads:
        found = list(threads.map(retrieve, lost))
    slugs = tuple(known.slug for known, is_back in zip(lost, found, strict=True) if is_back)
    if slugs:
        with contextlib.suppress(OutputError):
            folder.sync()
        log.info("feeds_brought_back", feeds=len(slugs), seconds=round(time.monotonic() - began, 3))
    return slugs


def fill(folder: FeedsFolder, name: str, records: Sequence[DocumentRecord]) -> None:
    """Give these live documents and their twins, if they are right, the second names that they lack; under the lock.

    Raises OutputError for what can't be read.
    """
    for record in records:
        lacking = folder.spares.find_lacking(name, record)
        document = folder.read(name, record.format) if lacking else None
        if document is None or document.digest != record.digest:
            continue
        digests = {record.format: record.digest} if None in lacking else {}
        for coding in (coding for coding in lacking if coding is not None):
            twin = folder.read_twin(name, record.format, coding, record.mtime)
            if twin is not None and unpack(coding, twin, len(document.content)) == document.content:
                digests[f"{record.format}.{SUFFIXES[coding]}"] = digest_of(twin)
        folder.spares.keep(name, digests, is_all=False)


def _bring_back(
    folder: FeedsFolder,
    name: str,
    records: Iterable[DocumentRecord],
    levels: Levels,
    files: FileStats,
    *,
    twins_alone: bool = False,
) -> bool:
    """Did anything come back? Twins come only to the document that is theirs, to the last byte."""
    count = 0
    for record in records:
        lying = files.get((name, record.format))
        missing = _find_missing(name, record, levels, files)
        if lying is None and not twins_alone:
            is_right = folder.spares.bring_back(name, record)
            count += is_right
            folder.spares.bring_back_trail(name, record)
        else:
            is_like = lying == (record.length_bytes, record.mtime)
            is_right = bool(missing) and is_like and _digest(folder, name, record.format) == record.digest
        if is_right:
            count += sum(folder.spares.bring_back(name, record, coding) for coding in missing)
    if count:
        folder.bell.ring()
    return count > 0


def _digest(folder: FeedsFolder, name: str, format: str) -> str:
    document = folder.read(name, format)
    return document.digest if document else ""


def _find_missing(name: str, record: DocumentRecord, levels: Levels, files: FileStats) -> list[Coding]:
    """The codings of the twins that should lie beside this document, and don't."""
    wanted = (coding for coding in CODINGS if levels.get(coding) and record.twins.get(coding))
    return [coding for coding in wanted if (name, f"{record.format}.{SUFFIXES[coding]}") not in files]
