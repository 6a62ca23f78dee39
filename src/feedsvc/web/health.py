"""/healthz: 200 with the truth in it, from the first second, whatever is broken. /readyz: may polls be sent here?"""

from __future__ import annotations

import os
from http import HTTPStatus
from itertools import islice
from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from flask.blueprints import BlueprintSetupState

from feedsvc import __version__, heap
from feedsvc.errors import FeedsvcError, OutputError
from feedsvc.runtime import Check, Runtime
from feedsvc.web.context import runtime_of
from feedsvc.web.pace import Remembered
from feedsvc.web.patience import Question

blueprint = Blueprint("health", __name__)

ANSWER_SECONDS = 10.0
"""Whoever asks for health is answered within so long, whatever stands still."""

_KEPT_SECONDS = 1
_KEY = "feedsvc.health"
_READY = "feedsvc.readiness"
_LOOKED_AT = 20
_RETRY_AFTER_SECONDS = 5


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    runtime = runtime_of(state.app)
    question = Question(lambda: examine(runtime), ANSWER_SECONDS)
    state.app.extensions[_KEY] = Remembered(_KEPT_SECONDS, lambda: answer(question))
    state.app.extensions[_READY] = Remembered(_KEPT_SECONDS, lambda: find_hindrance(runtime))


@blueprint.get("/healthz")
def healthz() -> Response:
    health: Remembered[dict[str, Any]] = current_app.extensions[_KEY]
    response = jsonify(health.get())
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/readyz")
def readyz() -> Response:
    """May a balancer send polls here? 200, or 503 with the reason; asks neither database nor worker."""
    readiness: Remembered[str | None] = current_app.extensions[_READY]
    reason = readiness.get()
    if reason is None:
        response = jsonify({"status": "ready"})
    else:
        response = jsonify({"status": "not ready", "reason": reason})
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        response.headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def find_hindrance(runtime: Runtime) -> str | None:
    """Why no feed can be served, or None: the folder is there, and a document can be read.

    Of very many feeds a few are looked at. One that was never made, since it is blocked say, keeps none of the others
    from being served.
    """
    feeds = islice(reversed(list(runtime.settings.feeds.values())), _LOOKED_AT)
    try:
        if not os.access(runtime.folder.path, os.R_OK | os.X_OK):
            return "The feeds folder is not there, or this user may not read it."
        if any(runtime.folder.read(section.slug, section.formats[0]) is not None for section in feeds):
            return None
    except OutputError as error:
        return f"A feed can't be read: {error.reason}."
    return "No feed has been made yet: that takes seconds, or a worker that is not running."


def answer(question: Question[dict[str, Any]]) -> dict[str, Any]:
    """What `examine` says, or that it says nothing."""
    try:
        return question.answer()
    except TimeoutError:
        detail = f"Not done within {ANSWER_SECONDS:g} s: the database, or the disk of the feeds, stands still."
        return _say([Check("checks", ok=False, detail=detail)])


def examine(runtime: Runtime) -> dict[str, Any]:
    """{"status": "ok" or "degraded", "version", "checks": [{name, ok, detail}]}; holds no secret."""
    try:
        checks = runtime.checks()
    except FeedsvcError as error:
        checks = [
            Check("checks", ok=False, detail=f"They could not all be made ({type(error).__name__}); see the log.")
        ]
    finally:
        heap.give_back()  # a look at thousands of feeds takes megabytes that polls don't need
    return _say(checks)


def _say(checks: list[Check]) -> dict[str, Any]:
    return {
        "status": "ok" if all(check.ok for check in checks) else "degraded",
        "version": __version__,
        "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks],
    }
