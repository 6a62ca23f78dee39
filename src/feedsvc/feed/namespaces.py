"""The XML vocabularies that our documents use, under the prefixes that they are known by."""

from __future__ import annotations

ATOM = "http://www.w3.org/2005/Atom"  # RFC 4287
CONTENT = "http://purl.org/rss/1.0/modules/content/"  # RSS 1.0 content module, used in RSS 2.0 by everyone
DC = "http://purl.org/dc/elements/1.1/"  # Dublin Core Elements 1.1
DCTERMS = "http://purl.org/dc/terms/"  # DCMI Terms
HISTORY = "http://purl.org/syndication/history/1.0"  # RFC 5005
ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"  # as Apple writes it: directories compare it to the letter
MEDIA = "http://search.yahoo.com/mrss/"  # Media RSS 1.5
SYNDICATION = "http://purl.org/rss/1.0/modules/syndication/"  # RSS 1.0 syndication module, used in RSS 2.0 and Atom
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721

PREFIXES = {
    "atom": ATOM,
    "content": CONTENT,
    "dc": DC,
    "dcterms": DCTERMS,
    "itunes": ITUNES,
    "media": MEDIA,
    "at": TOMBSTONES,
    "fh": HISTORY,
    "sy": SYNDICATION,
}

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
