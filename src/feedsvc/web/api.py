"""The HTTP API, /api/v1: a newsroom's articles in, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.blueprints import BlueprintSetupState

from feedsvc import publish, quarantine
from feedsvc.errors import (
    ArticleNotFoundError,
    ConflictError,
    Problem,
    RefusedError,
    UnknownSectionError,
    UnreadableArticleError,
)
from feedsvc.feed.formats import FORMATS
from feedsvc.ingest import WithdrawalInput, accept, read_withdrawal
from feedsvc.ingest.article import to_json
from feedsvc.ingest.jsontext import merge_patch
from feedsvc.model import Article, Note, Section, State
from feedsvc.presence import Presence, Standing, presence
from feedsvc.publish import Check, Outcome
from feedsvc.runtime import Runtime
from feedsvc.web import body
from feedsvc.web.auth import Scope, authenticate
from feedsvc.web.context import runtime_of, this_runtime
from feedsvc.web.guesses import Guesses
from feedsvc.web.keys import KeyConverter, read_key
from feedsvc.web.lookup import find, refuse_stranger, require
from feedsvc.web.representation import describe, outline
from feedsvc.web.waiting import Waits, preferred_seconds

PREFIX = "/api/v1"
blueprint = Blueprint("api", __name__, url_prefix=PREFIX)

_WAITS_KEY = "feedsvc.waits"
_GUESSES_KEY = "feedsvc.guesses"
_RETRY = "/retry"
_LIST_LENGTH = 50
_LONGEST_LIST = 200
_LONGEST_COUNT = 15


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["key"] = KeyConverter
    state.app.extensions[_WAITS_KEY] = Waits()
    runtime = runtime_of(state.app)
    state.app.extensions[_GUESSES_KEY] = Guesses(
        lambda: runtime.store.token_hashes(runtime.clock()), runtime.settings.limits.guesses
    )


@blueprint.before_request
def _authenticate() -> None:
    guesses: Guesses = current_app.extensions[_GUESSES_KEY]
    g.scope = authenticate(
        this_runtime(), guesses, request.headers.get("Authorization"), request.environ.get("REMOTE_ADDR", "")
    )


@blueprint.url_value_preprocessor
def _set_key_aside(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Views read the key by _named_key: what routing made of it may have been cleaned up on the way."""
    g.is_keyed = bool(values and values.pop("key", None))


def _scope() -> Scope:
    scope: Scope = g.scope
    return scope


# articles by key: an article's id, else an external id


@blueprint.put("/articles/<key:key>")
@blueprint.put("/articles")
def put_article() -> Response:
    """Create the article or replace it whole; the same request twice changes nothing."""
    runtime, key = this_runtime(), _named_key()
    data = body.read_json()
    found = find(runtime, _scope(), key)
    existing = found.article if found else None
    if existing is None or existing.external_id == key:
        data = _with_external_id(data, key)
    return _store(runtime, data, existing)


@blueprint.post("/articles")
def post_article() -> Response:
    """Create an article; one that is there already is a conflict, since POST replaces nothing."""

    def refuse(stored: Article) -> None:
        raise ConflictError("external_id", f"{stored.external_id!r} is taken; PUT replaces the article that has it")

    return _store(this_runtime(), body.read_json(), None, refuse)


@blueprint.patch("/articles/<key:key>")
@blueprint.patch("/articles")
def patch_article() -> Response:
    """Change some fields: a JSON merge patch (RFC 7396) over the article as GET shows it under `article`."""
    runtime, key = this_runtime(), _named_key()
    patch = body.read_json()
    found = find(runtime, _scope(), key)
    if found is None:
        raise ArticleNotFoundError(key)
    existing = found.article
    _scope().require(existing.sections)
    if existing.state is State.WITHDRAWN:
        raise ConflictError("state", "the article is withdrawn; PUT it whole to bring it back")
    found.require_said(patch)

    def refuse_what_changed(stored: Article) -> None:
        if stored != existing:
            raise ConflictError("article", "it was changed at the same moment; read it again and patch that")

    return _store(runtime, merge_patch(to_json(existing), patch), existing, refuse_what_changed)


@blueprint.get("/articles/<key:key>")
def get_article() -> Response:
    """The article, where it stands, and under `article` what PUT would take."""
    runtime = this_runtime()
    article = require(runtime, _scope(), _named_key())
    _scope().require_any(article.sections)
    return jsonify(describe(runtime, article, _look(runtime, article)()) | {"article": to_json(article)})


@blueprint.delete("/articles/<key:key>")
@blueprint.delete("/articles")
def delete_article() -> Response:
    """Withdraw the article in every feed at once, 410 on its page; withdrawing twice is withdrawing once.

    What the editor says of it, {"notice", "mode"}, may stand in the body; the mode in ?mode= as well.
    """
    runtime, key = this_runtime(), _named_key()
    said = read_withdrawal(_with_mode(body.read_json() if body.is_sent() else {}, request.args.get("mode")))
    scope = _scope()
    found = find(runtime, scope, key)
    if found is None:
        raise ArticleNotFoundError(key)
    outcome = publish.withdraw(
        runtime.store,
        runtime.clock,
        found.article.id,
        notice=said.notice,
        mode=said.mode,
        notice_sections=runtime.settings.notice_sections,
        may_replace=lambda stored: scope.require(stored.sections),
    )
    notes = (*said.notes, *_explain_no_withdrawal(outcome.article, said), *_tell_lost(outcome))
    return _answer(runtime, outcome, notes)


def _explain_no_withdrawal(article: Article, said: WithdrawalInput) -> Sequence[Note]:
    """Why `withdrawal` is null though the article is withdrawn."""
    if article.withdrawal is not None:
        return ()
    message = "the article was never live, so no reader saw it and nothing shows of it; sent again, it comes back"
    if said.notice or said.mode:
        message += "; what was said of its withdrawal is not kept"
    return (Note(place="withdrawal", message=message),)


def _with_mode(data: dict[str, Any], mode: str | None) -> dict[str, Any]:
    """The body with the address's mode; a body that says another contradicts it."""
    if mode is not None and data.get("mode", mode) != mode:
        raise RefusedError([Problem("mode", str(data["mode"]), f"differs from the one in the address, {mode!r}")])
    return data if mode is None else {**data, "mode": mode}


# quarantine


@blueprint.get("/quarantine")
def list_quarantine() -> Response:
    """What is kept out of the feeds, the longest first, with all that was found; of the token's sections."""
    runtime, scope = this_runtime(), _scope()
    found = [each for each in quarantine.held(runtime.store, runtime.settings) if scope.touches(each.article.sections)]
    return jsonify({"articles": [quarantine.to_json(each) for each in found]})


@blueprint.post(f"/articles/<key:key>{_RETRY}")
@blueprint.post(f"/articles{_RETRY}")
def retry_article() -> Response:
    """Prove an article in quarantine anew: 202 while that is under way; 200 for one that was not in it."""
    runtime, scope = this_runtime(), _scope()
    article = require(runtime, _scope(), _named_key(_RETRY))
    tried = quarantine.try_again(runtime.store, [article.id], may=lambda stored: scope.require(stored.sections))
    response = _answer(runtime, Outcome(article, created=False, changed=False), ())
    if tried and request.headers.get("Prefer") is None:
        response.status_code = HTTPStatus.ACCEPTED
    return response


# lists


@blueprint.get("/articles")
def list_articles() -> Response:
    """Articles by arrival, newest first; `next` continues. ?section= ?state= ?limit= ?before= or ?external_id="""
    runtime, scope = this_runtime(), _scope()
    if "external_id" in request.args:
        try:
            found = runtime.store.article_by_external_id(request.args["external_id"])
        except UnreadableArticleError as error:
            refuse_stranger(runtime, scope, request.args["external_id"], error)
            return jsonify({"articles": [], "next": None, "unreadable": [str(error)]})
        found_all = [found] if found is not None and scope.touches(found.sections) else []
        return jsonify({"articles": [outline(runtime, article) for article in found_all], "next": None})
    sections = _listed_sections(runtime, scope, request.args.get("section"))
    state, limit, before_seq = _list_bounds()
    broken: list[str] = []
    lists = [
        runtime.store.list_articles(section=section, state=state, limit=limit + 1, before_seq=before_seq, broken=broken)
        for section in sections
    ]
    by_seq = {article.seq: article for articles in lists for article in articles}
    newest = [by_seq[seq] for seq in sorted(by_seq, reverse=True)]
    shown = newest[:limit]
    following = shown[-1].seq if len(newest) > limit else None
    listed = {"articles": [outline(runtime, article) for article in shown], "next": following}
    return jsonify(listed | ({"unreadable": sorted(set(broken))} if broken else {}))


def _listed_sections(runtime: Runtime, scope: Scope, slug: str | None) -> Sequence[str | None]:
    """The plain sections to list; [None] is all of them."""
    if slug is None:
        return [None] if scope.sections is None else sorted(scope.sections)
    if slug in runtime.settings.feeds:
        members = runtime.settings.feeds[slug].members
    elif runtime.store.section_states([slug]):  # taken out of config.yaml, its articles stay
        members = (slug,)
    else:
        raise UnknownSectionError(slug, tuple(runtime.settings.feeds))
    scope.require_any(members)
    return [member for member in members if scope.covers([member])]


def _list_bounds() -> tuple[State | None, int, int | None]:
    """?state=, ?limit=, ?before=; raises RefusedError naming each that can't be read."""
    problems = []
    state, limit, before = None, _LIST_LENGTH, None
    given = request.args
    if "state" in given:
        try:
            state = State(given["state"])
        except ValueError:
            problems.append(Problem("state", given["state"], f"must be one of {', '.join(State)}"))
    if "limit" in given:
        limit = _read_count(given["limit"])
        if not 1 <= limit <= _LONGEST_LIST:
            problems.append(Problem("limit", given["limit"], f"must be a number from 1 to {_LONGEST_LIST}"))
    if "before" in given:
        before = _read_count(given["before"])
        if before < 1:
            problems.append(Problem("before", given["before"], "must be the `next` of a list"))
    if problems:
        raise RefusedError(problems)
    return state, limit, before


def _read_count(value: str) -> int:
    """The number; 0 for what is none or beyond any database's integers."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _LONGEST_COUNT else 0


@blueprint.get("/sections")
def list_sections() -> Response:
    """Every section that the token may read, with its feeds; articles name those whose `include` is empty."""
    settings = this_runtime().settings
    scope = _scope()
    return jsonify(
        {
            "sections": [
                _describe_section(settings.site.feed_url, settings.site.section_url(section.slug), section)
                for section in settings.feeds.values()
                if scope.touches(section.members)
            ]
        }
    )


def _describe_section(feed_url: Callable[[str, str], str], page_url: str, section: Section) -> dict[str, Any]:
    return {
        "slug": section.slug,
        "title": section.title,
        "description": section.description,
        "language": section.language,
        "aliases": list(section.aliases),
        "include": list(section.include),
        "limit": section.limit,
        "page": page_url,
        "feeds": {name: feed_url(section.slug, FORMATS[name].suffix) for name in section.formats},
    }


# the way in and the way out


def _store(
    runtime: Runtime, data: Mapping[str, Any], existing: Article | None, may_replace: Check | None = None
) -> Response:
    """Check, authorise against the sections before and after, store, answer."""
    settings, scope = runtime.settings, _scope()

    def stay_within(stored: Article) -> None:
        scope.require(stored.sections)

    if existing is not None:
        scope.require(existing.sections)
    resolve = settings.resolver_for(existing.sections if existing is not None else ())
    accepted = accept(data, resolve_section=resolve, base_url=settings.site.base_url, limits=settings.limits)
    scope.require(accepted.article.sections)
    outcome = publish.put(
        runtime.store,
        runtime.clock,
        accepted.article,
        article_id=existing.id if existing is not None else None,
        may_replace=may_replace or stay_within,
    )
    return _answer(runtime, outcome, (*accepted.notes, *_tell_lost(outcome)))


def _answer(runtime: Runtime, outcome: Outcome, notes: Sequence[Note]) -> Response:
    """201 or 200, at once or, where the client would wait, when the feeds hold it; 202 if they don't (yet)."""
    article = outcome.article
    look = _look(runtime, article)
    seconds = preferred_seconds(request.headers.get("Prefer"), runtime.settings.limits.wait)
    status = HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
    headers = {"Location": f"{PREFIX}/articles/{article.id}"}
    if seconds is None:
        standings = look()
    else:
        waits: Waits = current_app.extensions[_WAITS_KEY]
        wanted: tuple[Standing, ...] = ("withdrawn", "notice") if article.state is State.WITHDRAWN else ("live",)
        standings, has_waited = waits.until_decided(look, wanted, seconds, runtime.folder.waiters)
        if has_waited:
            headers["Preference-Applied"] = f"wait={seconds}"
        if any(presence.standing not in wanted for presence in standings):
            status = HTTPStatus.ACCEPTED
    response = jsonify(describe(runtime, article, standings, notes))
    response.status_code = status
    response.headers.update(headers)
    return response


def _tell_lost(outcome: Outcome) -> list[Note]:
    message = "could not be read from the database, and is now as this request leaves it"
    return [Note(place=field, message=message, severity="warning") for field in outcome.lost]


def _look(runtime: Runtime, article: Article) -> Callable[[], tuple[Presence, ...]]:
    return lambda: presence(runtime.store, runtime.settings, runtime.folder_id, article)


def _named_key(behind: str = "") -> str:
    """The key in the path, before what stands `behind` it, else ?external_id=, the form that survives every proxy."""
    if g.is_keyed:
        key = read_key(request.environ).removesuffix(behind)
    else:
        key = request.args.get("external_id", "")
        if not key:
            raise RefusedError([Problem("external_id", "", "name the article: /articles/KEY or ?external_id=KEY")])
    if "\0" in key:
        raise RefusedError([Problem("external_id", repr(key), "must not hold NUL")])
    return key


def _with_external_id(data: dict[str, Any], key: str) -> dict[str, Any]:
    """The body under the address's external id; a body that names another one contradicts itself."""
    given = data.get("external_id")
    if given is not None and given != key:
        raise RefusedError([Problem("external_id", str(given), f"differs from the one in the address, {key!r}")])
    return {**data, "external_id": key}
