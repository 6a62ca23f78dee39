"""`feedsvc verify`: are the feeds on disk what the store says?"""

from __future__ import annotations

from pathlib import Path

import click

from feedsvc.audit import audit, audit_archives, find_strangers, formats_of
from feedsvc.cli.commands import FAILED, config_option
from feedsvc.cli.messages import say, warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_line, progress
from feedsvc.config import Settings
from feedsvc.errors import UnknownSectionError
from feedsvc.model import INDEX_SLUG, Finding
from feedsvc.runtime import Runtime


@click.command("verify")
@click.argument("what", nargs=-1, metavar="[SLUG or PATH]...")
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
@config_option
def command(what: tuple[str, ...], is_json: bool) -> None:
    """Read the feeds on disk and compare them with the store; every feed unless some, or their files, are named.

    Exit code 0: each says exactly what the store says. 1: there are findings. 2: wrong use. Nothing is changed.
    """
    with open_runtime() as runtime:
        settings = runtime.settings
        wanted = _read_wanted(settings, what)
        findings = {
            slug: audit(runtime.store, runtime.folder, runtime.folder_id, settings, slug, formats=wanted[slug])
            for slug in progress(tuple(wanted), "Verifying")
        }
        whole = tuple(slug for slug, formats in wanted.items() if formats == formats_of(settings, slug))
        for slug in progress(whole, "Verifying archives"):
            findings |= audit_archives(runtime.store, runtime.folder, runtime.folder_id, settings, slug)
        if not what:
            findings |= find_strangers(runtime.store, runtime.folder, settings)
        _mention_stale(runtime, findings)
    _report(findings, is_json=is_json)
    if any(findings.values()):
        raise click.exceptions.Exit(FAILED)


def _read_wanted(settings: Settings, what: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Slug -> formats. A slug means all its formats, a path to a file just that one."""
    known = (*settings.feeds, INDEX_SLUG)
    wanted: dict[str, tuple[str, ...]] = {}
    for each in what or known:
        if each in known:
            wanted[each] = formats_of(settings, each)
            continue
        slug, format_name = _read_path(settings, Path(each))
        if slug not in known:
            raise UnknownSectionError(slug, known)
        if format_name not in formats_of(settings, slug):
            published = ", ".join(formats_of(settings, slug))
            raise click.UsageError(f"{slug} is published as {published}, not as {format_name or 'that'}.")
        wanted[slug] = tuple(dict.fromkeys((*wanted.get(slug, ()), format_name)))
    return wanted


def _read_path(settings: Settings, path: Path) -> tuple[str, str]:
    """The slug and the format of a file's name; a bare word that is no slug is taken for one that is misspelt."""
    if path.suffix and path.absolute().parent.resolve() != settings.feeds_dir.resolve():
        raise click.UsageError(f"{path} is not in the feeds folder, {settings.feeds_dir}.")
    return (path.stem if path.suffix else str(path)), path.suffix.removeprefix(".")


def _mention_stale(runtime: Runtime, findings: dict[str, tuple[Finding, ...]]) -> None:
    waiting = [slug for slug in runtime.regenerator.stale(runtime.settings) if findings.get(slug)]
    if waiting:
        warn(f"Changes wait to be published in {', '.join(waiting)}: `feedsvc regenerate` does it now.")


def _report(findings: dict[str, tuple[Finding, ...]], *, is_json: bool) -> None:
    count = sum(map(len, findings.values()))
    if is_json:
        print_json([{"feed": slug, **_finding_json(each)} for slug, found in findings.items() for each in found])
    else:
        for slug, found in findings.items():
            for each in found:
                print_line(f"{slug}.{each.format}: {each.rule}: {_explain(each)}")
    say(f"Feeds verified: {len(findings)}. Findings: {count}.")


def _explain(finding: Finding) -> str:
    whose = f" (entry {finding.entry_id})" if finding.entry_id else ""
    compared = f": expected {finding.expected}, found {finding.found}" if finding.expected or finding.found else ""
    return f"{finding.message}{whose}{compared}"


def _finding_json(finding: Finding) -> dict[str, str | None]:
    return {
        "format": finding.format,
        "rule": finding.rule,
        "entry_id": finding.entry_id,
        "message": finding.message,
        "expected": finding.expected,
        "found": finding.found,
    }
