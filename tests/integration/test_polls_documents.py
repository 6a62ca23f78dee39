"""What a process keeps of documents: never staler than the files, and never more than it may."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from feedsvc.errors import OutputError
from feedsvc.model import Document, Trail, Version
from feedsvc.output import Deltas, FeedsFolder, make_twins
from feedsvc.output.lookout import LOOK_AGAIN_SECONDS
from feedsvc.web.polls.documents import DocumentCache, Known, Place
from service import DEADLINE_SECONDS, wait_until

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KIB = 1024
COARSE = 5
"""CLOCK_REALTIME_COARSE, clock_getres(2): by it many systems date files, in steps of some milliseconds."""


@pytest.fixture
def folder(tmp_path: Path) -> FeedsFolder:
    folder = FeedsFolder(tmp_path / "feeds")
    folder.prepare()
    return folder


def lay(folder: FeedsFolder, slug: str, content: bytes, mtime: datetime = NOON, *, is_pressed: bool = True) -> None:
    twins = {"rss": make_twins(content, {"gzip": 6, "br": 5}, {})} if is_pressed else {}
    folder.write([Document(slug, "rss", content)], {"rss": mtime}, twins)


def text(seed: int, length: int) -> bytes:
    return b"".join(b"%d %d " % (seed, number) for number in range(length))[:length]


def look(cache: DocumentCache, place: Place) -> Known:
    known = cache.look_up(place)
    assert known is not None
    return known


def test_what_lies_there_now_is_given(folder: FeedsFolder) -> None:
    cache = DocumentCache(folder)
    place = cache.place("macro", "rss")
    assert cache.look_up(place) is None
    for number in range(3):
        content = text(number, 2_000)
        lay(folder, "macro", content, NOON + timedelta(seconds=number))
        known = look(cache, place)
        assert cache.read(known, "identity") == content
        assert (known.mtime, known.lengths["identity"]) == (NOON + timedelta(seconds=number), 2_000)
        for coding, twin in make_twins(content, {"gzip": 6, "br": 5}, {}).items():
            assert cache.read(known, coding) == twin
            assert known.lengths[coding] == len(twin)
        assert look(cache, place) is known
    folder.remove("macro", ["rss"])
    assert cache.look_up(place) is None


def test_a_file_that_is_replaced_between_look_and_read_is_told(folder: FeedsFolder) -> None:
    cache = DocumentCache(folder)
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000))
    known = look(cache, place)
    lay(folder, "macro", text(2, 2_000), NOON + timedelta(seconds=1))
    assert cache.read(known, "gzip") is None
    assert cache.read(known, "identity") is None
    assert cache.read(look(cache, place), "identity") == text(2, 2_000)


def test_twins_that_follow_their_document_are_found_at_the_next_ring(folder: FeedsFolder) -> None:
    cache = DocumentCache(folder, monotonic=lambda: 0.0)
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000), is_pressed=False)
    assert set(look(cache, place).lengths) == {"identity"}
    folder.write_twins("macro", {"rss": NOON}, {"rss": make_twins(text(1, 2_000), {"gzip": 6, "br": 5}, {})})
    assert set(look(cache, place).lengths) == {"identity", "gzip", "br"}


def test_twins_that_come_after_their_document_are_found(folder: FeedsFolder) -> None:
    now = [0.0]
    cache = DocumentCache(folder, monotonic=lambda: now[0])
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000), is_pressed=False)
    assert set(look(cache, place).lengths) == {"identity"}
    lay(folder, "macro", text(1, 2_000))
    folder.write_twins("macro", {"rss": NOON}, {"rss": make_twins(text(1, 2_000), {"gzip": 6}, {})})
    now[0] += 2
    assert set(look(cache, place).lengths) == {"identity", "gzip", "br"}


def test_a_twin_that_is_taken_away_is_not_offered_any_more(folder: FeedsFolder) -> None:
    cache = DocumentCache(folder, limit_bytes=0)
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000))
    known = look(cache, place)
    (folder.path / "macro.rss.gz").unlink()
    assert cache.read(known, "gzip") is None
    assert set(look(cache, place).lengths) == {"identity", "br"}


@pytest.mark.parametrize("damage", [b"cut short", None])
@pytest.mark.parametrize("is_in_memory", [True, False])
def test_a_damaged_twin_is_forgotten_when_it_is_mended(
    folder: FeedsFolder, damage: bytes | None, *, is_in_memory: bool
) -> None:
    """It keeps its document's time, and may have kept its length."""
    now = [0.0]
    cache = DocumentCache(folder, monotonic=lambda: now[0])
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000))
    twin = make_twins(text(1, 2_000), {"gzip": 6}, {})["gzip"]
    path = folder.path / "macro.rss.gz"
    path.write_bytes(damage or bytes(len(twin)))
    os.utime(path, (NOON.timestamp(), NOON.timestamp()))
    known = look(cache, place)
    if is_in_memory:
        assert cache.read(known, "gzip") == (damage or bytes(len(twin)))
    folder.write_twins("macro", {"rss": NOON}, {"rss": {"gzip": twin}})
    if damage and not is_in_memory:
        assert cache.read(known, "gzip") is None  # of another length than has been said
    now[0] += 2
    known = look(cache, place)
    assert (cache.read(known, "gzip"), known.lengths["gzip"]) == (twin, len(twin))


def test_a_document_whose_length_and_time_were_kept_is_seen_to_have_changed(folder: FeedsFolder) -> None:
    """Copied over in its place, as rsync --inplace does: of its inode only the ctime moves."""
    cache = DocumentCache(folder)
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000), is_pressed=False)
    assert cache.read(look(cache, place), "identity") == text(1, 2_000)
    laid = time.clock_gettime_ns(COARSE)
    wait_until(lambda: time.clock_gettime_ns(COARSE) > laid, "the time of files to move on")
    (folder.path / "macro.rss").write_bytes(text(2, 2_000))
    os.utime(folder.path / "macro.rss", (NOON.timestamp(), NOON.timestamp()))
    folder.bell.ring()
    assert cache.read(look(cache, place), "identity") == text(2, 2_000)


def test_a_trail_to_another_document_is_read_once_in_a_while(
    folder: FeedsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client may name thousands of versions, again and again."""
    now = [0.0]
    cache = DocumentCache(folder, monotonic=lambda: now[0])
    lay(folder, "macro", text(1, 2_000))
    known = look(cache, cache.place("macro", "rss"))
    tag = hashlib.sha256(text(1, 2_000)).hexdigest()[:32]
    trail = Trail(
        mtime=NOON,
        versions=(Version(tag, {"a": "1"}), Version("old", {})),
        deltas={"old": ["a"]},
        head=b"<",
        entries={"a": b"a"},
        foot=b">",
    )
    deltas = Deltas(folder)
    other = (Version("other", {"a": "1"}), Version("old", {}))
    deltas.save("macro", "rss", replace(trail, versions=other))
    read: list[str] = []
    load = Deltas.load

    def count(self: Deltas, slug: str, format: str) -> Trail | None:
        read.append(slug)
        return load(self, slug, format)

    monkeypatch.setattr(Deltas, "load", count)
    names = [f"{number}" for number in range(5_000)]
    for _ in range(3):
        assert cache.read_delta(known, [*names, "old"], "identity") is None
    assert read == ["macro"]
    deltas.save("macro", "rss", trail)
    now[0] += 2
    assert cache.read_delta(known, names, "identity") is None
    assert cache.read_delta(known, [*names, "old"], "identity") == ("old", b"<a>")


def test_memory_is_bounded_and_bytes_go_before_what_is_known(folder: FeedsFolder) -> None:
    for number in range(40):
        lay(folder, f"s{number}", text(number, 50 * KIB))
    cache = DocumentCache(folder, limit_bytes=400 * KIB)
    places = [cache.place(f"s{number}", "rss") for number in range(40)]
    for _ in range(3):
        for number, place in enumerate(places):
            assert cache.read(look(cache, place), "identity") == text(number, 50 * KIB)
            assert cache.kept_bytes <= 400 * KIB
    kept = [known for place in places if (known := cache._known.get(place.file))]
    assert len(kept) == 40
    assert sum(1 for known in kept if known.bodies) == 5


def test_what_is_asked_for_all_the_time_stays(folder: FeedsFolder) -> None:
    for number in range(20):
        lay(folder, f"s{number}", text(number, 50 * KIB))
    cache = DocumentCache(folder, limit_bytes=400 * KIB)
    hot = cache.place("s0", "rss")
    body = cache.read(look(cache, hot), "identity")
    for number in range(1, 20):
        cache.read(look(cache, cache.place(f"s{number}", "rss")), "identity")
        assert cache.read(look(cache, hot), "identity") is body


def test_of_more_than_there_is_room_for_most_stay_however_they_are_asked_for(folder: FeedsFolder) -> None:
    """In turn, as who fetches all feeds does: had each come in the place of the oldest, none would ever be there."""
    contents = [text(number, 50 * KIB) for number in range(40)]
    for number, content in enumerate(contents):
        lay(folder, f"s{number}", content, is_pressed=False)
    cache = DocumentCache(folder, limit_bytes=2_000 * KIB)
    places = [cache.place(f"s{number}", "rss") for number in range(40)]

    def count_in_memory() -> int:
        found = 0
        for number, place in enumerate(places):
            known = look(cache, place)
            found += "identity" in known.bodies
            assert cache.read(known, "identity") == contents[number]
        return found

    count_in_memory()
    assert min(count_in_memory() for _ in range(10)) >= 30


def test_of_more_than_can_be_known_most_stay_known(folder: FeedsFolder) -> None:
    for number in range(40):
        lay(folder, f"s{number}", text(number, KIB), is_pressed=False)
    cache = DocumentCache(folder, limit_bytes=200 * KIB)
    places = [cache.place(f"s{number}", "rss") for number in range(40)]
    for _ in range(3):
        known = [cache._known.get(place.file) for place in places]
        kept = sum(look(cache, place) is each for place, each in zip(places, known, strict=True))
    assert kept >= 30


def test_what_becomes_popular_comes_to_stay(folder: FeedsFolder) -> None:
    for number in range(20):
        lay(folder, f"s{number}", text(number, 50 * KIB), is_pressed=False)
    cache = DocumentCache(folder, limit_bytes=400 * KIB)
    for number in range(20):
        cache.read(look(cache, cache.place(f"s{number}", "rss")), "identity")
    late = look(cache, cache.place("s19", "rss"))
    assert not late.bodies
    for _ in range(20):
        assert cache.read(late, "identity") == text(19, 50 * KIB)
    assert late.bodies


def test_a_feed_that_is_not_there_lets_nobody_look_at_all_others(
    folder: FeedsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = DocumentCache(folder, monotonic=lambda: 0.0)
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000))
    known = look(cache, place)
    assert cache.look_up(cache.place("missing", "rss")) is None
    monkeypatch.setattr(os, "stat", lambda *_, **__: pytest.fail("it was looked at"))
    assert look(cache, place) is known


def test_a_document_larger_than_all_memory_is_served(folder: FeedsFolder) -> None:
    lay(folder, "macro", text(1, 50 * KIB))
    cache = DocumentCache(folder, limit_bytes=10)
    assert cache.read(look(cache, cache.place("macro", "rss")), "identity") == text(1, 50 * KIB)
    assert cache.kept_bytes == 0


def test_what_is_known_of_very_many_documents_is_bounded_too(folder: FeedsFolder) -> None:
    for number in range(40):
        lay(folder, f"s{number}", text(number, KIB))
    cache = DocumentCache(folder, limit_bytes=40 * KIB)
    for number in range(40):
        look(cache, cache.place(f"s{number}", "rss"))
        assert cache.kept_bytes <= 40 * KIB
    assert len(cache._known) == 6


def test_a_folder_that_is_swapped_or_lost_is_noticed(folder: FeedsFolder, tmp_path: Path) -> None:
    now = [0.0]
    cache = DocumentCache(folder, monotonic=lambda: now[0])
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000))
    known = look(cache, place)
    cache.read(known, "identity")
    shutil.rmtree(folder.path)
    folder.prepare()
    now[0] += 1
    assert cache.look_up(place) is None
    lay(folder, "macro", text(2, 2_000), NOON + timedelta(seconds=1))
    known = look(cache, place)
    assert cache.read(known, "identity") == text(2, 2_000)
    shutil.rmtree(folder.path)
    now[0] += 1
    folder.path.write_text("a file where a folder should be")
    assert look(cache, place) is known
    assert cache.read(known, "identity") == text(2, 2_000)
    with pytest.raises(OutputError, match="feeds"):
        cache.look_up(cache.place("other", "rss"))


def test_what_rings_is_seen_at_once_and_what_does_not_within_a_moment(folder: FeedsFolder) -> None:
    now = [0.0]
    cache = DocumentCache(folder, monotonic=lambda: now[0])
    place = cache.place("macro", "rss")
    lay(folder, "macro", text(1, 2_000))
    known = look(cache, place)
    for number in range(2, 5):
        lay(folder, "macro", text(number, 2_000), NOON + timedelta(seconds=number))
        known = look(cache, place)
        assert cache.read(known, "identity") == text(number, 2_000)
    (folder.path / "macro.rss").unlink()
    assert look(cache, place) is known
    now[0] += LOOK_AGAIN_SECONDS
    assert cache.look_up(place) is None


@pytest.mark.parametrize("put", [lambda _: None, Path.mkdir, os.mkfifo])
def test_without_a_bell_every_file_is_looked_at(folder: FeedsFolder, put: Callable[[Path], None]) -> None:
    (folder.path / ".bell").unlink()
    put(folder.path / ".bell")
    cache = DocumentCache(folder, monotonic=lambda: 0.0)
    place = cache.place("macro", "rss")
    (folder.path / "macro.rss").write_bytes(b"<rss/>")
    look(cache, place)
    (folder.path / "macro.rss").unlink()
    assert cache.look_up(place) is None


def test_a_pipe_in_the_place_of_the_bell_keeps_nobody_waiting(folder: FeedsFolder) -> None:
    (folder.path / ".bell").unlink()
    os.mkfifo(folder.path / ".bell")
    ringing = Thread(target=folder.bell.ring, daemon=True)
    ringing.start()
    ringing.join(DEADLINE_SECONDS)
    assert not ringing.is_alive()


def test_neither_a_link_nor_a_pipe_counts_as_a_document(folder: FeedsFolder, tmp_path: Path) -> None:
    cache = DocumentCache(folder)
    (tmp_path / "secret").write_text("secret")
    (folder.path / "macro.rss").symlink_to(tmp_path / "secret")
    os.mkfifo(folder.path / "finance.rss")
    assert cache.look_up(cache.place("macro", "rss")) is None
    assert cache.look_up(cache.place("finance", "rss")) is None
