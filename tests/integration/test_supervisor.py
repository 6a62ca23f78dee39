"""Processes that are kept running and end together; each test's supervisor is a process of its own."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from service import DEADLINE_SECONDS, is_gone, is_running, wait_until

pytestmark = pytest.mark.counts_processes

SUPERVISOR = """
import sys
from functools import partial
from feedsvc import log, supervisor
from feedsvc.pulse import Pulse
for assignment in {constants!r}:
    setattr(supervisor, *assignment)
log.configure(json=True, stream=open({log!r}, "a", buffering=1))
def run(code, word, pulse): exec(code, {{"at_work": word, "pulse": pulse}})
def child_of(name, code):
    word, pulse = supervisor.Word(), Pulse()
    return supervisor.Child(name, partial(run, code, word, pulse), word, pulse)
children = [child_of(name, code) for name, code in {children!r}]
sys.exit(supervisor.supervise(children))
"""

LIVE = """
import os, pathlib, signal, time
pathlib.Path({mark!r}).write_text(str(os.getpid()))
def say(number, frame): pathlib.Path({mark!r} + "." + str(int(number))).touch()
signal.signal(signal.SIGHUP, say)
time.sleep(600)
"""

STUBBORN = """
import os, pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({mark!r}).write_text(str(os.getpid()))
time.sleep(600)
"""

HANGING = """
import os, pathlib, re, time
pathlib.Path({mark!r}).write_text(str(os.getpid()) + " " + " ".join(pulse.take_suspects()))
pulse.say_at_work(["macro", "tech"])
pulse.beat(1.0)
re.match("(a|a)*$", "a" * 64 + "b")
"""

STOPPED = """
import os, pathlib, signal
pulse.beat(1.0)
pathlib.Path({mark!r}).write_text(str(os.getpid()))
os.kill(os.getpid(), signal.SIGSTOP)
"""

CRASHING = """
import os, pathlib
with pathlib.Path({mark!r}).open("a") as file:
    file.write(" ".join(pulse.take_suspects()) + ".")
pulse.say_at_work(["macro"])
os.abort()
"""

PARENT = """
import os, pathlib, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    pathlib.Path({mark!r} + ".grandchild").write_text(str(os.getpid()))
    time.sleep(600)
pathlib.Path({mark!r}).write_text(str(os.getpid()))
time.sleep(600)
"""


class Supervised:
    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.process = process

    def pid(self, name: str) -> int:
        """Of a child that is up."""
        mark = self.folder / name
        return int(wait_until(lambda: mark.exists() and mark.read_text(), f"{name} to be up"))

    def has_lost(self, count: int) -> bool:
        """Were so many deaths noticed?"""
        return len(self.events("child_died")) == count

    def events(self, name: str) -> list[dict[str, Any]]:
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [event for line in lines if (event := json.loads(line))["event"] == name]


PATIENCE = {"START_SECONDS": DEADLINE_SECONDS, "STOP_SECONDS": DEADLINE_SECONDS, "_STEADY_SECONDS": 3600.0}
"""On a busy machine a child may take long to begin, to end, and to be ended once it is up."""


def script(folder: Path, children: dict[str, str], **constants: float) -> list[str]:
    filled = [(name, code.format(mark=str(folder / name))) for name, code in children.items()]
    assignments = list((PATIENCE | constants).items())
    text = SUPERVISOR.format(constants=assignments, log=str(folder / "log"), children=filled)
    return [sys.executable, "-c", text]


@contextmanager
def supervised(folder: Path, children: dict[str, str], **constants: float) -> Iterator[Supervised]:
    process = subprocess.Popen(script(folder, children, **constants), start_new_session=True)
    try:
        yield Supervised(folder, process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_it_ends_all_when_told_to(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        folder = tmp_path / str(int(number))
        folder.mkdir()
        with supervised(folder, {"web": LIVE, "worker": LIVE}) as home:
            pids = [home.pid("web"), home.pid("worker")]
            wait_until(lambda: len(home.events("child_started")) == 2, "both to be told of")
            assert [event["child"] for event in home.events("child_started")] == ["web", "worker"]
            home.process.send_signal(number)
            assert home.process.wait(DEADLINE_SECONDS) == 0
            assert not any(map(is_running, pids))
            assert home.events("child_killed") == []


def test_the_children_are_in_its_process_group(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE}) as home:
        assert os.getpgid(home.pid("web")) == os.getpgid(home.process.pid) == home.process.pid


def test_a_dead_child_is_started_again_after_growing_pauses(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE, "worker": LIVE}) as home:
        other = home.pid("worker")
        for count in (1, 2):
            pid = home.pid("web")
            (tmp_path / "web").unlink()
            os.kill(pid, signal.SIGKILL)
            wait_until(partial(home.has_lost, count), "its death to be noticed")
            assert home.pid("web") != pid
        assert [event["restart_in_seconds"] for event in home.events("child_died")] == [0.2, 0.4]
        assert {event["child"] for event in home.events("child_died")} == {"web"}
        assert {event["exit_code"] for event in home.events("child_died")} == {-9}
        assert is_running(other)
        home.process.send_signal(signal.SIGTERM)
        assert home.process.wait(DEADLINE_SECONDS) == 0


def test_a_child_that_lived_long_is_started_again_soon(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE}, _STEADY_SECONDS=0.0) as home:
        for count in (1, 2):
            pid = home.pid("web")
            (tmp_path / "web").unlink()
            os.kill(pid, signal.SIGKILL)
            wait_until(partial(home.has_lost, count), "its death to be noticed")
        assert [event["restart_in_seconds"] for event in home.events("child_died")] == [0.2, 0.2]


def test_a_child_that_ends_by_itself_is_started_again(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE, "worker": "pass"}) as home:
        wait_until(lambda: len(home.events("child_started")) >= 3, "it to be started again")
        assert home.process.poll() is None


def test_a_child_that_cannot_start_ends_all_with_its_exit_code(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": "import sys; sys.exit('port 8000 is in use')", "worker": LIVE}) as home:
        assert home.process.wait(DEADLINE_SECONDS) == 1
        (event,) = home.events("child_cannot_start")
        assert (event["child"], event["exit_code"]) == ("web", 1)
        assert home.events("child_died") == []
    with supervised(tmp_path, {"web": "import sys; sys.exit(7)"}) as home:
        assert home.process.wait(DEADLINE_SECONDS) == 7


def test_an_error_later_on_is_no_reason_to_end(tmp_path: Path) -> None:
    once = "import pathlib, sys\nmark = pathlib.Path({mark!r})\nif mark.exists(): sys.exit(3)\nmark.write_text('1')"
    with supervised(tmp_path, {"web": once}) as home:
        wait_until(lambda: len(home.events("child_died")) >= 2, "it to fail after its second start")
        assert home.process.poll() is None
        assert home.events("child_died")[1]["exit_code"] == 3


def test_an_error_of_one_that_was_at_work_is_no_reason_to_end(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": "import sys; at_work.say(); sys.exit(3)"}) as home:
        wait_until(lambda: home.events("child_died"), "its death to be noticed")
        wait_until(lambda: len(home.events("child_started")) == 2, "it to be started again")
        assert home.process.poll() is None


def test_a_child_that_fails_says_why(tmp_path: Path) -> None:
    command = script(tmp_path, {"web": "raise ValueError('no such door')"})
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=DEADLINE_SECONDS)
    assert done.returncode == 1
    assert "ValueError: no such door" in done.stderr


def test_sighup_is_passed_on(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE, "worker": LIVE}) as home:
        home.pid("web"), home.pid("worker")
        home.process.send_signal(signal.SIGHUP)
        for name in ("web", "worker"):
            mark = tmp_path / f"{name}.{int(signal.SIGHUP)}"
            wait_until(mark.exists, f"{name} to hear of it")
        assert home.process.poll() is None


def test_one_that_will_not_end_is_killed_in_time(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": STUBBORN, "worker": LIVE}, STOP_SECONDS=1.0) as home:
        pid = home.pid("web")
        home.pid("worker")
        began = time.monotonic()
        home.process.send_signal(signal.SIGTERM)
        assert home.process.wait(DEADLINE_SECONDS) == 0
        assert time.monotonic() - began >= 1
        assert not is_running(pid)
        assert [event["child"] for event in home.events("child_killed")] == ["web"]


def test_a_second_signal_kills_at_once(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": STUBBORN}, STOP_SECONDS=60.0) as home:
        pid = home.pid("web")
        home.process.send_signal(signal.SIGINT)
        home.process.send_signal(signal.SIGTERM)
        assert home.process.wait(DEADLINE_SECONDS) == 0
        assert not is_running(pid)


def test_one_whose_pulse_stands_still_is_replaced(tmp_path: Path) -> None:
    """Not one that was stopped, or has not begun; and the next one knows what the last was at."""
    children = {"web": LIVE, "stopped": STOPPED, "worker": HANGING}
    with supervised(tmp_path, children, GRACE_SECONDS=1.0) as home:
        spared = [home.pid("web"), home.pid("stopped")]
        wait_until(lambda: len(home.events("child_hung")) >= 2, "it to be ended twice")
        assert {event["child"] for event in home.events("child_hung")} == {"worker"}
        assert home.events("child_hung")[0]["at_work"] == ["macro", "tech"]
        assert home.events("child_died")[0]["exit_code"] == -signal.SIGKILL
        wait_until(lambda: (tmp_path / "worker").read_text().endswith(" macro tech"), "the next one to know")
        assert [home.pid("web"), home.pid("stopped")] == spared
        assert all(map(is_running, spared))


def test_the_next_one_knows_what_one_that_crashed_was_at(tmp_path: Path) -> None:
    with supervised(tmp_path, {"worker": CRASHING}) as home:
        wait_until(partial(home.has_lost, 2), "it to crash twice")
        assert (tmp_path / "worker").read_text().startswith(".macro.")


def test_killed_itself_it_takes_the_children_along(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": LIVE, "worker": LIVE}) as home:
        pids = [home.pid("web"), home.pid("worker")]
        home.process.kill()
        home.process.wait()
        for pid in pids:
            wait_until(partial(is_gone, pid), "it to be gone")


def test_what_a_dead_child_leaves_behind_is_ended(tmp_path: Path) -> None:
    with supervised(tmp_path, {"web": PARENT, "worker": LIVE}) as home:
        home.pid("worker")
        grandchild = home.pid("web.grandchild")
        os.kill(home.pid("web"), signal.SIGKILL)
        wait_until(lambda: not is_running(grandchild), "what it left behind to be gone")
        wait_until(lambda: home.pid("web.grandchild") != grandchild, "the next one's")
        home.process.send_signal(signal.SIGTERM)
        assert home.process.wait(DEADLINE_SECONDS) == 0
        assert not is_running(home.pid("web.grandchild"))


def test_children_that_were_there_before_are_spared(tmp_path: Path) -> None:
    before = (
        "import subprocess, sys, pathlib\n"
        "spared = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(tmp_path / 'spared')!r}).write_text(str(spared.pid))\n"
    )
    command = script(tmp_path, {"web": LIVE})
    process = subprocess.Popen([*command[:2], before + command[2]], start_new_session=True)
    home = Supervised(tmp_path, process)
    try:
        home.pid("web")
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_SECONDS) == 0
        assert is_running(home.pid("spared"))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# at a terminal


@contextmanager
def at_a_terminal(folder: Path, children: dict[str, str]) -> Iterator[tuple[Supervised, int]]:
    """A supervisor in a session of its own whose terminal is a pty; and the pty's other end."""
    try:
        main, terminal = pty.openpty()
    except OSError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no terminal can be opened on this machine: {error}")
    take = f"import fcntl, os, termios; fcntl.ioctl({terminal}, termios.TIOCSCTTY, 0)\n"
    command = script(folder, children)
    process = subprocess.Popen(
        [*command[:2], take + command[2]], start_new_session=True, stdin=terminal, pass_fds=[terminal]
    )
    os.close(terminal)
    try:
        yield Supervised(folder, process), main
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_ctrl_c_ends_all(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, {"web": LIVE, "worker": LIVE}) as (home, main):
        pids = [home.pid("web"), home.pid("worker")]
        os.write(main, b"\x03")
        assert home.process.wait(DEADLINE_SECONDS) == 0
        assert not any(map(is_running, pids))
        os.close(main)


def test_a_terminal_that_is_closed_ends_all(tmp_path: Path) -> None:
    with at_a_terminal(tmp_path, {"web": LIVE}) as (home, main):
        pid = home.pid("web")
        home.process.send_signal(signal.SIGHUP)
        wait_until((tmp_path / f"web.{int(signal.SIGHUP)}").exists, "a SIGHUP while the terminal is there")
        assert home.process.poll() is None
        os.close(main)
        assert home.process.wait(DEADLINE_SECONDS) == 0
        assert not is_running(pid)
