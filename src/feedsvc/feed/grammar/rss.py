"""RSS 2.0, rule by rule: the specification, and what the RSS Advisory Board's profile adds; rss.rng is the net below.

The tables say what may stand in rss, channel, item and the rest; a check beside each says what its value is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from lxml import etree

from feedsvc.feed.grammar import rssrules as rules
from feedsvc.feed.grammar.elements import (
    Breach,
    Check,
    Element,
    Given,
    Part,
    Vocabulary,
    at,
    check_parts,
    holding,
    looks_like_html,
    name_of,
    text_of,
)
from feedsvc.feed.grammar.markup import check_html
from feedsvc.feed.grammar.rules import Fault
from feedsvc.feed.grammar.values import (
    WEB,
    check_email,
    check_iri,
    check_language,
    check_media_type,
    check_rfc822,
)
from feedsvc.feed.namespaces import ATOM, CONTENT

_SELF = f"{{{ATOM}}}link"
_ENCODED = f"{{{CONTENT}}}encoded"
_WORDS = Vocabulary(prefix="", unknown=rules.UNKNOWN, attribute=rules.ATTRIBUTE, stray=rules.STRAY, markup=rules.MARKUP)

_PERSON = re.compile(r"(?P<address>[^\s()][^\s()@]*+@[^\s()]++)(?:\s*+\((?P<name>.+)\))?", re.DOTALL)
_CLOUD = ("domain", "port", "path", "registerProcedure", "protocol")
_DAYS = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
_HOURS_A_DAY = 24
_WIDEST, _HIGHEST = 144, 400


def check_feed(root: Element, given: Given) -> Iterator[Breach]:
    """Hold an RSS document to all of it; where the root is not rss, that is the one thing to say."""
    if root.tag != "rss":
        yield root, Fault(rules.ROOT, found=name_of(root))
        return
    if root.get("version") != "2.0":
        yield root, Fault(rules.VERSION, found=root.get("version", ""))
    for name in root.attrib:
        if name != "version" and not str(name).startswith("{"):
            yield root, Fault(rules.ATTRIBUTE, found=str(name))
    yield from check_parts(root, _RSS, _WORDS, given)


def _check_channel(channel: Element, given: Given) -> Iterator[Breach]:
    yield from check_parts(channel, _CHANNEL, _WORDS, given)
    yield from _check_order(channel)
    yield from _check_self(channel, given)
    yield from _check_image(channel)
    guids = Counter(guid for guid in map(_guid_of, channel.iterfind("item")) if guid)
    if len(guids) < guids.total():
        for item in channel.iterfind("item"):
            guid = _guid_of(item)
            if guids[guid] > 1:
                yield item, Fault(rules.GUID_TWICE, found=guid)


def _guid_of(item: Element) -> str:
    return (item.findtext("guid") or "").strip()


def _check_order(channel: Element) -> Iterator[Breach]:
    items = False
    for child in channel.iterchildren(tag=etree.Element):
        items = items or child.tag == "item"
        if items and child.tag in _CHANNEL and child.tag != "item":
            yield child, Fault(rules.ORDER, found=name_of(child))


def _check_self(channel: Element, given: Given) -> Iterator[Breach]:
    selves = [link for link in channel.iterfind(_SELF) if link.get("rel") == "self"]
    if not selves:
        yield channel, Fault(rules.SELF_MISSING)
    for link in selves:
        if given.self_url is not None and link.get("href") != given.self_url:
            yield link, Fault(rules.SELF, found=link.get("href", ""), expected=given.self_url)


def _check_image(channel: Element) -> Iterator[Breach]:
    image = channel.find("image")
    if image is None:
        return
    for name, rule in (("title", rules.IMAGE_TITLE), ("link", rules.IMAGE_LINK)):
        its, expected = image.findtext(name), channel.findtext(name)
        if its and expected and its.strip() != expected.strip():
            yield image, Fault(rule, found=its.strip(), expected=expected.strip())
    for name, most in (("width", _WIDEST), ("height", _HIGHEST)):
        size = (image.findtext(name) or "0").strip()
        if not _is_number(size) or int(size) > most:
            yield image, Fault(rules.IMAGE_SIZE, found=f"{name} {size}")


def _check_item(item: Element, given: Given) -> Iterator[Breach]:
    yield from check_parts(item, _ITEM, _WORDS, given)
    guid, names = item.find("guid"), [str(child.tag) for child in item.iterchildren(tag=etree.Element)]
    if "title" not in names and "description" not in names:
        yield item, Fault(rules.ITEM_EMPTY)
    if guid is None:
        yield item, Fault(rules.GUID_MISSING)
    is_led_to = "link" in names or "enclosure" in names  # of an episode the file is what one wants
    if not is_led_to and (guid is None or guid.get("isPermaLink") == "false"):
        yield item, Fault(rules.LINK_MISSING)
    if names.count("enclosure") > 1:
        yield item, Fault(rules.ENCLOSURE_REPEATED)
    if _ENCODED in names and "description" not in names[: names.index(_ENCODED)]:
        yield item, Fault(rules.ENCODED_FIRST)


def _check_guid(guid: Element, _given: Given) -> Iterator[Breach]:
    text, permalink = text_of(guid).strip(), guid.get("isPermaLink", "true")
    if permalink not in {"true", "false"}:
        yield guid, Fault(rules.PERMALINK, found=permalink)
    if not text:
        yield guid, Fault(rules.GUID_EMPTY)
    elif permalink == "true" and _scheme_of(text) not in WEB:
        yield guid, Fault(rules.PERMALINK_URL, found=text)
    elif permalink == "true":
        yield from at(guid, check_iri(text, schemes=WEB))


def _scheme_of(text: str) -> str:
    """The scheme of an address, in lower case; "" where it has none."""
    try:
        return urlsplit(text).scheme
    except ValueError:
        return ""


def _check_enclosure(enclosure: Element, _given: Given) -> Iterator[Breach]:
    url, length, media_type = (enclosure.get(name) for name in ("url", "length", "type"))
    if url is None:
        yield enclosure, Fault(rules.ENCLOSURE_URL)
    else:
        yield from at(enclosure, check_iri(url, schemes=WEB))
    if length is None or not _is_number(length):
        yield enclosure, Fault(rules.ENCLOSURE_LENGTH, found=length or "")
    if media_type is None:
        yield enclosure, Fault(rules.ENCLOSURE_TYPE)
    else:
        yield from at(enclosure, check_media_type(media_type))


def _check_source(source: Element, _given: Given) -> Iterator[Breach]:
    url = source.get("url")
    if url is None:
        yield source, Fault(rules.SOURCE_URL)
    else:
        yield from at(source, check_iri(url, schemes=WEB))


def _check_person(person: Element, _given: Given) -> Iterator[Breach]:
    text = text_of(person).strip()
    found = _PERSON.fullmatch(text)
    if found:
        yield from at(person, check_email(found["address"]))
    if "@" not in unquote(text):  # mailto: links are one way of writing it, RSS Profile, "E-mail Addresses"
        yield person, Fault(rules.PERSON, found=text)
    elif not found or found["name"] is None:
        yield person, Fault(rules.PERSON_FORM, found=text)
    yield from looks_like_html(rules.HTML_TEXT, person)


def _check_plain(element: Element, _given: Given) -> Iterator[Breach]:
    return looks_like_html(rules.HTML_TEXT, element)


def _check_title(title: Element, given: Given) -> Iterator[Breach]:
    if not text_of(title).strip():
        yield title, Fault(rules.TITLE_EMPTY)
    yield from _check_plain(title, given)


def _check_html(element: Element, given: Given) -> Iterator[Breach]:
    return at(element, check_html(text_of(element), given.embeds))


def _check_ttl(ttl: Element, _given: Given) -> Iterator[Breach]:
    if not _is_number(text_of(ttl).strip()):
        yield ttl, Fault(rules.TTL, found=text_of(ttl))


def _check_cloud(cloud: Element, _given: Given) -> Iterator[Breach]:
    if any(cloud.get(name) is None for name in _CLOUD) or not _is_number(cloud.get("port", "")):
        yield cloud, Fault(rules.CLOUD)


def _check_picture(image: Element, given: Given) -> Iterator[Breach]:
    return check_parts(image, _IMAGE, _WORDS, given)


def _check_text_input(text_input: Element, given: Given) -> Iterator[Breach]:
    yield text_input, Fault(rules.TEXT_INPUT)
    yield from check_parts(text_input, _TEXT_INPUT, _WORDS, given)


def _check_skip_hours(parent: Element, given: Given) -> Iterator[Breach]:
    yield from check_parts(parent, _SKIP_HOURS, _WORDS, given)
    seen = set()
    for hour in parent.iterfind("hour"):
        text = text_of(hour).strip()
        if not _is_number(text) or int(text) >= _HOURS_A_DAY or int(text) in seen:
            yield hour, Fault(rules.SKIP_HOUR, found=text)
        else:
            seen.add(int(text))


def _check_skip_days(parent: Element, given: Given) -> Iterator[Breach]:
    yield from check_parts(parent, _SKIP_DAYS, _WORDS, given)
    seen = set()
    for day in parent.iterfind("day"):
        text = text_of(day).strip()
        if text not in _DAYS or text in seen:
            yield day, Fault(rules.SKIP_DAY, found=text)
        seen.add(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(2**64))


def _web(text: str) -> Iterator[Fault]:
    return check_iri(text, schemes=WEB)


def _part(
    name: str, check: Check | None = None, *attributes: str, leaf: bool = True, is_needed: bool = False
) -> dict[str, Part]:
    return {
        name: Part(
            check=check,
            missing=rules.MISSING[name] if is_needed else None,
            repeated=rules.REPEATED.get(name),
            attributes=frozenset(attributes),
            leaf=leaf,
        )
    }


_URL = holding(_web, strip=True)
_DATE = holding(check_rfc822, strip=True)
_RSS: Mapping[str, Part] = _part("channel", _check_channel, leaf=False, is_needed=True)
_CHANNEL: Mapping[str, Part] = {
    **_part("title", _check_title, is_needed=True),
    **_part("link", _URL, is_needed=True),
    **_part("description", _check_plain, is_needed=True),
    **_part("language", holding(check_language, strip=True)),
    **_part("copyright", _check_plain),
    **_part("managingEditor", _check_person),
    **_part("webMaster", _check_person),
    **_part("pubDate", _DATE),
    **_part("lastBuildDate", _DATE),
    **_part("category", _check_plain, "domain"),
    **_part("generator"),
    **_part("docs", _URL),
    **_part("cloud", _check_cloud, *_CLOUD),
    **_part("ttl", _check_ttl),
    **_part("image", _check_picture, leaf=False),
    **_part("rating"),
    **_part("textInput", _check_text_input, leaf=False),
    **_part("skipHours", _check_skip_hours, leaf=False),
    **_part("skipDays", _check_skip_days, leaf=False),
    **_part("item", _check_item, leaf=False),
}
_ITEM: Mapping[str, Part] = {
    **_part("title", _check_title),
    **_part("link", _URL),
    **_part("description", _check_html),
    **_part("author", _check_person),
    **_part("category", _check_plain, "domain"),
    **_part("comments", _URL),
    **_part("enclosure", _check_enclosure, "url", "length", "type"),
    **_part("guid", _check_guid, "isPermaLink"),
    **_part("pubDate", _DATE),
    **_part("source", _check_source, "url"),
    _ENCODED: Part(check=_check_html),
}
_IMAGE: Mapping[str, Part] = {
    **_part("url", _URL, is_needed=True),
    **_part("title", _check_title, is_needed=True),
    **_part("link", _URL, is_needed=True),
    **_part("width"),
    **_part("height"),
    **_part("description", _check_plain),
}
_TEXT_INPUT: Mapping[str, Part] = {
    **_part("title", is_needed=True),
    **_part("description", is_needed=True),
    **_part("name", is_needed=True),
    **_part("link", _URL, is_needed=True),
}
_SKIP_HOURS: Mapping[str, Part] = _part("hour", is_needed=True)
_SKIP_DAYS: Mapping[str, Part] = _part("day", is_needed=True)
