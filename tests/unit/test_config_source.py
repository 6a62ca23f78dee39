"""SettingsSource follows the file and keeps the last good settings when it turns bad."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from feedsvc.config import SettingsSource
from feedsvc.errors import ConfigError


def config(title: str, more: str = "") -> str:
    return (
        f"site: {{title: 江畔, base_url: https://news.example.org}}\nsections:\n  macro: {{title: {title}}}\n"
        f"{more}database: sqlite:///${{NAME}}.db\n"
    )


ENVIRON = {"NAME": "feedsvc"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(config("宏观"))
    return path


@pytest.fixture
def source(path: Path) -> SettingsSource:
    return SettingsSource(path, ENVIRON)


def title_of(source: SettingsSource) -> str:
    return source.current.sections["macro"].title


def test_nothing_changed(source: SettingsSource, path: Path) -> None:
    before = source.current
    assert [source.refresh() for _ in range(3)] == [False] * 3
    path.touch()
    os.utime(path)
    assert not source.refresh()
    assert source.current is before
    assert source.error is None


def test_a_changed_file_is_taken_over(source: SettingsSource, path: Path) -> None:
    path.write_text(config("金融"))
    assert source.refresh()
    assert title_of(source) == "金融"
    assert not source.refresh()


def test_a_change_that_looks_like_none_is_found_at_the_next_look(
    source: SettingsSource, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writes of one size within a tick of the file system's clock: not even the times differ."""
    path.write_text(config("金融"))
    same = path.stat()
    monkeypatch.setattr(Path, "stat", lambda *_, **__: same)
    assert source.refresh()
    path.write_text(config("科技"))
    assert source.refresh()
    assert title_of(source) == "科技"


def test_a_replaced_file_is_taken_over(source: SettingsSource, path: Path) -> None:
    new = path.with_name("new.yaml")
    new.write_text(config("金融"))
    new.replace(path)
    assert source.refresh()
    assert title_of(source) == "金融"


def test_a_bad_file_leaves_the_last_good_settings_in_force(source: SettingsSource, path: Path) -> None:
    before = source.current
    path.write_text(config("宏观", "databse: x\n"))
    assert not source.refresh()
    assert source.current is before
    assert source.error is not None
    assert source.error.problems[0].path == "databse"
    assert not source.refresh()
    assert source.error is not None
    path.write_text(config("金融"))
    assert source.refresh()
    assert source.error is None
    assert title_of(source) == "金融"


def test_a_version_that_only_another_process_saw_comes_into_force(source: SettingsSource, path: Path) -> None:
    path.write_text(config("财经"))
    SettingsSource(path, ENVIRON)
    path.write_text(config("[]"))
    assert source.refresh()
    assert title_of(source) == "财经"
    assert isinstance(source.error, ConfigError)
    assert not source.refresh()


def test_a_copy_that_could_not_be_renewed_does_not_come_back(path: Path) -> None:
    source = SettingsSource(path, ENVIRON)
    memory = path.with_name(".config.yaml.accepted")
    memory.unlink()
    memory.mkdir()
    path.write_text(config("财经"))
    assert source.refresh()
    assert source.memory_error is not None
    memory.rmdir()
    memory.write_text(config("旧闻"))
    path.write_text(config("[]"))
    assert not source.refresh()
    assert title_of(source) == "财经"


def test_a_file_that_is_half_written_is_read_again(
    source: SettingsSource, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text("site: {")

    def finish_writing(_seconds: float) -> None:
        path.write_text(config("财经"))

    monkeypatch.setattr("feedsvc.config.source.time.sleep", finish_writing)
    assert source.refresh()
    assert (title_of(source), source.error) == ("财经", None)


def test_a_bad_file_that_becomes_what_it_was(source: SettingsSource, path: Path) -> None:
    path.write_text("[")
    source.refresh()
    path.write_text(config("宏观"))
    assert not source.refresh()
    assert source.error is None


def test_a_file_that_goes_and_comes_back(source: SettingsSource, path: Path) -> None:
    kept = path.rename(path.with_name("kept"))
    for _ in range(3):
        assert not source.refresh()
        assert source.error is not None
        assert source.error.problems[0].found == "no such file"
    kept.rename(path)
    assert not source.refresh()
    assert source.error is None
    assert title_of(source) == "宏观"


def test_a_folder_in_its_place(source: SettingsSource, path: Path) -> None:
    path.unlink()
    path.mkdir()
    assert not source.refresh()
    assert source.error is not None
    assert source.error.problems[0].found == "a folder"


def test_an_accepted_file_is_remembered_for_its_owner_alone(source: SettingsSource, path: Path) -> None:
    memory = path.with_name(".config.yaml.accepted")
    assert memory.read_bytes() == path.read_bytes()
    assert memory.stat().st_mode & 0o777 == 0o600
    path.write_text("[")
    source.refresh()
    assert memory.read_text() == config("宏观")
    path.write_text(config("金融"))
    source.refresh()
    assert memory.read_text() == config("金融")
    assert sorted(found.name for found in path.parent.iterdir()) == [".config.yaml.accepted", "config.yaml"]
    assert source.memory_error is None


def test_the_memory_is_written_only_when_it_differs(source: SettingsSource, path: Path) -> None:
    memory = path.with_name(".config.yaml.accepted")
    before = memory.stat().st_ino
    again = SettingsSource(path, ENVIRON)
    assert memory.stat().st_ino == before
    assert again.current == source.current


def test_starting_with_a_bad_file_and_a_remembered_good_one(source: SettingsSource, path: Path) -> None:
    path.write_text("sections: 1\n")
    started = SettingsSource(path, ENVIRON)
    assert started.current == source.current
    assert started.current.path == path
    assert started.current.feeds_dir == path.parent / "feeds"
    assert started.current.database_url == f"sqlite:///{path.parent}/feedsvc.db"
    assert started.error is not None
    assert {problem.file for problem in started.error.problems} == {path}
    assert not started.refresh()
    assert started.error is not None
    path.write_text(config("金融"))
    assert started.refresh()
    assert started.error is None


def test_starting_without_the_file_but_with_a_remembered_one(source: SettingsSource, path: Path) -> None:
    path.unlink()
    started = SettingsSource(path, ENVIRON)
    assert started.current == source.current
    assert started.error is not None


@pytest.mark.parametrize("remembered", [None, "[", "sections: 1"])
def test_starting_with_nothing_good(tmp_path: Path, remembered: str | None) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("site: 1\n")
    if remembered is not None:
        (tmp_path / ".config.yaml.accepted").write_text(remembered)
    with pytest.raises(ConfigError) as caught:
        SettingsSource(path, ENVIRON)
    assert {problem.file for problem in caught.value.problems} == {path}
    assert caught.value.problems[0].path == "sections"


def test_where_nothing_can_be_remembered_the_service_goes_on(path: Path) -> None:
    memory = path.with_name(".config.yaml.accepted")
    memory.mkdir()
    (memory / "in the way").touch()
    source = SettingsSource(path, ENVIRON)
    assert isinstance(source.memory_error, OSError)
    path.write_text(config("金融"))
    assert source.refresh()
    assert title_of(source) == "金融"
    (memory / "in the way").unlink()
    memory.rmdir()
    path.write_text(config("科技"))
    assert source.refresh()
    assert source.memory_error is None


def test_a_temp_file_that_cannot_take_its_place_is_removed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    source = SettingsSource(path, ENVIRON)
    assert source.memory_error is not None
    assert [found.name for found in path.parent.iterdir()] == ["config.yaml"]


def test_the_environment_is_the_process_s_own_by_default(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "umgebung")
    monkeypatch.delenv("FEEDSVC_DATABASE_URL", raising=False)
    assert SettingsSource(path).current.database_url.endswith("/umgebung.db")


def test_many_threads_take_over_a_change_once(source: SettingsSource, path: Path) -> None:
    for title in ("金融", "科技", "文化"):
        path.write_text(config(title))
        with ThreadPoolExecutor(8) as threads:
            taken = list(threads.map(lambda _: source.refresh(), range(16)))
        assert taken.count(True) == 1
        assert title_of(source) == title
