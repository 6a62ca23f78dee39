"""What create_app leaves with the application for its views to find."""

from __future__ import annotations

from flask import current_app
from flask.sansio.app import App

from feedsvc.runtime import Runtime

_KEY = "feedsvc"


def remember_runtime(app: App, runtime: Runtime) -> None:
    app.extensions[_KEY] = runtime


def runtime_of(app: App) -> Runtime:
    runtime: Runtime = app.extensions[_KEY]
    return runtime


def this_runtime() -> Runtime:
    """The runtime behind the request that is being answered."""
    return runtime_of(current_app)
