"""Which feeds have hung is remembered in the feeds folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedsvc.errors import OutputError
from feedsvc.output import read_hung, write_hung


def test_it_comes_back_and_goes(tmp_path: Path) -> None:
    assert read_hung(tmp_path) == {}
    write_hung(tmp_path, {"macro": 2, "tech.archive": 1})
    assert read_hung(tmp_path) == {"macro": 2, "tech.archive": 1}
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    write_hung(tmp_path, {})
    assert list(tmp_path.iterdir()) == []
    write_hung(tmp_path, {})


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"macro": []}', b'{"macro": "x"}', b"\xff", b"[" * 100_000])
def test_what_can_not_be_read_counts_as_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".hung").write_bytes(content)
    assert read_hung(tmp_path) == {}


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_hung(tmp_path / "gone", {"macro": 1})
