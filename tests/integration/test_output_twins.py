"""Compressed twins beside their documents in a real folder."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.errors import OutputError
from feedsvc.model import Coding, Document
from feedsvc.output import CODINGS, SUFFIXES, FeedsFolder, make_twins, unpack

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEVELS: Mapping[Coding, int] = {"gzip": 3, "br": 5}
NAMES = ("rss", "atom")


@pytest.fixture
def folder(tmp_path: Path) -> FeedsFolder:
    folder = FeedsFolder(tmp_path / "feeds")
    folder.prepare()
    return folder


def write(
    folder: FeedsFolder, text: str, at: datetime = NOON, slug: str = "macro", levels: Mapping[Coding, int] = LEVELS
) -> Mapping[tuple[str, Coding], OutputError]:
    documents = [Document(slug, name, f"{name} {text} ".encode() * 50) for name in NAMES]
    twins = {each.format: make_twins(each.content, levels, {}) for each in documents}
    with folder.lock(slug):
        return folder.write(documents, dict.fromkeys(NAMES, at), twins)


def names(folder: FeedsFolder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir() if not path.name.startswith("."))


def test_twins_lie_beside_their_documents_with_their_time(folder: FeedsFolder) -> None:
    assert write(folder, "宏观") == {}
    assert names(folder) == [f"macro.{name}{suffix}" for name in ("atom", "rss") for suffix in ("", ".br", ".gz")]
    for name in NAMES:
        document = folder.read("macro", name)
        assert document is not None
        for coding in CODINGS:
            twin = folder.read_twin("macro", name, coding, document.mtime)
            assert twin is not None
            assert unpack(coding, twin, len(document.content)) == document.content
            path = folder.path / f"macro.{name}.{SUFFIXES[coding]}"
            assert path.stat().st_mtime_ns == int(NOON.timestamp()) * 10**9
            assert path.stat().st_mode & 0o777 == 0o644
    assert folder.slugs() == {"macro": ("atom", "rss")}
    assert folder.stats()["macro", "rss.gz"] == ((folder.path / "macro.rss.gz").stat().st_size, NOON)


def test_no_twin_is_read_that_is_not_its_documents(folder: FeedsFolder, tmp_path: Path) -> None:
    assert folder.read_twin("macro", "rss", "gzip", NOON) is None
    write(folder, "宏观")
    assert folder.read_twin("macro", "rss", "gzip", NOON + timedelta(seconds=1)) is None
    twin = folder.path / "macro.rss.gz"
    os.utime(twin, (0, 0))
    assert folder.read_twin("macro", "rss", "gzip", NOON) is None
    twin.write_bytes(bytes((folder.path / "macro.rss").stat().st_size))
    os.utime(twin, (NOON.timestamp(), NOON.timestamp()))
    assert folder.read_twin("macro", "rss", "gzip", NOON) is None
    (folder.path / "macro.atom.gz").rename(tmp_path / "elsewhere")
    (folder.path / "macro.atom.gz").symlink_to(tmp_path / "elsewhere")
    assert folder.read_twin("macro", "atom", "gzip", NOON) is None
    (folder.path / "macro.atom").unlink()
    assert folder.read_twin("macro", "atom", "br", NOON) is None


def test_a_document_without_twins_leaves_none_of_the_old(folder: FeedsFolder) -> None:
    write(folder, "alt")
    write(folder, "neu", NOON + timedelta(seconds=1), levels={"gzip": 3})
    assert names(folder) == ["macro.atom", "macro.atom.gz", "macro.rss", "macro.rss.gz"]
    write(folder, "neuer", NOON + timedelta(seconds=2), levels={})
    assert names(folder) == ["macro.atom", "macro.rss"]


def test_twins_alone_are_replaced_and_deleted(folder: FeedsFolder) -> None:
    write(folder, "宏观", levels={"gzip": 1})
    inode = (folder.path / "macro.rss").stat().st_ino
    content = (folder.path / "macro.rss").read_bytes()
    new = make_twins(content, {"br": 5}, {})
    assert folder.write_twins("macro", {"rss": NOON}, {"rss": {**new, "gzip": None}}) == {}
    assert names(folder) == ["macro.atom", "macro.atom.gz", "macro.rss", "macro.rss.br"]
    assert folder.read_twin("macro", "rss", "br", NOON) == new["br"]
    assert (folder.path / "macro.rss").stat().st_ino == inode


def test_a_removed_document_takes_its_twins_along(folder: FeedsFolder) -> None:
    write(folder, "宏观")
    write(folder, "宏观", slug="macro-eu")
    assert folder.remove("macro", ["rss"])
    assert [name for name in names(folder) if name.startswith("macro.")] == [
        "macro.atom",
        "macro.atom.br",
        "macro.atom.gz",
    ]
    assert "macro-eu.rss.gz" in names(folder)
    (folder.path / "macro.atom").unlink()
    assert folder.remove("macro", ["atom"])
    assert not folder.remove("macro", ["atom"])


def test_what_stands_in_a_twins_place_is_told_and_keeps_no_document_back(folder: FeedsFolder) -> None:
    (folder.path / "macro.rss.gz").mkdir()
    refused = write(folder, "宏观")
    assert list(refused) == [("rss", "gzip")]
    assert "a folder stands where a document belongs" in str(refused["rss", "gzip"])
    assert refused["rss", "gzip"].path == folder.path / "macro.rss.gz"
    assert folder.read_twin("macro", "rss", "br", NOON) is not None
    assert folder.read_twin("macro", "rss", "gzip", NOON) is None
    assert not list(folder.path.glob(".tmp*"))


def test_a_disk_with_room_for_documents_alone(tmp_path: Path, full_disk: Path) -> None:
    folder = FeedsFolder(full_disk / "feeds")
    folder.prepare()
    write(folder, "alt")
    stuffing = full_disk / "stuffing"
    free = shutil.disk_usage(full_disk).free
    stuffing.write_bytes(bytes(free - 3 * 4096))
    refused = write(folder, "neu", NOON + timedelta(seconds=1))
    assert len(refused) == 3
    assert all("no space left on device; free some space" in str(error) for error in refused.values())
    document = folder.read("macro", "rss")
    assert document is not None
    assert document.content.startswith(b"rss neu")
    assert not list(folder.path.glob(".tmp*"))
    assert folder.read_twin("macro", "rss", "br", NOON) is None


def fail_to_sync(monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """A disk that takes all files, and fails when this one is to last."""
    sync = os.fsync

    def fsync(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink().name.endswith(suffix):
            raise OSError(errno.EIO, "Input/output error")
        sync(fd)

    monkeypatch.setattr(os, "fsync", fsync)


def test_a_twin_that_does_not_last_keeps_no_document_back(folder: FeedsFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "alt")
    later = NOON + timedelta(seconds=1)
    fail_to_sync(monkeypatch, ".rss.gz")
    refused = write(folder, "neu", later)
    assert list(refused) == [("rss", "gzip")]
    assert "the disk fails" in str(refused["rss", "gzip"])
    assert "macro.rss.gz" not in names(folder)
    assert folder.read_twin("macro", "rss", "br", later) is not None
    assert not list(folder.path.glob(".tmp*"))


def test_a_document_that_does_not_last_leaves_all_as_it_was(
    folder: FeedsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "alt")
    before = {name: (folder.path / name).read_bytes() for name in names(folder)}
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    fail_to_sync(monkeypatch, ".atom")
    with pytest.raises(OutputError, match="the disk fails") as caught:
        write(folder, "neu", NOON + timedelta(seconds=1))
    assert caught.value.path == folder.path / "macro.atom"
    assert {name: (folder.path / name).read_bytes() for name in names(folder)} == before
    assert not list(folder.path.glob(".tmp*"))
    assert len(list(Path("/proc/self/fd").iterdir())) == open_files
