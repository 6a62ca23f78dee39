import gzip
import random
import subprocess
import sys

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.model import Coding
from feedsvc.output import CODINGS, make_twins, twins, unpack
from feedsvc.output.twins import pack

PROSE = "".join(
    f"第{number}段：江畔的老码头已经热闹起来，the ferry leaves at {number}.\n" for number in range(400)
).encode()
LEVELS: dict[Coding, int] = {"gzip": 3, "br": 2}
EVERY_LEVEL = [*(("gzip", level) for level in range(1, 10)), *(("br", level) for level in range(1, 12))]


@pytest.mark.parametrize(("coding", "level"), EVERY_LEVEL)
def test_every_level_packs_what_any_reader_unpacks(coding: Coding, level: int) -> None:
    twin = make_twins(PROSE, {coding: level}, {})[coding]
    assert len(twin) < len(PROSE) / 4
    assert {"gzip": gzip.decompress, "br": brotli.decompress}[coding](twin) == PROSE


@given(content=st.binary(max_size=3000), coding=st.sampled_from(CODINGS), level=st.integers(1, 9))
def test_whatever_is_packed_comes_back(content: bytes, coding: Coding, level: int) -> None:
    twin = pack(coding, content, level)
    assert unpack(coding, twin, len(content)) == content
    assert unpack(coding, twin + b"x", len(content)) is None
    assert unpack(coding, twin[:-1], len(content)) is None
    if content:
        assert unpack(coding, twin, len(content) - 1) is None


def test_gzip_tells_no_time_and_no_name() -> None:
    for level in (1, 3, 6):
        assert pack("gzip", PROSE, level)[:8] == bytes.fromhex("1f8b080000000000")


def test_the_bytes_are_the_same_in_every_process() -> None:
    script = """
import hashlib, sys
from feedsvc.output.twins import pack
content = sys.stdin.buffer.read()
for coding, levels in (("gzip", range(1, 10)), ("br", range(1, 12))):
    print(*(hashlib.sha256(pack(coding, content, level)).hexdigest() for level in levels))
"""
    said = {
        subprocess.run([sys.executable, "-c", script], input=PROSE, capture_output=True, check=True, env=environ).stdout
        for environ in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "LC_ALL": "C"})
    }
    assert len(said) == 1


def test_a_coding_of_level_0_has_no_twin() -> None:
    assert set(make_twins(PROSE, LEVELS, {})) == {"gzip", "br"}
    assert set(make_twins(PROSE, {"gzip": 0, "br": 2}, {})) == {"br"}
    assert make_twins(PROSE, {}, {"gzip": pack("gzip", PROSE, 3)}) == {}


def test_what_lies_there_is_never_packed_a_second_time() -> None:
    lying: dict[Coding, bytes] = {"gzip": pack("gzip", PROSE, 9), "br": pack("br", PROSE, 11)}
    assert make_twins(PROSE, LEVELS, lying) == lying
    spoilt: dict[Coding, bytes] = {"gzip": lying["gzip"], "br": pack("br", PROSE[:-1], 11)}
    assert make_twins(PROSE, LEVELS, spoilt) == {"gzip": lying["gzip"], "br": pack("br", PROSE, 2)}


def test_no_twin_that_is_not_smaller() -> None:
    noise = random.Random(1).randbytes(1000)
    assert make_twins(noise, LEVELS, {}) == {}
    assert make_twins(b"", LEVELS, {}) == {}


def test_brotlis_twin_is_there_only_where_it_is_the_smaller() -> None:
    """Who takes both is to get the smallest form."""
    words = random.Random(1).choices(["运费", "回落", "仓库", "码头", "江畔", "清晨", "渔船", "雾中"], k=3_000)
    text = "".join(f"<p>{word}</p>" for word in words).encode()
    assert len(pack("gzip", text, 9)) < len(pack("br", text, 1))
    assert set(make_twins(text, {"gzip": 9, "br": 1}, {})) == {"gzip"}
    assert set(make_twins(text, {"gzip": 3, "br": 5}, {})) == {"gzip", "br"}


def test_twins_of_one_length_are_never_two() -> None:
    texts = (b"gzip is as long as brotli" * count for count in range(2, 200))
    meeting = [text for text in texts if len(pack("gzip", text, 3)) == len(pack("br", text, 2))]
    assert meeting
    for text in meeting:
        assert make_twins(text, LEVELS, {}) == {"gzip": pack("gzip", text, 3)}
        lying: dict[Coding, bytes] = {"br": pack("br", text, 2)}
        assert make_twins(text, LEVELS, lying) == {"gzip": pack("gzip", text, 3)}
        assert make_twins(text, {"br": 2}, lying) == lying


def test_a_library_that_gives_back_something_else_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(twins._PACK, "br", lambda content, level: brotli.compress(content[1:]))
    with pytest.raises(ArithmeticError, match="the library for br"):
        make_twins(PROSE, LEVELS, {})


def test_a_bomb_is_not_unpacked() -> None:
    for coding in CODINGS:
        bomb = pack(coding, bytes(20_000_000), 1)
        assert unpack(coding, bomb, 1000) is None
