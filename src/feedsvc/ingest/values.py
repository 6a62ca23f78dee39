"""Single values of an article, made canonical: each gives what is kept, and tells the report what was changed."""

from __future__ import annotations

import re

from feedsvc.ingest.bounds import MAX_LANGUAGE, MAX_MEDIA_TYPE, MAX_NAME, MAX_URL
from feedsvc.ingest.report import Report, shorten
from feedsvc.text import canonical_language, canonical_line, canonical_text, canonical_url, is_visible

# At least what feedparser takes for an address inside a name, which it then tears out of it.
_ADDRESS_IN_NAME = re.compile(
    r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]++@(?:\[[0-9.]+\]?|(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+)(?:\?subject=\S+)?"
)
_EMPTY_BRACKETS = re.compile(r"<\s*>|\(\s*\)|（\s*）|＜\s*＞|\[\s*\]|&lt;\s*&gt;")
_WRAPPED = re.compile(r'"([^"]+)"|\(([^()]+)\)|（([^（）]+)）')
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+\.[^\s@<>()\[\],;:\\\".]+")
_MEDIA_TYPE = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(?:; ?[a-z0-9-]+=\"?[a-z0-9_.,+-]+\"?)*",
    re.IGNORECASE,
)
"""RFC 6838 §4.2, with parameters."""


def keep_line(report: Report, field: str, given: str | None, longest: int) -> str | None:
    """One line of text; None for an empty one."""
    return _keep(report, field, given, canonical_line(given or ""), longest)


def keep_text(report: Report, field: str, given: str | None, most_bytes: int) -> str | None:
    """Text of several lines; None for an empty one."""
    kept = _keep(report, field, given, canonical_text(given or ""), most_bytes)
    if kept is not None and is_longer(kept, most_bytes):
        report.refuse(field, kept, f"is longer than {most_bytes} bytes of UTF-8: shorten it")
    return kept


def is_longer(text: str, most_bytes: int) -> bool:
    return len(text.encode(errors="surrogatepass")) > most_bytes


def keep_url(report: Report, field: str, given: str | None, base: str) -> str | None:
    """An absolute http(s) URL, a relative one counted from `base`; None where there is none or it was refused."""
    if given is None:
        return None
    if not given.strip():
        report.note(field, "was empty and is left out")
        return None
    if len(given) > MAX_URL:
        report.refuse(field, given, f"is longer than {MAX_URL} characters")
        return None
    try:
        return _resolve(report, field, given, base)
    except ValueError as error:
        report.refuse(field, given, f"{error}: give an absolute one, such as https://example.com/news/1.html")
        return None


def _resolve(report: Report, field: str, given: str, base: str) -> str:
    try:
        url = canonical_url(given)
    except ValueError:
        url = canonical_url(given, base)
        report.note(field, f"is relative: resolved against {base} to {url}")
    else:
        if url != given:
            report.note(field, f"is written as {url}")
    if len(url) > MAX_URL:
        raise ValueError(f"is longer than {MAX_URL} characters when percent-encoded")
    return url


def keep_language(report: Report, field: str, given: str | None) -> str | None:
    """A BCP 47 tag."""
    if given is None or not given.strip():
        return _keep(report, field, given, "", MAX_NAME)
    if len(given) > MAX_LANGUAGE:
        report.refuse(field, given, f"is longer than {MAX_LANGUAGE} characters: no language tag is")
        return None
    try:
        tag = canonical_language(given)
    except ValueError as error:
        report.refuse(field, given, str(error))
        return None
    if tag != given:
        report.note(field, f"is written as {tag}")
    return tag


def keep_media_type(report: Report, field: str, given: str | None, kind: str = "") -> str | None:
    """A media type in lower case; with `kind` (`image/`) only of that kind."""
    if given is None:
        return None
    media_type = given.strip()
    if len(media_type) > MAX_MEDIA_TYPE or not _MEDIA_TYPE.fullmatch(media_type):
        report.refuse(field, given, f"is no media type, such as {kind or 'audio/'}{'png' if kind else 'mpeg'}")
        return None
    name, semicolon, parameters = media_type.partition(";")
    kept = name.lower() + semicolon + parameters
    if not kept.startswith(kind):
        report.refuse(field, given, f"must begin with {kind}")
        return None
    if kept != given:
        report.note(field, f"is written as {kept}")
    return kept


def keep_address(report: Report, field: str, given: str | None) -> str | None:
    """An e-mail address."""
    address = keep_line(report, field, given, MAX_NAME)
    if address is not None and not _ADDRESS.fullmatch(address):
        report.refuse(field, given, "is no e-mail address, such as editor@example.com")
        return None
    return address


def split_address(report: Report, field: str, name: str, address: str | None) -> tuple[str, str | None]:
    """Take e-mail addresses out of an author's name; the first becomes the address where there is none.

    Readers built on feedparser would tear it out themselves, in Atom onto another author.
    """
    given = name
    while found := _ADDRESS_IN_NAME.search(name):
        if address is None:
            address = found[0].partition("?")[0].strip(".")
            if not _ADDRESS.fullmatch(address):
                address = None
        name = name.replace(found[0], " ")
        name = canonical_line(" ".join(_EMPTY_BRACKETS.sub(" ", name).split()))
        # RSS writes "li@example.org (Li Ming)", mail '"Li Ming" <li@example.org>'.
        if wrapped := _WRAPPED.fullmatch(name):
            name = canonical_line(wrapped[wrapped.lastindex or 0])
    if name == given:
        return name, address
    if not is_visible(name):
        name = given.partition("@")[0].strip("<([（＜ ") or "?"
    report.note(field, f"held an e-mail address: the name is now {name!r}, the address {address}")
    return name, address


def _keep(report: Report, field: str, given: str | None, kept: str, longest: int) -> str | None:
    if given is None:
        return None
    if not is_visible(kept):
        report.note(field, "was empty and is left out")
        return None
    if len(kept) > longest:
        report.refuse(field, kept, f"is longer than {longest} characters: shorten it")
        return kept[:longest]  # what comes after looks at no more than it may hold
    if kept != given:
        report.note(field, explain_change(given, kept))
    return kept


def explain_change(given: str, kept: str) -> str:
    """Say what canonical_line or canonical_text changed."""
    changes = []
    if given.strip() != given:
        changes.append("white space at the ends was removed")
    inner = given.strip()
    if "\r" in inner or (re.search("[\t\n]", inner) and not re.search("[\t\n]", kept)):
        changes.append("line breaks and tabs were made plain")
    if codes := sorted({f"U+{ord(character):04X}" for character in inner if _is_uncarried(character)}):
        changes.append(f"characters that feeds don't carry were removed or mapped ({', '.join(codes[:10])})")
    return "; ".join(changes) or f"is written as {shorten(kept)}"


def _is_uncarried(character: str) -> bool:
    return re.match("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]", character) is not None
