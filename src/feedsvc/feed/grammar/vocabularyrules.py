"""The rules of what RSS and Atom borrow, as data: Media RSS, the iTunes and the syndication elements, XHTML."""

from __future__ import annotations

from feedsvc.feed.grammar.rules import Rule

_MEDIA = "Media RSS 1.5.1"
_SYNDICATION = "RSS 1.0 Modules: Syndication"
_APPLE = "A Podcaster's Guide to RSS (Apple)"

ACTIVE = Rule(
    name="xml.script",
    standard="RFC 4287 §8.1",
    message="a script stands in the document; a browser that opens the feed runs it",
    mend="take it out",
)
MEDIA_URL = Rule(
    name="media.url",
    standard=f"{_MEDIA}, <media:content>, <media:thumbnail>",
    message="the medium does not say where it is",
    mend="write its address into url",
)
MEDIUM = Rule(
    name="media.medium",
    standard=f"{_MEDIA}, <media:content>",
    message="there is no such kind of medium",
    mend="write one of those known, or leave it out",
)
MEDIA_NUMBER = Rule(
    name="media.number",
    standard=f"{_MEDIA}, <media:content>",
    message="a size or a length of time is not a whole number",
    mend="write bytes, pixels or seconds in figures alone, or leave it out",
)
MEDIA_TEXT_TYPE = Rule(
    name="media.text.type",
    standard=f"{_MEDIA}, <media:title>, <media:description>",
    message="a text's type is neither plain nor html",
    mend='write type="plain", or leave it out',
)
SHOW = Rule(
    name="itunes.required",
    standard=f"{_APPLE}, Required tags",
    message="directories don't take a podcast without it",
    mend="give the channel itunes:image, itunes:category and itunes:explicit",
    severity="warning",
)
EXPLICIT = Rule(
    name="itunes.explicit",
    standard=f"{_APPLE}, <itunes:explicit>",
    message="it is neither true nor false",
    mend="write true or false",
)
EXPLICIT_OLD = Rule(
    name="itunes.explicit.old",
    standard=f"{_APPLE}, <itunes:explicit>",
    message="it is written in an older way, which newer directories may not know",
    mend="write true or false",
    severity="warning",
)
DURATION = Rule(
    name="itunes.duration",
    standard=f"{_APPLE}, <itunes:duration>",
    message="it is no length of time",
    mend="write the seconds in figures",
)
ITUNES_CATEGORY = Rule(
    name="itunes.category",
    standard=f"{_APPLE}, <itunes:category>",
    message="the category is not named",
    mend="name one of Apple's categories in text",
)
ITUNES_IMAGE = Rule(
    name="itunes.image",
    standard=f"{_APPLE}, <itunes:image>",
    message="the image does not say where it is",
    mend="write its address into href",
)
ITUNES_NUMBER = Rule(
    name="itunes.number",
    standard=f"{_APPLE}, <itunes:episode>, <itunes:season>",
    message="it is not a number that counts from 1",
    mend="write it in figures, or leave it out",
)
MEDIA_TEXT_HTML = Rule(
    name="media.text.html",
    standard=f"{_MEDIA}, <media:title>, <media:description>",
    message="plain text looks like HTML; readers show its tags and references as they stand",
    mend='say type="html" if it is HTML; if the words are about markup, all is well',
    severity="warning",
)
ITUNES_WORD = Rule(
    name="itunes.type",
    standard=f"{_APPLE}, <itunes:type>, <itunes:episodeType>",
    message="there is no such type",
    mend="write one of those known, or leave it out",
)
PERIOD = Rule(
    name="sy.period",
    standard=f"{_SYNDICATION}, sy:updatePeriod",
    message="there is no such period",
    mend="write one of those known, in small letters, or leave it out",
)
FREQUENCY = Rule(
    name="sy.frequency",
    standard=f"{_SYNDICATION}, sy:updateFrequency",
    message="how often in the period is not a number that counts from 1",
    mend="write it in figures, or leave it out",
)

RULES = tuple(rule for rule in tuple(globals().values()) if isinstance(rule, Rule))
