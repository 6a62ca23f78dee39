"""What `feedsvc verify` is given -> what was found in it: feeds of this service, its addresses, and any file."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from feedsvc.audit import audit, audit_archives, find_strangers, formats_of
from feedsvc.cli.findings import Checked
from feedsvc.errors import OutputError
from feedsvc.feed import opml
from feedsvc.feed.formats import FORMATS
from feedsvc.feed.grammar.rules import breach
from feedsvc.feed.lint import lint, read_titles
from feedsvc.model import ARCHIVE_FORMAT, STORED, Finding, Site
from feedsvc.parse import MAX_BYTES
from feedsvc.runtime import Runtime
from feedsvc.web.polls import Answer, Polls, environ_of
from feedsvc.web.proving import check_answers

STDIN = "-"

_MEANT = {row.suffix: (row.name, row.media_type) for row in FORMATS.values()} | {
    opml.SUFFIX: (opml.NAME, opml.MEDIA_TYPE)
}
"""How an address ends -> the format and the media type that it should be answered with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the command line says of a document that is not this service's own; see feed.lint."""

    format: str | None = None
    self_url: str | None = None
    embeds: Collection[str] = ()


def check_file(name: str, given: Given) -> Checked:
    """Lint a file, or standard input for "-". Raises OSError."""
    # One byte beyond what is parsed, so that the size is told as a fault like any other.
    if name == STDIN:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with Path(name).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    linted = lint(content, format=given.format, self_url=given.self_url, embeds=given.embeds)
    return Checked(
        name="standard input" if name == STDIN else name,
        format=linted.format,
        entries=linted.entries,
        titles=linted.titles,
        findings=linted.findings,
    )


def check_feed(runtime: Runtime, slug: str, formats: Sequence[str]) -> Iterator[Checked]:
    """Hold each document of a feed on disk to the store."""
    found = audit(runtime, runtime.settings, slug, formats=tuple(formats))
    for name in formats or formats_of(runtime.settings, slug):
        findings = tuple(finding for finding in found if finding.format == name)
        yield _of_feed(runtime, slug, name, findings)
    if bad := tuple(finding for finding in found if finding.format == STORED):
        yield Checked(name=f"{slug} in the database", feed=slug, format=None, findings=bad)


def check_archives(runtime: Runtime, slug: str) -> Iterator[Checked]:
    """Hold each archive of a feed on disk to the store."""
    found = audit_archives(runtime, runtime.settings, slug)
    for name, findings in found.items():
        yield _of_feed(runtime, name, ARCHIVE_FORMAT, findings)


def check_strangers(runtime: Runtime) -> Iterator[Checked]:
    """The files that config.yaml doesn't name."""
    for slug, found in find_strangers(runtime, runtime.settings).items():
        for finding in found:
            yield Checked(name=f"{slug}.{finding.format}", feed=slug, format=finding.format, findings=(finding,))


def check_address(runtime: Runtime, given: str) -> Checked:
    """Ask the service for an address as a reader would, and check the answers and what they hold.

    The function that answers is the server's own; no server has to run. Raises UsageError for another's address.
    """
    site = runtime.settings.site
    path = path_of(site, given)
    polls = Polls(runtime)

    def ask(method: str, headers: Mapping[str, str]) -> Answer:
        return polls.answer(environ_of(method, path, headers))

    answer = ask("GET", {})
    name, media_type = _MEANT.get(path.rpartition(".")[2], _MEANT[opml.SUFFIX])
    faults = tuple(
        breach(fault.rule, name, found=fault.found, expected=fault.expected)
        for fault in check_answers(ask, answer, media_type)
    )
    checked = Checked(name=f"{site.base_url}{path}", format=name, findings=faults)
    if answer.status != HTTPStatus.OK:
        return checked
    if name == opml.NAME:
        listed = opml.verify(answer.body, site, tuple(runtime.settings.sections.values()))
        return replace(checked, findings=(*faults, *listed))
    linted = lint(answer.body, format=name, self_url=checked.name, embeds=site.embeds)
    return replace(checked, findings=(*faults, *linted.findings), entries=linted.entries, titles=linted.titles)


def is_address(given: str) -> bool:
    """Does it look like an address of a feed here, whole or from its path on?"""
    return given.startswith(("http://", "https://", "/feeds/")) or given == "/feeds.opml"


def path_of(site: Site, given: str) -> str:
    """The path that the service knows, decoded. A UsageError names an address that is none of this service."""
    if given.startswith("/"):
        return unquote(urlsplit(given).path)
    if given.startswith((f"{site.base_url}/feeds/", f"{site.base_url}/feeds.opml")):
        return unquote(urlsplit(given.removeprefix(site.base_url)).path)
    if given.startswith(f"{site.base_url}/"):
        raise click.UsageError(f"{given} is no address of a feed: those begin with {site.base_url}/feeds/.")
    raise click.UsageError(
        f"{given} is no address of this service ({site.base_url}), and nothing is fetched from others: "
        f"curl -s {given} | feedsvc verify -"
    )


def _of_feed(runtime: Runtime, slug: str, format: str, findings: tuple[Finding, ...]) -> Checked:
    titles: Mapping[str, str] = {}
    if any(finding.entry_id for finding in findings):
        with suppress(OutputError):
            document = runtime.folder.read(slug, format)
            titles = read_titles(document.content, format) if document else {}
    return Checked(name=f"{slug}.{format}", feed=slug, format=format, findings=findings, titles=titles)


def is_file(name: str) -> bool:
    """Something to read: standard input, a file, a pipe that the shell made of a command."""
    path = Path(name)
    return name == STDIN or (path.exists() and not path.is_dir())
