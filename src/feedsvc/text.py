"""Text that survives: what XML 1.0 allows, what feedparser gives back unchanged, sanitised HTML, plain text, summaries."""

from __future__ import annotations


def canonical_text(text: str) -> str:
    """Multi-line plain text (summaries): XML-legal, CRLF and CR to LF, C1 controls mapped or dropped, outer white space stripped."""
    raise NotImplementedError


def canonical_line(text: str) -> str:
    """One line of plain text (titles, names, tags): as canonical_text; a line break inside becomes a space."""
    raise NotImplementedError


def canonical_url(url: str, base: str | None = None) -> str:
    """Absolute http(s) URL (mailto: and tel: in links are not for this), percent-encoded (RFC 3986), host in ASCII (IDNA). Raises ValueError."""
    raise NotImplementedError


def canonical_language(tag: str) -> str:
    """A well-formed BCP 47 tag in its usual case (`zh_tw` -> `zh-TW`). Raises ValueError."""
    raise NotImplementedError


def sanitize_html(html: str, base_url: str) -> str:
    """A safe fragment in canonical form: no script, style, form or handler; URLs absolute; its own output comes out unchanged."""
    raise NotImplementedError


def plain_text(html: str) -> str:
    """The text of an HTML fragment as a reader sees it, blocks apart by a line break."""
    raise NotImplementedError


def summarize(text: str, limit: int = 200) -> str:
    """At most `limit` graphemes, cut after a sentence where one ends in the second half, else after a word, with an ellipsis."""
    raise NotImplementedError
