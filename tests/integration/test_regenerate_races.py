"""Several processes at one folder, and kill -9: whole documents only, and never an older over a newer one."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from engine import newsroom_on, temp_names, texts
from feedsvc.feed.formats import FORMATS
from feedsvc.model import ArticleInput
from feedsvc.output import FeedsFolder
from feedsvc.parse import parse_feed
from feedsvc.publish import put
from feedsvc.runtime import Runtime, now
from newsroom import Newsroom
from regenerating import nursery
from service import is_gone, wait_until


@pytest.fixture
def newsroom(store_url: str, tmp_path: Path) -> Iterator[Newsroom]:
    with newsroom_on(store_url, tmp_path / "site", now) as newsroom:
        yield newsroom


def version(folder: FeedsFolder, name: str) -> tuple[int, float]:
    """Which version of the article the document in the folder holds (its title counts them), and the file's mtime."""
    stored = folder.read("macro", name)
    if stored is None:
        return 0, 0.0
    return int(stored.content.decode().rpartition("第#")[2].partition("版")[0]), stored.mtime.timestamp()


def store_version(runtime: Runtime, number: int) -> None:
    fields = ArticleInput(
        external_id="a1", title=f"第#{number}版", content_html="<p>" + "雾中码头" * 500 + "</p>", sections=("macro",)
    )
    put(runtime.store, runtime.clock, fields)


class Watcher:
    """Reads all documents again and again; `faults` says which went back."""

    def __init__(self, folder: FeedsFolder) -> None:
        self._folder = folder
        self._seen = dict.fromkeys(FORMATS, (0, 0.0))
        self.faults: list[str] = []

    def look(self) -> None:
        for name, seen in self._seen.items():
            found = version(self._folder, name)
            if found[0] < seen[0] or found[1] < seen[1]:
                self.faults.append(f"{name} went back from {seen} to {found}")
            self._seen[name] = found


def test_never_an_older_document_over_a_newer_one(newsroom: Newsroom) -> None:
    """Three processes and three threads race while corrections come in; a reader watches."""
    runtime = newsroom.runtime
    store_version(runtime, 1)
    watcher = Watcher(runtime.folder)
    ended = threading.Event()

    def until_ended(work: object) -> None:
        while not ended.is_set():
            watcher.look() if work == "watch" else runtime.regenerator.regenerate(runtime.settings, "macro")

    threads = [threading.Thread(target=until_ended, args=(work,)) for work in ("watch", "race", "race", "race")]
    with nursery(runtime.settings.path) as processes:
        for _ in range(3):
            processes.fork(rounds=200)
        for thread in threads:
            thread.start()
        try:
            for number in range(2, 27):
                store_version(runtime, number)
            wait_until(
                lambda: all(version(runtime.folder, name)[0] == 26 for name in FORMATS), "the last version to be live"
            )
            assert processes.wait() == (0, "")
        finally:
            ended.set()
            for thread in threads:
                thread.join()
    assert not watcher.faults
    assert "macro" not in runtime.regenerator.stale(runtime.settings)


def test_many_regenerate_at_once_and_agree(newsroom: Newsroom) -> None:
    runtime = newsroom.runtime
    store_version(runtime, 1)
    before = runtime.store.section_states()
    with nursery(runtime.settings.path) as processes:
        for _ in range(6):
            processes.fork(rounds=2)
        assert processes.wait() == (0, "")
    assert runtime.regenerator.stale(runtime.settings) == []
    assert runtime.store.section_states() == before
    assert temp_names(runtime.folder.path) == []


def test_killed_at_any_moment_every_file_is_whole_and_a_start_sweeps(sqlite_url: str, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    number = 0
    with newsroom_on(sqlite_url, tmp_path / "site", now) as newsroom:
        runtime = newsroom.runtime
        with nursery(runtime.settings.path) as processes:
            for _ in range(20):
                pid = processes.fork()
                until = time.monotonic() + chance.uniform(0.02, 0.3)
                while time.monotonic() < until:
                    number += 1
                    store_version(runtime, number)
                os.kill(pid, signal.SIGKILL)
                assert_whole(runtime, f"seed {seed}")
                wait_until(partial(is_gone, pid), "it to let go of its lock")
        runtime.folder.sweep_all()
        assert temp_names(runtime.folder.path) == []
        newsroom.regenerate()
        assert version(runtime.folder, "rss")[0] == number
        assert_whole(runtime, f"seed {seed}")


def assert_whole(runtime: Runtime, why: str) -> None:
    ends = {"rss": "</rss>", "atom": "</feed>", "json": "}", "opml": "</opml>"}
    for slug in runtime.folder.slugs():
        for name, text in texts(runtime, slug).items():
            if name in ("rss", "atom"):
                assert not parse_feed(text.encode(), FORMATS[name].media_type).fault, why
            assert text.rstrip().endswith(ends[name]), why
