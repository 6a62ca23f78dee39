"""The one door to feedparser: a feed's bytes -> what a feed reader would see in them, within bounds.

bytes --taming--> well-formed XML in UTF-8, or ParseError --census--> counted, or ParseError --reading--> ParsedFeed
"""

from feedsvc.parse.census import MAX_ELEMENTS, has_too_many_elements
from feedsvc.parse.characters import legalize, rewrite_outside_literals
from feedsvc.parse.encodings import codec_of, declared_in, is_surely_utf8, told_by_first_bytes
from feedsvc.parse.reading import ParsedFeed, Reading, as_feedparser_reads, parse_feed
from feedsvc.parse.taming import MAX_BYTES, tame

__all__ = [
    "MAX_BYTES",
    "MAX_ELEMENTS",
    "ParsedFeed",
    "Reading",
    "as_feedparser_reads",
    "codec_of",
    "declared_in",
    "has_too_many_elements",
    "is_surely_utf8",
    "legalize",
    "parse_feed",
    "rewrite_outside_literals",
    "tame",
    "told_by_first_bytes",
]
