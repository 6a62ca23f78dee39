"""All sections -> OPML 2.0 (http://opml.org/spec2.opml), for readers to subscribe to everything at once.

It carries no date: `dateCreated` and `dateModified` are optional, and the list is a function of the settings alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from feedsvc.feed.formats import FORMATS
from feedsvc.model import Finding, Section, Site

NAME = "opml"
SUFFIX = "opml"
MEDIA_TYPE = "text/x-opml; charset=utf-8"
_SUBSCRIBABLE = ("atom", "rss")
"""Which of our formats an outline can name ("Subscription lists"), the best first."""


def render(site: Site, sections: Sequence[Section]) -> bytes:
    """The list's bytes. A section that is published as JSON Feed only has no outline: OPML has no word for it."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = site.title
    if site.author:
        etree.SubElement(head, "ownerName").text = site.author.name
    body = etree.SubElement(root, "body")
    for outline in _outlines(site, sections):
        etree.SubElement(body, "outline", outline)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return content


def verify(content: bytes, site: Site, sections: Sequence[Section]) -> list[Finding]:
    """Every place where the list does not name the sections it should, as it should."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        return [Finding(rule="document.wellformed", message=str(error), format=NAME)]
    findings = []
    if root.tag != "opml" or root.findtext("head/title") != site.title:
        findings.append(Finding(rule="opml.head", message="it is not this site's list", format=NAME))
    found = [dict(outline.attrib) for outline in root.iterfind("body/outline")]
    if found != _outlines(site, sections):
        findings.append(Finding(rule="opml.outlines", message="it does not name the sections there are", format=NAME))
    return findings


def _outlines(site: Site, sections: Sequence[Section]) -> list[dict[str, str]]:
    found = []
    for section in sections:
        name = next((name for name in _SUBSCRIBABLE if name in section.formats), None)
        if name is None:
            continue
        found.append(
            {
                "text": section.title,
                "title": section.title,
                "type": "rss",
                "xmlUrl": site.feed_url(section.slug, FORMATS[name].suffix),
                "htmlUrl": site.section_url(section.slug),
                "description": section.description,
                "language": section.language,
            }
        )
    return found
