"""What a newsroom sends is published as it was meant, in every format, for every reader, or refused with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from examples import errors
from feedsvc.feed.grammar import check
from feedsvc.model import Entry
from letters import Item, expect_letters, read_letters
from programs import require, require_node_package
from readers import words
from torture import parsers
from torture.case import Case, Kept, Published, Refused
from torture.cases import CASES
from torture.conftest import BASE_URL, SECTIONS, Site

REDRAWN = {("feedparser", "summary"), ("feedparser", "content"), ("newsboat", "body")}
DOCUMENTS = [(section, name) for section in SECTIONS for name in ("rss", "atom", "json")]
XML_DOCUMENTS = [document for document in DOCUMENTS if document[1] != "json"]


def of(kind: type) -> list[Any]:
    return [pytest.param(case, id=case.name) for case in CASES if isinstance(case.outcome, kind)]


def test_the_set_is_what_it_claims() -> None:
    assert len(CASES) > 150
    assert len({case.name for case in CASES}) == len({case.external_id for case in CASES}) == len(CASES)
    assert all(case.probes for case in CASES)


@pytest.mark.parametrize("case", of(Refused))
def test_is_refused_with_field_and_reason(site: Site, case: Case) -> None:
    assert isinstance(case.outcome, Refused)
    answer = site.answers[case.name]
    assert answer.status == case.outcome.status
    problems = [(each["field"], each["reason"]) for each in answer.body.get("errors", ())]
    if not problems:
        problems = [("", answer.body["detail"])]
    assert any(case.outcome.field == field and case.outcome.reason in reason for field, reason in problems), problems


@pytest.mark.parametrize("case", of(Kept))
def test_is_kept_back(site: Site, case: Case) -> None:
    assert isinstance(case.outcome, Kept)
    answer = site.answers[case.name]
    assert (answer.status, answer.body["state"]) == (201, case.outcome.state)


@pytest.mark.parametrize("case", of(Published))
def test_is_live_and_as_it_was_meant(site: Site, case: Case) -> None:
    assert isinstance(case.outcome, Published)
    assert site.answers[case.name].status == 201, site.answers[case.name].body
    standing = site.standings[case.name]
    assert standing.body["revision"] == 1
    assert [finding for finding in standing.body["findings"] if finding["feed"] == case.section] == []
    (entry,) = [each for each in site.entries[case.section] if each.entry_id == standing.body["entry_id"]]
    meant = dict(case.outcome.values)
    assert {name: value_of(entry, name) for name in meant} == meant


@pytest.mark.parametrize(("section", "format"), XML_DOCUMENTS)
def test_feedparser_as_a_reader_uses_it(site: Site, section: str, format: str) -> None:
    found = parsers.read_by_feedparser(site.document(section, format))
    compare("feedparser", site, section, format, found)


@pytest.mark.parametrize(("section", "format"), XML_DOCUMENTS)
def test_lxml_to_the_letter_and_by_the_standard(site: Site, section: str, format: str) -> None:
    document = site.document(section, format)
    breaches = check(document.read_bytes(), format, self_url=f"{BASE_URL}/feeds/{document.name}")
    assert errors(breaches) == []
    found = read_letters(document.read_bytes(), format)
    compare("lxml", site, section, format, found)


@pytest.mark.parametrize("section", SECTIONS)
def test_json_to_the_letter(site: Site, section: str) -> None:
    content = site.document(section, "json").read_bytes()
    assert errors(check(content, "json")) == []
    found = read_letters(content, "json")
    compare("json", site, section, "json", found)


@pytest.mark.parametrize(("section", "format"), XML_DOCUMENTS)
def test_newsboat(site: Site, tmp_path: Path, section: str, format: str) -> None:
    found = parsers.read_by_newsboat(require("newsboat"), tmp_path, f"{site.service.url}/feeds/{section}.{format}")
    by_id = {item["id"]: item for item in found}
    assert len(by_id) == len(found)
    compare(
        "newsboat", site, section, format, [by_id[e.entry_id] for e in site.entries[section] if e.entry_id in by_id]
    )


@pytest.mark.parametrize(("section", "format"), XML_DOCUMENTS)
def test_ruby_rss_in_strict_mode(site: Site, section: str, format: str) -> None:
    found = parsers.read_by_ruby(require("ruby"), site.document(section, format))
    compare("ruby", site, section, format, found)


@pytest.mark.parametrize(("section", "format"), DOCUMENTS)
def test_feedsmith(site: Site, section: str, format: str) -> None:
    packages = require_node_package("feedsmith")
    found = parsers.read_by_feedsmith(require("node"), packages, site.document(section, format))
    compare("feedsmith", site, section, format, found)


def compare(reader: str, site: Site, section: str, format: str, found: Sequence[Item]) -> None:
    """The same entries in the same order, and every field that the reader gives equal to what the store holds."""
    entries = site.entries[section]
    assert [item["id"] for item in found] == [entry.entry_id for entry in entries]
    cases = {site.answers[case.name].body.get("entry_id"): case for case in CASES}
    wrong = []
    for entry, item in zip(entries, found, strict=True):
        case = cases[entry.entry_id]
        expected = expect_letters(entry, format) | own_will(case, reader, format)
        for name, value in item.items():
            if name in expected and not agree(reader, name, expected[name], value):
                wrong.append(f"{case.name}: {name}: expected {str(expected[name])[:200]!r}, found {str(value)[:200]!r}")
    assert not wrong, "\n".join(wrong)


def own_will(case: Case, reader: str, format: str) -> dict[str, Any]:
    assert isinstance(case.outcome, Published)
    return {
        name: value
        for key, values in case.outcome.but.items()
        if key in {(reader, "*"), (reader, format)}
        for name, value in values.items()
    }


def agree(reader: str, name: str, expected: Any, found: Any) -> bool:
    """Exactly; but HTML that a reader sanitised or drew by its own rules must say the same words."""
    if (reader, name) in REDRAWN and isinstance(found, str):
        return words(expected) == words(found)
    return bool(expected == found)


def value_of(entry: Entry, name: str) -> Any:
    """A field of the store's entry under the name that Published.values uses."""
    if name in {"published", "updated"}:
        return getattr(entry, name).isoformat().replace("+00:00", "Z")
    if name in {"tags", "breadcrumb"}:
        kind = (None, False) if name == "tags" else (f"{BASE_URL}/", True)
        terms = tuple(each.term for each in entry.categories if (each.scheme, each.is_path) == kind)
        return terms if name == "tags" else "".join(terms)
    values = {
        "content": entry.content_html,
        "authors": tuple(author.name for author in entry.authors),
        "image": entry.image and entry.image.url,
        "enclosures": tuple((each.url, each.type, each.length_bytes) for each in entry.enclosures),
    }
    return values[name] if name in values else getattr(entry, name)
