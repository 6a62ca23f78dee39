"""Sleepers are woken by other processes, whatever became of those who slept before."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from feedsvc.wake import ANYTHING, Call, Sleeper, Sleepers, sleep_alone
from service import DEADLINE_SECONDS

SLEEPING = """
import sys
from pathlib import Path
from feedsvc.wake import Sleepers
sleeper = Sleepers(Path(sys.argv[1]), Path(sys.argv[1])).join()
print("asleep", flush=True)
print(sorted(sleeper.sleep(float(sys.argv[2])).names), flush=True)
"""


@pytest.fixture
def sleepers(tmp_path: Path) -> Sleepers:
    (tmp_path / "data").touch()
    return Sleepers(tmp_path / "data-wake", akin=tmp_path / "data")


@pytest.fixture
def sleeper(sleepers: Sleepers) -> Iterator[Sleeper]:
    with closing(sleepers.join()) as sleeper:
        yield sleeper


def start(sleepers: Sleepers) -> subprocess.Popen[str]:
    """A process that is asleep."""
    command = [sys.executable, "-c", SLEEPING, str(sleepers.folder), str(DEADLINE_SECONDS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    assert process.stdout.readline() == "asleep\n"
    return process


def test_all_are_woken_and_told_what_changed(sleepers: Sleepers, sleeper: Sleeper) -> None:
    processes = [start(sleepers) for _ in range(2)]
    sleepers.call(["macro", "sci-fi"])
    for process in processes:
        assert process.communicate(timeout=DEADLINE_SECONDS)[0] == "['macro', 'sci-fi']\n"
    assert sleeper.sleep(DEADLINE_SECONDS) == Call(frozenset({"macro", "sci-fi"}))
    assert sleeper.sleep(0) == Call()


def test_calls_before_it_slept_are_heard_together(sleepers: Sleepers, sleeper: Sleeper) -> None:
    sleepers.call(["macro"])
    sleepers.call(["finance"])
    sleeper.call()
    assert sleeper.sleep(DEADLINE_SECONDS) == Call(frozenset({"macro", "finance"}))


def test_what_a_killed_one_left_wakes_nobody_and_is_cleared_away(sleepers: Sleepers) -> None:
    process = start(sleepers)
    process.kill()
    process.communicate()
    assert len(list(sleepers.folder.iterdir())) == 1
    with closing(sleepers.join()) as sleeper:
        sleepers.call(["macro"])
        assert sleeper.sleep(DEADLINE_SECONDS).names == {"macro"}
        assert len(list(sleepers.folder.iterdir())) == 1
    assert list(sleepers.folder.iterdir()) == []


def test_calling_where_nobody_sleeps_does_nothing(sleepers: Sleepers, tmp_path: Path) -> None:
    sleepers.call(["macro"])
    assert not sleepers.folder.exists()
    Sleepers(tmp_path / "data", akin=tmp_path / "data").call(["macro"])
    assert (tmp_path / "data").read_bytes() == b""


def test_a_full_ear_keeps_nobody_waiting_and_means_that_anything_may_have_changed(
    sleepers: Sleepers, sleeper: Sleeper
) -> None:
    for number in range(5_000):
        sleepers.call([f"a-section-with-a-long-name-{number}"])
    call = sleeper.sleep(DEADLINE_SECONDS)
    assert call.is_anything
    assert len(call.names) < 5_000
    sleepers.call(["macro"])
    assert sleeper.sleep(DEADLINE_SECONDS) == Call(frozenset({"macro"}))


def test_too_many_names_are_anything(sleepers: Sleepers, sleeper: Sleeper) -> None:
    sleepers.call([f"section-{number}" for number in range(1_000)])
    assert sleeper.sleep(DEADLINE_SECONDS) == Call(is_anything=True)
    sleepers.call([ANYTHING])
    assert sleeper.sleep(DEADLINE_SECONDS) == Call(is_anything=True)


def test_what_is_no_name_is_anything(sleepers: Sleepers, sleeper: Sleeper) -> None:
    (path,) = sleepers.folder.iterdir()
    path.write_bytes(b"\xff../etc\nmacro\n")
    assert sleeper.sleep(DEADLINE_SECONDS) == Call(frozenset({"macro"}), is_anything=True)


def test_what_is_no_ear_is_left_alone(sleepers: Sleepers, sleeper: Sleeper, tmp_path: Path) -> None:
    (sleepers.folder / "notes").write_text("mine")
    (sleepers.folder / "link").symlink_to(tmp_path / "data")
    (sleepers.folder / "folder").mkdir()
    sleepers.call(["macro"])
    assert sleeper.sleep(DEADLINE_SECONDS).names == {"macro"}
    assert (sleepers.folder / "notes").read_text() == "mine"
    assert (tmp_path / "data").read_bytes() == b""


@pytest.mark.parametrize(("mode", "expected"), [(0o644, 0o600), (0o664, 0o620), (0o600, 0o600), (0o666, 0o622)])
def test_whoever_may_write_what_it_is_about_may_call(sleepers: Sleepers, mode: int, expected: int) -> None:
    sleepers._akin.chmod(mode)
    with closing(sleepers.join()):
        (path,) = sleepers.folder.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == expected
        reachable = stat.S_IMODE(sleepers.folder.stat().st_mode)
        assert reachable == 0o700 | (0o070 if mode & 0o020 else 0) | (0o007 if mode & 0o002 else 0)


def test_the_left_over_of_one_killed_while_it_joined_goes_in_time(sleepers: Sleepers, sleeper: Sleeper) -> None:
    young, old = sleepers.folder / ".new.1", sleepers.folder / ".new.2"
    os.mkfifo(young)
    os.mkfifo(old)
    os.utime(old, (time.time() - 3600,) * 2)
    sleepers.call()
    assert young.exists()
    assert not old.exists()


def test_one_whose_ear_was_taken_away_knows_it(sleepers: Sleepers, sleeper: Sleeper) -> None:
    assert not sleeper.is_lost()
    (path,) = sleepers.folder.iterdir()
    path.unlink()
    assert sleeper.is_lost()


def test_one_alone_is_woken_by_its_own_process_until_it_is_closed() -> None:
    sleeper = sleep_alone()
    thread = Thread(target=sleeper.call, args=(["macro"],))
    thread.start()
    assert sleeper.sleep(DEADLINE_SECONDS).names == {"macro"}
    thread.join()
    assert not sleeper.is_lost()
    sleeper.close()
    sleeper.close()
    sleeper.call(["macro"])


def test_a_folder_that_takes_no_ear_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    (tmp_path / "data-wake").touch()
    with pytest.raises(OSError, match="data-wake"):
        Sleepers(tmp_path / "data-wake", akin=tmp_path / "data").join()
