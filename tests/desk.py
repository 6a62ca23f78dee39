"""An editor who sends until it is acknowledged, and knows what is stored then: what tests hold feeds and store to."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from service import DEADLINE_SECONDS, FEEDSVC

NEWEST = 40
"""Of so many last ones is chosen what is corrected or withdrawn, so that some are live and some in archives."""

_SENTENCES = (
    "清晨六点，江畔的老码头已经热闹起来。",
    "运价指数连续三周回落，船东观望情绪渐浓。",
    "The port authority expects traffic to recover by autumn.",
    "渔市收摊之后，灯火沿着堤岸一盏盏熄灭。",
)


@dataclass(frozen=True)
class Lost:
    """Nobody answered, or with 5xx: nothing had been heard since then (monotonic), and until when."""

    since: float
    until: float
    why: str


@dataclass(frozen=True)
class Sent:
    """An article as it was acknowledged last. Its title is like no other's, and another one after each correction."""

    title: str
    sections: tuple[str, ...]
    is_withdrawn: bool = False


class Desk:
    """Publishes, corrects, withdraws and revives through the API, and imports. `turn` is held while it is at it:
    whoever takes it sees everything acknowledged and nothing on its way.
    """

    def __init__(self, config: Path, address: str, token: str, *, seed: int, sections: tuple[str, ...]) -> None:
        self.turn = threading.Lock()
        self.acknowledged: dict[str, Sent] = {}
        self.done: Counter[str] = Counter()
        self.lost: list[Lost] = []
        self.importing: subprocess.Popen[str] | None = None
        self._config = config
        self._address = address
        self._token = token
        self._chance = random.Random(seed)
        self._sections = sections
        self._number = 0

    def work(self) -> None:
        """One more; now and then an older one is corrected, withdrawn or brought back instead."""
        with self.turn:
            kind = self._chance.choices(("publish", "correct", "withdraw", "revive"), (60, 22, 12, 6))[0]
            known = list(self.acknowledged)[-NEWEST:]
            of_kind = [name for name in known if self.acknowledged[name].is_withdrawn == (kind == "revive")]
            if kind == "publish" or not of_kind:
                self._put("publish", *self._write())
                return
            name = self._chance.choice(of_kind)
            if kind == "withdraw":
                self._send(kind, "DELETE", name, None)
                self.acknowledged[name] = replace(self.acknowledged[name], is_withdrawn=True)
            else:
                self._put(kind, name, self._write_again(name))

    def publish(self) -> None:
        """One more."""
        with self.turn:
            self._put("publish", *self._write())

    def take_in(self, count: int, folder: Path) -> None:
        """Import so many; whoever kills it (`importing`) only makes it run once more."""
        with self.turn:
            written = dict(self._write() for _ in range(count))
            file = folder / "import.jsonl"
            lines = (json.dumps(article | {"external_id": name}) for name, article in written.items())
            file.write_text("\n".join(lines), encoding="utf-8")
            command = [*FEEDSVC, "--config", str(self._config), "import", str(file)]
            while True:
                self.importing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                said, _ = self.importing.communicate(timeout=DEADLINE_SECONDS)
                if self.importing.returncode == 0:
                    break
                assert self.importing.returncode < 0, said
                self.done["import killed"] += 1
            self.importing = None
            self.done["import"] += 1
            self.acknowledged |= {name: self._sent(article) for name, article in written.items()}

    def kill_import(self) -> None:
        """If there is one."""
        if (process := self.importing) is not None and process.poll() is None:
            process.kill()

    def _write(self) -> tuple[str, dict[str, Any]]:
        self._number += 1
        body = "".join(f"<p>{self._chance.choice(_SENTENCES)}</p>" for _ in range(self._chance.randrange(3, 30)))
        several = self._chance.random() < 0.2 and len(self._sections) > 1
        sections = self._chance.sample(self._sections, 2 if several else 1)
        return f"desk-{self._number}", {"title": f"第{self._number}篇", "sections": sections, "content_html": body}

    def _write_again(self, name: str) -> dict[str, Any]:
        before = self.acknowledged[name]
        _, article = self._write()
        return article | {
            "title": f"{before.title.partition('，')[0]}，第{self._number}稿",
            "sections": before.sections,
        }

    @staticmethod
    def _sent(article: Mapping[str, Any]) -> Sent:
        return Sent(article["title"], tuple(article["sections"]))

    def _put(self, kind: str, name: str, article: dict[str, Any]) -> None:
        self._send(kind, "PUT", name, article)
        self.acknowledged[name] = self._sent(article)

    def _send(self, kind: str, method: str, name: str, article: dict[str, Any] | None) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        body = None if article is None else json.dumps(article)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            began, why = time.monotonic(), "no answer"
            connection = http.client.HTTPConnection(self._address, timeout=DEADLINE_SECONDS)
            with closing(connection), suppress(OSError, http.client.HTTPException):
                connection.request(method, f"/api/v1/articles/{name}", body, headers)
                response = connection.getresponse()
                said = response.read()
                if response.status < http.client.MULTIPLE_CHOICES:
                    self.done[kind] += 1
                    return
                assert response.status >= http.client.INTERNAL_SERVER_ERROR, (method, response.status, said)
                why = f"{response.status} {said[:120]!r}"
            self.lost.append(Lost(began, time.monotonic(), f"{method} {name}: {why}"))
            assert time.monotonic() < deadline, f"nobody took {method} {name}: {why}"
            time.sleep(0.05)
