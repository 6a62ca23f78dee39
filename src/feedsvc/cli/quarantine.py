"""`feedsvc quarantine`: what is kept out of the feeds, why, and trying it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import click

from feedsvc.cli.commands import Failure, config_option
from feedsvc.cli.messages import say, warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.regenerate import regenerate_feeds
from feedsvc.cli.terminal import print_json, print_line, print_table, told
from feedsvc.errors import ArticleNotFoundError
from feedsvc.model import Article, Finding
from feedsvc.presence import Presence, presence
from feedsvc.quarantine import Held, held, held_one, to_json, try_again
from feedsvc.runtime import Runtime
from feedsvc.text import reveal
from feedsvc.web.waiting import Waits

_WAIT_SECONDS = 10
_TITLE_SHOWN = 30

_json_option = click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")


@click.group("quarantine", invoke_without_command=True)
@_json_option
@config_option
@click.pass_context
def command(ctx: click.Context, is_json: bool) -> None:
    """List the articles that are kept out of the feeds, the longest first, each with the reason.

    KEY is an article's id or its external id. Correcting the article releases it by itself.
    """
    if ctx.invoked_subcommand is None:
        broken: list[str] = []
        with open_runtime() as runtime:
            found = held(runtime.store, runtime.settings, broken=broken)
        for reason in broken:
            warn(reason)
        _list(found, is_json=is_json)


@command.command("show", short_help="Say all that was found about one article.")
@click.argument("key")
@_json_option
@config_option
def show(key: str, is_json: bool) -> None:
    """Say all that was found about one article: what, where, and how to mend it."""
    with open_runtime() as runtime:
        article = _find(runtime, key)
        one = held_one(runtime.store, runtime.settings, article)
    if one is None:
        raise Failure(f"{_name(article)} is not in quarantine; `feedsvc article why {key}` says where it is.")
    if is_json:
        print_json(to_json(one))
        return
    print_line(f"{_name(one.article)}, revision {one.item.revision}")
    print_line(f"kept out since {told(one.item.since)} of: {', '.join(one.feeds)}")
    print_line(one.item.reason)
    for number, finding in enumerate(one.item.findings, 1):
        print_line(f"\n{number}. {finding.format}: {finding.rule}")
        for name, value in _lines(finding):
            print_line(f"   {name:<9}{value}")
    print_line(f"\nCorrect it with: feedsvc article edit {one.article.id}")


@command.command("retry", short_help="Prove articles anew.")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option("--all", "everything", is_flag=True, help="Every article in quarantine.")
@_json_option
@config_option
def retry(keys: Sequence[str], everything: bool, is_json: bool) -> None:
    """Prove articles anew, after something outside them was mended: a setting, a row of the database.

    Exit code 1 if one is still kept out.
    """
    if everything == bool(keys):
        raise click.UsageError("Name the articles, or say --all.")
    with open_runtime() as runtime:
        if everything:
            articles = [each.article for each in held(runtime.store, runtime.settings)]
        else:
            articles = [_find(runtime, key) for key in keys]
        tried = {article.id for article in try_again(runtime.store, [article.id for article in articles])}
        for article in articles:
            if article.id not in tried:
                warn(f"{_name(article)} is not in quarantine")
        came = _see_through(runtime, [article for article in articles if article.id in tried])
    _tell(came, is_json=is_json)
    still = [each.article.id for each in came if each.held]
    if still:
        raise Failure(f"Still kept out: {', '.join(still)}.")


@dataclass(frozen=True, slots=True)
class _Came:
    """What came of trying an article again: where it stands, and why it is kept out if it still is."""

    article: Article
    standings: tuple[tuple[str, str, str], ...]
    held: Held | None
    is_on_trial: bool

    @property
    def word(self) -> str:
        """`waiting` for a worker that has not come to it yet."""
        if self.held:
            return "still kept out"
        return "waiting" if self.is_on_trial else "released"


def _see_through(runtime: Runtime, articles: Sequence[Article]) -> list[_Came]:
    """Let the worker prove them, or, where none is running, do it here."""
    if runtime.has_worker():
        for article in articles:
            Waits().until_decided(
                partial(_standings, runtime, article), ("live", "notice"), _WAIT_SECONDS, runtime.folder.waiters
            )
    else:
        sections = {slug for article in articles for slug in article.sections}
        for result in regenerate_feeds(runtime, runtime.settings.feeds_of(tuple(sorted(sections))), force=False):
            if result.error:
                warn(f"{result.slug}: {result.error}")
    return [
        _Came(
            article,
            tuple((one.slug, one.standing, one.reason) for one in _standings(runtime, article)),
            held_one(runtime.store, runtime.settings, article),
            article.id in runtime.store.quarantined([article.id]),
        )
        for article in articles
    ]


def _standings(runtime: Runtime, article: Article) -> tuple[Presence, ...]:
    return presence(runtime.store, runtime.settings, runtime.folder_id, article)


def _tell(came: Sequence[_Came], *, is_json: bool) -> None:
    if is_json:
        print_json(
            [
                {
                    "id": each.article.id,
                    "title": each.article.title,
                    "outcome": each.word,
                    "feeds": [
                        {"feed": slug, "standing": stands, "reason": why} for slug, stands, why in each.standings
                    ],
                }
                for each in came
            ]
        )
        return
    for each in came:
        print_line(f"{_name(each.article)}: {each.word}")
        for slug, _, why in each.standings:
            say(f"  {slug}: {why}")


def _list(found: Sequence[Held], *, is_json: bool) -> None:
    if is_json:
        print_json([to_json(each) for each in found])
        return
    if not found:
        say("No article is in quarantine.")
        return
    print_table(
        ("id", "sections", "since", "title", "reason"),
        [
            (
                each.article.id,
                ", ".join(each.article.sections),
                told(each.item.since),
                reveal(each.article.title[:_TITLE_SHOWN]),
                each.item.reason,
            )
            for each in found
        ],
    )


def _lines(finding: Finding) -> Iterator[tuple[str, str]]:
    named = {
        "what": finding.message,
        "where": finding.place,
        "expected": finding.expected and f"“{finding.expected}”",
        "found": finding.found and f"“{finding.found}”",
        "standard": finding.standard,
        "mend": finding.mend,
    }
    return ((name, value) for name, value in named.items() if value)


def _name(article: Article) -> str:
    """What the gate never saw may hold what a terminal obeys."""
    return f"{reveal(article.title)} ({article.id})"


def _find(runtime: Runtime, key: str) -> Article:
    article = runtime.store.article(key) or runtime.store.article_by_external_id(key)
    if article is None:
        raise ArticleNotFoundError(key)
    return article
