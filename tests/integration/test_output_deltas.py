"""Trails in the feeds folder: what was saved comes back, and in any doubt nothing does."""

import errno
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.errors import OutputError
from feedsvc.model import Trail, Version
from feedsvc.output import Deltas, FeedsFolder

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TAGS = [f"{number:032x}" for number in range(3)]
TRAIL = Trail(
    mtime=NOON,
    versions=(
        Version(TAGS[0], {"urn:新": "n1", "urn:b": "b2", "urn:a": "a1"}),
        Version(TAGS[1], {"urn:b": "b1", "urn:a": "a1"}),
        Version(TAGS[2], {}),
    ),
    deltas={TAGS[1]: ("urn:新", "urn:b"), TAGS[2]: ("urn:b",)},
    head=b"<rss>\n",
    entries={"urn:新": "<item>新</item>".encode(), "urn:b": b"<item>b\n</item>"},
    foot=b"</rss>\n",
)


@pytest.fixture
def folder(tmp_path: Path) -> FeedsFolder:
    folder = FeedsFolder(tmp_path / "feeds")
    folder.prepare()
    return folder


@pytest.fixture
def path(folder: FeedsFolder) -> Path:
    Deltas(folder).save("macro", "rss", TRAIL)
    return folder.path / ".deltas/macro.rss"


def read(folder: FeedsFolder, tag: str = TAGS[1], mtime: datetime = NOON) -> bytes | None:
    return Deltas(folder).read("macro", "rss", tag, mtime)


def test_what_was_saved_comes_back_from_another_process(folder: FeedsFolder, path: Path) -> None:
    deltas = Deltas(FeedsFolder(folder.path))
    assert deltas.load("macro", "rss") == TRAIL
    assert str(deltas.load("macro", "rss")) == str(TRAIL)  # the order of what is mapped, too
    assert read(folder) == "<rss>\n<item>新</item><item>b\n</item></rss>\n".encode()
    assert read(folder, TAGS[2]) == b"<rss>\n<item>b\n</item></rss>\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_version_that_is_not_known_and_another_document_have_no_delta(folder: FeedsFolder, path: Path) -> None:
    assert read(folder, TAGS[0]) is None
    assert read(folder, "") is None
    assert read(folder, mtime=NOON + timedelta(seconds=1)) is None
    assert Deltas(folder).read("macro", "atom", TAGS[1], NOON) is None
    for slug, name in [("..", "rss"), ("macro/archive/1", "atom"), ("macro", "json"), ("", "rss"), ("a\n", "rss")]:
        assert Deltas(folder).read(slug, name, TAGS[1], NOON) is None


@pytest.mark.parametrize("length", [0, 10, 64, 65, 100, -1])
def test_a_torn_file_counts_as_none(folder: FeedsFolder, path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])
    assert read(folder) is None
    assert Deltas(folder).load("macro", "rss") is None


def test_every_altered_byte_is_noticed(folder: FeedsFolder, path: Path) -> None:
    saved = path.read_bytes()
    for place in range(0, len(saved), 29):
        path.write_bytes(saved[:place] + bytes([saved[place] ^ 1]) + saved[place + 1 :])
        assert read(folder) is None
    path.write_bytes(saved)
    assert read(folder) is not None


@pytest.mark.parametrize(
    "told", ["", "[]", "{}", "1", '{"pieces":[1],"mtime":0}', '{"pieces":[0,0],"mtime":1e400,"entries":[],"known":[]}']
)
def test_a_file_of_another_shape_counts_as_none(folder: FeedsFolder, path: Path, told: str) -> None:
    """As an older or newer feedsvc may leave it."""
    content = f"{told}\n".encode()
    path.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
    assert read(folder) is None


def link_out(path: Path) -> None:
    outside = path.parent.parent.parent / "outside"
    path.rename(outside)
    path.symlink_to(outside)


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("put", [link_out, make_pipe, make_folder])
def test_what_is_no_plain_file_counts_as_none(folder: FeedsFolder, path: Path, put: Callable[[Path], None]) -> None:
    put(path)
    assert read(folder) is None


def test_a_trail_that_would_be_long_to_read_counts_as_none(folder: FeedsFolder, path: Path) -> None:
    for mebibytes, is_read in ((15, True), (16, False)):
        Deltas(folder).save("macro", "rss", replace(TRAIL, head=b" " * mebibytes * 1024 * 1024))
        assert (read(folder) is not None) == is_read


def test_a_later_trail_takes_the_place_of_the_former(folder: FeedsFolder, path: Path) -> None:
    later = replace(TRAIL, mtime=NOON + timedelta(seconds=1), deltas={})
    Deltas(folder).save("macro", "rss", later)
    assert Deltas(folder).load("macro", "rss") == later
    assert [each.name for each in path.parent.iterdir()] == ["macro.rss"]


def test_what_a_crash_left_is_overwritten(folder: FeedsFolder, path: Path) -> None:
    path.with_name(".tmp.macro.rss").write_bytes(b"x" * 100_000)
    Deltas(folder).save("macro", "rss", TRAIL)
    assert Deltas(folder).load("macro", "rss") == TRAIL
    assert [each.name for each in path.parent.iterdir()] == ["macro.rss"]


def test_a_full_disk_leaves_what_was_there_and_says_so(
    folder: FeedsFolder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "fchmod", refuse)
        with pytest.raises(OutputError, match="no space left on device; free some space"):
            Deltas(folder).save("macro", "rss", replace(TRAIL, deltas={}))
    assert Deltas(folder).load("macro", "rss") == TRAIL
    assert [each.name for each in path.parent.iterdir()] == ["macro.rss"]


def test_what_lies_there_is_listed_and_removed(folder: FeedsFolder, path: Path) -> None:
    deltas = Deltas(folder)
    deltas.save("finance", "atom", TRAIL)
    path.with_name(".tmp.gone.rss").write_bytes(b"")
    path.with_name("readme.txt").write_bytes(b"")
    assert deltas.names() == [("finance", "atom"), ("gone", "rss"), ("macro", "rss")]
    deltas.remove("gone", ["rss"])
    deltas.remove("macro", ["rss", "atom", "json"])
    assert deltas.names() == [("finance", "atom")]
    assert Deltas(FeedsFolder(folder.path / "nowhere")).names() == []


def test_the_folder_of_documents_does_not_take_it_for_one(folder: FeedsFolder, path: Path) -> None:
    assert folder.slugs() == {}
    assert folder.sweep_all() == 0
    assert path.exists()
