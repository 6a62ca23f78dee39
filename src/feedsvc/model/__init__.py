"""The values that walk through the house: frozen, canonical, free of any library's types.

    outside shape --ingest--> ArticleInput --publish--> Article --compose--> Entry in a Feed --render--> Document
                                                                                    bytes --verify--> Finding

Every text in here survives the way through XML, JSON and feedparser unchanged (see text.py); every
datetime is aware, in UTC, whole seconds. URLs are absolute and percent-encoded.
"""

from feedsvc.model.access import Token
from feedsvc.model.alarm import Alarm, AuditState, FeedTrouble
from feedsvc.model.article import (
    IN_PLACE,
    Article,
    ArticleFields,
    ArticleInput,
    Author,
    Correction,
    Enclosure,
    Image,
    MemberState,
    Note,
    Source,
    State,
    Withdrawal,
)
from feedsvc.model.bucket import BucketPlace, Held, Lease, Listed, Lying, Parcel, digest_headers
from feedsvc.model.document import Document, Finding, Pieces, Proofs, Severity
from feedsvc.model.feed import Category, Entry, Feed, Holdings, Tombstone
from feedsvc.model.limits import AT_START, Limits
from feedsvc.model.names import ALL_SLUG, ARCHIVE_FORMAT, INDEX_SLUG, STORED, Coding, FormatName, archive_name
from feedsvc.model.publication import (
    Archive,
    BulkProgress,
    DocumentRecord,
    Mark,
    Publication,
    Quarantined,
    SectionsReading,
    SectionState,
    Standing,
    Sums,
)
from feedsvc.model.section import ContentMode, Podcast, Schedule, Section, Site, WithdrawalMode
from feedsvc.model.trail import Trail, Version

__all__ = [
    "ALL_SLUG",
    "ARCHIVE_FORMAT",
    "AT_START",
    "INDEX_SLUG",
    "IN_PLACE",
    "STORED",
    "Alarm",
    "Archive",
    "Article",
    "ArticleFields",
    "ArticleInput",
    "AuditState",
    "Author",
    "BucketPlace",
    "BulkProgress",
    "Category",
    "Coding",
    "ContentMode",
    "Correction",
    "Document",
    "DocumentRecord",
    "Enclosure",
    "Entry",
    "Feed",
    "FeedTrouble",
    "Finding",
    "FormatName",
    "Held",
    "Holdings",
    "Image",
    "Lease",
    "Limits",
    "Listed",
    "Lying",
    "Mark",
    "MemberState",
    "Note",
    "Parcel",
    "Pieces",
    "Podcast",
    "Proofs",
    "Publication",
    "Quarantined",
    "Schedule",
    "Section",
    "SectionState",
    "SectionsReading",
    "Severity",
    "Site",
    "Source",
    "Standing",
    "State",
    "Sums",
    "Token",
    "Tombstone",
    "Trail",
    "Version",
    "Withdrawal",
    "WithdrawalMode",
    "archive_name",
    "digest_headers",
]
