"""What others on the machine could do is told at the start, each with its mend; what is closed is not spoken of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from feedsvc import precautions
from feedsvc.config import Settings, load
from feedsvc.precautions import find_risks, tell_risks

CONFIG = "site: {title: 江畔新闻, base_url: https://news.example.org}\nsections: {macro: {title: 宏观}}\n"
SECRET = "database: postgresql://desk:hunter2@h/news\n"


@pytest.fixture(autouse=True)
def _code_is_closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir(mode=0o755)
    monkeypatch.setattr(precautions, "_CODE", code)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def site(folder: Path, more: str = "", mode: int = 0o640) -> Settings:
    folder = folder / "site"
    folder.mkdir()
    path = folder / "config.yaml"
    path.write_text(CONFIG + more, "utf-8")
    path.chmod(mode)
    (folder / "feeds").mkdir()
    (folder / "feedsvc.db").touch(0o600)
    for each, rights in {folder: 0o755, folder / "feeds": 0o755, folder / "feedsvc.db": 0o600}.items():
        each.chmod(rights)
    return load(path, {})


def test_a_closed_site_has_none(tmp_path: Path) -> None:
    assert find_risks(site(tmp_path, SECRET)) == []
    assert find_risks(load(tmp_path / "site" / "config.yaml", {"FEEDSVC_DATABASE_URL": "sqlite:///feedsvc.db"})) == []


def test_root_is_told_to_be_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    settings = site(tmp_path)
    (risk,) = find_risks(settings)
    assert risk.path is None
    assert "a user of its own" in risk.reason
    with capture_logs() as logs:
        tell_risks(settings)
    assert logs == [{"event": "risk_found", "log_level": "warning", "reason": risk.reason}]


@pytest.mark.parametrize("name", ["config.yaml", ".", "feeds", "feedsvc.db", "../code"])
def test_what_everyone_may_write_to_is_named(tmp_path: Path, name: str) -> None:
    settings = site(tmp_path)
    path = (tmp_path / "site" / name).resolve()
    path.chmod(path.stat().st_mode | 0o002)
    with capture_logs() as logs:
        tell_risks(settings)
    (told,) = logs
    assert (told["event"], told["log_level"], told["path"]) == ("risk_found", "warning", str(path))
    assert "chmod o-w" in told["reason"]


def test_a_database_that_everyone_may_read_is_named(tmp_path: Path) -> None:
    settings = site(tmp_path)
    (tmp_path / "site" / "feedsvc.db").chmod(0o644)
    (risk,) = find_risks(settings)
    assert risk.path == tmp_path / "site" / "feedsvc.db"
    assert "chmod o-r" in risk.reason


@pytest.mark.parametrize(
    ("more", "is_told"),
    [("", False), (SECRET, True), ("database: postgresql://desk@h/news\n", False),
     ("alerts: {url: 'https://h/s3cret'}\n", True), ("alerts: {command: [notify, --key, s3cret]}\n", True),
     ("alerts: {command: [notify]}\n", False)],
)  # fmt: skip
def test_a_readable_config_with_a_secret_in_it_is_named_and_the_secret_is_not(
    tmp_path: Path, more: str, *, is_told: bool
) -> None:
    risks = find_risks(site(tmp_path, more, mode=0o644))
    assert bool(risks) == is_told
    assert "hunter2" not in repr(risks)
    assert "s3cret" not in repr(risks)


def test_a_secret_out_of_the_environment_does_not_stand_in_the_file(tmp_path: Path) -> None:
    site(tmp_path, "alerts: {url: 'https://h/${KEY:-x}'}\n", mode=0o644)
    path = tmp_path / "site" / "config.yaml"
    assert find_risks(load(path, {"KEY": "s3cret"})) == []
