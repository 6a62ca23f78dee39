"""/healthz: 200 with the truth in it, from the first second, whatever is broken."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from flask.blueprints import BlueprintSetupState

from feedsvc import __version__
from feedsvc.errors import FeedsvcError
from feedsvc.runtime import Check, Runtime
from feedsvc.web.context import runtime_of
from feedsvc.web.pace import Remembered

blueprint = Blueprint("health", __name__)

_KEPT_SECONDS = 1
_KEY = "feedsvc.health"


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    runtime = runtime_of(state.app)
    state.app.extensions[_KEY] = Remembered(_KEPT_SECONDS, lambda: examine(runtime))


@blueprint.get("/healthz")
def healthz() -> Response:
    health: Remembered[dict[str, Any]] = current_app.extensions[_KEY]
    response = jsonify(health.get())
    response.headers["Cache-Control"] = "no-store"
    return response


def examine(runtime: Runtime) -> dict[str, Any]:
    """{"status": "ok" or "degraded", "version", "checks": [{name, ok, detail}]}; holds no secret."""
    try:
        checks = runtime.checks()
    except FeedsvcError as error:
        checks = [
            Check("checks", ok=False, detail=f"They could not all be made ({type(error).__name__}); see the log.")
        ]
    return {
        "status": "ok" if all(check.ok for check in checks) else "degraded",
        "version": __version__,
        "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks],
    }
