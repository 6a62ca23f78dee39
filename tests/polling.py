"""A crowd of pollers in a process of its own, who hold each answer to what they have been told before.

usage: python tests/polling.py HOST:PORT POLLS CONNECTIONS SEED PATH...

Prints a line `progress N` now and then, at the end one JSON object: counts, latencies, and every fault that was seen.

With `-` for POLLS they poll in no hurry until standard input ends, of a service that is killed now and then: who got no
answer, or one of 5xx, is no fault yet but a line `lost {"from": ..., "to": ..., "why": ...}`: since when (monotonic)
nothing had been heard on that connection, and until when.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import math
import random
import re
import sys
import time
import zlib
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Event, Lock, Thread
from typing import Any

import brotli

TIMEOUT_SECONDS = 120.0
_PROGRESS_EVERY = 50
_KEPT_VERSIONS = 12
_REPORTED_FAULTS = 20
_PAUSE_SECONDS = 0.04
"""Between two polls of one connection, where there is no hurry."""

_ENTRY = re.compile(rb"<(item|entry)>.*?</\1>", re.DOTALL)
_ID = re.compile(rb"<(guid|id)[^>]*>(.*?)</\1>", re.DOTALL)
_ARCHIVE = re.compile(rb'<link href="[^"]*(/feeds/[^"]+)" rel="prev-archive"')
# What readers say they accept, and how many of them do.
_ACCEPTED = {"gzip": 8, "gzip, deflate, br": 6, None: 3, "br;q=0.5, gzip;q=1.0": 2, "*": 1, "identity": 1}
# What they show of what they have.
_SHOWN = {"current": 12, "nothing": 3, "stale": 3, "date": 2, "stale date": 1, "list": 1}


@dataclass
class Version:
    """One state of a document, as far as it has been seen."""

    tag: str
    modified: float
    bodies: dict[str, str] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    entries: dict[bytes, bytes] | None = None


class Known:
    """What has been told about one address. Every later answer must agree."""

    def __init__(self) -> None:
        self.versions: dict[str, Version] = {}
        self.order: deque[str] = deque(maxlen=_KEPT_VERSIONS)
        self.newest = float("-inf")

    def current(self) -> Version | None:
        return self.versions[self.order[-1]] if self.order else None


class Crowd:
    """All pollers of this process."""

    def __init__(self, address: str, paths: list[str], seed: int, *, expects_kills: bool = False) -> None:
        self.address = address
        self.paths = paths
        self.seed = seed
        self.expects_kills = expects_kills
        self.ended = Event()
        self.lock = Lock()
        self.known: dict[str, Known] = defaultdict(Known)
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.latencies: list[float] = []
        self.polls = 0

    def run(self, polls: float, connections: int) -> dict[str, Any]:
        """So many polls on so many connections, or fewer if they are to end before; what came of them."""
        threads = [Thread(target=self._poll, args=(number, polls)) for number in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.latencies.sort()
        return {
            "polls": self.polls,
            "counts": dict(sorted(self.counts.items())),
            "faults": self.faults[:_REPORTED_FAULTS],
            "fault_count": len(self.faults),
            "versions": sum(len(each.versions) for each in self.known.values()),
            "addresses": len(self.known),
            "p50_ms": round(self._percentile(0.5), 2),
            "p99_ms": round(self._percentile(0.99), 2),
        }

    def _percentile(self, share: float) -> float:
        return self.latencies[int(share * (len(self.latencies) - 1))] * 1_000

    def _poll(self, number: int, polls: float) -> None:
        chance = random.Random(self.seed + number)
        connection = http.client.HTTPConnection(self.address, timeout=TIMEOUT_SECONDS)
        heard_at = time.monotonic()
        while not self.ended.is_set():
            with self.lock:
                if self.polls >= polls:
                    break
                self.polls += 1
                if self.polls % _PROGRESS_EVERY == 0:
                    say(f"progress {self.polls}")
            why = None
            try:
                poll = Poll(self, chance)
                if poll.make(connection) >= 500 and self.expects_kills:
                    why = f"{poll.path}: {poll.status}"
            except (OSError, http.client.HTTPException) as error:
                why = f"no answer: {error!r}"
                connection.close()
            if why is not None:
                self._lose(why, heard_at)
            heard_at = time.monotonic()
            if self.expects_kills:
                self.ended.wait(_PAUSE_SECONDS)
        connection.close()

    def _lose(self, why: str, heard_at: float) -> None:
        if not self.expects_kills:
            self.blame(why)
            return
        with self.lock:
            self.counts["lost"] += 1
            say(f"lost {json.dumps({'from': heard_at, 'to': time.monotonic(), 'why': why})}")

    def blame(self, fault: str) -> None:
        with self.lock:
            self.faults.append(fault)
            if self.expects_kills:
                say(f"fault {fault}")


class Poll:
    """One request, and what its answer must be."""

    def __init__(self, crowd: Crowd, chance: random.Random) -> None:
        self.crowd = crowd
        self.path = chance.choice(crowd.paths)
        self.method = "HEAD" if chance.random() < 0.06 else "GET"
        self.status = 0
        self.headers: dict[str, str] = {}
        accepted = chance.choices(list(_ACCEPTED), list(_ACCEPTED.values()))[0]
        if accepted is not None:
            self.headers["Accept-Encoding"] = accepted
        with crowd.lock:
            known = crowd.known[self.path]
            self.newest = known.newest
            self.shown = self._show(known, chance)
        if chance.random() < 0.25:
            self.headers["A-IM"] = "feed"

    def _show(self, known: Known, chance: random.Random) -> list[str]:
        """Validators go into the headers; the tags among them are returned."""
        how = chance.choices(list(_SHOWN), list(_SHOWN.values()))[0]
        current = known.current()
        if current is None or how == "nothing":
            return []
        old = known.versions[chance.choice(known.order)]
        one = current if how in {"current", "date"} else old
        if "date" in how:
            date = time.gmtime(one.modified)
            self.headers["If-Modified-Since"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", date)
            return []
        weakness = chance.choice(["", "W/"])
        tags = f'{weakness}"{one.tag}"'
        self.headers["If-None-Match"] = f'"0-0", {tags}, W/"x"' if how == "list" else tags
        return [one.tag]

    def make(self, connection: http.client.HTTPConnection) -> int:
        """The status it was answered with."""
        began = time.perf_counter()
        # `Accept-Encoding: identity` is what http.client says unasked.
        connection.putrequest(self.method, self.path, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        taken = time.perf_counter() - began
        fault = self.judge(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
        with self.crowd.lock:
            self.crowd.latencies.append(taken)
            coding = response.headers.get("Content-Encoding", "plain")
            told = {304: "", 503: f" {self.path}"}.get(response.status, f" {coding}")
            kind = f"{self.method} {response.status}{told}"
            self.crowd.counts[kind] += 1
        self.status = response.status
        if fault is not None:
            self.crowd.blame(f"{self.method} {self.path} {self.headers} -> {response.status}: {fault}")
        return self.status

    def judge(self, status: int, headers: dict[str, str], body: bytes) -> str | None:
        """What is wrong with the answer; None if nothing is."""
        if status >= 500 and self.crowd.expects_kills:
            return None  # whether it had to be one, whoever kills knows
        if status == 503 and "/archive/" in self.path and "retry-after" in headers:
            return None  # "it has not been made yet"
        if status not in {200, 226, 304}:
            return f"{body[:200]!r}"
        tag = headers["etag"].removeprefix("W/").strip('"')
        coding = headers.get("content-encoding", "identity")
        modified = parsedate_to_datetime(headers["last-modified"]).timestamp()
        fault = self._judge_validators(status, tag, modified) or self._agree(tag, modified)
        if fault is not None or status == 304:
            return fault
        judge = self._judge_delta if status == 226 else self._judge_body
        return judge(headers, tag, coding, body)

    def _judge_validators(self, status: int, tag: str, modified: float) -> str | None:
        """Is it the newest state, and does 304 stand exactly where the client showed this one?"""
        if modified < self.newest:
            return f"Last-Modified went back by {self.newest - modified} s"
        if status == 304 and not self.shown and "If-Modified-Since" not in self.headers:
            return "304 to who showed nothing"
        if status == 304 and self.shown and tag not in self.shown:
            return f"304 for {tag}, which was not shown"
        return "200 for what was shown" if status == 200 and tag in self.shown else None

    def _agree(self, tag: str, modified: float) -> str | None:
        """A tag stands for one time, and a time for one tag."""
        with self.crowd.lock:
            known = self.crowd.known[self.path]
            version = known.versions.get(tag)
            if version is not None:
                is_same = version.modified == modified
                return None if is_same else f"one ETag, two times: {version.modified}, {modified}"
            if any(known.versions[each].modified == modified for each in known.order):
                return f"two ETags at the time {modified}"
            known.versions[tag] = Version(tag, modified)
            if modified > known.newest:
                known.newest = modified
                if len(known.order) == _KEPT_VERSIONS:
                    known.versions[known.order[0]].entries = None  # nobody will show it any more
                known.order.append(tag)
            return None

    def _judge_body(self, headers: dict[str, str], tag: str, coding: str, body: bytes) -> str | None:
        if headers["etag"].startswith("W/") == (coding == "identity"):
            return f"ETag {headers['etag']} for coding {coding}"
        version = self.crowd.known[self.path].versions[tag]
        length = int(headers["content-length"])
        with self.crowd.lock:
            if version.lengths.setdefault(coding, length) != length:
                return f"two lengths of one ETag and coding {coding}: {length}, {version.lengths[coding]}"
        if len(body) != (0 if self.method == "HEAD" else length):
            return f"{self.method} with {len(body)} bytes of {length}"
        return None if self.method == "HEAD" else self._judge_bytes(version, coding, body)

    def _judge_bytes(self, version: Version, coding: str, body: bytes) -> str | None:
        digest = hashlib.sha256(body).hexdigest()
        if version.bodies.get(coding) == digest:
            return None
        plain = unpack(coding, body)
        if hashlib.sha256(plain).hexdigest()[:32] != version.tag:
            return f"the body in {coding} is not what its ETag names"
        with self.crowd.lock:
            if version.bodies.setdefault(coding, digest) != digest:
                return f"one ETag, two bodies in {coding}"
        version.entries = split(plain)
        self._find_archives(plain)
        return None

    def _judge_delta(self, headers: dict[str, str], tag: str, coding: str, body: bytes) -> str | None:
        """Put into what the client has, it must give the whole: nothing strange in it, nothing left out."""
        base = headers["delta-base"].strip('"')
        if headers["im"] != "feed" or base not in self.shown or base == tag:
            return f"a delta from {base}, {self.shown} shown"
        if self.method == "HEAD":
            return None
        versions = self.crowd.known[self.path].versions
        old, new = versions[base].entries, versions[tag].entries
        if old is None or new is None:
            self.crowd.counts["deltas not judged, since one side has not been seen whole"] += 1
            return None
        delta = split(unpack(coding, body))
        strange = [each for each, digest in delta.items() if new.get(each) != digest]
        missing = [each for each, digest in new.items() if old.get(each) != digest and each not in delta]
        self.crowd.counts["deltas merged"] += 1
        return f"delta with {len(strange)} strange entries, {len(missing)} missing" if strange or missing else None

    def _find_archives(self, plain: bytes) -> None:
        found = _ARCHIVE.search(plain)
        if found is not None:
            with self.crowd.lock:
                path = found[1].decode()
                if path not in self.crowd.paths:
                    self.crowd.paths.append(path)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def unpack(coding: str, body: bytes) -> bytes:
    match coding:
        case "gzip":
            return zlib.decompress(body, 31)
        case "br":
            plain: bytes = brotli.decompress(body)
            return plain
    return body


def split(document: bytes) -> dict[bytes, bytes]:
    """The digest of each entry of an RSS or Atom document, by its id."""
    entries = {}
    for entry in _ENTRY.finditer(document):
        found = _ID.search(entry[0])
        if found is not None:
            entries[found[2]] = hashlib.sha256(entry[0]).digest()
    return entries


def main() -> None:
    address, polls, connections, seed, *paths = sys.argv[1:]
    crowd = Crowd(address, paths, int(seed), expects_kills=polls == "-")
    if crowd.expects_kills:
        Thread(target=_end_with_input, args=(crowd,), daemon=True).start()
    told = crowd.run(math.inf if crowd.expects_kills else int(polls), int(connections))
    say(json.dumps(told))


def _end_with_input(crowd: Crowd) -> None:
    sys.stdin.read()
    crowd.ended.set()


if __name__ == "__main__":
    main()
