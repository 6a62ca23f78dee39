"""The torture set sent to a real service, and the documents that came of it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from feedsvc.feed.compose import compose
from feedsvc.model import Entry, Holdings
from feedsvc.runtime import Runtime
from service import DEADLINE_SECONDS, Service, feedsvc, free_port, serving, wait_until
from torture.case import HEAVY, MAIN, Case, Published
from torture.cases import CASES

SECTIONS = (MAIN, HEAVY)

BASE_URL = "https://news.example.org"

_CONFIG = f"""\
site:
  title: 酷刑 & <试验>
  base_url: {BASE_URL}
  language: zh-Hans
  timezone: America/New_York
  author: {{name: 编辑部, email: desk@example.org}}
  image: /logo.png
defaults: {{limit: 500, max_bytes: 16 MB, max_age: 90s}}
all: {{formats: [json], limit: 500}}
sections:
  {MAIN}: {{title: 酷刑}}
  {HEAVY}: {{title: 重}}
"""


@dataclass(frozen=True)
class Answer:
    """What the API said. `body` is JSON."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Site:
    """`answers` are what each case got at first, `standings` what those got that were sent again when feeds were made.

    `entries` are what the feeds should say, in their order, according to the store; `documents` lie on disk as served.
    """

    service: Service
    answers: Mapping[str, Answer]
    standings: Mapping[str, Answer]
    entries: Mapping[str, tuple[Entry, ...]]
    documents: Path

    def document(self, section: str, format: str) -> Path:
        return self.documents / f"{section}.{format}"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("torture")
    config, documents = folder / "config.yaml", folder / "documents"
    config.write_text(_CONFIG, "utf-8")
    documents.mkdir()
    token = feedsvc("--config", config, "token", "create", "--name", "torture").stdout.strip()
    with serving(config, free_port()) as service:
        answers = {case.name: _put(service, token, case, number) for number, case in enumerate(CASES)}
        wait_until(service.is_current, "every feed to be live")
        # The same again changes nothing, and waits until the feeds hold it.
        standings = {
            case.name: _put(service, token, case, number, {"Prefer": "wait=30"})
            for number, case in enumerate(CASES)
            if isinstance(case.outcome, Published)
        }
        for section in SECTIONS:
            for suffix in ("rss", "atom", "json"):
                answer = service.get(f"/feeds/{section}.{suffix}")
                (documents / f"{section}.{suffix}").write_bytes(answer.body)
        yield Site(service, answers, standings, _stored(config), documents)


def _put(service: Service, token: str, case: Case, number: int, headers: Mapping[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection(service.url.removeprefix("http://"), timeout=DEADLINE_SECONDS)
    try:
        path = f"/api/v1/articles?{urlencode({'external_id': case.external_id})}"
        said = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
        connection.request("PUT", path, case.body(number), said)
        response = connection.getresponse()
        return Answer(response.status, json.loads(response.read()))
    finally:
        connection.close()


def _stored(config: Path) -> Mapping[str, tuple[Entry, ...]]:
    runtime = Runtime.open(config)
    try:
        settings, states = runtime.settings, runtime.store.section_states()
        found = {}
        for slug in SECTIONS:
            section = settings.feeds[slug]
            holdings = Holdings(articles=tuple(runtime.store.newest_live(section.members, section.limit)))
            found[slug] = compose(settings.site, section, states[slug], holdings, settings.sections).entries
        return found
    finally:
        runtime.close()
