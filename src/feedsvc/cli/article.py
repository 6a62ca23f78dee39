"""`feedsvc article`: one article at a time, by hand."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import click

from feedsvc import publish
from feedsvc.cli.commands import config_option
from feedsvc.cli.drafting import change, draft_options, edit_by_hand, fields_of, read_article, read_assignment
from feedsvc.cli.messages import say, warn
from feedsvc.cli.opening import open_runtime
from feedsvc.cli.terminal import print_json, print_line, print_table, progress, told
from feedsvc.errors import ArticleNotFoundError, ConflictError
from feedsvc.ingest import Accepted, accept, read_withdrawal, to_json
from feedsvc.model import Article, ArticleFields, ArticleInput, Note, State, WithdrawalMode
from feedsvc.presence import Presence, presence
from feedsvc.publish import Outcome
from feedsvc.runtime import Runtime
from feedsvc.store import Salvage

_json_option = click.option("--json", "is_json", is_flag=True, help="JSON on standard output.")
_PAGE = 500
_key_argument = click.argument("key", metavar="ID")


@click.group("article")
@config_option
def command() -> None:
    """Add, show, correct, withdraw or revive articles. ID is an article's id or its external id."""


@command.command("add", short_help="Add an article from JSON, from options, or from both.")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@draft_options
@_json_option
@config_option
def add(file: Path | None, is_json: bool, **options: Any) -> None:
    """Add an article from a JSON FILE ("-" is standard input), from options, or from both: an option goes first."""
    data = {**(read_article(file) if file else {}), **fields_of(options)}
    if not data:
        raise click.UsageError("Name a JSON file, or say --title, --section and --body-file or --summary.")
    with open_runtime() as runtime:
        accepted = _accept(runtime, data)
        external_id = accepted.article.external_id
        if external_id and runtime.store.article_by_external_id(external_id):
            raise ConflictError("external_id", f"{external_id!r} is taken; `feedsvc article edit` changes the article")
        outcome = publish.put(runtime.store, runtime.clock, accepted.article)
        _report(runtime, outcome, is_json=is_json)


@command.command("edit", short_help="Correct an article, by options, from JSON or in $EDITOR.")
@_key_argument
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="A field's new value: text, or JSON; may be repeated.",
)
@click.option(
    "--json-file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help='Fields to change, as JSON ("-" is standard input); null empties one.',
)
@click.option("--minor", is_flag=True, help="Mend it without a newer `updated`.")
@click.option("--note", metavar="TEXT", help="What is corrected, for readers: it stands below the text from now on.")
@_json_option
@config_option
def edit(key: str, json_file: Path | None, is_json: bool, **options: Any) -> None:
    """Correct an article: by --set, by a JSON file, by a --note alone, or, with none of them, in $EDITOR."""
    assignments: tuple[str, ...] = options["assignments"]
    said = {"is_minor": options["minor"], "note": options["note"]}
    with open_runtime() as runtime:
        found = _salvage(runtime, key)
        article = found.article
        if article.state is State.WITHDRAWN:
            raise ConflictError("state", f"the article is withdrawn; `feedsvc article revive {key}` brings it back")
        before = to_json(article)
        if assignments or json_file or options["note"]:
            patch = read_article(json_file) if json_file else {}
            found.require_said({**patch, **dict(map(read_assignment, assignments))})
            accepted = _accept(runtime, change(before, patch, assignments, **said), article.sections)
        else:
            edited = edit_by_hand(before, lambda data: _accept(runtime, change(data, {}, (), **said), article.sections))
            if edited is None:
                say("Nothing was changed.")
                return
            accepted = edited
        outcome = publish.put(runtime.store, runtime.clock, accepted.article, article_id=article.id)
        _report(runtime, outcome, is_json=is_json)


@command.command("list")
@click.option("--section", metavar="SLUG", help="Only those of this section.")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only those that stand so.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many at most.")
@_json_option
@config_option
def list_articles(section: str | None, state: str | None, limit: int, is_json: bool) -> None:
    """List articles by arrival, the newest first."""
    with open_runtime() as runtime:
        slug = _stored_section(runtime, section) if section else None
        broken: list[str] = []
        articles = runtime.store.list_articles(
            section=slug, state=State(state) if state else None, limit=limit, broken=broken
        )
    for reason in broken:
        warn(reason)
    if is_json:
        print_json([_outline(article) for article in articles])
        return
    print_table(
        ("id", "state", "published", "sections", "title"),
        [
            (article.id, article.state.value, told(article.published), ", ".join(article.sections), article.title)
            for article in articles
        ],
    )


@command.command("show")
@_key_argument
@_json_option
@config_option
def show(key: str, is_json: bool) -> None:
    """Show an article as it is stored."""
    with open_runtime() as runtime:
        article = _find(runtime, key)
    if is_json:
        print_json(_outline(article) | _history(article) | {"article": to_json(article)})
        return
    shown = _outline(article) | _history(article) | to_json(article)
    body = shown.pop("content_html", None)
    for name, value in shown.items():
        if value not in (None, "", []):
            print_line(f"{name}: {_plain(value)}")
    if body:
        print_line(f"\n{body}")


@command.command("withdraw", short_help="Withdraw an article in every feed.")
@_key_argument
@click.option("--notice", metavar="TEXT", help="What readers are told; an empty one takes a former one away.")
@click.option(
    "--as",
    "mode",
    type=click.Choice(get_args(WithdrawalMode)),
    help="What shows in its feeds; else as its sections' `withdrawals` say.",
)
@_json_option
@config_option
def withdraw(key: str, notice: str | None, mode: str | None, is_json: bool) -> None:
    """Withdraw an article in every feed. It stays stored; `feedsvc article revive ID` brings it back.

    A tombstone says in Atom that it is gone. A notice stands in its place in every format. Its page tells the notice
    either way. Said again, another notice or way takes the place of the first.
    """
    given = {name: value for name, value in (("notice", notice), ("mode", mode)) if value is not None}
    said = read_withdrawal(given)
    _warn_of(said.notes)
    with open_runtime() as runtime:
        outcome = publish.withdraw(
            runtime.store,
            runtime.clock,
            _salvage(runtime, key).article.id,
            notice=said.notice,
            mode=said.mode,
            notice_sections=runtime.settings.notice_sections,
        )
        _report(runtime, outcome, is_json=is_json)


@command.command("revive", short_help="Bring a withdrawn article back into its feeds.")
@_key_argument
@click.option("--draft", is_flag=True, help="Keep it back, until `edit ID --set draft=false`.")
@_json_option
@config_option
def revive(key: str, draft: bool, is_json: bool) -> None:
    """Bring a withdrawn article back into its feeds, as it was, under its old ids.

    It is live at once, also if it was a draft when it was withdrawn; scheduled, if its time still lies ahead.
    """
    with open_runtime() as runtime:
        article = _find(runtime, key)
        outcome = publish.put(
            runtime.store,
            runtime.clock,
            _as_input(article, draft=draft),
            article_id=article.id,
            may_replace=_refuse_not_withdrawn,
        )
        _report(runtime, outcome, is_json=is_json)


@command.command("move", short_help="Move all articles of one section to another.")
@click.argument("old", metavar="OLD_SECTION")
@click.argument("new", metavar="NEW_SECTION")
@config_option
def move(old: str, new: str) -> None:
    """Move all articles of one section to another, after a section got another name or two became one.

    OLD_SECTION may have left config.yaml already. Ids and times stay as they are, so nobody is shown anything again.
    Withdrawn articles stay where they are. What was moved stays moved if it is stopped; said again, it goes on.
    """
    with open_runtime() as runtime:
        source, target = _stored_section(runtime, old), runtime.settings.resolve_section(new)
        if source == target:
            raise click.UsageError(f"{old} is {target} already.")
        articles = list(_in_section(runtime, source))
        for article in progress(tuple(articles), "Moving"):
            sections = dict.fromkeys(target if slug == source else slug for slug in article.sections)
            fields = replace(_as_input(article, draft=article.state is State.DRAFT), sections=tuple(sections))
            publish.put(
                runtime.store,
                runtime.clock,
                replace(fields, minor=True),
                article_id=article.id,
                may_replace=_refuse_changed(article),
            )
    say(f"{len(articles)} moved from {source} to {target}.")


@command.command("why", short_help="Say in which feeds an article is, and where not, and why.")
@_key_argument
@_json_option
@config_option
def why(key: str, is_json: bool) -> None:
    """Say in which feeds an article is, and where it is not, for what reason."""
    with open_runtime() as runtime:
        article = _find(runtime, key)
        standings = _standings(runtime, article)
    if is_json:
        print_json(_outline(article) | {"feeds": [_standing_json(standing) for standing in standings]})
        return
    print_line(f"{article.title} ({article.id}) is {article.state.value}.")
    print_table(("feed", "stands", "why"), [(one.slug, one.standing, one.reason) for one in standings])


def _accept(runtime: Runtime, data: Mapping[str, Any], stored_in: Collection[str] = ()) -> Accepted:
    settings = runtime.settings
    accepted = accept(
        data,
        resolve_section=settings.resolver_for(stored_in),
        base_url=settings.site.base_url,
        naive_timezone=ZoneInfo(settings.site.timezone),
        limits=settings.limits,
    )
    _warn_of(accepted.notes)
    return accepted


def _warn_of(notes: Iterable[Note]) -> None:
    for note in notes:
        warn(f"{note.severity}: {note.place}: {note.message}")


def _as_input(article: Article, *, draft: bool) -> ArticleInput:
    """What would store it as it is."""
    fields = {field.name: getattr(article, field.name) for field in dataclass_fields(ArticleFields)}
    return ArticleInput(**fields, draft=draft)


def _in_section(runtime: Runtime, slug: str) -> Iterator[Article]:
    """All that are not withdrawn, the newest first; who can't be read is told of."""
    before_seq = None
    broken: list[str] = []
    while articles := runtime.store.list_articles(section=slug, limit=_PAGE, before_seq=before_seq, broken=broken):
        yield from (article for article in articles if article.state is not State.WITHDRAWN)
        before_seq = articles[-1].seq
    for reason in dict.fromkeys(broken):
        warn(reason)


def _refuse_changed(article: Article) -> publish.Check:
    def check(stored: Article) -> None:
        if stored != article:
            raise ConflictError("article", f"{article.id} was changed at the same moment; say it again")

    return check


def _refuse_not_withdrawn(stored: Article) -> None:
    if stored.state is not State.WITHDRAWN:
        raise ConflictError(
            "state", f"the article is {stored.state.value}, not withdrawn: there is nothing to bring back"
        )


def _find(runtime: Runtime, key: str) -> Article:
    article = runtime.store.article(key) or runtime.store.article_by_external_id(key)
    if article is None:
        raise ArticleNotFoundError(key)
    return article


def _salvage(runtime: Runtime, key: str) -> Salvage:
    """The article, or what is left of one that can't be read, to be mended or withdrawn."""
    found = runtime.store.salvage(key)
    if found is None:
        raise ArticleNotFoundError(key)
    for column in found.lost:
        warn(f"{column} can't be read from the database, and is taken for empty")
    return found


def _stored_section(runtime: Runtime, name: str) -> str:
    """A section taken out of config.yaml keeps its articles: its slug still finds them."""
    return name if runtime.store.section_states([name]) else runtime.settings.resolve_section(name)


def _standings(runtime: Runtime, article: Article) -> tuple[Presence, ...]:
    return presence(runtime.store, runtime.settings, runtime.folder_id, article)


def _report(runtime: Runtime, outcome: Outcome, *, is_json: bool) -> None:
    article = outcome.article
    done = "created" if outcome.created else "changed" if outcome.changed else "unchanged"
    standings = _standings(runtime, article)
    if is_json:
        print_json(_outline(article) | {"outcome": done, "feeds": [_standing_json(standing) for standing in standings]})
        return
    print_line(article.id)
    say(f"{done}: {article.title}, {article.state.value}")
    for standing in standings:
        say(f"  {standing.slug}: {standing.reason}")


def _plain(value: object) -> str:
    """A field's value on one line: text as it is, the rest as JSON."""
    if isinstance(value, datetime):
        return told(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _outline(article: Article) -> dict[str, Any]:
    return {
        "id": article.id,
        "external_id": article.external_id,
        "title": article.title,
        "sections": article.sections,
        "state": article.state.value,
        "published": article.published,
        "updated": article.updated,
        "created": article.created,
        "revision": article.revision,
        "entry_id": article.entry_id,
    }


def _history(article: Article) -> dict[str, Any]:
    """What editors said of its changes; times as text."""
    gone = article.withdrawal
    return {
        "corrections": [{"note": each.note, "at": told(each.at)} for each in article.corrections],
        "withdrawal": {"at": told(gone.at), "notice": gone.notice, "shown_in": gone.shown_in} if gone else None,
    }


def _standing_json(standing: Presence) -> dict[str, Any]:
    return {"feed": standing.slug, "standing": standing.standing, "reason": standing.reason, "urls": standing.urls}
