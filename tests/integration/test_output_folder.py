import fcntl
import gc
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.errors import OutputError
from feedsvc.model import Document
from feedsvc.output import FeedsFolder, files
from feedsvc.output.audited import Audited
from service import wait_until

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> FeedsFolder:
    folder = FeedsFolder(tmp_path / "site" / "feeds")
    folder.prepare()
    return folder


def documents(slug: str = "macro", text: str = "宏观𠮷🙂") -> list[Document]:
    return [Document(slug, name, f"{name} {text}".encode()) for name in ("rss", "atom", "json")]


def write(folder: FeedsFolder, slug: str = "macro", text: str = "宏观𠮷🙂", at: datetime = NOON) -> None:
    with folder.lock(slug):
        folder.write(documents(slug, text), dict.fromkeys(("rss", "atom", "json"), at))


def temp_names(folder: FeedsFolder) -> list[str]:
    return sorted(path.name for path in folder.path.glob(".tmp*"))


def test_documents_come_back_as_they_were_written(folder: FeedsFolder) -> None:
    write(folder)
    for document in documents():
        stored = folder.read("macro", document.format)
        assert stored is not None
        assert (stored.content, stored.digest, stored.mtime) == (document.content, document.digest, NOON)
        assert folder.stat("macro", document.format) == (len(document.content), NOON)
    assert folder.slugs() == {"macro": ("atom", "json", "rss")}
    assert temp_names(folder) == []


def test_everybody_may_read_documents_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = FeedsFolder(tmp_path / "feeds")
        folder.prepare()
        write(folder)
    finally:
        os.umask(before)
    assert (folder.path / "macro.rss").stat().st_mode & 0o777 == 0o644
    assert folder.path.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_is_deleted_comes_back_open_to_web_servers(folder: FeedsFolder) -> None:
    """Whoever comes first makes it again, here the audit with a folder of its own that is closed to others."""
    folder.prepare()
    shutil.rmtree(folder.path)
    before = os.umask(0o077)
    try:
        assert Audited(folder).claim()
    finally:
        os.umask(before)
    assert folder.path.stat().st_mode & 0o777 == 0o755
    assert (folder.path / ".audited").stat().st_mode & 0o777 == 0o700


def test_the_folders_id_is_minted_once(folder: FeedsFolder) -> None:
    first = folder.prepare()
    assert FeedsFolder(folder.path).prepare() == first
    (folder.path / ".tmp..folder-id").write_text("left over")
    assert FeedsFolder(folder.path).prepare() == first
    assert temp_names(folder) == []


def test_a_mangled_id_is_replaced_by_the_one_known_or_a_new_one(folder: FeedsFolder) -> None:
    first = folder.prepare()
    (folder.path / ".folder-id").write_text("half")
    assert folder.prepare() == first
    (folder.path / ".folder-id").write_text("")
    assert FeedsFolder(folder.path).prepare() not in {first, "", "half"}


def test_many_who_prepare_at_once_agree(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(FeedsFolder(tmp_path / "x").prepare())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_folder_deleted_under_a_running_service_is_made_anew_under_its_id(folder: FeedsFolder) -> None:
    first = folder.prepare()
    subprocess.run(["rm", "-rf", str(folder.path)], check=True)
    assert folder.slugs() == {}
    assert folder.sweep_all() == 0
    assert folder.stat("macro", "rss") is None
    write(folder)
    assert folder.slugs() == {"macro": ("atom", "json", "rss")}
    assert FeedsFolder(folder.path).prepare() == first


def test_locks_of_a_folder_never_prepared_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no such file"), FeedsFolder(tmp_path / "nowhere").lock("macro"):
        pass


def test_removing_says_whether_something_was_there(folder: FeedsFolder) -> None:
    write(folder)
    assert folder.remove("macro", ["json", "opml"])
    assert not folder.remove("macro", ["json"])
    assert folder.slugs() == {"macro": ("atom", "rss")}


def test_only_documents_count(folder: FeedsFolder, tmp_path: Path) -> None:
    write(folder)
    (folder.path / "README.rss").touch()
    (folder.path / "robots.txt").touch()
    (folder.path / "macro.rss.gz").touch()
    (folder.path / "dir.rss").mkdir()
    (folder.path / "link.atom").symlink_to(tmp_path)
    (folder.path / "secret.json").symlink_to(folder.path / ".folder-id")
    os.mkfifo(folder.path / "pipe.rss")
    assert folder.slugs() == {"macro": ("atom", "json", "rss")}
    for slug, name in (("dir", "rss"), ("link", "atom"), ("secret", "json"), ("pipe", "rss"), ("none", "rss")):
        assert folder.stat(slug, name) is None
        assert folder.read(slug, name) is None


def test_a_document_replaces_a_link_not_what_it_leads_to(folder: FeedsFolder, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    (folder.path / "macro.rss").symlink_to(tmp_path / "other")
    write(folder)
    assert (tmp_path / "other").read_text() == "mine"
    assert folder.read("macro", "rss") is not None


# temp files


def leave_temp(folder: FeedsFolder, slug: str) -> None:
    (folder.path / f".tmp.{slug}.rss").write_text("half a docu")


def test_sweeping_finds_exactly_its_own(folder: FeedsFolder) -> None:
    for slug in ("macro", "macro-eu", "mac", "macro"):
        leave_temp(folder, slug)
    with folder.lock("macro"):
        assert folder.sweep("macro") == 1
    assert temp_names(folder) == [".tmp.mac.rss", ".tmp.macro-eu.rss"]


def test_sweeping_all_skips_who_is_at_work(folder: FeedsFolder) -> None:
    leave_temp(folder, "macro")
    leave_temp(folder, "finance")
    with folder.lock("finance"):
        assert folder.sweep_all() == 1
        assert temp_names(folder) == [".tmp.finance.rss"]
    assert folder.sweep_all() == 1
    assert temp_names(folder) == []


def test_an_error_leaves_no_temp_file_and_the_old_documents(folder: FeedsFolder) -> None:
    write(folder, text="alt")
    for name in ("rss", "json"):
        (folder.path / f"macro.{name}").unlink()
    (folder.path / "macro.json").mkdir()
    with pytest.raises(OutputError, match="is a directory; a folder stands where a document belongs") as caught:
        write(folder, text="neu")
    assert caught.value.path == folder.path / "macro.json"
    assert temp_names(folder) == []


# what the file system refuses, for real


@contextmanager
def limit(which: int, value: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(which)
    resource.setrlimit(which, (value, hard))
    try:
        yield
    finally:
        resource.setrlimit(which, (soft, hard))


def test_no_room_for_the_second_document_leaves_the_first_as_it_was(folder: FeedsFolder) -> None:
    write(folder, text="alt")
    new = [Document("macro", "rss", b"short"), Document("macro", "atom", b"x" * 100_000)]
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with limit(resource.RLIMIT_FSIZE, 50_000), pytest.raises(OutputError, match="file too large"), folder.lock("macro"):
        folder.write(new, {"rss": NOON, "atom": NOON})
    assert temp_names(folder) == []
    stored = folder.read("macro", "rss")
    assert stored is not None
    assert stored.content == b"rss alt"


def test_too_many_open_files(folder: FeedsFolder) -> None:
    write(folder, text="alt")
    gc.collect()  # which would else close files of tests before in the midst of this
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    spare = [os.open(os.devnull, os.O_RDONLY) for _ in range(highest + 2)]
    try:
        with limit(resource.RLIMIT_NOFILE, max(spare) + 1):
            with pytest.raises(OutputError, match="too many open files; raise the limit"), folder.lock("macro"):
                pass
            with pytest.raises(OutputError, match="too many open files"):
                folder.stats()
            with pytest.raises(OutputError, match="too many open files"):
                folder.read("macro", "rss")
    finally:
        for fd in spare:
            os.close(fd)


def run_as_nobody(code: str, folder: FeedsFolder) -> str:
    """Run Python as a user without rights; root is never refused anything."""
    drop = "os.setgroups([]); os.setgid(65534); os.setuid(65534)" if os.geteuid() == 0 else "pass"
    script = f"""
import os, pathlib
from feedsvc.output import FeedsFolder, files
from feedsvc.output.audited import Audited
from feedsvc.errors import OutputError
folder = FeedsFolder(pathlib.Path({str(folder.path)!r}))
{drop}
try:
    {code}
except OutputError as error:
    print(error)
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True).stdout


def test_a_folder_that_may_not_be_written_to(folder: FeedsFolder) -> None:
    write(folder)
    for path in (folder.path, folder.path / ".locks"):
        path.chmod(0o555)
    for parent in list(folder.path.parents)[:-2]:
        if parent.stat().st_uid == os.geteuid():
            parent.chmod(parent.stat().st_mode | 0o555)
    try:
        said = run_as_nobody("folder.remove('macro', ['rss'])", folder)
        assert "permission denied; let the user that feedsvc runs as" in said
        assert str(folder.path / "macro.rss") in said
        assert "permission denied" in run_as_nobody("folder.lock('other').__enter__()", folder)
        folder.path.chmod(0o444)
        assert "permission denied" in run_as_nobody("folder.locate('macro/archive/1', 'atom')", folder)
    finally:
        for path in (folder.path, folder.path / ".locks"):
            path.chmod(0o755)
    assert folder.read("macro", "rss") is not None


def test_a_full_disk(full_disk: Path) -> None:
    folder = FeedsFolder(full_disk / "feeds")
    folder.prepare()
    write(folder, text="alt")
    with pytest.raises(OutputError, match="no space left on device; free some space") as caught:
        write(folder, text="新" * 100_000)
    assert caught.value.path == folder.path / "macro.rss"
    assert temp_names(folder) == []
    stored = folder.read("macro", "rss")
    assert stored is not None
    assert stored.content == b"rss alt"
    write(folder, text="neu")
    subprocess.run(["mount", "-o", "remount,ro", str(full_disk)], check=True)
    with pytest.raises(OutputError, match="read-only file system; mount it writable"):
        write(folder, text="neuer")


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "feeds").touch()
    with pytest.raises(OutputError, match="file exists; a file stands where a folder belongs"):
        FeedsFolder(tmp_path / "feeds").prepare()
    with pytest.raises(OutputError, match="not a directory; a part of this path is a file"):
        FeedsFolder(tmp_path / "feeds").slugs()


def test_a_file_system_without_locks(folder: FeedsFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fd: int, operation: int) -> None:
        if operation != fcntl.LOCK_UN:
            raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OutputError, match="no locks available; this file system has no locks"), folder.lock("macro"):
        pass


# locks


def test_threads_exclude_each_other(folder: FeedsFolder) -> None:
    inside: list[str] = []
    wrong: list[str] = []

    def work(name: str) -> None:
        for _ in range(50):
            with FeedsFolder(folder.path).lock("macro"):
                inside.append(name)
                if inside != [name]:
                    wrong.append(name)
                inside.remove(name)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_processes_exclude_each_other_and_a_killed_one_lets_go(folder: FeedsFolder, tmp_path: Path) -> None:
    mark = tmp_path / "held"
    script = f"""
import pathlib, time
from feedsvc.output import FeedsFolder, files
from feedsvc.output.audited import Audited
with FeedsFolder(pathlib.Path({str(folder.path)!r})).lock("macro"):
    pathlib.Path({str(mark)!r}).touch()
    time.sleep(600)
"""
    leave_temp(folder, "macro")
    process = subprocess.Popen([sys.executable, "-c", script])
    try:
        wait_until(mark.exists, "the other process to hold the lock")
        assert folder.sweep_all() == 0
        with folder.lock("finance"):
            pass
    finally:
        process.kill()
        process.wait()
    with folder.lock("macro"):
        assert folder.sweep("macro") == 1


def test_a_child_forked_under_a_lock_does_not_keep_it(folder: FeedsFolder) -> None:
    with folder.lock("macro"):
        child = subprocess.Popen(["sleep", "600"], close_fds=False)
    try:
        leave_temp(folder, "macro")
        assert folder.sweep_all() == 1
    finally:
        child.kill()
        child.wait()


def test_readers_see_whole_documents_only(folder: FeedsFolder) -> None:
    """While somebody writes as fast as he can."""
    texts = {"a" * 60_000, "b" * 90_000}
    expected = {f"rss {text}".encode() for text in texts}
    ended = threading.Event()
    write(folder, text=min(texts))

    def keep_writing() -> None:
        at = NOON
        while not ended.is_set():
            for text in texts:
                at += timedelta(seconds=1)
                write(folder, text=text, at=at)

    thread = threading.Thread(target=keep_writing)
    thread.start()
    try:
        for _ in range(300):
            stored = folder.read("macro", "rss")
            assert stored is not None
            assert stored.content in expected
    finally:
        ended.set()
        thread.join()


def test_removed_sections_are_noted_beside_the_documents(folder: FeedsFolder) -> None:
    assert folder.removed() == frozenset()
    folder.note_removed(["tech", "a-1"])
    assert folder.removed() == {"tech", "a-1"}
    assert (folder.path / ".removed").read_text() == "a-1\ntech\n"
    assert folder.slugs() == {}
    noted = (folder.path / ".removed").stat().st_mtime_ns
    folder.note_removed({"a-1", "tech"})
    assert (folder.path / ".removed").stat().st_mtime_ns == noted
    (folder.path / ".tmp..removed").write_text("left by a crash")
    folder.note_removed([])
    assert folder.removed() == frozenset()
    assert temp_names(folder) == []


def test_removed_sections_that_cannot_be_read_are_told(folder: FeedsFolder) -> None:
    (folder.path / ".removed").mkdir()
    with pytest.raises(OutputError, match=r"\.removed"):
        folder.removed()


def test_what_is_larger_than_any_document_is_not_read(folder: FeedsFolder) -> None:
    path = folder.path / "macro.rss"
    path.touch()
    os.truncate(path, 200_000_000)
    with pytest.raises(OutputError, match=r"200000000 bytes, more than .* delete it"):
        folder.read("macro", "rss")


def test_what_grows_while_it_is_read_is_bounded_too(folder: FeedsFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST_BYTES", 10)
    path = folder.path / "macro.rss"
    path.write_bytes(b"x" * 11)
    with path.open("rb") as file, pytest.raises(OutputError, match="11 bytes"):
        files._read_bounded(path, file.fileno(), length_bytes=5)
    path.write_bytes(b"x" * 10)
    assert folder.read("macro", "rss") is not None
