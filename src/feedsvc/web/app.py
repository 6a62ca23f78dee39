"""create_app: one Flask application over one Runtime."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http import HTTPStatus
from threading import Lock

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from feedsvc.counting import REFUSED
from feedsvc.errors import FeedsvcError, StoreUnavailableError
from feedsvc.log import get_logger
from feedsvc.runtime import Runtime
from feedsvc.web import api, body, feeds, health, metrics, pages
from feedsvc.web.context import remember_runtime, this_runtime
from feedsvc.web.frame import CONTENT_SECURITY_POLICY, STATIC_DIR, error_page
from feedsvc.web.outage import Outage
from feedsvc.web.pace import Pace
from feedsvc.web.polls.answer import POLICY, SECURITY
from feedsvc.web.problems import ProblemError, meaning_of, problem, problem_of
from feedsvc.words import is_leftward

log = get_logger(__name__)

_SAID_BY_THE_PAGE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
_ASKS_STORE = frozenset({pages.blueprint.name, api.blueprint.name})
_PRIVATE = frozenset({"/healthz", "/readyz", "/metrics"})
_REFRESH_SECONDS = 1
_COMPLAIN_SECONDS = 600
_VERSIONED_MAX_AGE_SECONDS = 31_536_000
_STATIC_MAX_AGE_SECONDS = 3600


class Application(Flask):
    """Flask, with the style sheet cached for long under its versioned address."""

    def get_send_file_max_age(self, _filename: str | None) -> int:
        return _VERSIONED_MAX_AGE_SECONDS if "v" in request.args else _STATIC_MAX_AGE_SECONDS


def create_app(runtime: Runtime, *, processes: int | None = None) -> Flask:
    """The web side of feedsvc: feeds, pages, API and health, over an open runtime that the caller closes.

    `processes` is how many share what may be kept of documents; else config.yaml says so.
    """
    app = Application("feedsvc.web", static_folder=str(STATIC_DIR))
    app.url_map.merge_slashes = False  # "//" is no other way to write "/", in keys least of all
    app.json = DefaultJSONProvider(app)
    app.json.ensure_ascii = False  # Chinese as Chinese
    app.json.sort_keys = False
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.tests["leftward"] = is_leftward
    remember_runtime(app, runtime)
    server = runtime.settings.server
    feeds.keep_documents(app, server.memory // (processes or server.workers))
    app.register_blueprint(feeds.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    refresh = _follower_of(runtime)
    app.before_request(refresh)
    feeds.put_in_front(app, refresh)
    _tell_outages(app, Outage())
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(FeedsvcError, _answer_own_error)
    app.register_error_handler(ProblemError, _answer_problem)
    app.register_error_handler(Exception, _answer_unexpected)
    app.after_request(_secure)
    app.after_request(body.drain)
    app.after_request(feeds.count_request)
    return app


def _follower_of(runtime: Runtime) -> Callable[[], None]:
    """What takes over a changed config.yaml, looking at most once a second; a request never fails for it.

    One request at a time does it, since new settings go to the database, which may be slow to say that it is away.
    """
    pace, complaints, busy = Pace(_REFRESH_SECONDS), Pace(_COMPLAIN_SECONDS), Lock()

    def refresh() -> None:
        if not pace.is_due() or not busy.acquire(blocking=False):
            return
        try:
            runtime.refresh()
        except FeedsvcError as error:
            if complaints.is_due():
                log.warning("settings_not_refreshed", error=str(error))
        finally:
            busy.release()

    return refresh


def _tell_outages(app: Flask, outage: Outage) -> None:
    """A database that is away is no fault of a request: it is told once, however many ask meanwhile."""

    def put_off(error: StoreUnavailableError) -> Response:
        outage.complain(error)
        return _say(error)

    def note_answer(response: Response) -> Response:
        # Whatever these answer well they have asked the store for: an article, or whose the token is.
        is_well = response.status_code < HTTPStatus.MULTIPLE_CHOICES or response.status_code == HTTPStatus.NOT_MODIFIED
        if is_well and request.blueprint in _ASKS_STORE:
            outage.recover()
        return response

    app.register_error_handler(StoreUnavailableError, put_off)
    app.after_request(note_answer)


def _is_for_machines() -> bool:
    return request.path.startswith("/api/")


def _answer_http_error(error: HTTPException) -> Response:
    """404, 405 and the like from routing: problem details under /api/, else a page."""
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Location", "Retry-After"}}
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if _is_for_machines():
        name = error.name.lower().replace(" ", "-")
        response = problem(status, name, error.name, error.description or "", headers=headers)
    else:
        response = error_page(status, "" if status in _SAID_BY_THE_PAGE else error.description or "")
        response.headers.update(headers)
    return response


def _answer_own_error(error: FeedsvcError) -> Response:
    if not meaning_of(error).is_told:
        log.error("request_failed", method=request.method, path=request.path, error=str(error), exc_info=error)
    return _say(error)


def _say(error: FeedsvcError) -> Response:
    response = problem_of(error)
    if _is_for_machines():
        return response
    page = error_page(response.status_code)
    if "Retry-After" in response.headers:
        page.headers["Retry-After"] = response.headers["Retry-After"]
    return page


def _answer_problem(error: ProblemError) -> Response:
    this_runtime().tally.count(REFUSED, error.name)
    return problem(error.status, error.name, error.title, error.detail, errors=error.errors, headers=error.headers)


def _answer_unexpected(error: Exception) -> Response:
    """A fault of ours: the whole of it in the log, under an id that the client may tell us."""
    error_id = secrets.token_hex(6)
    log.error("request_failed", error_id=error_id, method=request.method, path=request.path, exc_info=error)
    detail = f"The error is in the service's log under {error_id}."
    if _is_for_machines():
        return problem(500, "internal", "The service failed.", detail, error_id=error_id)
    return error_page(500, error_id=error_id)


def _secure(response: Response) -> Response:
    """Headers for every response that does not bring its own. Polls bring theirs."""
    headers = response.headers
    is_page = response.mimetype == "text/html"
    for name, value in SECURITY:
        headers.setdefault(name, CONTENT_SECURITY_POLICY if is_page and name == POLICY else value)
    if is_page:
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    # A 412 would be kept for as long as the file, and be everybody's answer: whoever wants may ask for one.
    if request.endpoint == "static" and response.status_code >= HTTPStatus.BAD_REQUEST:
        headers["Cache-Control"] = "no-store"
        headers.pop("Expires", None)
    # Feeds and pictures are for everyone's pages; what the API, health and metrics say is for nobody's.
    if request.path in _PRIVATE or _is_for_machines():
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers["Cache-Control"] = "no-store"
    return response
