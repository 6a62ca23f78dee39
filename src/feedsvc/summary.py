"""The beginning of a text as its summary, cut where a reader would stop: whole characters, whole sentences.

A character is what a reader takes for one (a grapheme cluster, https://www.unicode.org/reports/tr29/): 👨‍👩‍👧, é, क्ष.
"""

from __future__ import annotations

import regex

ELLIPSIS = "…"

_GRAPHEME = regex.compile(r"\X")
# Letters and digits of scripts that put spaces between words; Chinese, Japanese, Thai, Lao, Khmer and Burmese don't.
_SPACED = regex.compile(
    r"(?![\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}])[\p{L}\p{N}]|(?! )[!-~]"
)
_URL = regex.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)", regex.IGNORECASE)

_OPENING, _CLOSING = "“‘「『《〈（【(", "”’」』》〉）】)"
_FULL_STOPS = frozenset("。！？…")
_STOPS = _FULL_STOPS | frozenset(".!?")
_CLOSERS = frozenset(_CLOSING + "\"'")
_DANGLING = frozenset(_OPENING + " ，、：；—–…,;:-[{")
"""What a cut leaves no mark of before its ellipsis."""

_ABBREVIATED = regex.compile(r"(?:^|[\s(:：,])(?:[0-9]{1,2}|(?:\p{L}\.)*\p{L})$|(?<!\p{Latin})(?P<word>\p{Latin}+)$")
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st no nos vs etc inc ltd co corp jr sr gen gov sen rep lt col capt sgt rev hon fig al approx "
    "est jan feb mar apr jun jul aug sep sept oct nov dec dept univ vol pp".split()
)
_LONGEST_ABBREVIATION = 12


def summarize(text: str, limit: int = 200) -> str:
    """At most `limit` characters, as a reader counts them, of plain text on one line.

    Cut after a sentence where one ends in the second half, outside of quotation marks if possible. Else after a word,
    a number or an address, or a Chinese character, with an ellipsis.
    """
    # Of a long body only the beginning is looked at; more than 32 code points in each character would be no text.
    beginning = " ".join(text[: limit * 64].split())
    line = beginning[: limit * 32]
    characters = _GRAPHEME.findall(line)
    if len(characters) <= limit:
        is_whole = len(text) <= limit * 64 and line == beginning
        return line if is_whole else line.rstrip() + ELLIPSIS
    if end := _find_sentence_end(characters, limit):
        return "".join(characters[:end])
    end = _find_word_start(characters, limit - 1, limit // 2)
    while end > 1 and characters[end - 1] in _DANGLING:
        end -= 1
    return "".join(characters[:end]) + ELLIPSIS


def _find_sentence_end(characters: list[str], limit: int) -> int:
    """How many characters come to a whole number of sentences; 0 if no sentence ends in the second half."""
    ends = [end for end in range(limit, limit // 2, -1) if _is_sentence_end(characters, end)]
    depth, is_open = 0, [False]
    for character in characters[:limit]:
        depth = max(0, depth + (character in _OPENING) - (character in _CLOSING))
        is_open.append(depth > 0)
    return next((end for end in ends if not is_open[end]), next(iter(ends), 0))


def _is_sentence_end(characters: list[str], end: int) -> bool:
    following = characters[end]
    if following in _STOPS or following in _CLOSERS:
        return False
    last = end - 1
    while last > 0 and characters[last] in _CLOSERS:
        last -= 1
    mark = characters[last]
    if mark not in _STOPS or mark in _FULL_STOPS:
        return mark in _FULL_STOPS
    if mark == "." and last == end - 1:
        return following == " " and not _is_abbreviated(
            "".join(characters[max(0, last - _LONGEST_ABBREVIATION) : last])
        )
    return following == " " or not following.isascii()


def _is_abbreviated(before: str) -> bool:
    """Does the stop behind this text belong to a word: Mr., U.S., e.g., or to the number of a list, 1.?"""
    found = _ABBREVIATED.search(before)
    return found is not None and (found["word"] is None or found["word"].lower() in _ABBREVIATIONS)


def _find_word_start(characters: list[str], end: int, least: int) -> int:
    """`end`, or where the word begins that it is inside of, unless that gives up more than down to `least`.

    A torn address leads nowhere: it is given up whatever it costs, unless it is all there is.
    """
    start = end
    while start > 0 and _SPACED.match(characters[start]) and _SPACED.match(characters[start - 1]):
        start -= 1
    is_url = start < end and _URL.match("".join(characters[start : end + 1])) is not None
    return start if start > (0 if is_url else least) else end
