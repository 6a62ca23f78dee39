"""`feedsvc.web.wsgi:app` for WSGI servers: made when first asked for, from the config that FEEDSVC_CONFIG names."""

from __future__ import annotations

from functools import cache

from flask import Flask

from feedsvc.runtime import Runtime, find_config
from feedsvc.web.app import create_app
from feedsvc.web.feeds import keep_report_card


@cache
def make_app() -> Flask:
    """This process's one application, over a runtime that lives as long as the process.

    It starts without the database, which the first request brings up to date: feeds and health are there from the
    first second, whatever is not.
    """
    app = create_app(Runtime.open(find_config(None), migrate=False))
    keep_report_card(app)
    return app


def __getattr__(name: str) -> Flask:
    if name == "app":
        return make_app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
