"""What on this machine makes the service less safe than it need be: told at its start; nothing is changed by itself.

Whoever may write to the code or config.yaml may do whatever the service may; whoever may read config.yaml or an SQLite
file knows its passwords, drafts and the hashes of its tokens. Of what the service makes itself, nothing is so.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from feedsvc.config import Settings
from feedsvc.log import get_logger

log = get_logger(__name__)

_PRIVATE_UMASK = 0o077
_CODE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Risk:
    """`path` None: it is the process itself."""

    path: Path | None
    reason: str


def make_files_private() -> None:
    """From now on, in this process: what is made belongs to its user alone, unless its maker says otherwise."""
    os.umask(_PRIVATE_UMASK)


def tell_risks(settings: Settings) -> None:
    """One line of the log each."""
    for risk in find_risks(settings):
        where = {} if risk.path is None else {"path": str(risk.path)}
        log.warning("risk_found", reason=risk.reason, **where)


def find_risks(settings: Settings) -> list[Risk]:
    """What others could do, and the mend. What can't be looked at is left out."""
    return [*_of_process(), *_of_writers(settings), *_of_readers(settings)]


def _of_process() -> Iterator[Risk]:
    if os.geteuid() == 0:
        mend = "give it a user of its own, who owns its folder"
        yield Risk(None, f"feedsvc runs as root, so a fault in it could do anything: {mend}")


def _of_writers(settings: Settings) -> Iterator[Risk]:
    database = _database_of(settings)
    whose = {
        _CODE: "the code",
        settings.path: "config.yaml, which may name a program to run",
        settings.path.parent: "the folder of config.yaml",
        settings.feeds_dir: "the feeds folder",
        **({database: "the database", database.parent: "the database's folder"} if database else {}),
    }
    for path, what in whose.items():
        mode = _mode_of(path)
        # Of a sticky folder, such as /tmp, others can't take away what is there; but they may be first with a name.
        if mode is not None and mode & stat.S_IWOTH:
            yield Risk(path, f"everyone on this machine may write to {what}: chmod o-w")


def _of_readers(settings: Settings) -> Iterator[Risk]:
    database = _database_of(settings)
    if database and (mode := _mode_of(database)) is not None and mode & stat.S_IROTH:
        yield Risk(database, "everyone on this machine may read drafts and hashes of tokens: chmod o-r")
    mode = _mode_of(settings.path)
    if mode is not None and mode & stat.S_IROTH and _has_secret(settings):
        yield Risk(
            settings.path, "everyone on this machine may read the password or key in it: chmod o-r, or say ${NAME}"
        )


def _has_secret(settings: Settings) -> bool:
    """Does the file itself hold one? What comes out of the environment does not stand in it."""
    try:
        written = settings.path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    url = make_url(settings.database_url)
    alerts = settings.alerts
    return any(secret in written for secret in (url.password, alerts.url, *alerts.command[1:]) if secret)


def _database_of(settings: Settings) -> Path | None:
    url = make_url(settings.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
