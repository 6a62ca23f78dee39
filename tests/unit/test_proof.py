from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from examples import MACRO, SECTIONS, SITE, article, section_state
from feedsvc.feed.formats import FORMATS, Format
from feedsvc.model import Article, Feed, Finding, Holdings
from feedsvc.proof import Proof, prove, reason_of

STATE = section_state()


def proof_of(articles: Sequence[Article], state: Any = STATE, formats: Mapping[str, Format] = FORMATS) -> Proof:
    holdings = Holdings(articles=tuple(articles))
    return prove(SITE, MACRO, state, holdings, SECTIONS, formats=formats, renderer="test")


def test_a_good_feed_is_proved_in_every_format_of_its_section() -> None:
    proof = proof_of([article(1), article(2)])
    assert proof.findings == ()
    assert proof.guilty == {}
    assert [document.format for document in proof.documents] == ["rss", "atom", "json"]


def test_an_article_that_does_not_even_become_an_entry_is_found_out() -> None:
    bad = replace(article(2), published=None)
    proof = proof_of([article(1), bad, article(3)])
    assert list(proof.guilty) == [bad.entry_id]
    (finding,) = proof.findings
    assert finding.rule == "fault.ValueError"
    assert bad.id in reason_of([finding])


def test_a_fault_of_composing_that_no_article_alone_has_is_the_feeds() -> None:
    proof = proof_of([article(1)], state=None)
    assert proof.guilty.keys() <= {article(1).entry_id}
    assert proof_of([], state=None).findings[0].entry_id is None


def test_what_only_two_together_break_is_nobodys() -> None:
    def verify(_content: bytes, feed: Feed) -> list[Finding]:
        return [Finding(rule="odd", message="two", format="rss")] if len(feed.entries) > 1 else []

    formats = {**FORMATS, "rss": replace(FORMATS["rss"], verify=verify)}
    proof = proof_of([article(1), article(2)], formats=formats)
    assert proof.guilty == {}
    assert [finding.rule for finding in proof.findings] == ["odd"]


def test_a_reason_is_short_and_says_that_there_is_more() -> None:
    first = Finding(rule="entry.title", message="it does not read back", format="atom", expected="甲", found="乙")
    assert reason_of([first]) == "atom: entry.title: it does not read back (expected “甲”, found “乙”)"
    placed = replace(first, place="title, character 1", mend="write it again")
    assert reason_of([placed]) == (
        "atom: title, character 1: it does not read back (expected “甲”, found “乙”). To mend it, write it again"
    )
    second = Finding(rule="render", message="can't be written", format="rss")
    assert reason_of([second]) == "can't be written"
    assert reason_of([second, replace(second, format="atom")]) == "can't be written"
    assert reason_of([second, first, first]) == "can't be written; 1 more finding"
    assert reason_of([second, first, replace(first, rule="entry.link")]) == "can't be written; 2 more findings"


def test_a_reason_says_how_to_mend_a_breach_of_a_standard() -> None:
    breach = Finding(
        rule="iri.active", message="it is a program", format="rss", found="javascript:1", mend="link a page"
    )
    assert reason_of([breach]) == "rss: iri.active: it is a program (found “javascript:1”). To mend it, link a page"


def test_a_warning_keeps_nothing_back() -> None:
    """The title is about markup; readers of RSS may take it for such."""
    proof = proof_of([article(1, title="How <b> came to be")])
    assert proof.findings == ()
    assert proof.guilty == {}
    assert b"How &#x3C;b&#x3E; came to be" in proof.documents[0].content
