"""What names an article outside: the sender's own id, and the id under which an older feed showed it to readers.

Both are keys, no texts: kept to the letter, or refused. Readers know an entry by its id alone, so one that any format,
or feedparser, would give back changed would come a second time to whoever has it already.
"""

from __future__ import annotations

import re

from feedsvc.ingest.bounds import MAX_EXTERNAL_ID_BYTES
from feedsvc.ingest.report import Report
from feedsvc.ingest.values import is_longer
from feedsvc.parse import as_feedparser_reads
from feedsvc.text import canonical_url, find_illegal

_C1 = re.compile("[\x80-\x9f]")


def keep_external_id(report: Report, given: str | None) -> str | None:
    """The sender's own id."""
    return _keep_key(report, "external_id", given)


def keep_entry_id(report: Report, given: str | None, *, is_permalink: bool | None) -> tuple[str | None, bool]:
    """The id from an older feed, and whether readers may follow it as a link (RSS 2.0 `guid`, isPermaLink)."""
    entry_id = _keep_key(report, "entry_id", given)
    if entry_id is None:
        if is_permalink:
            report.refuse("is_permalink", is_permalink, "says something of entry_id, which is not given: give both")
        return None, False
    if reason := find_lost(entry_id):
        report.refuse("entry_id", entry_id, reason)
    if is_permalink and not _is_address(entry_id):
        message = "is left out, since entry_id is no http or https address; readers that made one of it see a new entry"
        report.note("is_permalink", message, "warning")
        return entry_id, False
    return entry_id, bool(is_permalink)


def find_lost(entry_id: str) -> str:
    """Say what in an id would not come back unchanged from every format and every reader; '' where all would."""
    if entry_id != entry_id.strip():
        return "begins or ends with white space, which readers take away: no feed can carry it to the letter"
    if illegal := find_illegal(entry_id):
        position, name = illegal
        return f"holds {name} at character {position}, which XML can't carry"
    if control := _C1.search(entry_id):
        position, name = control.start() + 1, f"U+{ord(control[0]):04X}"
        return f"holds the control {name} at character {position}, which readers take for another character"
    if as_feedparser_reads(entry_id) != entry_id:
        return f"looks like UTF-8 read as Latin-1, which readers repair to {as_feedparser_reads(entry_id)!r}"
    return ""


def _keep_key(report: Report, field: str, given: str | None) -> str | None:
    if given == "":
        report.refuse(field, given, "is empty: give an id or leave the field out")
    elif given is not None and is_longer(given, MAX_EXTERNAL_ID_BYTES):
        report.refuse(field, given, f"is longer than {MAX_EXTERNAL_ID_BYTES} bytes of UTF-8: shorten it")
    return given


def _is_address(entry_id: str) -> bool:
    try:
        return bool(canonical_url(entry_id))
    except ValueError:
        return False
