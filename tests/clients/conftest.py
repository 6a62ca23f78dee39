"""The sample site, served for real, and a proxy before it that counts what readers ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from commands import Site
from feedsvc.feed.compose import compose
from feedsvc.model import Feed, Holdings
from feedsvc.runtime import Runtime
from nginx import BROTLI, HEADERS_MORE, in_front, require_nginx, with_port
from programs import require
from readers import Proxy, passing_on
from service import Service, feedsvc, free_port, serving, wait_until


@pytest.fixture(scope="session")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("clients") / "site"
    port = free_port()
    feedsvc("init", "--samples", "--base-url", f"http://127.0.0.1:{port}", folder)
    Site(folder).postpone_forecast()
    with serving(folder / "config.yaml", port) as service:
        yield service


@pytest.fixture
def service(_service: Service) -> Service:
    """Nothing goes live any more of what another test has published."""
    wait_until(_service.is_current, "every feed to be live")
    return _service


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with passing_on(service) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def _nginx(_service: Service) -> Iterator[Service]:
    require_nginx(BROTLI, HEADERS_MORE)
    port = int(_service.url.rpartition(":")[2])
    config = with_port(_service.config, "nginx.yaml", port)
    with in_front(config, _service.config.parent / "nginx", free_port()) as url:
        yield replace(_service, url=url)


@pytest.fixture
def nginx(service: Service, _nginx: Service) -> Service:
    """The same site, asked through nginx."""
    return _nginx


@pytest.fixture(params=["service", "nginx"])
def front(request: pytest.FixtureRequest) -> Service:
    """The site as readers may find it: the service itself, and behind nginx."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Service)
    return found


@pytest.fixture
def front_proxy(front: Service) -> Iterator[Proxy]:
    with passing_on(front) as proxy:
        yield proxy


@pytest.fixture
def stored(service: Service) -> Callable[[str], Feed]:
    """What a feed should say now, according to the store."""

    def look(slug: str) -> Feed:
        runtime = Runtime.open(service.config)
        try:
            section = runtime.settings.feeds[slug]
            articles = runtime.store.newest_live(section.members, section.limit)
            state = runtime.store.section_states()[slug]
            return compose(
                runtime.settings.site, section, state, Holdings(articles=tuple(articles)), runtime.settings.sections
            )
        finally:
            runtime.close()

    return look


@pytest.fixture
def newsboat() -> str:
    return require("newsboat")


@pytest.fixture
def r2e() -> str:
    return require("r2e")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A reader's home folder, empty."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder
