"""`feedsvc verify`: are the feeds on disk what the store says, and is any feed what its standard says?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click

from feedsvc import config
from feedsvc.audit import formats_of
from feedsvc.cli.checking import (
    Given,
    check_address,
    check_archives,
    check_feed,
    check_file,
    check_strangers,
    is_address,
    is_file,
)
from feedsvc.cli.commands import FAILED, config_option, given_config
from feedsvc.cli.findings import Checked, as_json, print_report, sum_up
from feedsvc.cli.messages import say, warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, progress
from feedsvc.config import Settings
from feedsvc.errors import ConfigError, UnknownSectionError
from feedsvc.feed.formats import FORMATS
from feedsvc.model import INDEX_SLUG
from feedsvc.runtime import Runtime, find_config


@click.command(
    "verify",
    short_help="Compare the feeds on disk with the store, or check any feed by its standard.",
    epilog="Any feed of any publisher: curl -s https://example.org/feed | feedsvc verify -",
)
@click.argument("what", nargs=-1, metavar="[SLUG|URL|FILE|-]...")
@click.option(
    "--format", type=click.Choice(list(FORMATS)), help="Of a file or of standard input; else it is found out."
)
@click.option(
    "--self-url", metavar="URL", help="Where the file or standard input is published: its self link must say so."
)
@click.option(
    "--embed",
    "embeds",
    metavar="HOST",
    multiple=True,
    help="A host whose https frames may stand in it; may be repeated.",
)
@click.option("--strict", is_flag=True, help="Warnings count like errors.")
@click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
@config_option
def command(
    *,
    what: tuple[str, ...],
    format: str | None,
    self_url: str | None,
    embeds: tuple[str, ...],
    strict: bool,
    is_json: bool,
) -> None:
    """Say what is wrong with feeds: where, by which standard, and how one mends it. Nothing is changed.

    Without an argument every feed on disk is held to the store; a SLUG, or a file in the feeds folder, names one. An
    address of this service (a URL, or its path /feeds/...) is asked for as a reader would, its headers too. Any other
    FILE, or - for standard input, may be anybody's RSS 2.0, Atom 1.0 or JSON Feed; it needs no config.yaml.

    Exit code 0: nothing is wrong, or warnings alone. 1: there are errors. 2: wrong use.
    """
    given = Given(format=format, self_url=self_url, embeds=frozenset(host.lower() for host in embeds))
    if not _has_config():
        _refuse_what_is_no_file(what)
    if what and all(map(is_file, what)) and not _names_feeds(what):
        _allow_self_url(what, given)
        checked = [check_file(name, given) for name in what]
    else:
        with open_runtime() as runtime:
            checked = list(_check_here(runtime, what, given))
    if is_json:
        print_json(as_json(checked))
    else:
        print_report([each for each in checked if each.findings or each.feed is None])
    say(sum_up(checked))
    if any(each.has("error") or (strict and each.has("warning")) for each in checked):
        raise click.exceptions.Exit(FAILED)


def _has_config() -> bool:
    """Was one named, or does one lie here?"""
    return bool(given_config() or os.environ.get("FEEDSVC_CONFIG")) or find_config(None).exists()


def _refuse_what_is_no_file(what: tuple[str, ...]) -> None:
    """To somebody who checks files a missing config.yaml is not what is wrong."""
    for name in what:
        if Path(name).is_dir():
            raise click.UsageError(f"{name} is a folder: name the files in it.")
        if name.startswith(("http://", "https://")):
            raise click.UsageError(f"Nothing is fetched from others: curl -s {name} | feedsvc verify -")
        if not is_file(name):
            raise click.UsageError(f"There is no file {name}, and no config.yaml here whose feed it could be.")


def _names_feeds(files: tuple[str, ...]) -> bool:
    """Is one of these files this service's own? Without a config.yaml, or with a broken one, none is."""
    if not _has_config():
        return False
    with suppress(ConfigError):
        settings = config.load(find_config(given_config()))
        return any(name in (*settings.feeds, INDEX_SLUG) or _lies_in_feeds(settings, name) for name in files)
    return False


def _check_here(runtime: Runtime, what: tuple[str, ...], given: Given) -> Iterator[Checked]:
    settings = runtime.settings
    known = (*settings.feeds, INDEX_SLUG)
    files = [each for each in what if each not in known and is_file(each) and not _lies_in_feeds(settings, each)]
    _allow_self_url(files, given)
    addresses = [each for each in what if each not in (*known, *files) and is_address(each)]
    wanted = _read_wanted(settings, [each for each in what or known if each not in (*files, *addresses)])
    checked = [
        each for slug in progress(tuple(wanted), "Verifying") for each in check_feed(runtime, slug, wanted[slug])
    ]
    whole = tuple(slug for slug, formats in wanted.items() if formats == formats_of(settings, slug))
    checked += [each for slug in progress(whole, "Verifying archives") for each in check_archives(runtime, slug)]
    if not what:
        checked += check_strangers(runtime)
    _mention_stale(runtime, checked)
    yield from checked
    for name in files:
        yield check_file(name, given)
    for address in addresses:
        yield check_address(runtime, address)


def _allow_self_url(files: tuple[str, ...] | list[str], given: Given) -> None:
    if not files and given != Given(embeds=frozenset()):
        raise click.UsageError("--format, --self-url and --embed are for a file or standard input.")
    if given.self_url and not given.self_url.startswith(("http://", "https://")):
        raise click.UsageError("--self-url is a whole address, such as https://example.org/feed.xml.")
    if given.self_url and len(files) > 1:
        raise click.UsageError("--self-url is the address of one file: name one.")


def _read_wanted(settings: Settings, what: list[str]) -> dict[str, tuple[str, ...]]:
    """Slug -> formats. A slug means all its formats, a path to a file just that one."""
    known = (*settings.feeds, INDEX_SLUG)
    wanted: dict[str, tuple[str, ...]] = {}
    for each in what:
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
    if path.is_dir():
        raise click.UsageError(f"{path} is a folder: name the files in it.")
    if (path.suffix or path.name != str(path)) and not _lies_in_feeds(settings, str(path)):
        raise click.UsageError(f"There is no file {path}.")
    return (path.stem if path.suffix else str(path)), path.suffix.removeprefix(".")


def _lies_in_feeds(settings: Settings, name: str) -> bool:
    return Path(name).absolute().parent.resolve() == settings.feeds_dir.resolve()


def _mention_stale(runtime: Runtime, checked: list[Checked]) -> None:
    faulty = {each.feed for each in checked if each.findings}
    waiting = [slug for slug in runtime.regenerator.stale(runtime.settings) if slug in faulty]
    if waiting:
        warn(f"Changes wait to be published in {', '.join(waiting)}: `feedsvc regenerate` does it now.")
