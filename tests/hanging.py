"""`feedsvc serve` in which what a test names hangs, and whose patience is short.

usage: python tests/hanging.py CONFIG PORT FAULTS

While FAULTS/<slug> is there, whoever makes that feed does as it says: `lock` keeps Python's lock for ever, `crash` ends
its process as a fault in C would. GET /hang keeps the lock of the web process that answers.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from flask import Flask

from feedsvc import alerts, apart, scheduler, supervisor
from feedsvc.cli import main as cli
from feedsvc.cli import web_child
from feedsvc.drafting import Drafter
from feedsvc.web import create_app
from service import DEADLINE_SECONDS, Service, wait_until


def keep_the_lock() -> str:
    """For as long as it may take: a regular expression lets no other thread in before it is done."""
    return str(re.match("(a|a)*$", "a" * 64 + "b"))


def main(config: str, port: str, faults: Path) -> None:
    supervisor.GRACE_SECONDS = 3.0
    scheduler._BEAT_SECONDS = 0.5
    apart.LONGEST_PAUSE_SECONDS = 0.5
    alerts.PAUSE_SECONDS = 0.5
    web_child.HUNG_SECONDS, web_child._SIGN_OF_LIFE_SECONDS = 2.0, 0.1
    draft = Drafter.draft

    def draft_or_hang(self: Drafter, settings: Any, slug: str, *words: Any, **options: Any) -> Any:
        fault = faults / slug
        match fault.read_text() if fault.exists() else None:
            case "lock":
                keep_the_lock()
            case "crash":
                os.abort()
        return draft(self, settings, slug, *words, **options)

    def create_hanging_app(*words: Any, **options: Any) -> Flask:
        app = create_app(*words, **options)
        app.add_url_rule("/hang", view_func=keep_the_lock)
        return app

    Drafter.draft = draft_or_hang  # type: ignore[method-assign]
    web_child.create_app = create_hanging_app  # type: ignore[attr-defined]
    cli(["--config", config, "serve", "--port", port])


@contextmanager
def serving_what_hangs(config: Path, port: int, faults: Path) -> Iterator[Service]:
    faults.mkdir()
    log = config.parent / "serve.log"
    command = [sys.executable, __file__, str(config), str(port), str(faults)]
    with log.open("ab") as out:
        environ = os.environ | {"FEEDSVC_LOG": "json"}
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ, start_new_session=True)
    service = Service(process, config, f"http://127.0.0.1:{port}", log)
    try:
        wait_until(service.is_up, "the service to answer")
        yield service
    finally:
        with suppress(subprocess.TimeoutExpired):
            service.stop(DEADLINE_SECONDS)
        process.kill()
        process.wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
