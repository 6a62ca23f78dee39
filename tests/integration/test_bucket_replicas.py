"""Two replicas and a bucket: who sleeps, and who is killed, overwrites nothing and leaves nothing undone.

Real workers, each with a folder and a cable of its own, on one PostgreSQL and one S3 server.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from engine import newsroom_on
from feedsvc.runtime import now
from feedsvc.store import Store
from newsroom import CONFIG
from s3 import Cable, Hand, S3Server, cable_to
from service import DEADLINE_SECONDS, FEEDSVC, descendants, wait_until

TIMEOUT_SECONDS = 1
"""So the lease lasts for three."""


@dataclass(frozen=True)
class Replica:
    process: subprocess.Popen[bytes]
    folder: Path
    cable: Cable

    def signal(self, number: int) -> None:
        """To all its processes, as what happens to a machine."""
        for each in (self.process.pid, *descendants(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def live(self) -> dict[str, bytes]:
        files = [each for suffix in ("rss", "atom", "json", "opml") for each in self.folder.glob(f"[!.]*.{suffix}")]
        return {each.name: each.read_bytes() for each in files}

    def shows(self, text: str) -> bool:
        found = self.live()
        return all(text.encode() in found.get(f"{slug}.rss", b"") for slug in ("macro", "economy", "all"))

    def events(self) -> list[str]:
        lines = (self.folder.parent / "worker.log").read_text("utf-8").splitlines()
        return [json.loads(line)["event"] for line in lines if line.startswith("{")]


@contextmanager
def replica(folder: Path, database: str, hand: Hand, cable: Cable) -> Iterator[Replica]:
    folder.mkdir()
    place = {"url": hand.url, "endpoint": cable.endpoint, "timeout": TIMEOUT_SECONDS}
    config = folder / "config.yaml"
    config.write_text(f"{CONFIG}database: {database!r}\nbucket: {json.dumps(place)}\n", "utf-8")
    environ = {**os.environ, "FEEDSVC_LOG": "json"}
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen([*FEEDSVC, "-c", str(config), "worker"], stdout=log, stderr=log, env=environ)
    try:
        yield Replica(process, folder / "feeds", cable)
    except BaseException as error:
        error.add_note((folder / "worker.log").read_text("utf-8"))
        raise
    finally:
        process.kill()
        process.wait(DEADLINE_SECONDS)


def test_a_sleeper_is_refused_and_a_dead_ones_work_is_finished(
    postgres_url: str, tmp_path: Path, server: S3Server, hand: Hand
) -> None:
    with (
        cable_to(server) as cable,
        cable_to(server) as other_cable,
        newsroom_on(postgres_url, tmp_path / "desk", now) as desk,
        replica(tmp_path / "one", postgres_url, hand, cable) as one,
    ):
        store, holder = desk.runtime.store, Holder(desk.runtime.store, hand.url)

        def publish(text: str) -> None:
            desk.put(external_id="a", title=text)

        publish("第一稿")
        wait_until(lambda: one.shows("第一稿") and hand.documents() == one.live(), "the first fill")
        first = holder.name()
        with replica(tmp_path / "two", postgres_url, hand, other_cable) as two:
            wait_until(lambda: two.shows("第一稿"), "the other replica")

            # One sleeps in the midst of a PUT; two takes over.
            cable.hold()
            publish("第二稿")
            wait_until(lambda: cable.held, "a document on its way")
            one.signal(signal.SIGSTOP)
            wait_until(lambda: holder.name() not in {first, None}, "the other one to take over")
            publish("第三稿")
            wait_until(lambda: two.shows("第三稿") and hand.documents() == two.live(), "what it carries")
            right = hand.documents()
            cable.let_go()
            wait_until(lambda: len(cable.answers) == cable.held, "what the sleeper had sent to arrive")
            assert set(cable.answers) == {412}
            one.signal(signal.SIGCONT)
            wait_until(lambda: "bucket_lease_lost" in one.events(), "it to find out")
            assert hand.documents() == right == two.live()

            # Two is killed between two documents.
            second = holder.name()
            other_cable.hold(after=1)
            publish("第四稿")
            wait_until(lambda: other_cable.held, "a document on its way")
            two.signal(signal.SIGKILL)
            read = [content.decode() for key, content in hand.documents().items() if key.startswith("macro.")]
            assert {"第三稿" in each for each in read} == {"第四稿" in each for each in read} == {True, False}

        # One takes over, and what the dead one had sent arrives after its look and before what it sends itself.
        cable.hold()
        publish("第五稿")
        wait_until(lambda: holder.name() not in {second, None} and cable.held, "the other one to take over")
        other_cable.let_go()
        wait_until(lambda: len(other_cable.answers) == other_cable.held, "what the dead one had sent to arrive")
        assert 200 in other_cable.answers
        cable.let_go()
        wait_until(lambda: one.shows("第五稿") and hand.documents() == one.live(), "all to be right")
        assert "bucket_object_replaced" in one.events()
        assert store.ledger(hand.url).held().keys() == hand.list_keys()


class Holder:
    def __init__(self, store: Store, url: str) -> None:
        self._ledger = store.ledger(url)

    def name(self) -> str | None:
        lease = self._ledger.lease()
        return None if lease is None else lease.holder
