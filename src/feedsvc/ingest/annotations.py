"""Pronunciation annotations, 字(zì), taken out of a line; what is broken or doubtful is pointed at, not touched.

Some sites put a reading behind many characters. One is removed only if it is a reading of the very character before
it, with its tone (a neutral tone has no mark): 重庆(Chongqing), 银行(bank) and 长(chang) stay.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from feedsvc.ingest.report import shorten

_TONE_MARKS = "\u0300\u0301\u0304\u030c"
_TONED_LETTERS = "ḿńňǹāáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ" + _TONE_MARKS
_LETTERS = "a-zɑɡêü\u0308" + _TONED_LETTERS
_TONED = re.compile(f"[{_TONED_LETTERS}]")
_ANNOTATION = re.compile(rf"(?<=[^\s()（）])[(（] ?([{_LETTERS}]{{1,9}}) ?[)）]")
_BROKEN_END = re.compile(rf"([?？\ufffd]?)([{_LETTERS}]{{1,9}})[)）]")
_BROKEN_START = re.compile(rf"[(（]([{_LETTERS}]{{1,9}})(?![{_LETTERS}A-Z)） ])")
_DAMAGED = re.compile("[\ue000-\uf8ff\ufffd\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
# The look-alikes of a and g that Chinese printing uses in pinyin.
_PLAIN = str.maketrans({"ɑ": "a", "ɡ": "g"})
_CONTEXT = 10


@dataclass(frozen=True, slots=True)
class Remark:
    """Something in a line to look at: `column` counts characters from 1 in the line as given."""

    column: int
    message: str
    is_damage: bool


@dataclass(frozen=True, slots=True)
class CleanLine:
    """A line without its `removed` annotations, and what stays doubtful in it."""

    text: str
    removed: int
    remarks: tuple[Remark, ...]


def clean_line(line: str) -> CleanLine:
    """Remove confirmed annotations from a line; report broken remains, private-use characters, unconfirmed readings."""
    kept: list[str] = []
    columns: list[int] = []
    remarks: list[Remark] = []
    position = removed = 0
    for match in _ANNOTATION.finditer(line):
        before = line[match.start() - 1]
        if _compose(match[1]) in read_character(before):
            kept.append(line[position : match.start()])
            columns.extend(range(position, match.start()))
            position = match.end()
            removed += 1
        elif _TONED.search(match[1]) and read_character(before):
            message = f"{before}{match[0]} stays: {match[1]} is no known reading of {before}"
            remarks.append(Remark(match.start() + 1, message, is_damage=False))
    kept.append(line[position:])
    columns.extend(range(position, len(line)))
    text = "".join(kept)
    remarks.extend(_find_damage(text, columns))
    return CleanLine(text, removed, tuple(sorted(remarks, key=lambda remark: remark.column)))


@lru_cache(maxsize=4096)
def read_character(character: str) -> frozenset[str]:
    """The readings of a Chinese character with their tones; none for anything else."""
    from pypinyin import Style, pinyin  # noqa: PLC0415  # 55 MB of dictionaries, for nothing but news pages

    readings = pinyin(character, style=Style.TONE, heteronym=True, errors="ignore")
    return frozenset(readings[0]) if readings else frozenset()


def _compose(reading: str) -> str:
    return unicodedata.normalize("NFC", reading.translate(_PLAIN))


def _find_damage(text: str, columns: list[int]) -> list[Remark]:
    lone = _find_lone_brackets(text)
    found: list[Remark] = []

    def point_at(match: re.Match[str], kind: str) -> None:
        context = text[max(0, match.start() - _CONTEXT) : match.end() + _CONTEXT]
        found.append(Remark(columns[match.start()] + 1, f"{kind} in “{shorten(context)}”", is_damage=True))

    for match in _BROKEN_END.finditer(text):
        follows_chinese = match.start() > 0 and bool(read_character(text[match.start() - 1]))
        is_lone = match.end() - 1 in lone and follows_chinese
        if _TONED.search(match[2]) and (match[1] or is_lone):
            point_at(match, f"broken remains of an annotation, {shorten(match[0])},")
    for match in _BROKEN_START.finditer(text):
        if _TONED.search(match[1]) and match.start() in lone:
            point_at(match, f"broken remains of an annotation, {match[0]},")
    for match in _DAMAGED.finditer(text):
        name = "replacement character" if match[0] == "\ufffd" else "private-use character"
        point_at(match, f"{name} U+{ord(match[0]):04X}")
    return found


def _find_lone_brackets(text: str) -> set[int]:
    opened: list[int] = []
    lone: set[int] = set()
    for index, character in enumerate(text):
        if character in "(（":
            opened.append(index)
        elif character in ")）":
            if opened:
                opened.pop()
            else:
                lone.add(index)
    return lone.union(opened)
