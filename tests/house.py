"""A service whose processes are killed (kill -9), its editor and its pollers; and what must hold after each kill."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from desk import Desk, Lost
from feedsvc.runtime import Runtime
from feedsvc.tokens import hash_token, mint
from reckoning import all_feeds, find_faults
from service import DEADLINE_SECONDS, Service, descendants, free_port, is_gone, name_of, serving, wait_until

SECTIONS = ("macro", "finance", "tech")
DISTRICTS = 48
"""So many more sections for a while, without an article, make enough to do for a pool."""

PATHS = [f"/feeds/{slug}.{suffix}" for slug in (*SECTIONS, "economy", "all") for suffix in ("rss", "atom")]
PATHS += ["/feeds/macro.json", "/feeds.opml"]

WEB_PROCESS, WEB_SERVER, WORKER, NURSERY = "a web process", "the web server", "the worker", "the nursery"
POOL, SUPERVISOR, EVERYTHING = "a process of the pool", "the supervisor", "everything at once"
KINDS = (WEB_PROCESS, WEB_SERVER, WORKER, NURSERY, POOL, SUPERVISOR, EVERYTHING)

_PAUSE_SECONDS = 0.03
"""Between two edits."""


def write_config(path: Path, *, edition: int, database: str | None, districts: int = 0) -> None:
    """A setting that shows in every document, the edition, makes all of them anew."""
    more = "".join(f"  d{number}: {{title: 第{number}区, formats: [atom]}}\n" for number in range(districts))
    text = f"""\
site: {{title: "江畔新闻第{edition}版", base_url: "https://news.example.org", language: zh-Hans}}
server: {{memory: 4 MB}}
{"" if database is None else f"database: {database!r}"}
sections:
  macro: {{title: 宏观, limit: 20}}
  finance: {{title: 财经, limit: 10, withdrawals: notice}}
  tech: {{title: 科技, limit: 15, formats: [rss, atom]}}
  economy: {{title: 经济, include: [macro, finance], limit: 20}}
{more}"""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.rename(path)


@dataclass(frozen=True)
class Kill:
    """One that was survived, and the time (monotonic) until health was well again."""

    kind: str
    began: float
    well: float


@dataclass
class Pollers:
    """tests/polling.py in a process of its own, and what it told so far."""

    process: subprocess.Popen[str]
    lost: list[Lost] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    polls: int = 0
    told: dict[str, Any] = field(default_factory=dict)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            match word:
                case "progress":
                    self.polls = int(rest)
                case "lost":
                    lost = json.loads(rest)
                    self.lost.append(Lost(lost["from"], lost["to"], lost["why"]))
                case "fault":
                    self.faults.append(rest)
                case _:
                    self.told = json.loads(line)


@contextmanager
def polling(address: str, connections: int) -> Iterator[Pollers]:
    command = [sys.executable, str(Path(__file__).with_name("polling.py")), address, "-", str(connections), "1", *PATHS]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
    pollers = Pollers(process)
    ears = threading.Thread(target=pollers.listen)
    ears.start()
    try:
        yield pollers
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(DEADLINE_SECONDS)
        finally:
            process.kill()
            ears.join()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


class House:
    """A service whose processes are killed, its editor and its pollers."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        workers: int,
        database: str | None = None,
        patience_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        """`patience_seconds`: how long feeds and archives may take until they are current."""
        self.config = folder / "config.yaml"
        self.folder = folder
        self.chance = random.Random(seed)
        self.kills: list[Kill] = []
        self.edition = 1
        self.districts = 0
        self._database = database
        self._workers = workers
        self._patience_seconds = patience_seconds
        self._port = free_port()
        self._stack = ExitStack()
        self._service: Service | None = None
        self._runtime: Runtime | None = None
        write_config(self.config, edition=1, database=database)
        self.desk = Desk(self.config, self.address, self._make_token(), seed=seed, sections=SECTIONS)

    def _make_token(self) -> str:
        token = mint()
        with closing(Runtime.open(self.config)) as runtime, runtime.store.write() as tx:
            tx.add_token("desk", hash_token(token), (), runtime.clock())
        return token

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def service(self) -> Service:
        assert self._service is not None
        return self._service

    def start(self) -> None:
        self._service = self._stack.enter_context(serving(self.config, self._port, "--workers", str(self._workers)))
        wait_until(self.is_well, "the service to be well")

    def stop(self) -> None:
        self._stack.close()
        self._forget_runtime()

    def edit_config(self, *, districts: int = 0) -> None:
        """All documents change; districts come or go."""
        self.edition += 1
        self.districts = districts
        write_config(self.config, edition=self.edition, database=self._database, districts=districts)
        self._forget_runtime()

    def break_config(self) -> None:
        """Till the next edit."""
        self.config.write_text("site: {title: 江畔新闻\nsections: macro\n", encoding="utf-8")

    @property
    def runtime(self) -> Runtime:
        """Over config.yaml as it is now, in this process."""
        if self._runtime is None:
            self._runtime = Runtime.open(self.config, migrate=False)
        return self._runtime

    def _forget_runtime(self) -> None:
        if self._runtime is not None:
            self._runtime.close()
            self._runtime = None

    # its processes

    def pids(self, kind: str) -> list[int]:
        """Of the processes that are killed as this kind; several where all of these go at once."""
        supervisor = self.service.process.pid
        match kind:
            case "the supervisor":
                return [supervisor]
            case "everything at once":
                return [supervisor, *descendants(supervisor)]
            case "the web server":
                return [pid for pid in _children(supervisor) if name_of(pid) == "feedsvc-web"]
            case "a web process":
                return [pid for web in self.pids(WEB_SERVER) for pid in _children(web) if not is_gone(pid)]
        name = {WORKER: "feedsvc-worker", NURSERY: "feedsvc-nursery", POOL: "feedsvc-pool"}[kind]
        return [pid for pid in descendants(supervisor) if name_of(pid) == name and not is_gone(pid)]

    def is_well(self) -> bool:
        """All who should be there are, and health has nothing to say."""
        if len(self.pids(WEB_PROCESS)) != self._workers or len(self.pids(WORKER)) != 1 or not self.service.is_up():
            return False
        with suppress(OSError):
            answer = self.service.get("/healthz")
            return answer.status == 200 and json.loads(answer.body)["status"] == "ok"
        return False

    def is_settled(self) -> bool:
        """Is all of it made, archives too?"""
        survey = self.runtime.regenerator.survey(self.runtime.settings)
        return not (survey.stale or survey.archives) and all(check.ok for check in self.runtime.checks())

    # what is done to them

    def kill(self, kind: str, *, instead: str = WORKER) -> None:
        """After a random moment, or something else where no pool comes; then health has to be well again."""
        if kind == POOL and not self._call_pool():
            kind = instead
        time.sleep(self.chance.uniform(0, 0.5))
        victims = self.pids(kind)
        if kind in (WEB_PROCESS, POOL):
            victims = [self.chance.choice(victims)] if victims else []
        family = self.pids(EVERYTHING)
        began = time.monotonic()
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in victims:
            if pid == self.service.process.pid:
                self.service.process.wait(DEADLINE_SECONDS)
            wait_until(partial(is_gone, pid), f"{kind} to end")
        if kind in (SUPERVISOR, EVERYTHING):
            wait_until(lambda: all(map(is_gone, family)), "all the others to end by themselves")
            self._stack.close()
            self.start()
        wait_until(self.is_well, f"the service to be well after {kind} was killed")
        self.kills.append(Kill(kind, began, time.monotonic()))

    def _call_pool(self) -> bool:
        """Make so much stale that there is one; there is none for half a minute after one was lost."""
        with self.desk.turn:
            self.edit_config(districts=DISTRICTS)
            what = "a pool, or all to be made without"
            wait_until(lambda: self.pids(POOL) or self.is_settled(), what, self._patience_seconds)
        return bool(self.pids(POOL))

    def reckon(self, *, is_whole: bool) -> list[str]:
        """Everything that is wrong now, while nobody writes."""
        self.desk.publish()  # which only a worker that works can bring to light
        with self.desk.turn:
            wait_until(self.is_settled, "all feeds to be current", self._patience_seconds)
            feeds = all_feeds(self.runtime)
            audited = feeds if is_whole else [self.chance.choice((*SECTIONS, "economy", "all"))]
            return find_faults(self.runtime, self.desk.acknowledged, audited=audited)


def find_unexplained(lost: list[Lost], kills: list[Kill]) -> list[str]:
    """Those who got no answer though nothing had been killed."""
    return [
        f"not answered though nothing was killed: {each}"
        for each in lost
        if not any(each.since <= kill.well and kill.began <= each.until for kill in kills)
    ]


def _children(pid: int) -> list[int]:
    """Of its first thread and all others."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += [int(child) for child in task.read_text().split()]
    return found


@contextmanager
def editing(desk: Desk, *, pause_seconds: float = _PAUSE_SECONDS) -> Iterator[list[Exception]]:
    """The editor works in a thread of its own; what it can't bear is raised at the end, and may be looked at before."""
    ended = threading.Event()
    troubles: list[Exception] = []

    def work() -> None:
        try:
            while not ended.is_set():
                desk.work()
                ended.wait(pause_seconds)
        except Exception as error:  # noqa: BLE001  # raised below, in the thread that can tell of it
            troubles.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield troubles
    finally:
        ended.set()
        thread.join()
    if troubles:
        raise troubles[0]
