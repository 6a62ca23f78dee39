"""`feedsvc migrate`: may the readers of an older feed be led here?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from zoneinfo import ZoneInfo

import click

from feedsvc.choice import choose
from feedsvc.cli.commands import FAILED, config_option
from feedsvc.cli.import_ import read_zone
from feedsvc.cli.messages import complain, say, warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_line
from feedsvc.errors import UnknownSectionError
from feedsvc.feed.compose import compose
from feedsvc.feed.formats import RENDERER
from feedsvc.ingest import is_feed, read_file
from feedsvc.migration import Fate, Kind, OldEntry, compare, is_flooding
from feedsvc.model import ALL_SLUG, Feed
from feedsvc.presence import presence
from feedsvc.runtime import Runtime

_HEADINGS: dict[Kind, str] = {
    "twice": "Would come a second time, under another id:",
    "changed": "Changed, under the same id:",
    "new": "New to a subscriber:",
    "gone": "No longer in the feed:",
    "refused": "Could not be read:",
}


@click.group("migrate")
@config_option
def command() -> None:
    """Say what readers of an older feed would see here."""


@command.command("check", short_help="Say what a subscriber of an older feed would see as new, changed or gone.")
@click.argument("old", metavar="OLD_FEED", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--section", metavar="SLUG", default=ALL_SLUG, help="The feed that is to take its place; else all.")
@click.option("--timezone", metavar="ZONE", help="As for import: zone of times that name none; else the site's.")
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
@config_option
def check(old: str, section: str, timezone: str | None, is_json: bool) -> None:
    """Compare OLD_FEED (a file, or - for standard input) with what is stored for a feed of ours.

    Exit code 0: nobody would get again what they have. 1: somebody would. Nothing is changed.
    """
    with open_runtime() as runtime:
        settings = runtime.settings
        if section not in settings.feeds:
            raise UnknownSectionError(section, tuple(settings.feeds))
        zone = read_zone(timezone or settings.site.timezone)
        with click.open_file(old, "rb") as file:
            before = _read_old(runtime, file.read(settings.limits.file + 1), zone)
        feed = _compose_now(runtime, section)
        fates = compare(before, feed, _find_whereabouts(runtime, section, before))
    if is_json:
        print_json(_report(section, fates))
    else:
        _tell(old, section, fates)
    if is_flooding(fates):
        raise click.exceptions.Exit(FAILED)


def _read_old(runtime: Runtime, content: bytes, zone: ZoneInfo) -> list[OldEntry]:
    """As import would read it; into which section is all the same here."""
    settings = runtime.settings
    if not is_feed(content):
        raise click.UsageError("OLD_FEED is no RSS, Atom or JSON feed.")
    batch = read_file(
        "",
        content,
        resolve_section=settings.resolve_section,
        base_url=settings.site.base_url,
        naive_timezone=zone,
        section=next(iter(settings.plain)),
        limits=settings.limits,
    )
    old = [OldEntry(place=taken.place, article=taken.accepted.article) for taken in batch.taken]
    return old + [OldEntry(place=refused.place or "the feed", refusal=str(refused.error)) for refused in batch.refused]


def _compose_now(runtime: Runtime, slug: str) -> Feed:
    settings = runtime.settings
    section = settings.feeds[slug]
    with runtime.store.reading() as reading:
        state = reading.section_states([slug])[slug]
        holdings = choose(reading, section, RENDERER).holdings
    return compose(settings.site, section, state, holdings, settings.sections)


def _find_whereabouts(runtime: Runtime, slug: str, old: Sequence[OldEntry]) -> dict[str, str]:
    """Why each old entry that is stored would not stand in this feed, by its id."""
    ids = [one.article.entry_id for one in old if one.article and one.article.entry_id]
    whereabouts = {}
    for entry_id, article in runtime.store.articles_by_entry_id(ids).items():
        here = [
            one for one in presence(runtime.store, runtime.settings, runtime.folder_id, article) if one.slug == slug
        ]
        sections = ", ".join(article.sections)
        whereabouts[entry_id] = here[0].reason if here else f"stands in {sections}, whose articles are not shown here"
    return whereabouts


def _report(slug: str, fates: Sequence[Fate]) -> dict[str, object]:
    listed: dict[str, object] = {kind: [asdict(fate) for fate in fates if fate.kind == kind] for kind in _HEADINGS}
    same = sum(fate.kind == "same" for fate in fates)
    return {"section": slug, "ok": not is_flooding(fates), "same": same} | listed


def _tell(name: str, slug: str, fates: Sequence[Fate]) -> None:
    for kind, heading in _HEADINGS.items():
        of_kind = [fate for fate in fates if fate.kind == kind]
        if of_kind:
            print_line(heading)
        for fate in of_kind:
            reason = f": {fate.reason}" if fate.reason else ""
            print_line(f"  {fate.title or fate.place}{f' ({fate.entry_id})' if fate.entry_id else ''}{reason}")
    counts = ", ".join(f"{sum(fate.kind == kind for fate in fates)} {kind}" for kind in ("same", *_HEADINGS))
    say(f"Entries: {counts}.")
    file = "OLD_FEED" if name == "-" else name
    if is_flooding(fates):
        complain(
            "Readers would get again what they have. Withdraw the articles that came in under other ids, and import "
            f"first: `feedsvc import {file} --section {slug}`."
        )
    elif any(fate.kind == "gone" and fate.reason.startswith("is not stored") for fate in fates):
        warn(f"Nobody gets anything again, but old entries are missing: `feedsvc import {file} --section {slug}`.")
    else:
        say("Nobody gets again what they have.")
