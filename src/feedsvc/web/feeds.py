"""The routes of feeds, and what stands before all others: a feed is answered before Flask is entered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import Headers

from feedsvc.counting import REFUSED, REQUESTS
from feedsvc.output import PollerFiles
from feedsvc.web.context import runtime_of, this_runtime
from feedsvc.web.frame import accepts_html, error_page
from feedsvc.web.metrics import PEER
from feedsvc.web.places import BEHIND, CARRYING
from feedsvc.web.polls import Answer, AnswerDocument, Budget, Environ, Keeper, Polls, ReportCard, TrustedHops, limited
from feedsvc.web.polls.answer import SECURITY, STATUS_LINES
from feedsvc.web.polls.missing import guess_meaning
from feedsvc.web.problems import problem

_KEY = "feedsvc.polls"
_CARD = "feedsvc.report-card"
_FRONT = "feedsvc.front"

POLLED = "/feeds"

StartResponse = Callable[..., Any]
Note = Callable[[Environ, Answer], None]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
AnswerPoll = Callable[[dict[str, Any]], Answer | None]
"""Whatever of the environment is not told of the request itself may be missing."""


class Front:
    """A WSGI callable: polls for documents that are there are answered here, all else by the application behind."""

    def __init__(
        self,
        answer_document: AnswerDocument,
        note: Note,
        behind: WsgiApp,
        before: Callable[[], None],
        tell_busy: Callable[[], None],
    ) -> None:
        """`before` is called at each poll, as Flask calls what is to be done before a request; `note` after it.

        `tell_busy` is called for each request that is refused since too many are there.
        """
        self._answer = answer_document
        self._note = note
        self._behind = behind
        self._before = before
        self._tell_busy = tell_busy
        self._places = BoundedSemaphore(BEHIND)
        self._carrying = BoundedSemaphore(CARRYING)

    def answer_poll(self, environ: Environ) -> Answer | None:
        """The answer to a poll for a document that is there; None for anything else."""
        if not environ["PATH_INFO"].startswith(POLLED):
            return None
        self._before()
        answer = self._answer(environ)
        if answer is not None:
            self._note(environ, answer)
        return answer

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        answer = self.answer_poll(environ)
        if answer is not None:
            start_response(STATUS_LINES[answer.status], answer.headers)
            return [answer.body]
        with ExitStack() as taken:
            for places in (self._places, self._carrying) if has_body(environ) else (self._places,):
                if not places.acquire(blocking=False):
                    self._tell_busy()
                    return _say_busy(environ)(environ, start_response)
                taken.callback(places.release)
            return self._behind(environ, start_response)


def has_body(environ: Environ) -> bool:
    """Does the request carry a body (RFC 9112 §6.3)?"""
    return environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ


def _say_busy(environ: Environ) -> Response:
    """Too many requests at once that are no polls."""
    text = "The service is busy; ask again in a moment."
    headers = {"Retry-After": "1", "Cache-Control": "no-store", **dict(SECURITY)}
    if environ["PATH_INFO"].startswith("/api/"):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "busy", text, headers=headers)
    return Response(f"{text}\n", HTTPStatus.SERVICE_UNAVAILABLE, headers, mimetype="text/plain")


class BehindProxies:
    """A WSGI callable that tells the application the address of the client, and not that of the last proxy."""

    def __init__(self, behind: Front, hops: TrustedHops) -> None:
        self._behind = behind
        self._hops = hops

    def answer_poll(self, environ: dict[str, Any]) -> Answer | None:
        if not environ["PATH_INFO"].startswith(POLLED):
            return None  # and leave it as it is: it is told of below
        self._tell(environ)
        return self._behind.answer_poll(environ)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        environ[PEER] = environ.get("REMOTE_ADDR", "")
        self._tell(environ)
        return self._behind(environ, start_response)

    def _tell(self, environ: dict[str, Any]) -> None:
        if (address := self._hops.find(environ)) is not None:
            environ["REMOTE_ADDR"] = address


class PollResponse(Response):
    """An Answer as it is: werkzeug would take Last-Modified out of a 304, which caches may use (RFC 9110 §15.4.5)."""

    def __init__(self, answer: Answer) -> None:
        super().__init__([answer.body], answer.status)
        self.headers = Headers(answer.headers)

    def get_wsgi_headers(self, _environ: object) -> Headers:
        return self.headers


blueprint = Blueprint("feeds", __name__)


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    """A rule without methods matches all of them, so that Polls alone says what is allowed."""
    state.app.extensions[_CARD] = ReportCard()
    for path in ("/feeds/<name>", "/feeds/<slug>/archive/<name>", "/feeds.opml"):
        state.app.url_map.add(state.app.url_rule_class(path, endpoint="feeds.poll"))


def keep_documents(app: Flask, most_bytes: int) -> None:
    """Let polls be answered from memory, as far as so many bytes go."""
    app.extensions[_KEY] = Polls(runtime_of(app), most_bytes)


def put_in_front(app: Flask, before: Callable[[], None]) -> None:
    """Let polls be answered before `app` is entered, and tell it and them who asks."""
    server = runtime_of(app).settings.server
    answer_document: AnswerDocument = app.extensions[_KEY].answer_document
    if server.documents_per_hour:
        answer_document = limited(answer_document, Budget(server.documents_per_hour))
    tell_busy = partial(runtime_of(app).tally.count, REFUSED, "busy")
    front = Front(answer_document, app.extensions[_CARD].note, app.wsgi_app, before, tell_busy)
    hops = server.trusted_proxies
    app.extensions[_FRONT] = app.wsgi_app = BehindProxies(front, TrustedHops(hops)) if hops else front  # type: ignore[method-assign]  # Flask's own idiom


def poll_answerer_of(app: Flask) -> AnswerPoll:
    """What answers polls before `app` is entered, for a server that need not put them into WSGI's form."""
    front: Front | BehindProxies = app.extensions[_FRONT]
    return front.answer_poll


def keep_report_card(app: Flask) -> Keeper:
    """Let what is counted of polls be written into the feeds folder from the first poll on, until the process ends."""
    runtime = runtime_of(app)
    card: ReportCard = app.extensions[_CARD]
    keeper = Keeper(card, PollerFiles(runtime.folder.path), runtime.tally, runtime.clock)
    card.on_new = keeper.start_here
    return keeper


@blueprint.endpoint("feeds.poll")
def poll(**_: str) -> Response:
    environ: Environ = request.environ
    answer = _polls().answer(environ)
    _note(environ, answer)
    if answer.status == HTTPStatus.NOT_FOUND and accepts_html():
        return error_page(answer.status, guess_meaning(this_runtime().settings, request.path))
    if answer.status == HTTPStatus.GONE and accepts_html():
        return error_page(answer.status, kind="closed")
    return PollResponse(answer)


@blueprint.before_app_request
def lead_from_old_address() -> Response | None:
    """Addresses of older feeds may be anywhere on the site, and in any encoding."""
    path = str(request.environ.get("PATH_INFO", "")).encode("latin-1", errors="replace")
    answer = _polls().lead(request.method, path, request.environ.get("QUERY_STRING", ""))
    if answer is None:
        return None
    _note(request.environ, answer)
    return PollResponse(answer)


def count_request(response: Response) -> Response:
    """Count what is no poll, and was not counted as one."""
    if not g.get("is_counted"):
        part = request.blueprint or ("static" if request.endpoint == "static" else "other")
        this_runtime().tally.count(REQUESTS, part, f"{response.status_code // 100}xx")
        card: ReportCard = current_app.extensions[_CARD]
        card.on_new()  # so that somebody writes it down, though nobody polls
    return response


def _note(environ: Environ, answer: Answer) -> None:
    g.is_counted = True
    card: ReportCard = current_app.extensions[_CARD]
    card.note(environ, answer)


def _polls() -> Polls:
    polls: Polls = current_app.extensions[_KEY]
    return polls
