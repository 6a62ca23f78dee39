"""An older feed (RSS, Atom, JSON Feed) -> articles in the JSON shape of the gate, each under the id that readers know.

Entries come oldest first, as they arrived there. An entry without an id is known to readers by its link, so that is its
id. Nothing is fetched: what only stands behind a link stays there. Addresses of authors are not taken over.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple

from feedsvc.ingest.feedtimes import spell_time
from feedsvc.ingest.feedxml import Found, FoundFeed, looks_like_xml_feed, read_xml_feed
from feedsvc.ingest.identity import find_lost
from feedsvc.ingest.jsontext import WHOLE, parse_json
from feedsvc.ingest.markup import MarkupError, read_markup
from feedsvc.ingest.report import Report, refused
from feedsvc.summary import summarize
from feedsvc.text import canonical_language, canonical_url, plain_text, sanitize_html

_JSON_FEED = "https://jsonfeed.org/version/"
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_ELEMENT = re.compile(r"</?[A-Za-z][^<>]*>")
_SPACE_INSIDE = re.compile(r"[\t\r\n]|\s\s")
_TITLE_LENGTH = 60
_MOST_DIGITS = 15
_SIZES = ("width", "height")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry. `place` is its number in the document, from 1; `data` is what accept() takes, `base` its base URL.

    `report` holds what was told of it, and why it can't be taken, on the way to the gate.
    """

    place: str
    data: dict[str, Any] = field(default_factory=dict)
    base: str | None = None
    report: Report = field(default_factory=Report)


def is_feed(content: bytes) -> bool:
    """Whether these bytes are a feed, whatever the file is called."""
    is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    return (is_json and _JSON_FEED.encode() in content) or looks_like_xml_feed(content)


def is_json_feed(value: Any) -> bool:
    return isinstance(value, Mapping) and str(value.get("version", "")).startswith(_JSON_FEED)


def read_entries(content: bytes, naive_timezone: tzinfo | None) -> list[FeedEntry]:
    """Read every entry, the oldest first; the first one's report also tells of the file.

    Raises RefusedError for what is no feed.
    """
    whole = Report()
    if looks_like_xml_feed(content):
        found = read_xml_feed(content, whole)
        base = _absolute(found.link, None)
        read = [_read_xml(number, one, found, base) for number, one in enumerate(found.entries, 1)]
    else:
        read = _read_json_feed(parse_json(content))
    _refuse_repeated(read)
    for entry in read:
        _spell_times(entry, naive_timezone)
    read.reverse()
    if read:
        read[0].report.notes[:0] = whole.notes
    elif whole.notes:
        raise refused(WHOLE, "", f"holds no entry, and {whole.notes[0].message}")
    return read


def _refuse_repeated(entries: Sequence[FeedEntry]) -> None:
    first: dict[str, str] = {}
    for entry in entries:
        entry_id = entry.data.get("entry_id")
        if entry_id is not None and first.setdefault(entry_id, entry.place) != entry.place:
            why = f"stands in {first[entry_id]} already: readers show one entry of an id, so keep one, or mend its id"
            entry.report.refuse("entry_id", entry_id, why)


def _spell_times(entry: FeedEntry, zone: tzinfo | None) -> None:
    """`published` falls back to `updated`, as in Atom, where only that is required (RFC 4287 §4.1.2)."""
    data = entry.data
    for name in ("published", "updated"):
        given = data.pop(name, None)
        if given and given.strip():
            spelt = spell_time(entry.report, name, given, zone)
            if spelt is not None:
                data[name] = spelt
    if "published" not in data and "updated" in data:
        data["published"] = data.pop("updated")
    if "published" not in data and not entry.report.problems:
        entry.report.note("published", "is not given: the entry appears as new of now", "warning")


def _name_entry(entry: FeedEntry, given: str | None, link: str | None, *, is_permalink: bool = False) -> None:
    """Its id, else its link."""
    entry_id = given
    if not given and link is not None:
        entry_id = link
        entry.report.note("entry_id", f"is not given: readers know the entry by its link, {link}")
    if not entry_id:
        why = "there is neither id nor link: readers can't know this entry again. Give it an id"
        entry.report.refuse("entry_id", "", why)
        return
    if not find_lost(entry_id) and _SPACE_INSIDE.search(entry_id):
        entry.report.note("entry_id", "holds line breaks, tabs or several spaces on end, and is kept as it is")
    entry.data.update(entry_id=entry_id, external_id=entry_id, is_permalink=is_permalink)


def _read_xml(number: int, found: Found, feed: FoundFeed, base: str | None) -> FeedEntry:
    entry = FeedEntry(f"entry {number}", base=base)
    reading, data, report = found.reading, entry.data, entry.report
    written: Mapping[str, Any] = reading["written"]
    data["link"] = _keep_url(report, "link", reading["link"], base)
    _name_entry(entry, found.id, reading["link"], is_permalink=found.is_permalink)
    data["title"] = _read_text(report, "title", reading["title"], written["title_type"])
    body = next((part for part in reading["content"] if part[1]), None)
    if found.xhtml:
        body = ("text/html", found.xhtml)
    # Without a type it is no summary, but the content, which feedparser shows under both names.
    summary = reading["summary"] if written["summary_type"] else None
    _take_texts(entry, body, (written["summary_type"], summary))
    data["published"], data["updated"] = written["published"], written["updated"]
    data["authors"] = _keep_authors(report, reading["authors"] or feed.authors, base)
    data["tags"] = [label for label in dict.fromkeys(written["labels"]) if label]
    data["language"] = _keep_language(report, reading["language"] or feed.language)
    data["image"] = _find_image(report, reading, base)
    data["enclosures"] = [
        file
        for index, told in enumerate(reading["enclosures"])
        if (file := _keep_file(report, index, _File(*told), base))
    ]
    return entry


def _read_json_feed(feed: Mapping[str, Any]) -> list[FeedEntry]:
    """JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    if not is_json_feed(feed) or not isinstance(feed.get("items"), list):
        raise refused(WHOLE, feed.get("version", ""), "is no JSON Feed: `version` and `items` say that it is one")
    base = _absolute(_text(feed.get("home_page_url")), None)
    everyone = feed.get("authors") or ([feed["author"]] if feed.get("author") else [])
    return [
        _read_json(number, item, base, _text(feed.get("language")), everyone)
        for number, item in enumerate(feed["items"], 1)
    ]


def _read_json(number: int, item: Any, base: str | None, language: str | None, everyone: Any) -> FeedEntry:
    entry = FeedEntry(f"entry {number}", base=base)
    data, report = entry.data, entry.report
    if not isinstance(item, Mapping):
        report.refuse(WHOLE, item, "must be a JSON object: {...}")
        return entry
    link = _text(item.get("url"))
    data["link"] = _keep_url(report, "link", link, base)
    given = item.get("id")
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if is_number:
        report.note("entry_id", "is a number: readers take it as text")
    _name_entry(entry, str(given) if is_number else _text(given), link)
    data["title"] = _text(item.get("title")) or ""
    markup, text = _text(item.get("content_html")), _text(item.get("content_text"))
    body = ("text/html", markup) if markup else ("text/plain", text) if text else None
    _take_texts(entry, body, ("text/plain", _text(item.get("summary"))))
    data["published"], data["updated"] = _text(item.get("date_published")), _text(item.get("date_modified"))
    people = item.get("authors") or ([item["author"]] if item.get("author") else everyone)
    named = [(_text(one.get("name")) or "", _text(one.get("url"))) for one in _objects(people)]
    data["authors"] = _keep_authors(report, named, base)
    data["tags"] = [tag for tag in dict.fromkeys(map(_text, _list(item.get("tags")))) if tag]
    data["language"] = _keep_language(report, _text(item.get("language")) or language)
    picture = _keep_url(report, "image", _text(item.get("image")) or _text(item.get("banner_image")), base)
    data["image"] = {"url": picture} if picture else None
    data["enclosures"] = [
        file
        for index, one in enumerate(_objects(item.get("attachments")))
        if (file := _keep_file(report, index, _read_attachment(one), base))
    ]
    return entry


def _take_texts(entry: FeedEntry, body: tuple[str, str] | None, summary: tuple[str | None, str | None]) -> None:
    """A summary that holds markup, of an entry without a body, is its body, as most of RSS is written."""
    data, report = entry.data, entry.report
    kind, text = summary
    is_markup = kind in _HTML_TYPES and _ELEMENT.search(text or "") is not None
    if body is None and is_markup:
        body, text = (str(kind), text or ""), None
    data["content_html"] = None if body is None else body[1] if body[0] in _HTML_TYPES else _mark_up(body[1])
    data["summary"] = _read_text(report, "summary", text, kind) or None
    if data["title"].strip():
        return
    told = data["summary"] or _read_text(report, "content_html", data["content_html"], "text/html")
    data["title"] = summarize(told, _TITLE_LENGTH)
    if data["title"]:
        report.note("title", "is not given: it is the beginning of the text")


def _mark_up(text: str) -> str:
    """Plain text as paragraphs."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip())
    return "\n".join(f"<p>{html.escape(block, quote=False).replace(chr(10), '<br>')}</p>" for block in blocks)


def _read_text(report: Report, name: str, text: str | None, kind: str | None) -> str:
    """What one reads of a text that may be markup."""
    if not text or kind not in _HTML_TYPES:
        return text or ""
    try:
        return plain_text(sanitize_html(read_markup(text).markup, "https://example.org/"))
    except MarkupError as error:
        report.refuse(name, text, str(error))
        return ""


def _find_image(report: Report, reading: Mapping[str, Any], base: str | None) -> dict[str, Any] | None:
    """The article's picture: Media RSS content, else its thumbnail, else iTunes image."""
    media = [dict(medium) for medium in reading["media"]]
    pictures = [one for one in media if one.get("medium") == "image" or one.get("type", "").startswith("image/")]
    pictures += [dict(medium) for medium in reading["thumbnails"]]
    if reading["written"]["picture"]:
        pictures.append({"url": reading["written"]["picture"]})
    for one in pictures:
        if url := _keep_url(report, "image", one.get("url"), base):
            sizes = {name: size for name in _SIZES if (size := _number(one.get(name)))}
            return {"url": url, "type": one.get("type") or None, **sizes}
    return None


def _keep_authors(
    report: Report, named: Sequence[tuple[str | None, str | None]], base: str | None
) -> list[dict[str, Any]]:
    # feedparser may give a person without any name at all.
    kept = [
        {"name": name, "url": _keep_url(report, "authors", url, base)} for name, url in named if (name or "").strip()
    ]
    if len(kept) < len(named):
        report.note("authors", f"{len(named) - len(kept)} without a name left out")
    return kept


class _File(NamedTuple):
    """A file as a feed tells of it; each may be None or nonsense."""

    url: str | None
    type: str | None
    length: str | None
    title: str | None


def _read_attachment(one: Mapping[str, Any]) -> _File:
    length = str(one.get("size_in_bytes", ""))
    return _File(_text(one.get("url")), _text(one.get("mime_type")), length, _text(one.get("title")))


def _keep_file(report: Report, index: int, file: _File, base: str | None) -> dict[str, Any] | None:
    url = _keep_url(report, f"enclosures[{index}]", file.url, base)
    if url is None:
        return None
    return {"url": url, "type": file.type or None, "length": _number(file.length), "title": file.title or None}


def _number(text: str | None) -> int | None:
    """A whole number above 0; None for anything else, and for more digits than a number of bytes or pixels has."""
    return int(text) or None if text and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _keep_url(report: Report, name: str, given: str | None, base: str | None) -> str | None:
    """An absolute address; what can be none is left out with a word, since it would refuse the whole entry."""
    if not given or not given.strip():
        return None
    url = _absolute(given, base)
    if url is None:
        report.note(name, f"is left out, since {given[:80]!r} is no http or https address", "warning")
    return url


def _keep_language(report: Report, given: str | None) -> str | None:
    if not given or not given.strip():
        return None
    try:
        return canonical_language(given)
    except ValueError as error:
        report.note("language", f"is left out: {error}", "warning")
        return None


def _absolute(given: str | None, base: str | None) -> str | None:
    if not given or not given.strip():
        return None
    try:
        return canonical_url(given)
    except ValueError:
        pass
    try:
        return canonical_url(given, base) if base else None
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(value) if isinstance(one, Mapping)]
