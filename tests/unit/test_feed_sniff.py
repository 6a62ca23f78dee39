"""Which format bytes are in, and what is said of those that are in none."""

from __future__ import annotations

import pytest

from feedsvc.feed.grammar.rules import Fault
from feedsvc.feed.sniff import RULES, sniff

ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"/>'


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (b'<rss version="2.0"><channel/></rss>', "rss"),
        (b"<rss version = '2.0.1'>", "rss"),
        (b"<rss>", "rss"),
        (b"\n<?xml version='1.0'?>\n<!-- <html> -->\n<!DOCTYPE rss [<!ENTITY x 'y'>]><rss version='2.0'>", "rss"),
        (ATOM.encode(), "atom"),
        (b'<a:feed xmlns="http://purl.org/atom/ns#" xmlns:a="http://www.w3.org/2005/Atom"/>', "atom"),
        (b"<feed>", "atom"),
        (b"\xef\xbb\xbf" + ATOM.encode(), "atom"),
        (ATOM.encode("utf-16"), "atom"),
        (ATOM.encode("utf-16-le"), "atom"),
        (ATOM.encode("utf-16-be"), "atom"),
        ("<?xml version='1.0' encoding='gb2312'?><!-- 新闻 --><rss/>".encode("gb2312"), "rss"),
        (b"  {", "json"),
        (b"\xef\xbb\xbf{}", "json"),
        ("{}".encode("utf-16-be"), "json"),
        (b"[]", "json"),
    ],
)
def test_a_feed_is_known(content: bytes, format: str) -> None:
    assert sniff(content) == format


@pytest.mark.parametrize(
    ("content", "rule", "found"),
    [
        (b"", "input.empty", ""),
        (b"\xef\xbb\xbf \n", "input.empty", "white space alone"),
        (b"\x1f\x8b\x08\0", "input.compressed", "gzip"),
        (b"\x28\xb5\x2f\xfd\0", "input.compressed", "zstd"),
        (b"PK\x03\x04", "input.compressed", "zip"),
        (b"<!DOCTYPE html>\n<html lang=zh>", "input.page", "<html>"),
        (b"<HTML>", "input.page", "<HTML>"),
        (b"<!doctype html><title>x</title>", "input.page", "<title>"),
        (b"<opml version='2.0'/>", "input.opml", "<opml>"),
        (b"<rss version='0.91'>", "input.old", "RSS 0.91"),
        (b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>", "input.old", "<RDF>"),
        (b"<feed version='0.3' xmlns='http://purl.org/atom/ns#'/>", "input.old", "Atom 0.3"),
        (b"<svg/>", "input.unknown", "<svg>"),
        ("新闻".encode(), "input.unknown", "新闻"),
        (b"\x89PNG\r\n", "input.unknown", "\ufffdPNG"),
        (b"<!-- " + b"x" * 100_000 + b" --><rss/>", "input.unknown", "<!-- " + "x" * 35),
        (b" " * 100_000 + b"<rss/>", "input.unknown", ""),
        (b"<!DOCTYPE x [", "input.unknown", "<!DOCTYPE x ["),
    ],
)
def test_what_is_no_feed_is_told_plainly(content: bytes, rule: str, found: str) -> None:
    fault = sniff(content)
    assert isinstance(fault, Fault)
    assert (fault.rule.name, fault.found) == (rule, found)


def test_every_rule_says_how_to_mend() -> None:
    assert all(rule.standard and rule.message and rule.mend for rule in RULES)
