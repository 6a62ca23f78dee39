"""A real `feedsvc serve` in processes of its own, on a free port, and what tests ask of it."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from feedsvc.errors import FeedsvcError
from feedsvc.runtime import Runtime

T = TypeVar("T")

DEADLINE_SECONDS = 120.0
"""How long a test waits for what is to come. Only what never comes takes so long, however busy the machine is."""

FEEDSVC = (sys.executable, "-m", "feedsvc")


def wait_until(look: Callable[[], T], what: str, seconds: float = DEADLINE_SECONDS) -> T:
    """The first true thing that `look` says; a failure that names what was waited for when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        began = time.thread_time()
        if found := look():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        # Who looks leaves most of the processor to whom it waits for.
        time.sleep(max(0.02, 3 * (time.thread_time() - began)))


_FIRST_PORT = _PORTS = 16_384
"""From twice as many on Linux gives ports to whoever connects (ip(7), ip_local_port_range)."""

_SIDE_BY_SIDE = 16
"""So many processes of one run of the tests never try the same port."""

_tried = count(secrets.randbelow(_PORTS))


def free_port() -> int:
    """A port to listen on that nobody takes in the meantime: no outgoing connection and no other test."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = _FIRST_PORT + (next(_tried) * _SIDE_BY_SIDE + process) % _PORTS
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def feedsvc(*arguments: str | Path, expect: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; its exit code is part of what it says."""
    command = [*FEEDSVC, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, timeout=DEADLINE_SECONDS, **options
    )
    assert done.returncode == expect, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Service:
    """`process` is the supervisor; `log` is what it and its children wrote."""

    process: subprocess.Popen[bytes]
    config: Path
    url: str
    log: Path

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=DEADLINE_SECONDS)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def is_up(self) -> bool:
        assert self.process.poll() is None, f"serve ended with {self.process.returncode}:\n{self.log.read_text()}"
        try:
            return self.get("/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def is_current(self) -> bool:
        """A worker lives, all is well, and every feed is as it should be now. /healthz may be a second old."""
        try:
            with closing(Runtime.open(self.config, migrate=False)) as runtime:
                return all(check.ok for check in runtime.checks()) and not runtime.regenerator.stale(runtime.settings)
        except FeedsvcError:  # the service has not made its database yet
            return False

    def stop(self, seconds: float = DEADLINE_SECONDS) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextmanager
def serving(config: Path, port: int, *options: str, **environ: str) -> Iterator[Service]:
    """Start `feedsvc serve` and stop it at the end, with all its processes; with these variables besides."""
    log = config.parent / "serve.log"
    with log.open("ab") as out:
        command = [*FEEDSVC, "--config", str(config), "serve", "--port", str(port), *options]
        process = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | environ, start_new_session=True)
    service = Service(process, config, f"http://127.0.0.1:{port}", log)
    try:
        wait_until(service.is_up, "the service to answer")
        yield service
    finally:
        try:
            service.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def descendants(pid: int) -> list[int]:
    """Process ids of all children of `pid`, and of theirs (Linux)."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
            for child in task.read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def name_of(pid: int) -> str:
    """What the process calls itself; nothing of one that has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_gone(pid: int) -> bool:
    """Has it ended, and let go of all that it held?"""
    return not is_running(pid)


def is_running(pid: int) -> bool:
    """A process that has ended but was not waited for (a zombie) does not run, once all its threads have ended.

    Until then it has its files, sockets and locks, though its first thread may be a zombie already.
    """
    process = Path(f"/proc/{pid}")
    try:
        state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" or len(list((process / "task").iterdir())) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False
