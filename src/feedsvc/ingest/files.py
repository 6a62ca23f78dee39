"""A file -> the articles in it. A feed is known by its bytes, all else by the ending of its name.

a feed           RSS, Atom or JSON Feed (see feed.py), an article an entry, the oldest first
.json            one article, a list of them, or {"articles": [...]}
.jsonl, .ndjson  one article a line
.txt             one news page (see newspage.py), in UTF-8, GB18030 or Big5

Each has an external id in the end, so that a second import updates: one that brings none gets one of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import PurePath
from typing import Any

from feedsvc.errors import RefusedError, UnknownSectionError
from feedsvc.ingest.allowed import explain_limit
from feedsvc.ingest.article import USUAL_LIMITS, Accepted, accept
from feedsvc.ingest.attached import Measure
from feedsvc.ingest.charset import guess_chinese
from feedsvc.ingest.feed import FeedEntry, is_feed, read_entries
from feedsvc.ingest.jsontext import WHOLE, parse_json, parse_json_value
from feedsvc.ingest.newspage import read_newspage
from feedsvc.ingest.report import refused
from feedsvc.ingest.times import write_time
from feedsvc.model import ArticleInput, Limits, Note

UNDERSTOOD = (
    "RSS, Atom and JSON feeds, .json (an article or several), .jsonl or .ndjson (an article a line), "
    ".txt (the text of a news page)"
)


@dataclass(frozen=True, slots=True)
class Taken:
    """An article found in a file. `place` says where (`[3]`, `line 7`), '' where it is the whole file.

    `is_id_derived`: it brought no external id, so that two articles may have come to the same one.
    """

    place: str
    accepted: Accepted
    is_id_derived: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """What in a file can't be taken, and why; `place` as in Taken."""

    place: str
    error: RefusedError


@dataclass(frozen=True, slots=True)
class Batch:
    """All that a file held, in its order; one that was refused stops none of the others."""

    taken: tuple[Taken, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    resolve_section: Callable[[str], str]
    base_url: str
    naive_timezone: tzinfo | None
    section: str | None
    measure: Measure | None
    limits: Limits

    def take(self, place: str, value: Any) -> Taken:
        if not isinstance(value, Mapping):
            raise refused(WHOLE, value, "must be a JSON object: {...}")
        accepted = accept(
            value if self.section is None else {**value, "sections": [self.section]},
            resolve_section=self.resolve_section,
            base_url=self.base_url,
            naive_timezone=self.naive_timezone,
            measure=self.measure,
            limits=self.limits,
        )
        if accepted.article.external_id is not None:
            return Taken(place, accepted)
        return Taken(place, _derive_id(accepted), is_id_derived=True)

    def take_entry(self, entry: FeedEntry) -> Taken:
        """An entry of a feed; without a given section it goes where its categories name one."""
        named = [self.section] if self.section else [tag for tag in entry.data.get("tags", ()) if self._is_section(tag)]
        if not named and not entry.report.problems:
            entry.report.refuse("sections", "", "no category of the entry names a section: name one with --section")
        entry.report.raise_problems()
        accepted = accept(
            entry.data | {"sections": named},
            resolve_section=self.resolve_section,
            base_url=entry.base or self.base_url,
            naive_timezone=self.naive_timezone,
            limits=self.limits,
        )
        return Taken(entry.place, Accepted(accepted.article, (*entry.report.notes, *accepted.notes)))

    def _is_section(self, name: str) -> bool:
        try:
            return bool(self.resolve_section(name))
        except UnknownSectionError:
            return False

    def take_line(self, number: int, line: bytes) -> Taken:
        return self.take(f"line {number}", parse_json(line, first_line=number))

    def take_page(self, content: bytes) -> Taken:
        text, notes = decode_page(content, self.limits)
        accepted = read_newspage(
            text,
            resolve_section=self.resolve_section,
            base_url=self.base_url,
            naive_timezone=self.naive_timezone,
            section=self.section,
            limits=self.limits,
        )
        return Taken("", Accepted(accepted.article, (*notes, *accepted.notes)))


def read_file(
    name: str,
    content: bytes,
    *,
    resolve_section: Callable[[str], str],
    base_url: str,
    naive_timezone: tzinfo | None,
    section: str | None = None,
    measure: Measure | None = None,
    limits: Limits = USUAL_LIMITS,
) -> Batch:
    """Read every article of a file. `section` stands in for what the file says of sections.

    `measure` gives the length of a file (an enclosure) that lies beside this one, by its relative path. `limits` are
    what config.yaml allows: give one byte more than `limits.file` of a larger one.

    Raises nothing: a file that can't be read at all is one Refused whose place is ''.
    """
    gate = _Gate(
        resolve_section=resolve_section,
        base_url=base_url,
        naive_timezone=naive_timezone,
        section=section,
        measure=measure,
        limits=limits,
    )
    if len(content) > limits.file:
        reason = explain_limit("is larger", f"{limits.file} bytes", "file", "split it")
        return _refuse_whole(refused(WHOLE, "", reason))
    try:
        found = _find_articles(name, content, gate)
        if len(found) > limits.articles:
            reason = explain_limit("holds more articles", str(limits.articles), "articles", "split it")
            raise refused(WHOLE, "", reason)
        return _gather(found)
    except RefusedError as error:
        return _refuse_whole(error)


_Take = Callable[[], Taken]


def _find_articles(name: str, content: bytes, gate: _Gate) -> list[tuple[str, _Take]]:
    """Each article's place, and how to take it. Raises RefusedError where the file as a whole can't be read."""
    if is_feed(content):
        return [(entry.place, partial(gate.take_entry, entry)) for entry in read_entries(content, gate.naive_timezone)]
    suffix = PurePath(name).suffix.lower()
    if suffix == ".json":
        return [(place, partial(gate.take, place, one)) for place, one in _list_articles(parse_json_value(content))]
    if suffix in {".jsonl", ".ndjson"}:
        lines = ((number, line) for number, line in enumerate(BytesIO(content), 1) if line.strip())
        # One more than are taken, so that the file is refused.
        taken = islice(lines, gate.limits.articles + 1)
        return [(f"line {number}", partial(gate.take_line, number, line)) for number, line in taken]
    if suffix == ".txt":
        return [("", partial(gate.take_page, content))]
    raise refused(WHOLE, name, f"this kind of file is not understood. Understood are {UNDERSTOOD}")


def decode_page(content: bytes, limits: Limits = USUAL_LIMITS) -> tuple[str, tuple[Note, ...]]:
    """Decode a page: UTF-8, with or without byte order mark; else GB18030 or Big5, whichever reads as Chinese.

    A note says so. Raises RefusedError for anything else, and beyond `limits.page`.
    """
    if len(content) > limits.page:
        raise refused(WHOLE, "", explain_limit("is larger", f"{limits.page} bytes", "page", "split it"))
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        at = error.start + 1
    guessed = guess_chinese(content)
    if guessed is None:
        raise refused(
            WHOLE, "", f"is neither UTF-8 (byte {at} breaks it) nor Chinese in GB18030 or Big5: convert it to UTF-8"
        )
    encoding, text = guessed
    return text, (Note(place="page", message=f"is not UTF-8: read as {encoding.upper()}", severity="warning"),)


def _list_articles(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping) and set(value) == {"articles"} and isinstance(value["articles"], list):
        return [(f"articles[{index}]", one) for index, one in enumerate(value["articles"])]
    if isinstance(value, list):
        return [(f"[{index}]", one) for index, one in enumerate(value)]
    return [("", value)]


def _derive_id(accepted: Accepted) -> Accepted:
    """Give it an external id that the same article comes to again.

    That is the id from an older feed; else one made from its link, else from title, time and sections.
    """
    article = accepted.article
    if article.entry_id is not None:
        note = Note(place="external_id", message="is not given: it is the entry_id")
        return Accepted(replace(article, external_id=article.entry_id), (note, *accepted.notes))
    identity, made_from = ((article.link,), "link") if article.link else (_name(article), "title, time and sections")
    digest = hashlib.sha256("\n".join(identity).encode()).hexdigest()
    external_id = f"import:{digest[:32]}"
    note = Note(place="external_id", message=f"is not given: it is {external_id}, made from the {made_from}")
    return Accepted(replace(article, external_id=external_id), (note, *accepted.notes))


def _name(article: ArticleInput) -> tuple[str, ...]:
    published = write_time(article.published) if article.published else ""
    return (article.title, published, *sorted(article.sections))


def _gather(found: Iterable[tuple[str, _Take]]) -> Batch:
    taken: list[Taken] = []
    turned_away: list[Refused] = []
    for place, take in found:
        try:
            taken.append(take())
        except RefusedError as error:
            turned_away.append(Refused(place, error))
    return Batch(tuple(taken), tuple(turned_away))


def _refuse_whole(error: RefusedError) -> Batch:
    return Batch(refused=(Refused("", error),))
