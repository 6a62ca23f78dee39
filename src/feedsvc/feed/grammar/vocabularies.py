"""What RSS and Atom borrow: Dublin Core, Media RSS, iTunes and syndication, Atom's link in RSS, XHTML where it acts.

Their elements may stand anywhere; what counts is what stands in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from feedsvc.feed.grammar import vocabularyrules as rules
from feedsvc.feed.grammar.atom import check_link
from feedsvc.feed.grammar.elements import (
    Breach,
    Check,
    Element,
    Given,
    ValueCheck,
    at,
    holding,
    looks_like_html,
    name_of,
    text_of,
)
from feedsvc.feed.grammar.markup import check_html
from feedsvc.feed.grammar.rules import Fault, Rule
from feedsvc.feed.grammar.values import (
    check_email,
    check_iri,
    check_language,
    check_media_type,
    check_rfc3339,
)
from feedsvc.feed.namespaces import ATOM, DC, DCTERMS, ITUNES, MEDIA, SYNDICATION

_A, _DC, _DCTERMS, _ITUNES, _MEDIA, _SY = (f"{{{each}}}" for each in (ATOM, DC, DCTERMS, ITUNES, MEDIA, SYNDICATION))
_ACTIVE = ("{http://www.w3.org/1999/xhtml}script", "{http://www.w3.org/2000/svg}script")

_PART_OF_DATE = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?")
_DURATION = re.compile(r"[0-9]+|(?:[0-9]+:)?[0-5]?[0-9]:[0-5][0-9]")
_COUNT = re.compile(r"[1-9][0-9]{0,8}")
_MEDIUMS = ("image", "audio", "video", "document", "executable")
_OLD_EXPLICIT = {"yes", "no", "clean", "explicit"}
_EPISODE_TYPES = ("full", "trailer", "bonus")
_SHOW_TYPES = ("episodic", "serial")
_PERIODS = ("hourly", "daily", "weekly", "monthly", "yearly")
_SHOW_NEEDS = ("image", "category", "explicit")


def check_borrowed(root: Element, given: Given) -> Iterator[Breach]:
    """Hold every element of another vocabulary that is known here to what it says there."""
    for element in root.iter(*_CHECKS):
        yield from _CHECKS[str(element.tag)](element, given)
    for element in root.iter(*_ACTIVE):
        if not any(str(each.tag).startswith(_A) and each.get("type") == "xhtml" for each in element.iterancestors()):
            yield element, Fault(rules.ACTIVE, found=name_of(element))
    channel = root.find("channel")
    if channel is not None:
        yield from _check_show(channel)


def _check_show(channel: Element) -> Iterator[Breach]:
    """A channel with iTunes elements of its own is a podcast's, and directories ask for three of them."""
    names = {str(child.tag).removeprefix(_ITUNES) for child in channel if str(child.tag).startswith(_ITUNES)}
    if names:
        missing = [name for name in _SHOW_NEEDS if name not in names]
        yield from ((channel, Fault(rules.SHOW, found=f"no itunes:{name}")) for name in missing)


def _check_borrowed_link(element: Element, given: Given) -> Iterator[Breach]:
    """Atom's own links are held to this by Atom's table."""
    parent = element.getparent()
    return iter(()) if parent is None or str(parent.tag).startswith(_A) else check_link(element, given)


def _check_date(text: str) -> Iterator[Fault]:
    """Dublin Core recommends the W3C's profile of ISO 8601, which knows years and months too."""
    return iter(()) if _PART_OF_DATE.fullmatch(text) else check_rfc3339(text)


def _check_media(element: Element, _given: Given) -> Iterator[Breach]:
    url, media_type = element.get("url"), element.get("type")
    if url is not None:
        yield from at(element, check_iri(url))
    elif element.tag == f"{_MEDIA}thumbnail" or element.find(f"{_MEDIA}player") is None:
        yield element, Fault(rules.MEDIA_URL)
    if media_type is not None:
        yield from at(element, check_media_type(media_type))
    if (medium := element.get("medium")) is not None and medium not in _MEDIUMS:
        yield element, Fault(rules.MEDIUM, found=medium, expected=", ".join(_MEDIUMS))
    for name in ("fileSize", "width", "height", "duration"):
        number = element.get(name)
        if number is not None and not (number.isascii() and number.isdigit()):
            yield element, Fault(rules.MEDIA_NUMBER, found=f'{name}="{number}"')


def _check_media_text(element: Element, given: Given) -> Iterator[Breach]:
    kind = element.get("type", "plain")
    if kind not in {"plain", "html"}:
        yield element, Fault(rules.MEDIA_TEXT_TYPE, found=kind)
    elif kind == "html":
        yield from at(element, check_html(text_of(element), given.embeds))
    else:
        yield from looks_like_html(rules.MEDIA_TEXT_HTML, element)


def _check_explicit(element: Element, _given: Given) -> Iterator[Breach]:
    text = text_of(element).strip()
    if text.lower() not in {"true", "false"}:
        yield element, Fault(rules.EXPLICIT_OLD if text.lower() in _OLD_EXPLICIT else rules.EXPLICIT, found=text)


def _matching(rule: Rule, is_right: Callable[[str], object], expected: str = "") -> Check:
    def check(element: Element, _given: Given) -> Iterator[Breach]:
        text = text_of(element).strip()
        if not is_right(text):
            yield element, Fault(rule, found=text, expected=expected)

    return check


def _among(rule: Rule, words: Iterable[str]) -> Check:
    known = tuple(words)
    return _matching(rule, lambda text: text.lower() in known, " or ".join(known))


def _with_attribute(name: str, rule: Rule, check_value: ValueCheck = lambda _text: ()) -> Check:
    def check(element: Element, _given: Given) -> Iterator[Breach]:
        value = element.get(name)
        yield from at(element, check_value(value)) if value else ((element, Fault(rule)),)

    return check


_CHECKS: Mapping[str, Check] = {
    f"{_A}link": _check_borrowed_link,
    f"{_DC}date": holding(_check_date, strip=True),
    f"{_DCTERMS}created": holding(_check_date, strip=True),
    f"{_DCTERMS}issued": holding(_check_date, strip=True),
    f"{_DCTERMS}modified": holding(_check_date, strip=True),
    f"{_DC}language": holding(check_language, strip=True),
    f"{_MEDIA}content": _check_media,
    f"{_MEDIA}thumbnail": _check_media,
    f"{_MEDIA}title": _check_media_text,
    f"{_MEDIA}description": _check_media_text,
    f"{_ITUNES}category": _with_attribute("text", rules.ITUNES_CATEGORY),
    f"{_ITUNES}duration": _matching(rules.DURATION, _DURATION.fullmatch, "seconds, or hours:minutes:seconds"),
    f"{_ITUNES}email": holding(check_email, strip=True),
    f"{_ITUNES}episode": _matching(rules.ITUNES_NUMBER, _COUNT.fullmatch),
    f"{_ITUNES}episodeType": _among(rules.ITUNES_WORD, _EPISODE_TYPES),
    f"{_ITUNES}explicit": _check_explicit,
    f"{_ITUNES}image": _with_attribute("href", rules.ITUNES_IMAGE, check_iri),
    f"{_ITUNES}new-feed-url": holding(check_iri, strip=True),
    f"{_ITUNES}season": _matching(rules.ITUNES_NUMBER, _COUNT.fullmatch),
    f"{_ITUNES}type": _among(rules.ITUNES_WORD, _SHOW_TYPES),
    f"{_SY}updatePeriod": _matching(rules.PERIOD, _PERIODS.__contains__, " or ".join(_PERIODS)),
    f"{_SY}updateFrequency": _matching(rules.FREQUENCY, _COUNT.fullmatch),
}
