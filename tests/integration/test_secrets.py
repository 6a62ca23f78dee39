"""No secret is ever printed: whatever runs and however it fails, all that comes out is searched for those it was given.

Files that are made are for their user alone; what a web server of another user has to read is open, and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands import Site, run
from feedsvc.cli import main
from feedsvc.log import hide_secrets
from feedsvc.store import Store
from service import Service, free_port, serving, wait_until

PASSWORD = "Pa55-of-the-database"
BUCKET_KEY, BUCKET_TOKEN = "S3cret-of-the-bucket", "s3ssion-of-the-bucket"
KEY, USER_KEY, ARGUMENT = "T0P-s3cret-path", "us3r-key", "s3cret-argument"

PUBLIC = re.compile(
    r"feeds/(?:[a-z0-9-]+(?:/archive/[0-9]+)?\.(?:rss|atom|json|opml)(?:\.gz|\.br)?|\.deltas/.+|\.[a-z-]+)"
)
"""What readers get, or is made of it; and marks in which nothing stands that they may not know."""

CLOSED = (".locks", ".audited", ".pollers", ".waiting")
"""Folders into which nobody else may look."""

PRIVATE = (".counts", ".alerts")


@dataclass(frozen=True)
class Aftermath:
    """All that was printed, what was secret in it, and what lay in the site's folder before it was stopped."""

    printed: str
    secrets: tuple[str, ...]
    modes: Mapping[str, int]


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """Of a run in which all goes wrong that has to do with secrets, under the widest umask."""
    site = Site(tmp_path_factory.mktemp("secrets") / "site")
    before = os.umask(0)
    keys = {"AWS_ACCESS_KEY_ID": "desk", "AWS_SECRET_ACCESS_KEY": BUCKET_KEY, "AWS_SESSION_TOKEN": BUCKET_TOKEN}
    try:
        with pytest.MonkeyPatch.context() as patch, socket.socket() as taken:
            for name, value in keys.items():
                patch.setenv(name, value)
            taken.bind(("127.0.0.1", 0))  # and not listened on: nobody ever answers there
            yield run_into_trouble(site, taken.getsockname()[1])
    finally:
        os.umask(before)


def run_into_trouble(site: Site, dead_port: int) -> Aftermath:
    run("init", "--samples", site.folder)
    tokens = [site.run("token", "create", "--name", "cms").stdout.strip()]
    tokens.append(site.run("token", "rotate", "cms", "--overlap", "1d").stdout.strip())
    good = site.config.read_text("utf-8")
    command = ["/bin/sh", "-c", "exit 3", ARGUMENT]
    alerts = json.dumps({"command": command, "url": f"http://desk:{USER_KEY}@127.0.0.1:{dead_port}/{KEY}"})
    gone = f"postgresql://desk:{PASSWORD}@127.0.0.1:{dead_port}/news?password={PASSWORD}"
    printed: list[str] = []
    bucket = json.dumps(
        {"url": "s3://news-example-org/feeds", "endpoint": f"http://127.0.0.1:{dead_port}", "timeout": 1}
    )
    plain, good = good, f"{good}\nbucket: {bucket}"
    site.config.write_text(f"{good}\nalerts: {alerts}\n", "utf-8")
    with serving(site.config, free_port()) as service:
        wait_until((site.feeds / ".audited").exists, "the audit")
        # A feed that can't be written fails; so the hooks are called, and fail, too.
        (site.feeds / "macro.rss").unlink()
        (site.feeds / "macro.rss").mkdir(mode=0o755)
        wait_until(lambda: service.log.read_text("utf-8").count("alert_failed") == 2, "both hooks to fail")
        wait_until(lambda: "bucket_trouble" in service.log.read_text("utf-8"), "the bucket to be missed")
        printed.append(ask_all(service, tokens[0]))
        printed += said(site, "status", FEEDSVC_LOG="json")
        printed += said(site, "doctor")
        modes = {str(path.relative_to(site.folder)): path.lstat().st_mode for path in site.folder.rglob("*")}
        site.config.write_text(f"{good}\nalerts: {alerts}\ndatabase: [{gone}\n", "utf-8")
        wait_until(lambda: "config_refused" in service.log.read_text("utf-8"), "the file to be refused")
        printed.append(ask_all(service, tokens[0]))
    printed.append(service.log.read_text("utf-8"))
    mistakes = (
        f"database: {gone} x",
        f"database: mysql://desk:{PASSWORD}@h/n",
        f"alerts: {{url: 'ftp://{KEY}'}}",
        f"bucket: {{url: 's3://desk:{KEY}@b'}}",
    )
    for each in (*mistakes, f"database: {gone}"):
        site.config.write_text(f"{plain if each.startswith('bucket') else good}\n{each}\n", "utf-8")
        for arguments in (("config", "check"), ("status", "--json"), ("token", "list")):
            printed += said(site, *arguments)
    return Aftermath("\n".join(printed), (PASSWORD, KEY, USER_KEY, ARGUMENT, BUCKET_KEY, BUCKET_TOKEN, *tokens), modes)


def said(site: Site, *arguments: str, **env: str) -> list[str]:
    """By a command, whatever comes of it."""
    result = CliRunner().invoke(main, ["--config", str(site.config), *arguments], env=env)
    return [result.stdout, result.stderr, repr(result.exception)]


def ask_all(service: Service, token: str) -> str:
    """Everything that can be asked for, with a right and a wrong token, as text."""
    told = []
    for path in ("/", "/healthz", "/readyz", "/metrics", "/feeds/macro.rss", "/nowhere", "/articles/none"):
        answer = service.get(path)
        told += [repr(answer.headers), answer.body.decode("utf-8", "replace")]
    for each in (token, f"{token}x", "fs_" + "x" * 43):
        for path in ("/api/v1/sections", "/api/v1/articles/none", "/api/v1/quarantine"):
            answer = service.get(path, {"Authorization": f"Bearer {each}"})
            told += [repr(answer.headers), answer.body.decode("utf-8", "replace")]
    return "\n".join(told)


def test_nothing_that_a_run_prints_holds_a_secret(aftermath: Aftermath) -> None:
    for trouble in (
        "alert_failed",
        "bucket_trouble",
        "config_refused",
        "section_blocked",
        "degraded",
        "can't be reached",
        "invalid-token",
    ):
        assert trouble in aftermath.printed, "what was to go wrong did"
    assert [secret for secret in aftermath.secrets if secret in aftermath.printed] == []


def test_only_what_readers_get_is_open_to_others(aftermath: Aftermath) -> None:
    """Whoever forgot to say for whom a file is shows here."""
    modes = {name: mode for name, mode in aftermath.modes.items() if name.startswith("feeds/")}
    for name in CLOSED:
        assert modes.get(f"feeds/{name}", 0) & 0o077 == 0, name
    for name in PRIVATE:
        assert modes.get(f"feeds/{name}", 0) & 0o077 == 0, name
    left = {name: mode for name, mode in modes.items() if not set(CLOSED) & set(name.split("/"))}
    assert [name for name, mode in left.items() if mode & stat.S_IWOTH] == []
    readable = [name for name, mode in left.items() if mode & stat.S_IROTH and not stat.S_ISDIR(mode)]
    assert [name for name in readable if not PUBLIC.fullmatch(name)] == []
    assert [name for name in aftermath.modes if name.startswith("feedsvc.db") and aftermath.modes[name] & 0o077] == []
    assert aftermath.modes[".config.yaml.accepted"] & 0o077 == 0


def test_a_database_is_made_for_its_user_alone_and_one_that_was_widened_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "feedsvc.db"
    before = os.umask(0)
    try:
        with closing(Store.open(f"sqlite:///{path}")) as store:
            store.migrate()
            assert {each.stat().st_mode & 0o777 for each in tmp_path.glob("feedsvc.db*")} == {0o600}
        path.chmod(0o660)
        with closing(Store.open(f"sqlite:///{path}")) as store:
            store.ping()
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p@ss:w@h/n failed", "postgresql://***@h/n failed"),
        ("see https://h/a@b and mailto:a@b", "see https://h/a@b and mailto:a@b"),
        ("token fs_" + "a-_Z" * 10 + " refused", "token fs_*** refused"),
        ("fs_x stays, as does of fs_", "fs_x stays, as does of fs_"),
    ],
)
def test_the_log_is_a_net_below(text: str, shown: str) -> None:
    assert hide_secrets(text) == shown
