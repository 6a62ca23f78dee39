"""Text that survives XML, JSON and feedparser unchanged; sanitised HTML, plain text, URLs, language tags."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

import ada_url
import nh3
import regex
from langcodes import standardize_tag
from langcodes.tag_parser import LanguageTagError
from lxml import etree, html

ALLOWED_SCHEMES = {"http", "https", "mailto", "tel"}
"""What a link in a body may lead to."""

# https://www.w3.org/TR/xml/#charsets, the complement of production [2] Char.
_XML_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# A C1 control in the wild is a windows-1252 byte that was read as Latin-1; feedparser and browsers read it so, too.
_C1_MEANINGS = {
    code: bytes([code]).decode("cp1252", errors="ignore")  # five of them mean nothing and go
    for code in range(0x80, 0xA0)
}

KEPT_TAGS = frozenset(
    "a abbr audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption "
    "figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup "
    "table tbody td tfoot th thead time tr u ul var video wbr".split()
)
"""What sanitised HTML may hold."""

_CONTENT_DROPPED = frozenset("script style template iframe object embed form noscript svg math title head".split())
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"dir", "lang", "title"},
    "a": {"href", "hreflang"},
    "audio": {"controls", "src"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "img": {"alt", "height", "src", "width"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "q": {"cite"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"colspan", "headers", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"controls", "height", "poster", "src", "width"},
}
_URL_ATTRIBUTES = frozenset({"href", "src", "cite", "poster"})
_BLOCKS = frozenset(
    "blockquote br caption dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre summary table tr "
    "ul".split()
)
_CELLS = frozenset({"td", "th"})
_UNREAD = frozenset({"rt", "rp"})

_OUTER = "".join(character for character in map(chr, range(0x3001)) if character.isspace()) + "\ufeff"
"""Stripped from the ends of texts: white space, and the byte order mark, which is white space in JavaScript."""

_VISIBLE = regex.compile(r"[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]")
"""U+2800 is Braille without a dot."""


def canonical_text(text: str) -> str:
    """Multi-line plain text (summaries): XML-legal, CRLF and CR to LF, C1 controls mapped, stripped at its ends."""
    return _legal(text).strip(_OUTER)


def canonical_line(text: str) -> str:
    """One line of plain text (titles, names, tags): as canonical_text; a tab or line break inside becomes a space."""
    return re.sub("[\t\n]", " ", canonical_text(text))


def canonical_url(url: str, base: str | None = None) -> str:
    """Make an absolute http(s) URL, percent-encoded (RFC 3986 §2), its host in ASCII; ValueError with the reason.

    Reading follows the WHATWG URL standard, as browsers do; `base` resolves a relative one.
    """
    absolute = _absolute(url, base)
    if not absolute.startswith(("http://", "https://")):
        raise ValueError("only http and https URLs can be used here")
    return absolute


def canonical_language(tag: str) -> str:
    """Give a well-formed BCP 47 tag in its usual case (`zh_tw` -> `zh-TW`); ValueError with the reason."""
    try:
        return standardize_tag(tag.strip())
    except LanguageTagError as error:
        raise ValueError(f"not a language tag (BCP 47), such as zh-Hans or en-GB: {error}") from error


def is_visible(text: str) -> bool:
    """Whether anything of it shows: white space, controls and ignorable characters (UAX #44) such as U+200B do not."""
    return _VISIBLE.search(text) is not None


def find_illegal(text: str) -> tuple[int, str] | None:
    """The first character that XML 1.0 can't carry: its position, counted from 1, and its name, `U+0001`."""
    found = _XML_ILLEGAL.search(text)
    return None if found is None else (found.start() + 1, f"U+{ord(found.group()):04X}")


def reveal(text: str) -> str:
    """A text in which nothing hides: each character that has no shape of its own is written as ‹U+200B›."""
    return "".join(each if each == " " or each.isprintable() else f"‹U+{ord(each):04X}›" for each in text)


def sanitize_html(markup: str, base_url: str) -> str:
    """Make a safe fragment in canonical form: nothing active, URLs absolute; its own output comes out unchanged."""

    def keep(_tag: str, attribute: str, value: str) -> str | None:
        value = _legal(value)
        if attribute not in _URL_ATTRIBUTES:
            return value
        try:
            absolute = _absolute(value, base_url)
        except ValueError:
            return None
        return absolute if absolute.partition(":")[0] in ALLOWED_SCHEMES else None

    def clean(fragment: str) -> str:
        # Legal again afterwards: a character reference (&#12;) only becomes its character in the parser.
        return _legal(
            nh3.clean(
                fragment,
                tags=set(KEPT_TAGS),
                clean_content_tags=set(_CONTENT_DROPPED),
                attributes=_ATTRIBUTES,
                attribute_filter=keep,
                link_rel=None,
                url_schemes=ALLOWED_SCHEMES,
            )
        ).strip(_OUTER)

    given = _legal(markup)
    # Misnested markup can settle only on the second reading (https://html.spec.whatwg.org/#serialising-html-fragments).
    for _ in range(5):
        cleaned = clean(given)
        if cleaned == given:
            break
        given = cleaned
    return cleaned


def paragraph(text: str) -> str:
    """One paragraph of HTML that reads as this canonical plain text, in the form that sanitize_html gives."""
    escaped = escape(text, quote=False).replace("\xa0", "&nbsp;").replace("\n", "<br>")
    return f"<p>{escaped}</p>"


def plain_text(markup: str) -> str:
    """The text of a fragment as one reads it: blocks apart by a line break, cells by a space, no readings of ruby."""
    if not markup.strip():
        return ""
    # huge_tree off: libxml2 then bounds depth by itself; the ingest gate bounds it before.
    fragments = html.fragments_fromstring(markup)
    root = html.Element("div")
    if fragments and isinstance(fragments[0], str):
        # lxml refuses to take back what it gives: a control at the beginning, or from a character reference.
        root.text = _legal(fragments.pop(0))
    root.extend(fragments)
    pieces: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
        if element.tag in _BLOCKS:
            pieces.append("\n")
        elif element.tag in _CELLS:
            pieces.append(" ")
        if event == "start" and element.text and element.tag not in _UNREAD:
            pieces.append(_fold(element.text))
        elif event != "start" and element.tail and element is not root:
            pieces.append(_fold(element.tail))
    lines = (_fold(line).strip() for line in "".join(pieces).split("\n"))
    return canonical_text("\n".join(line for line in lines if line))


def _legal(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _XML_ILLEGAL.sub("", text).translate(_C1_MEANINGS)


def _fold(text: str) -> str:
    return re.sub("[ \t\n]+", " ", text)


def _absolute(url: str, base: str | None) -> str:
    try:
        absolute: str = ada_url.join_url(base, url) if base else ada_url.normalize_url(url)
    except ValueError as error:
        raise ValueError("not an absolute URL" if base is None else "not a URL") from error
    # The WHATWG standard leaves some characters bare that RFC 3986 §2 wants encoded; the host is ASCII already.
    encoded = re.sub("%(?![0-9A-Fa-f]{2})", "%25", absolute)
    # Many readers, feedparser first, take `&copy;` in a URL for a character reference.
    encoded = re.sub("(&[A-Za-z0-9_]+);", r"\1%3B", encoded)
    head, slashes, rest = encoded.partition("//")
    if not slashes:
        return _encode(encoded)
    authority = re.match("[^/?#]*", rest)
    length = authority.end() if authority else 0
    path, hash_sign, fragment = rest[length:].partition("#")
    return head + slashes + rest[:length] + _encode(path) + hash_sign + _encode(fragment)


def _encode(part: str) -> str:
    return quote(part, safe="%:/?@!$&'()*+,;=~")
