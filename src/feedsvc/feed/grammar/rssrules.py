"""The rules of RSS 2.0 as data: the specification, and the RSS Advisory Board's best practices profile."""

from __future__ import annotations

from feedsvc.feed.grammar.rules import Rule

_SPEC = "RSS 2.0"
_PROFILE = "RSS Profile"

ROOT = Rule(
    name="rss.root",
    standard=f"{_SPEC}, What is RSS?",
    message="the document's root is not rss",
    mend='begin the document with <rss version="2.0">, without a namespace',
)
VERSION = Rule(
    name="rss.version",
    standard=f"{_SPEC}, What is RSS?",
    message="the document does not say that it is RSS 2.0",
    mend='write <rss version="2.0">',
)
UNKNOWN = Rule(
    name="rss.element.unknown",
    standard=f"{_SPEC}, Extending RSS",
    message="RSS has no such element in this place",
    mend="move it where RSS allows it, or give it the namespace of the vocabulary that it comes from",
)
ATTRIBUTE = Rule(
    name="rss.attribute.unknown",
    standard=f"{_SPEC}, Extending RSS",
    message="RSS has no such attribute on this element",
    mend="leave it out, or give it the namespace that it belongs to",
)
STRAY = Rule(
    name="rss.text.stray",
    standard=f"{_SPEC}, Elements of <item>",
    message="text stands between the elements, where no reader shows it",
    mend="move it into the element that it belongs to",
)
MARKUP = Rule(
    name="rss.element.markup",
    standard=f"{_SPEC}, Elements of <item>",
    message="an element stands inside one that holds text alone",
    mend="escape the markup: &lt;p&gt; in place of <p>",
)
ITEM_EMPTY = Rule(
    name="rss.item.empty",
    standard=f"{_SPEC}, Elements of <item>",
    message="the item has neither title nor description",
    mend="give it one of the two",
)
ORDER = Rule(
    name="rss.item.misplaced",
    standard=f"{_PROFILE}, Item",
    message="an element of the channel stands after an item, where readers that read as they load miss it",
    mend="put all items at the end of the channel",
    severity="warning",
)
LINK_MISSING = Rule(
    name="rss.item.link",
    standard=f"{_SPEC}, Elements of <item>",
    message="nothing leads from the item to the article: it has no link, and no guid that is one",
    mend="add <link> with the address of the article's page",
    severity="warning",
)
TITLE_EMPTY = Rule(
    name="rss.title.empty",
    standard=f"{_SPEC}, Elements of <item>",
    message="the title is empty, so that readers show a row without words",
    mend="give it words, or leave the title out where there is a description",
    severity="warning",
)
GUID_MISSING = Rule(
    name="rss.guid.missing",
    standard=f"{_PROFILE}, Guid",
    message="the item has no guid, so a reader can't tell a changed item from a new one",
    mend='add <guid isPermaLink="false"> with a name that never changes',
    severity="warning",
)
GUID_EMPTY = Rule(
    name="rss.guid.empty",
    standard=f"{_PROFILE}, Guid",
    message="the guid is empty",
    mend="write a name into it that no other item has and that never changes",
)
GUID_TWICE = Rule(
    name="rss.guid.unique",
    standard=f"{_PROFILE}, Guid",
    message="another item in this document has the same guid, so readers show one of the two",
    mend="give each item a guid of its own",
)
PERMALINK = Rule(
    name="rss.guid.isPermaLink",
    standard=f"{_SPEC}, <guid> sub-element of <item>",
    message="isPermaLink is neither true nor false",
    mend='write isPermaLink="false" where the guid is no address of a page',
)
PERMALINK_URL = Rule(
    name="rss.guid.permalink",
    standard=f"{_SPEC}, <guid> sub-element of <item>",
    message="the guid says (where isPermaLink is left out, too) that it is the item's address, and is no URL",
    mend='write isPermaLink="false"',
)
ENCLOSURE_URL = Rule(
    name="rss.enclosure.url",
    standard=f"{_SPEC}, <enclosure> sub-element of <item>",
    message="the enclosure does not say where the file is, or not by an http or https URL",
    mend="write the file's URL into url",
)
ENCLOSURE_LENGTH = Rule(
    name="rss.enclosure.length",
    standard=f"{_SPEC}, <enclosure> sub-element of <item>",
    message="the enclosure's length is not a number of bytes",
    mend="write the file's size in bytes into length; 0 where it can't be known",
)
ENCLOSURE_TYPE = Rule(
    name="rss.enclosure.type",
    standard=f"{_SPEC}, <enclosure> sub-element of <item>",
    message="the enclosure does not say of which media type the file is",
    mend="write it into type, such as audio/mpeg",
)
ENCLOSURE_REPEATED = Rule(
    name="rss.enclosure.repeated",
    standard=f"{_PROFILE}, Enclosure",
    message="the item has more than one enclosure, of which readers take any one",
    mend="keep the first; put the others into media:content (Media RSS)",
    severity="warning",
)
SOURCE_URL = Rule(
    name="rss.source.url",
    standard=f"{_SPEC}, <source> sub-element of <item>",
    message="the source does not say which feed it is",
    mend="write that feed's address into url",
)
PERSON = Rule(
    name="rss.person.address",
    standard=f"{_SPEC}, <author> sub-element of <item>",
    message="a person stands here without an e-mail address, which is what this element holds",
    mend="use dc:creator for a name alone",
)
PERSON_FORM = Rule(
    name="rss.person.form",
    standard=f"{_PROFILE}, E-mail Addresses",
    message="the address is not followed by the person's name",
    mend="write it as bridge@example.org (Name)",
    severity="warning",
)
HTML_TEXT = Rule(
    name="rss.text.html",
    standard=f"{_PROFILE}, Character Data",
    message="plain text looks like HTML; some readers show it as such",
    mend="leave the markup out; where the words themselves are about markup, nothing better is possible in RSS",
    severity="warning",
)
TTL = Rule(
    name="rss.ttl",
    standard=f"{_SPEC}, <ttl> sub-element of <channel>",
    message="ttl is not a number of minutes",
    mend="write a whole number of minutes, or leave it out",
)
IMAGE_SIZE = Rule(
    name="rss.image.size",
    standard=f"{_SPEC}, <image> sub-element of <channel>",
    message="the image's width or height is no number of pixels, or more than RSS allows",
    mend="width is at most 144, height at most 400",
)
IMAGE_TITLE = Rule(
    name="rss.image.title",
    standard=f"{_PROFILE}, Image",
    message="the image's title is not the channel's",
    mend="write the channel's title into it",
    severity="warning",
)
IMAGE_LINK = Rule(
    name="rss.image.link",
    standard=f"{_PROFILE}, Image",
    message="the image's link is not the channel's",
    mend="write the channel's link into it",
    severity="warning",
)
TEXT_INPUT = Rule(
    name="rss.textInput",
    standard=f"{_PROFILE}, TextInput",
    message="hardly any reader knows textInput",
    mend="leave it out",
    severity="warning",
)
CLOUD = Rule(
    name="rss.cloud",
    standard=f"{_SPEC}, <cloud> sub-element of <channel>",
    message="the cloud lacks one of its five attributes, or its port is no number",
    mend="write domain, port, path, registerProcedure and protocol",
)
SKIP_HOUR = Rule(
    name="rss.skipHours.hour",
    standard=f"{_SPEC}, <skipHours>",
    message="an hour to skip is none from 0 to 23, or stands twice",
    mend="write each hour once, 0 to 23, in GMT",
)
SKIP_DAY = Rule(
    name="rss.skipDays.day",
    standard=f"{_SPEC}, <skipDays>",
    message="a day to skip is no day of the week in English, or stands twice",
    mend="write each day once, Monday to Sunday",
)
SELF_MISSING = Rule(
    name="rss.self.missing",
    standard=f"{_PROFILE}, atom:link",
    message="the channel does not say where the feed is published",
    mend='add <atom:link rel="self"> with the address of this document',
    severity="warning",
)
SELF = Rule(
    name="rss.self.differs",
    standard=f"{_PROFILE}, atom:link",
    message="the self link is not the address under which the document is published",
    mend="write exactly that address into it",
)
ENCODED_FIRST = Rule(
    name="rss.content.order",
    standard=f"{_PROFILE}, content:encoded",
    message="content:encoded stands before description or without it, so readers may not show the summary",
    mend="put description first",
    severity="warning",
)
SCHEMA = Rule(
    name="rss.schema",
    standard=_SPEC,
    message="the document is not of the form of RSS 2.0",
    mend="bring the element named into the form that the specification gives it",
)

_ONCE = (
    "title link description language copyright managingEditor webMaster pubDate lastBuildDate generator docs cloud ttl "
    "image rating textInput skipHours skipDays author comments guid source url width height name"
).split()
MISSING = {
    name: Rule(
        name=f"rss.{name}.missing",
        standard=f"{_SPEC}, {where}",
        message=f"there is no {name}, which must stand here",
        mend=f"add <{name}>",
    )
    for name, where in {
        "channel": "Required channel elements",
        "title": "Required channel elements",
        "link": "Required channel elements",
        "description": "Required channel elements",
        "url": "<image> sub-element of <channel>",
        "name": "<textInput> sub-element of <channel>",
        "hour": "<skipHours>",
        "day": "<skipDays>",
    }.items()
}
"""Name of an element that must be there -> the rule."""

REPEATED = {
    name: Rule(
        name=f"rss.{name}.repeated",
        standard=f"{_PROFILE}, Channel and Item",
        message=f"{name} stands here more than once, and readers take any one",
        mend=f"keep one <{name}>",
    )
    for name in ("channel", *_ONCE)
}
"""Name of an element that may be there once -> the rule."""

RULES = (
    *(rule for rule in tuple(globals().values()) if isinstance(rule, Rule)),
    *MISSING.values(),
    *REPEATED.values(),
)
