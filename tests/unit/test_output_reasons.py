"""What the file system refuses, in words: each with its mend."""

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedsvc.errors import OutputError
from feedsvc.output.files import mtime_of, telling
from feedsvc.output.folder import FeedsFolder


@pytest.mark.parametrize(
    ("number", "said", "mend"),
    [
        (errno.ENOSPC, "no space left on device", "free some space"),
        (errno.EACCES, "permission denied", "let the user that feedsvc runs as"),
        (errno.EROFS, "read-only file system", "mount it writable"),
        (errno.ENOENT, "no such file or directory", "name another one as `feeds` in config.yaml"),
        (errno.EMFILE, "too many open files", "ulimit -n"),
        (errno.EXDEV, "invalid cross-device link", ""),
    ],
)
def test_a_refusal_names_path_reason_and_mend(number: int, said: str, mend: str) -> None:
    path = Path("/feeds/macro.rss")
    with pytest.raises(OutputError) as caught, telling(path):
        raise OSError(number, os.strerror(number), str(path))
    assert caught.value.path == path
    assert caught.value.reason.startswith(said)
    assert mend in caught.value.reason
    assert isinstance(caught.value.__cause__, OSError)


def test_a_refusal_without_number_is_told_as_it_is() -> None:
    with pytest.raises(OutputError, match=r"^/x: odd$"), telling(Path("/x")):
        raise OSError("Odd")


@pytest.mark.parametrize("slug", ["", "../etc", "a/b", "Macro", "宏观", "a.b", "macro\n", ".locks", "a\0b"])
def test_only_slugs_are_names(slug: str, tmp_path: Path) -> None:
    folder = FeedsFolder(tmp_path)
    for ask in (folder.stat, folder.read):
        with pytest.raises(OutputError, match="no section can have this name"):
            ask(slug, "rss")
    with pytest.raises(OutputError, match="no section can have this name"):
        folder.lock(slug).__enter__()
    with pytest.raises(OutputError, match="no section can have this name"):
        folder.remove(slug, ["rss"])


@pytest.mark.parametrize("name", ["", "xml", "../rss", "rss.bak"])
def test_only_formats_are_suffixes(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is no format; there are rss, atom, json, opml"):
        FeedsFolder(tmp_path).stat("macro", name)


def test_a_folder_that_can_not_be_made_names_the_key_to_mend() -> None:
    with pytest.raises(OutputError, match=r"^/proc/nofeeds: .*`feeds` in config\.yaml$"):
        FeedsFolder(Path("/proc/nofeeds")).prepare()


@pytest.mark.parametrize(
    ("seconds", "moment"),
    [
        (1_772_366_400, datetime(2026, 3, 1, 12, tzinfo=UTC)),
        (2**40, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (2**62 // 10**9, datetime(2116, 2, 20, 23, 53, 38, tzinfo=UTC)),
        (-(2**40), datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_file_of_no_year_that_there_is_counts_as_of_the_nearest(seconds: int, moment: datetime) -> None:
    """tmpfs, btrfs and ZFS keep such times; a single such file must not stop a whole folder."""
    assert mtime_of(os.stat_result([0] * 10, {"st_mtime_ns": seconds * 1_000_000_000})) == moment
