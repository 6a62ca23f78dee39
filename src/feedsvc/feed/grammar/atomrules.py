"""The rules of Atom as data: RFC 4287, and RFC 5005 and RFC 6721 where they add to it."""

from __future__ import annotations

from feedsvc.feed.grammar.rules import Rule

ROOT = Rule(
    name="atom.root",
    standard="RFC 4287 §4.1.1",
    message="the document's root is not Atom's feed",
    mend='begin the document with <feed xmlns="http://www.w3.org/2005/Atom">',
)
UNKNOWN = Rule(
    name="atom.element.unknown",
    standard="RFC 4287 §4.1, §4.2",
    message="Atom has no such element in this place",
    mend="move it where RFC 4287 allows it, or leave it out; elements of other vocabularies need their namespace",
)
ATTRIBUTE = Rule(
    name="atom.attribute.unknown",
    standard="RFC 4287 §4.2",
    message="Atom has no such attribute on this element",
    mend="leave it out, or give it the namespace that it belongs to",
)
STRAY = Rule(
    name="atom.text.stray",
    standard="RFC 4287 §4.1, §3.2",
    message="text stands between the elements, where no reader shows it",
    mend="move it into the element that it belongs to",
)
MARKUP = Rule(
    name="atom.element.markup",
    standard="RFC 4287 §4.2",
    message="an element stands inside one that holds text alone",
    mend="write plain text there",
)
AUTHOR = Rule(
    name="atom.author.missing",
    standard="RFC 4287 §4.1.1",
    message="neither the entry, nor its source, nor the feed has an author",
    mend="give the feed an author, or each entry one",
)
ALTERNATE = Rule(
    name="atom.alternate.missing",
    standard="RFC 4287 §4.1.2",
    message="the entry has neither content nor a link to where it can be read",
    mend='add a <link rel="alternate"> to the article\'s page',
)
ALTERNATE_REPEATED = Rule(
    name="atom.alternate.repeated",
    standard="RFC 4287 §4.1.1, §4.1.2",
    message="two alternate links have the same type and language, so readers can't choose",
    mend="keep one, or tell them apart by type or hreflang",
)
SUMMARY = Rule(
    name="atom.summary.missing",
    standard="RFC 4287 §4.1.2",
    message="the content is elsewhere or not text, and no summary says what it is",
    mend="add a <summary>",
)
ID_IRI = Rule(
    name="atom.id.iri",
    standard="RFC 4287 §4.2.6",
    message="the id is not an absolute IRI",
    mend="give it a scheme (urn:uuid:, tag:), or take the address it was first published under; then never change it",
)
ID_TWICE = Rule(
    name="atom.id.unique",
    standard="RFC 4287 §4.1.1",
    message="another entry in this document has the same id and date, so readers show one of the two",
    mend="give each entry an id of its own",
)
ID_VERSIONS = Rule(
    name="atom.id.versions",
    standard="RFC 4287 §4.1.1",
    message="the entry stands here in several versions, of which readers show any one",
    mend="publish the newest version only",
    severity="warning",
)
TITLE_EMPTY = Rule(
    name="atom.title.empty",
    standard="RFC 4287 §4.2.14",
    message="the title is empty, so that readers show a row without words",
    mend="give it a title that a person can read",
    severity="warning",
)
BARE = Rule(
    name="atom.entry.bare",
    standard="RFC 4287 §4.1.1.1",
    message="the entry has neither a summary nor words in its content: some readers show nothing of it",
    mend="add a <summary>, or fill <content>",
    severity="warning",
)
TEXT_HTML = Rule(
    name="atom.text.html",
    standard="RFC 4287 §3.1.1.1",
    message="plain text looks like HTML; readers show its tags and references as they stand",
    mend='say type="html" if it is HTML; if the words are about markup, all is well',
    severity="warning",
)
SELF_MISSING = Rule(
    name="atom.self.missing",
    standard="RFC 4287 §4.1.1",
    message="the feed does not say where it is published",
    mend='add a <link rel="self"> with the address of this document',
    severity="warning",
)
SELF = Rule(
    name="atom.self.differs",
    standard="RFC 4287 §4.1.1",
    message="the self link is not the address under which the document is published",
    mend="write exactly that address into it",
)
HREF = Rule(
    name="atom.link.href",
    standard="RFC 4287 §4.2.7.1",
    message="the link leads nowhere",
    mend="give it an href",
)
REL = Rule(
    name="atom.link.rel",
    standard="RFC 4287 §4.2.7.2",
    message="the link's rel is neither a registered name nor an absolute IRI",
    mend="write one registered name, such as alternate or enclosure, or an absolute IRI",
)
LENGTH = Rule(
    name="atom.link.length",
    standard="RFC 4287 §4.2.7.6",
    message="the length is not a number of octets",
    mend="write a whole number that is not negative, or leave it out",
)
ENCLOSURE_LENGTH = Rule(
    name="atom.enclosure.length",
    standard="RFC 4287 §4.2.7.2",
    message="the enclosure does not say how large the file is",
    mend="add its length in octets",
    severity="warning",
)
TERM = Rule(
    name="atom.category.term",
    standard="RFC 4287 §4.2.2.1",
    message="the category has no term",
    mend="give it one, or leave the category out",
)
TEXT_TYPE = Rule(
    name="atom.text.type",
    standard="RFC 4287 §3.1.1",
    message="a text's type is none of text, html and xhtml",
    mend='write one of them; type="html" for escaped markup',
)
TEXT_MARKUP = Rule(
    name="atom.text.markup",
    standard="RFC 4287 §3.1.1.1, §3.1.1.2",
    message="elements stand in a text that must hold none",
    mend='escape the markup (type="html"), or put it into one div (type="xhtml")',
)
XHTML_DIV = Rule(
    name="atom.xhtml.div",
    standard="RFC 4287 §3.1.1.3",
    message="XHTML must stand in one div, with nothing beside it",
    mend='wrap it into <div xmlns="http://www.w3.org/1999/xhtml">',
)
CONTENT_SRC = Rule(
    name="atom.content.src",
    standard="RFC 4287 §4.1.3.2",
    message="the content is said to be elsewhere, yet something stands here too",
    mend="leave the element empty, or leave out src",
)
CONTENT_SRC_TYPE = Rule(
    name="atom.content.src.type",
    standard="RFC 4287 §4.1.3.2",
    message="the content is elsewhere, and its type is none of media",
    mend="write the media type of what src leads to",
)
CONTENT_SRC_UNTYPED = Rule(
    name="atom.content.src.untyped",
    standard="RFC 4287 §4.1.3.2",
    message="the content is elsewhere, and nothing says what it is",
    mend="write the media type of what src leads to into type",
    severity="warning",
)
CONTENT_COMPOSITE = Rule(
    name="atom.content.composite",
    standard="RFC 4287 §4.1.3.1",
    message="a multipart or message type can't stand in a feed",
    mend="publish the parts by themselves",
)
CONTENT_MARKUP = Rule(
    name="atom.content.markup",
    standard="RFC 4287 §4.1.3.3",
    message="elements stand in content that is not of an XML type",
    mend='escape the markup (type="html"), or wrap it into one div (type="xhtml")',
)
CONTENT_XML = Rule(
    name="atom.content.xml",
    standard="RFC 4287 §4.1.3.3",
    message="content of an XML type is not one XML document",
    mend="put exactly one root element into it",
)
CONTENT_BASE64 = Rule(
    name="atom.content.base64",
    standard="RFC 4287 §4.1.3.3",
    message="content that is not text must be Base64, and this is not",
    mend="encode it, or say by type what it is",
)
ARCHIVE_PLACE = Rule(
    name="atom.history.place",
    standard="RFC 5005 §2, §4",
    message="a mark of complete feeds or archives stands where none counts, or is not empty",
    mend="put it, empty, into the head of the feed",
)
HISTORY_LINK = Rule(
    name="atom.history.link",
    standard="RFC 5005 §3, §4",
    message="a link between the documents of a feed stands in an entry, where none counts",
    mend="put it into the head of the feed",
    severity="warning",
)
ARCHIVE_CURRENT = Rule(
    name="atom.archive.current",
    standard="RFC 5005 §4",
    message="the archive does not lead back to the live feed",
    mend='add a <link rel="current">',
    severity="warning",
)
ARCHIVE_COMPLETE = Rule(
    name="atom.archive.complete",
    standard="RFC 5005 §2",
    message="the document says that it is the whole feed, and that it goes on elsewhere",
    mend="leave out either fh:complete, or fh:archive and the links to pages and archives",
    severity="warning",
)
TOMBSTONE_REF = Rule(
    name="atom.tombstone.ref",
    standard="RFC 6721 §3",
    message="the tombstone does not say which entry is gone",
    mend="write the entry's id into ref",
)
TOMBSTONE_WHEN = Rule(
    name="atom.tombstone.when",
    standard="RFC 6721 §3",
    message="the tombstone does not say when the entry went",
    mend="write an RFC 3339 date into when",
)
TOMBSTONE_IRI = Rule(
    name="atom.tombstone.iri",
    standard="RFC 6721 §3",
    message="the id that the tombstone names is not an absolute IRI",
    mend="name the entry by the id that it had in this feed",
)
TOMBSTONE_LIVE = Rule(
    name="atom.tombstone.live",
    standard="RFC 6721 §3",
    message="an entry stands in the document, and a tombstone that says it is gone",
    mend="leave out one of the two",
)
TOMBSTONE_PLACE = Rule(
    name="atom.tombstone.place",
    standard="RFC 6721 §3",
    message="a tombstone stands where none counts",
    mend="put it into the feed, beside the entries",
)
SCHEMA = Rule(
    name="atom.schema",
    standard="RFC 4287, Appendix B",
    message="the document is not of the form that Atom's schema gives",
    mend="bring the element named into the form that RFC 4287 gives it",
)

_NEEDED = {"id": "§4.2.6", "title": "§4.2.14", "updated": "§4.2.15", "name": "§3.2.1"}
_ONCE = _NEEDED | {
    "content": "§4.1.3",
    "email": "§3.2.3",
    "generator": "§4.2.4",
    "icon": "§4.2.5",
    "logo": "§4.2.8",
    "published": "§4.2.9",
    "rights": "§4.2.10",
    "source": "§4.2.11",
    "subtitle": "§4.2.12",
    "summary": "§4.2.13",
    "uri": "§3.2.2",
}
MISSING = {
    name: Rule(
        name=f"atom.{name}.missing",
        standard=f"RFC 4287 {section}",
        message=f"there is no {name}, which must stand here",
        mend=f"add <{name}>",
    )
    for name, section in _NEEDED.items()
}
"""Name of an element that must be there -> the rule."""

REPEATED = {
    name: Rule(
        name=f"atom.{name}.repeated",
        standard=f"RFC 4287 {section}",
        message=f"{name} stands here more than once, and readers take any one",
        mend=f"keep one <{name}>",
    )
    for name, section in _ONCE.items()
}
"""Name of an element that may be there once -> the rule."""

RULES = (
    *(rule for rule in tuple(globals().values()) if isinstance(rule, Rule)),
    *MISSING.values(),
    *REPEATED.values(),
)
