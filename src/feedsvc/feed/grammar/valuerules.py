"""What any format asks of its times, addresses, languages and media types; values.py checks it."""

from __future__ import annotations

from feedsvc.feed.grammar.rules import Rule

_RFC3339 = "RFC 3339 §5.6"
_RFC822 = "RSS 2.0, RFC 822 §5"

DATE_FORM = Rule(
    name="date.rfc3339",
    standard=_RFC3339,
    message="it is not a date and time that a program can read",
    mend="write it as 2026-03-01T20:00:00+08:00",
)
DATE_ZONE = Rule(
    name="date.rfc3339.zone",
    standard=_RFC3339,
    message="the time has no offset from UTC, so every reader guesses another one",
    mend="add the offset, such as +08:00, or Z for UTC",
)
DATE_CAPITALS = Rule(
    name="date.rfc3339.capitals",
    standard="RFC 4287 §3.3",
    message="T and Z must be capital letters in Atom",
    mend="write them as capitals: 2026-03-01T12:00:00Z",
)
DATE_RANGE = Rule(
    name="date.exists",
    standard="RFC 3339 §5.7",
    message="there is no such day or time",
    mend="write a time that exists in the calendar",
)
DATE_LEAP = Rule(
    name="date.leap-second",
    standard="RFC 3339 §5.7",
    message="it is a leap second, which most readers can't take",
    mend="write the second before it (59)",
    severity="warning",
)
DATE_YEAR_EARLY = Rule(
    name="date.year-early",
    standard="RFC 3339 §1",
    message="the year is before 1000: most often a date that is not known was written all the same",
    mend="write the real year, or leave the date out",
    severity="warning",
)
MAIL_DATE_FORM = Rule(
    name="date.rfc822",
    standard=_RFC822,
    message="it is not a date and time as RSS wants them",
    mend="write it as Sun, 01 Mar 2026 20:00:00 +0800",
)
MAIL_DATE_ZONE = Rule(
    name="date.rfc822.zone",
    standard=_RFC822,
    message="the time has no offset from UTC that the standard knows, so every reader guesses another one",
    mend="end it with the offset in figures, such as +0800",
)
MAIL_DATE_ZONE_NAME = Rule(
    name="date.rfc822.zone-name",
    standard="RFC 5322 §4.3",
    message="a zone's name means different things to different readers (CST is UTC-6 to them, not China's UTC+8)",
    mend="write the offset in figures, such as +0800",
    severity="warning",
)
MAIL_DATE_YEAR = Rule(
    name="date.rfc822.year",
    standard="RSS 2.0, pubDate",
    message="the year has two figures, so its century is a guess",
    mend="write the year with four figures",
    severity="warning",
)
MAIL_DATE_COMMENT = Rule(
    name="date.rfc822.comment",
    standard="RFC 5322 §4.3",
    message="a comment stands in the date, which many readers can't skip",
    mend="leave out what is in parentheses",
    severity="warning",
)
MAIL_DATE_WEEKDAY = Rule(
    name="date.rfc822.weekday",
    standard="RFC 5322 §3.3",
    message="that day is another day of the week",
    mend="mend the name of the day, or leave it out",
)
IRI_ABSOLUTE = Rule(
    name="iri.absolute",
    standard="RFC 3986 §4.3",
    message="it is not an absolute address, and in a feed there is nothing to count it from",
    mend="write the whole of it, beginning with its scheme: https://example.org/news/1",
)
IRI_CHARACTERS = Rule(
    name="iri.characters",
    standard="RFC 3987 §2.2",
    message="it holds a character that must be percent-encoded",
    mend="encode it: a space is %20, a stray % is %25",
)
IRI_ASCII = Rule(
    name="iri.ascii",
    standard="RFC 3986 §2",
    message="it holds letters beyond ASCII, which some readers don't send as they are",
    mend="percent-encode them as UTF-8 (新 is %E6%96%B0); a host becomes Punycode",
    severity="warning",
)
IRI_SCHEME = Rule(
    name="iri.scheme",
    standard="RFC 3986 §3.1",
    message="addresses of this scheme don't belong here",
    mend="lead to a web page or file: https://...",
)
IRI_ACTIVE = Rule(
    name="iri.active",
    standard="RFC 4287 §8.1",
    message="it is a program or a document in itself, not the address of one: readers take it out as an attack",
    mend="lead to a web page or file: https://...",
)
IRI_HOST = Rule(
    name="iri.host",
    standard="RFC 3986 §3.2",
    message="its host or port can't be",
    mend="name the host as in https://example.org/",
)
IRI_LENGTH = Rule(
    name="iri.length",
    standard="RFC 9110 §4.1",
    message="it is longer than many clients and servers take",
    mend="use an address of at most 8,000 characters",
    severity="warning",
)
LANGUAGE_FORM = Rule(
    name="language.form",
    standard="RFC 5646 §2.1",
    message="it is not formed as a language tag",
    mend="write it with hyphens, such as zh-Hans, zh-TW or en-GB",
)
LANGUAGE_KNOWN = Rule(
    name="language.known",
    standard="RFC 5646 §2.2.9",
    message="the language, script or region is not registered, or stands there twice",
    mend="use registered codes, such as zh-Hans, zh-TW or en-GB",
    severity="warning",
)
MEDIA_TYPE_FORM = Rule(
    name="media-type.form",
    standard="RFC 6838 §4.2",
    message="it is not a media type",
    mend="write type and subtype, such as audio/mpeg or image/jpeg",
)
MEDIA_TYPE_KNOWN = Rule(
    name="media-type.known",
    standard="RFC 6838 §4.2.7",
    message="there is no such kind of media",
    mend="begin with audio/, image/, video/, text/, application/, font/ or model/",
    severity="warning",
)
EMAIL_FORM = Rule(
    name="email.form",
    standard="RFC 5322 §3.4.1",
    message="it is not an e-mail address",
    mend="write the bare address, such as desk@example.org",
)
EMAIL_ASCII = Rule(
    name="email.ascii",
    standard="RFC 6531 §3.3",
    message="it holds letters beyond ASCII, which many mail programs refuse",
    mend="give an address in ASCII beside or instead",
    severity="warning",
)
RULES = (
    *(DATE_FORM, DATE_ZONE, DATE_CAPITALS, DATE_RANGE, DATE_LEAP, DATE_YEAR_EARLY),
    *(MAIL_DATE_FORM, MAIL_DATE_ZONE, MAIL_DATE_ZONE_NAME, MAIL_DATE_YEAR, MAIL_DATE_COMMENT, MAIL_DATE_WEEKDAY),
    *(IRI_ABSOLUTE, IRI_CHARACTERS, IRI_ASCII, IRI_SCHEME, IRI_ACTIVE, IRI_HOST, IRI_LENGTH),
    *(LANGUAGE_FORM, LANGUAGE_KNOWN, MEDIA_TYPE_FORM, MEDIA_TYPE_KNOWN, EMAIL_FORM, EMAIL_ASCII),
)
