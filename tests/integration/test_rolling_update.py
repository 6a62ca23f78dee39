"""A rolling update: an older feedsvc, real code out of the history, and this one, side by side on one PostgreSQL."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest

from feedsvc.feed.formats import RENDERER
from feedsvc.store.schema import REVISION
from service import DEADLINE_SECONDS, Service, free_port, serving, wait_until

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parents[2]
SCHEMA = "src/feedsvc/store/schema.py"

CONFIG = """\
site: {title: 江畔新闻, base_url: "https://news.example.org", language: zh-Hans}
sections:
  macro: {title: 宏观, formats: [atom]}
  tech: {title: 科技, formats: [atom]}
"""

NEWS = 4

ANOTHER = "another"
"""The renderer of the older one: what it makes counts as made otherwise, and what it quarantined is tried again."""


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of the newest version whose schema is an older one."""
    try:
        commit = git("log", "-1", "--format=%H", "-G^REVISION = ", "--", SCHEMA).decode().strip()
        packed = git("archive", "--format=zip", f"{commit}^", "src")
    except (OSError, subprocess.CalledProcessError) as error:
        if "CI" in os.environ:
            raise
        pytest.skip(f"there is no history here to take an older version from: {error}")
    folder = tmp_path_factory.mktemp("older")
    with ZipFile(BytesIO(packed)) as files:
        files.extractall(folder)
    found = re.search(r'^REVISION = "(\d+)"', (folder / SCHEMA).read_text("utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] < REVISION
    formats = folder / "src/feedsvc/feed/formats.py"
    text, count = re.subn(
        r'^RENDERER = ".*"$', f'RENDERER = "{ANOTHER}"', formats.read_text("utf-8"), flags=re.MULTILINE
    )
    assert count == 1
    assert RENDERER != ANOTHER
    formats.write_text(text, "utf-8")
    return folder / "src"


class Replica:
    def __init__(self, service: Service) -> None:
        self.service = service

    def put(self, token: str, external_id: str, slug: str) -> int:
        """The status of its answer."""
        body = json.dumps({"title": f"标题{external_id}", "sections": [slug], "summary": "文"}).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(self.service.url.removeprefix("http://"), timeout=DEADLINE_SECONDS)
        try:
            connection.request("PUT", f"/api/v1/articles?external_id={external_id}", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def shows(self, external_id: str, slug: str) -> bool:
        answer = self.service.get(f"/feeds/{slug}.atom")
        assert answer.status in (200, 503)  # before it is made for the first time
        return f"标题{external_id}".encode() in answer.body

    def newest_of_writer(self) -> int:
        """The number of the newest article that the writer sent; those before may have slid out."""
        said = self.service.get("/feeds/macro.atom").body.decode()
        return max(map(int, re.findall("标题w([0-9]+)", said)), default=-1)

    def state(self, slug: str) -> tuple[str, str]:
        headers = self.service.get(f"/feeds/{slug}.atom").headers
        return headers["etag"], headers["last-modified"]

    def count(self, event: str) -> int:
        return self.service.log.read_text("utf-8").count(f'"event": "{event}"')


@contextmanager
def replica(folder: Path, url: str, **environ: str) -> Iterator[Replica]:
    folder.mkdir()
    config = folder / "config.yaml"
    config.write_text(f"{CONFIG}database: '{url}'\n", "utf-8")
    with serving(config, free_port(), FEEDSVC_LOG="json", **environ) as service:
        yield Replica(service)


def mint(replica: Replica, environ: Mapping[str, str]) -> str:
    command = [sys.executable, "-m", "feedsvc", "-c", str(replica.service.config), "token", "create", "--name", "cms"]
    done = subprocess.run(command, check=True, capture_output=True, env=os.environ | environ, timeout=DEADLINE_SECONDS)
    return done.stdout.decode().split()[-1]


def spoil(url: str, external_id: str) -> None:
    """No version can prove it."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE article SET title = %s WHERE external_id = %s", ("控制\x01字符", external_id))
        connection.execute("UPDATE section SET generation = generation + 1 WHERE slug = 'tech'")


def test_old_and_new_side_by_side(older: Path, empty_postgres_url: str, tmp_path: Path) -> None:
    environ = {"PYTHONPATH": str(older)}
    statuses: list[int] = []
    ended = threading.Event()
    with ExitStack() as stack:
        olds = stack.enter_context(ExitStack())
        old = olds.enter_context(replica(tmp_path / "old", empty_postgres_url, **environ))
        token = mint(old, environ)
        assert old.put(token, "first", "macro") == 201
        assert old.put(token, "bad", "tech") == 201
        wait_until(partial(old.shows, "first", "macro"), "the old one")

        def write() -> None:
            while not ended.is_set():
                statuses.append(old.put(token, f"w{len(statuses)}", "macro"))

        writer = threading.Thread(target=write)
        writer.start()
        stack.callback(ended.set)
        new = stack.enter_context(replica(tmp_path / "new", empty_postgres_url))
        count = len(statuses)
        wait_until(lambda: new.newest_of_writer() > count, "the new one, with what the old one takes in")
        ended.set()
        writer.join()
        assert len(statuses) > 1
        assert set(statuses) == {201}
        # Each shows what the other takes in; of one that neither can prove both come to rest.
        spoil(empty_postgres_url, "bad")
        for one, external_id in ((new, "by-new"), (old, "by-old")):
            assert one.put(token, external_id, "macro") == 201
            assert one.put(token, f"{external_id}-too", "tech") == 201
            for each in (old, new):
                wait_until(partial(each.shows, external_id, "macro"), external_id)
                wait_until(partial(each.shows, f"{external_id}-too", "tech"), external_id)
        wait_until(lambda: not old.shows("bad", "tech") and not new.shows("bad", "tech"), "the bad one to be left out")
        tried = [each.count("article_quarantined") for each in (old, new)]
        before = [each.state("tech") for each in (old, new)]
        for number in range(NEWS):
            assert old.put(token, f"quiet-{number}", "macro") == 201
            for each in (old, new):
                wait_until(partial(each.shows, f"quiet-{number}", "macro"), "some rounds")
        assert [each.state("tech") for each in (old, new)] == before
        # News in a feed in which it would stand lets either try it again, and raises no storm; that they come to
        # rest is shown in test_regenerate_quarantine.py.
        assert sum(each.count("article_quarantined") for each in (old, new)) <= sum(tried) + 4 * NEWS
        for each in (old, new):
            assert not [each.count(event) for event in ("store_unavailable", "worker_trouble") if each.count(event)]
            assert "Traceback" not in each.service.log.read_text("utf-8")
        olds.close()  # the old one ends
        assert new.put(token, "after", "macro") == 201
        wait_until(partial(new.shows, "after", "macro"), "the new one alone")
        with psycopg.connect(empty_postgres_url) as connection:
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
        assert revision == REVISION
