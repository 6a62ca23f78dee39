"""What JSON Feed 1.1 asks (https://www.jsonfeed.org/version/1.1/), and what JSON itself does; jsonfeed.py checks it."""

from __future__ import annotations

from feedsvc.feed.grammar.rules import Rule

_TOP = "JSON Feed 1.1, Top-level"
_ITEMS = "JSON Feed 1.1, Items"
_ATTACHMENTS = "JSON Feed 1.1, Attachments"
_DEPRECATIONS = "JSON Feed 1.1, Deprecations"
_EXTENSIONS = "JSON Feed 1.1, Extensions"
_PUBLISHERS = "JSON Feed 1.1, Suggestions for Publishers"

# What is asked of any JSON.
SIZE = Rule(
    name="json.size",
    standard="feedsvc",
    message="the document is larger than anything that is parsed here",
    mend="publish fewer items in one document and lead to the older ones by next_url",
)
ENCODING = Rule(
    name="json.encoding",
    standard="RFC 8259 §8.1",
    message="it is not in UTF-8, so no reader gets past this point",
    mend="write the document in UTF-8",
)
MARK = Rule(
    name="json.byte-order-mark",
    standard="RFC 8259 §8.1",
    message="it begins with a byte order mark, at which parsers may stop",
    mend="write UTF-8 without a byte order mark",
)
SYNTAX = Rule(
    name="json.syntax",
    standard="RFC 8259 §2",
    message="it is not JSON, so no reader gets past this point",
    mend="write the document with a JSON library",
)
NESTING = Rule(
    name="json.nesting",
    standard="RFC 8259 §9",
    message="objects and arrays lie too deep in each other, which parsers refuse",
    mend="keep extensions flat",
)
TWICE = Rule(
    name="json.key-twice",
    standard="RFC 8259 §4",
    message="a key stands twice in one object, and readers take one or the other",
    mend="keep one of them",
)
SURROGATE = Rule(
    name="json.surrogate",
    standard="RFC 8259 §8.2",
    message="a text holds half a character (a lone surrogate), on which parsers fail or show a box",
    mend="write the whole character, or take it out",
)
CONTROL = Rule(
    name="json.control",
    standard="RFC 7493 §2.1",
    message="a text holds a control character, which XML can't carry and readers show as a box",
    mend="take it out",
    severity="warning",
)

# What JSON Feed asks of the whole.
OBJECT = Rule(
    name="jsonfeed.object",
    standard=_TOP,
    message="it is JSON, but not an object, so it is no feed",
    mend='begin with {"version": "https://jsonfeed.org/version/1.1", ...',
)
TYPE = Rule(
    name="jsonfeed.type",
    standard="JSON Feed 1.1",
    message="the value is of another kind than the standard says",
    mend="write the kind that is expected; leave the key out rather than writing null",
)
KEY = Rule(
    name="jsonfeed.key",
    standard=_EXTENSIONS,
    message="the standard knows no such key here, so no reader heeds it",
    mend="mend the key's spelling, or put what is your own into an object whose name begins with _",
    severity="warning",
)
EXTENSION = Rule(
    name="jsonfeed.extension",
    standard=_EXTENSIONS,
    message="an extension's name must be _ and a letter, and neither it nor its keys may hold a full stop",
    mend="rename it, such as _newsroom",
)
VERSION = Rule(
    name="jsonfeed.version",
    standard=_TOP,
    message="no version of JSON Feed is named, so no reader knows it for a feed",
    mend='write "version": "https://jsonfeed.org/version/1.1"',
)
VERSION_OLD = Rule(
    name="jsonfeed.version-1.0",
    standard=_DEPRECATIONS,
    message="it is version 1.0, which knows one author and no language",
    mend="move to version 1.1; a right 1.0 feed is a right 1.1 feed",
    severity="warning",
)
TITLE = Rule(
    name="jsonfeed.title",
    standard=_TOP,
    message="the feed has no title",
    mend="give it a title",
)
ITEMS = Rule(
    name="jsonfeed.items",
    standard=_TOP,
    message="there is no array of items",
    mend='write "items": [], even where there is none',
)
HOME = Rule(
    name="jsonfeed.home_page_url",
    standard=_TOP,
    message="it does not say whose feed it is: there is no home_page_url",
    mend="name the page that the feed is of",
    severity="warning",
)
FEED_URL = Rule(
    name="jsonfeed.feed_url",
    standard=_TOP,
    message="it does not say its own address: there is no feed_url",
    mend="name the address under which the feed is published",
    severity="warning",
)
SELF = Rule(
    name="jsonfeed.feed_url.self",
    standard=_TOP,
    message="feed_url is another address than the one it is published under, so readers take it for another feed",
    mend="write the address to the letter",
)
NEXT = Rule(
    name="jsonfeed.next_url",
    standard=_TOP,
    message="next_url leads to this document again, so a reader would go round for ever",
    mend="lead to the next older document, and leave next_url out of the last",
)
HUB = Rule(
    name="jsonfeed.hub",
    standard=_TOP,
    message="a hub needs both type and url",
    mend='write {"type": "WebSub", "url": "https://..."}',
)
AUTHOR = Rule(
    name="jsonfeed.author",
    standard=_TOP,
    message="an author has none of name, url and avatar",
    mend="give a name, or leave the author out",
)
AUTHOR_OLD = Rule(
    name="jsonfeed.author-1.0",
    standard=_DEPRECATIONS,
    message="`author` is version 1.0's word; readers of 1.1 look for `authors`",
    mend='write "authors": [{...}], beside it or instead',
    severity="warning",
)
LARGE = Rule(
    name="jsonfeed.large",
    standard=_PUBLISHERS,
    message="it is larger than a megabyte, a burden for whoever polls it",
    mend="publish fewer items in one document and lead to the older ones by next_url",
    severity="warning",
)

# What it asks of an item.
ID = Rule(
    name="jsonfeed.id",
    standard=_ITEMS,
    message="the item has no id, so readers drop it, or show it again and again",
    mend="give it an id that never changes, best its permanent address",
)
ID_NUMBER = Rule(
    name="jsonfeed.id-1.0",
    standard=_ITEMS,
    message="the id is a number, which version 1.0 let pass",
    mend='write it as a text: "id": "1842"',
    severity="warning",
)
ID_UNIQUE = Rule(
    name="jsonfeed.id.unique",
    standard=_ITEMS,
    message="another item has the same id, so readers show one of them",
    mend="give each item an id of its own",
)
CONTENT = Rule(
    name="jsonfeed.content",
    standard=_ITEMS,
    message="the item has neither content_html nor content_text",
    mend="give it one; content_text may be the summary",
)
HTML_AS_TEXT = Rule(
    name="jsonfeed.html-as-text",
    standard=_ITEMS,
    message="HTML stands where plain text belongs, so readers show the tags",
    mend="write it as content_html, or without tags",
    severity="warning",
)
URL = Rule(
    name="jsonfeed.url",
    standard=_ITEMS,
    message="the item has no url, so it can't be opened or shared",
    mend="name its permanent address, even where the id is the same",
    severity="warning",
)
DATE = Rule(
    name="jsonfeed.date_published",
    standard=_ITEMS,
    message="the item has no date_published, so readers show the time at which they first saw it",
    mend="give it one",
    severity="warning",
)
DATE_ORDER = Rule(
    name="jsonfeed.date_modified",
    standard=_ITEMS,
    message="it was modified before it was published",
    mend="mend one of the times",
    severity="warning",
)
ATTACHMENT_URL = Rule(
    name="jsonfeed.attachment.url",
    standard=_ATTACHMENTS,
    message="the attachment has no url",
    mend="name the file's address, or leave the attachment out",
)
ATTACHMENT_TYPE = Rule(
    name="jsonfeed.attachment.mime_type",
    standard=_ATTACHMENTS,
    message="the attachment has no mime_type, so readers don't know how to play it",
    mend='name it: "mime_type": "audio/mpeg"',
)
NUMBER = Rule(
    name="jsonfeed.number",
    standard=_ATTACHMENTS,
    message="a size or duration is less than nothing or no finite number",
    mend="write the size in bytes, the duration in seconds, or leave it out",
)

RULES = tuple(rule for rule in tuple(globals().values()) if isinstance(rule, Rule))
