"""/metrics: what an operator alarms on, in Prometheus' words, of all processes together (counting.py).

What is counted lies in the feeds folder; a scrape adds it up, and asks the database two short questions. No look at
all feeds is among it: what waits and what fails is what the worker last said (situation.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from feedsvc import __version__
from feedsvc.counting import BUCKETS, KINDS, POLLS, PUBLICATIONS, REFUSED, REQUESTS, SECONDS, SECONDS_SUM, kind_of
from feedsvc.errors import FeedsvcError, OutputError
from feedsvc.freight import Freight, FreightReader
from feedsvc.model.polling import COUNTED, Counts
from feedsvc.output import Audited, Key
from feedsvc.quarantine import held
from feedsvc.runtime import Runtime
from feedsvc.situation import AUDIT_WAITING, FAILING, WAITING, WAITING_SINCE
from feedsvc.web.context import runtime_of
from feedsvc.web.pace import Remembered
from feedsvc.web.patience import Question

blueprint = Blueprint("metrics", __name__)

PEER = "feedsvc.peer"
"""Where in the WSGI environment the address of who connected stands, if another was put in its place."""

_KEY = "feedsvc.metrics"
_KEPT_SECONDS = 1
_ANSWER_SECONDS = 3.0
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


@blueprint.record
def _prepare(state: BlueprintSetupState) -> None:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_ServiceCollector(runtime_of(state.app)))
    state.app.extensions[_KEY] = registry


@blueprint.get("/metrics")
def metrics() -> Response:
    runtime = runtime_of(current_app)
    readers = runtime.settings.server.metrics
    if readers == "off":
        return _say(HTTPStatus.NOT_FOUND, "There are no metrics here: config.yaml says `server: {metrics: off}`.")
    if readers == "local" and not is_local(request.environ):
        text = "Metrics are for this machine only, unless config.yaml says `server: {metrics: everyone}`."
        return _say(HTTPStatus.FORBIDDEN, text)
    encode, media_type = choose_encoder(request.headers.get("Accept", ""))
    response = Response(encode(current_app.extensions[_KEY]), content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    return response


def _say(status: HTTPStatus, text: str) -> Response:
    return Response(f"{text}\n", status, {"Cache-Control": "no-store"}, mimetype="text/plain")


def is_local(environ: Mapping[str, Any]) -> bool:
    """Does this machine itself ask, and for nobody else?

    Who connects must be it, whatever a header says; and a proxy on this machine asks for others. Whom that saw is not
    asked, though it may be told (`trusted_proxies`): fewer proxies than there should be, a header that can't be read,
    or one that is spelt `X_Forwarded_For`, which is the same to WSGI, would let others pass for this machine.
    """
    if any(name in environ for name in _FORWARDED):
        return False
    address = environ.get("REMOTE_ADDR", "")
    return all(_is_loopback(each) for each in (address, environ.get(PEER, address)))


def _is_loopback(address: str) -> bool:
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


@dataclass(frozen=True, slots=True)
class _Told:
    """What the database says."""

    last_seen: datetime | None
    quarantined: int
    freight: Freight | None


class _ServiceCollector(Collector):
    """All there is to tell at the moment of a scrape; scrapes within a second share what was read."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._freight = FreightReader(runtime.store)
        self._question = Question(self._ask, _ANSWER_SECONDS)
        self._database: Remembered[_Told | None] = Remembered(_KEPT_SECONDS, self._answer)

    def collect(self) -> Iterator[Metric]:
        self._runtime.tally.write()
        try:
            counts = self._runtime.tally.read()
        except OutputError:
            counts = {}
        yield from _of_publications(counts)
        yield from _of_polls(counts)
        yield from self._of_worker(counts)
        yield from self._of_service()

    def _answer(self) -> _Told | None:
        """None where the database can't be reached, or takes too long."""
        try:
            return self._question.answer()
        except (FeedsvcError, TimeoutError):
            return None

    def _ask(self) -> _Told:
        runtime = self._runtime
        last_seen, _ = runtime.store.heartbeats().get(runtime.folder_id, (None, {}))
        freight = self._freight.read(runtime.settings.bucket)
        return _Told(last_seen, len(held(runtime.store, runtime.settings)), freight)

    def _of_worker(self, counts: Mapping[Key, float]) -> Iterator[Metric]:
        now, told = self._runtime.clock(), self._database.get()
        yield _gauge("database_up", "1 if the database answers", 0 if told is None else 1)
        if told is not None:
            yield _gauge("articles_quarantined", "Articles kept out of the feeds", told.quarantined)
            if told.last_seen is not None:
                age_seconds = (now - told.last_seen).total_seconds()
                yield _gauge("worker_heartbeat_age_seconds", "Since the worker was last heard of", age_seconds)
            if (freight := told.freight) is not None:
                is_up = 1 if freight.trouble is None else 0
                yield _gauge("bucket_up", "1 if a replica carries what goes live to the bucket", is_up)
                yield _gauge("bucket_documents", "Documents that lie there", freight.documents)
                yield _gauge("bucket_waiting", "Feeds and archives that are to be carried there", freight.waiting)
        if (WAITING,) in counts:
            since = counts.get((WAITING_SINCE,), 0)
            oldest_seconds = max(0.0, now.timestamp() - since) if since else 0
            yield _gauge("feeds_waiting", "Feeds that are to be made now", counts[WAITING,])
            yield _gauge("feeds_waiting_oldest_seconds", "Since when the first of them waits", oldest_seconds)
            yield _gauge("feeds_failing", "Feeds whose newest attempt did not go live", counts.get((FAILING,), 0))
            yield _gauge("audit_waiting", "Feeds not audited since they went live", counts.get((AUDIT_WAITING,), 0))

    def _of_service(self) -> Iterator[Metric]:
        runtime, settings = self._runtime, self._runtime.settings
        build = GaugeMetricFamily("feedsvc_build_info", "The version that answers", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        feeds = GaugeMetricFamily("feedsvc_feeds", "Feeds that are configured", labels=["kind"])
        numbers = dict.fromkeys(KINDS, 0)
        for slug in settings.feeds:
            numbers[kind_of(settings, slug)] += 1
        for kind, number in numbers.items():
            feeds.add_metric([kind], 1 if kind == "index" else number)
        yield feeds
        yield _gauge("config_ok", "1 if config.yaml as it lies there is in force", 0 if runtime.source.error else 1)
        needed = 1 if runtime.needs_restart else 0
        yield _gauge("config_restart_needed", "1 if it names another database, folder, server or limit of it", needed)
        try:
            disk = os.statvfs(runtime.folder.path)
            alarms = len(Audited(runtime.folder).read_state().open_alarms)
        except (OSError, OutputError):
            yield _gauge("feeds_dir_up", "1 if the feeds folder can be read", 0)
            return
        yield _gauge("feeds_dir_up", "1 if the feeds folder can be read", 1)
        yield _gauge("feeds_dir_free_bytes", "Room on its disk", disk.f_bavail * disk.f_frsize)
        yield _gauge("feeds_dir_free_inodes", "Files for which there is room on it", disk.f_favail)
        yield _gauge("audit_alarms_open", "Live documents found wrong, and not found right since", alarms)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"feedsvc_{name}", text, value=value)


def _of_publications(counts: Mapping[Key, float]) -> Iterator[Metric]:
    made = CounterMetricFamily(
        "feedsvc_publications", "Attempts to make a feed, by its kind and how they ended", labels=["kind", "outcome"]
    )
    for name, *labels in sorted(counts):
        if name == PUBLICATIONS:
            made.add_metric(labels, counts[PUBLICATIONS, *labels])
    yield made
    seconds = HistogramMetricFamily(
        "feedsvc_publication_seconds", "From the beginning of a publication to its end", labels=["kind"]
    )
    for kind in KINDS:
        so_far, buckets = 0.0, []
        for bound in (*map(str, BUCKETS), "+Inf"):
            so_far += counts.get((SECONDS, kind, bound), 0)
            buckets.append((bound, so_far))
        seconds.add_metric([kind], buckets, counts.get((SECONDS_SUM, kind), 0))
    yield seconds


def _of_polls(counts: Mapping[Key, float]) -> Iterator[Metric]:
    numbers: dict[str, Any] = {name: int(counts.get((POLLS, name), 0)) for name in COUNTED}
    of = Counts(**numbers)
    by_status = {
        "200": of.bodies, "226": of.deltas, "304": of.unchanged, "301": of.moved, "429": of.refused,
        "4xx": of.missed, "5xx": of.failed,
    }  # fmt: skip
    polls = CounterMetricFamily("feedsvc_polls", "Requests for feeds, by the answer's status", labels=["status"])
    for status, number in by_status.items():
        polls.add_metric([status], number)
    polls.add_metric(["other"], of.polls - sum(by_status.values()))  # HEAD, 303
    yield polls
    bodies = CounterMetricFamily("feedsvc_poll_bodies", "Whole documents sent, by coding", labels=["coding"])
    for coding, number in {"br": of.brotli, "gzip": of.bodies - of.plain - of.brotli, "identity": of.plain}.items():
        bodies.add_metric([coding], number)
    yield bodies
    sent = CounterMetricFamily("feedsvc_poll_body_bytes", "Bytes of feeds sent, as they were sent")
    sent.add_metric([], of.body_bytes)
    yield sent
    requests = CounterMetricFamily("feedsvc_requests", "Requests that were no polls", labels=["part", "status"])
    refused = CounterMetricFamily("feedsvc_requests_refused", "Requests that were refused", labels=["reason"])
    refused.add_metric(["documents-per-hour"], of.refused)
    for name, *labels in sorted(counts):
        if name in (REQUESTS, REFUSED):
            (requests if name == REQUESTS else refused).add_metric(labels, counts[name, *labels])
    yield requests
    yield refused
