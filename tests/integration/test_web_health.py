import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from feedsvc.errors import StoreUnavailableError
from feedsvc.runtime import Runtime
from feedsvc.web import create_app
from feedsvc.web.health import examine
from newsroom import CONFIG, open_newsroom

Clock = Callable[[], datetime]


def test_health_is_200_with_the_truth_from_the_first_second(tmp_path: Path, clock: Clock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        response = newsroom.client.get("/healthz")
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        body = response.get_json()
        assert body["status"] == "degraded"
        assert {"name", "ok", "detail"} == set(body["checks"][0])
        checks = newsroom.runtime.checks()
        assert [check["name"] for check in body["checks"]] == [check.name for check in checks]


def test_a_healthy_service_says_so(tmp_path: Path, clock: Clock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.regenerate()
        with newsroom.runtime.store.write() as tx:
            tx.beat(newsroom.runtime.folder_id, newsroom.runtime.clock(), {})
        assert examine(newsroom.runtime)["status"] == "ok"
        assert newsroom.client.get("/healthz").get_json()["status"] == "ok"


def test_a_store_that_is_gone_degrades(tmp_path: Path, clock: Clock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.runtime.store.close()
        database = tmp_path / "feedsvc.db"
        database.unlink(missing_ok=True)
        database.mkdir()
        response = newsroom.client.get("/healthz")
        assert response.status_code == 200
        assert response.get_json()["status"] == "degraded"


def test_health_is_there_though_the_database_never_was_and_tells_no_secret(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG + "database: postgresql://desk:hunter2@127.0.0.1:1/news\n", encoding="utf-8")
    runtime = Runtime.open(path, clock=clock, environ={}, migrate=False)
    try:
        client = create_app(runtime).test_client()
        response = client.get("/healthz")
        assert response.status_code == 200
        assert response.get_json()["status"] == "degraded"
        assert "hunter2" not in response.get_data(as_text=True)
        assert client.get("/feeds/macro.rss").status_code == 503
        assert client.get("/").status_code == 503
    finally:
        runtime.close()


def test_a_bad_config_degrades_and_the_service_goes_on(tmp_path: Path, clock: Clock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.regenerate()
        newsroom.runtime.settings.path.write_text(CONFIG.replace("title: 宏观", "titel: 宏观"), encoding="utf-8")
        body = newsroom.client.get("/healthz").get_json()
        assert body["status"] == "degraded"
        assert "titel" in json.dumps(body, ensure_ascii=False)
        assert newsroom.client.get("/feeds/macro.rss").status_code == 200


def test_checks_that_fail_themselves_are_an_answer_too(tmp_path: Path, clock: Clock) -> None:
    class Broken(Runtime):
        def checks(self) -> list[object]:  # type: ignore[override]  # it never returns
            raise StoreUnavailableError("postgresql://user:secret@db")

    body = examine(Broken.__new__(Broken))
    assert body["status"] == "degraded"
    assert "secret" not in json.dumps(body)
    assert len(body["checks"]) == 1
