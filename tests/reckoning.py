"""What was acknowledged, held to what is stored and to what lies in the feeds folder: nothing lost, nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from lxml import etree
from sqlalchemy import text

from desk import Sent
from feedsvc.audit import audit, audit_archives
from feedsvc.model import INDEX_SLUG
from feedsvc.runtime import Runtime

_ATOM = "{http://www.w3.org/2005/Atom}"
_NOTICE = "本文已撤回"
"""Stands in the place of a withdrawn article's title, in sections that say so."""

_NAMED = 5


def find_faults(runtime: Runtime, acknowledged: Mapping[str, Sent], *, audited: Collection[str]) -> list[str]:
    """Everything wrong, in words. Nobody writes meanwhile, and all is current.

    The Atom documents and archives of the plain sections are read here, by lxml; feedsvc's own audit reads back every
    document of the feeds `audited`.
    """
    return [
        *_find_in_store(runtime, acknowledged),
        *(fault for slug in runtime.settings.plain for fault in _find_in_section(runtime, slug, acknowledged)),
        *(fault for slug in audited for fault in _audit(runtime, slug)),
    ]


def all_feeds(runtime: Runtime) -> list[str]:
    return [*runtime.settings.feeds, INDEX_SLUG]


def count_live(acknowledged: Mapping[str, Sent]) -> int:
    return sum(not sent.is_withdrawn for sent in acknowledged.values())


def count_stored(runtime: Runtime) -> int:
    return sum(runtime.store.count_articles().values())


def count_in_feeds(runtime: Runtime) -> int:
    """Articles that stand in the live document or an archive of a plain section, or of several."""
    found = {title for slug in runtime.settings.plain for each in _read_section(runtime, slug) for _, title in each}
    return len(found - {_NOTICE})


def _read_section(runtime: Runtime, slug: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Entries of the live document, and of all archives."""
    archives = sorted((runtime.folder.path / slug / "archive").glob("*.atom"))
    return (
        _read_entries((runtime.folder.path / f"{slug}.atom").read_bytes()),
        [entry for path in archives for entry in _read_entries(path.read_bytes())],
    )


def _find_in_store(runtime: Runtime, acknowledged: Mapping[str, Sent]) -> Iterator[str]:
    with runtime.store._database.read() as connection:
        rows = list(connection.execute(text("SELECT external_id, title, state FROM article")))
    counted = Counter(name for name, _, _ in rows)
    yield from _tell("stored twice", [name for name, count in counted.items() if count > 1])
    yield from _tell("acknowledged, and not stored", sorted(acknowledged.keys() - counted.keys()))
    yield from _tell("stored, and never sent", sorted(map(str, counted.keys() - acknowledged.keys())))
    for name, title, state in rows:
        sent = acknowledged.get(name)
        if sent is not None and (title, state == "withdrawn") != (sent.title, sent.is_withdrawn):
            yield f"{name} is stored as {title!r}, {state}; acknowledged was {sent}"


def _find_in_section(runtime: Runtime, slug: str, acknowledged: Mapping[str, Sent]) -> Iterator[str]:
    """Whatever is live in a section stands in its live document or in an archive of it, or in both if corrected."""
    live, archived = _read_section(runtime, slug)
    for place, entries in (("the live document", live), ("the archives", archived)):
        counted = Counter(entry_id for entry_id, _ in entries)
        yield from _tell(f"twice in {place} of {slug}", [entry_id for entry_id, n in counted.items() if n > 1])
    wanted = {sent.title for sent in acknowledged.values() if slug in sent.sections and not sent.is_withdrawn}
    found = {title for _, title in (*live, *archived)} - {_NOTICE}
    yield from _tell(f"live, and not in {slug} or its archives", sorted(wanted - found))
    yield from _tell(f"in {slug}, and not live", sorted(found - wanted))


def _read_entries(document: bytes) -> list[tuple[str, str]]:
    """Id and title of each."""
    entries = etree.fromstring(document).iterfind(f"{_ATOM}entry")
    return [(each.findtext(f"{_ATOM}id", ""), each.findtext(f"{_ATOM}title", "")) for each in entries]


def _audit(runtime: Runtime, slug: str) -> Iterator[str]:
    found = {slug: audit(runtime, runtime.settings, slug), **audit_archives(runtime, runtime.settings, slug)}
    for name, findings in found.items():
        yield from (f"{name}: {finding}" for finding in findings)


def _tell(what: str, names: Collection[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{what}: {', '.join(list(names)[:_NAMED])}{more}"
