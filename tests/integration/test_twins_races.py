"""Whoever serves the folder by names alone never pairs two generations: not while one goes live, not after a kill."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.model import Coding, Document
from feedsvc.output import CODINGS, SUFFIXES, FeedsFolder, make_twins, unpack
from service import DEADLINE_SECONDS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("rss", "atom", "json")
LEVELS: dict[Coding, int] = {"gzip": 3, "br": 5}


def write(folder: FeedsFolder, version: int) -> None:
    documents = [Document("macro", name, f"{version:06} {name} 雾中码头。".encode() * 60) for name in NAMES]
    twins = {each.format: make_twins(each.content, LEVELS, {}) for each in documents}
    with folder.lock("macro"):
        folder.write(documents, dict.fromkeys(NAMES, NOON + timedelta(seconds=version)), twins)


def version_of(content: bytes) -> int:
    return int(content[:6])


def read_document(folder: FeedsFolder, name: str) -> int:
    return version_of((folder.path / f"macro.{name}").read_bytes())


def read_twin(folder: FeedsFolder, name: str, coding: Coding) -> int | None:
    """As nginx does: by its name, whatever its time."""
    try:
        twin = (folder.path / f"macro.{name}.{SUFFIXES[coding]}").read_bytes()
    except FileNotFoundError:
        return None
    content = unpack(coding, twin, 1_000_000)
    assert content is not None
    return version_of(content)


@pytest.fixture
def folder(tmp_path: Path) -> FeedsFolder:
    folder = FeedsFolder(tmp_path / "feeds")
    folder.prepare()
    write(folder, 0)
    return folder


def see_no_old_twin(folder: FeedsFolder, name: str, coding: Coding) -> int:
    document = read_document(folder, name)
    twin = read_twin(folder, name, coding)
    assert twin is None or twin >= document
    return document


def see_no_new_twin(folder: FeedsFolder, name: str, coding: Coding) -> int:
    twin = read_twin(folder, name, coding)
    document = read_document(folder, name)
    assert twin is None or twin <= document
    return document


def see_one_generation(folder: FeedsFolder, name: str, coding: Coding) -> int:
    """As the web side does."""
    document = folder.read("macro", name)
    assert document is not None
    twin = folder.read_twin("macro", name, coding, document.mtime)
    assert twin is None or unpack(coding, twin, len(document.content)) == document.content
    return version_of(document.content)


def test_busy_readers_never_see_two_generations(folder: FeedsFolder) -> None:
    ended = threading.Event()
    seen: set[int] = set()
    wrong: list[BaseException] = []

    def keep_reading(look: Callable[[FeedsFolder, str, Coding], int]) -> None:
        try:
            while not ended.is_set():
                for name in NAMES:
                    for coding in CODINGS:
                        seen.add(look(folder, name, coding))
        except BaseException as error:  # noqa: BLE001  # it is raised again where the test can fail
            wrong.append(error)

    looks = (see_no_old_twin, see_no_new_twin, see_one_generation)
    threads = [threading.Thread(target=keep_reading, args=(look,)) for look in looks]
    for thread in threads:
        thread.start()
    try:
        for version in range(1, 61):
            write(folder, version)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong
    assert len(seen) > 3


KILLER = """
import json, os, shutil, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[2], str(Path(sys.argv[2]).parent)]
from test_twins_races import write
from feedsvc.output import FeedsFolder

given, out = Path(sys.argv[1]), Path(sys.argv[3])
for step in range(1, 1000):
    copy = out / str(step)
    shutil.copytree(given, copy)  # with its times
    folder = FeedsFolder(copy)
    pid = os.fork()
    if pid == 0:
        left = step
        def count(event, arguments):
            global left
            if event in {"open", "os.rename", "os.remove", "os.utime", "os.chmod"}:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        write(folder, 1)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.wait()[1]) == 0:
        print(json.dumps(step))
        break
"""


def test_a_kill_at_any_step_leaves_whole_pairs_and_heals(folder: FeedsFolder, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    command = [sys.executable, "-c", KILLER, str(folder.path), str(Path(__file__).parent), str(out)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=DEADLINE_SECONDS)
    steps = json.loads(done.stdout)
    assert steps > 9 + 6 + 9  # temp files, deletions, renames
    kinds = set()
    for step in range(1, steps + 1):
        killed = FeedsFolder(out / str(step))
        for name in NAMES:
            document = read_document(killed, name)
            twins = {read_twin(killed, name, coding) for coding in CODINGS}
            assert twins <= {None, document}, f"step {step}: {name} {document} beside {twins}"
            kinds.add((document, len(twins), None in twins))
        killed.prepare()
        with killed.lock("macro"):
            killed.sweep("macro")
        assert not list(killed.path.glob(".tmp*"))
        write(killed, 2)
        for name in NAMES:
            assert {read_twin(killed, name, coding) for coding in CODINGS} == {read_document(killed, name)} == {2}
        shutil.rmtree(killed.path)
    # Old with twins, old without, new without, new with one, new with both: the steps were really walked through.
    assert kinds >= {(0, 1, False), (0, 1, True), (1, 1, True), (1, 2, True), (1, 1, False)}
