"""Documents into the feeds folder, whole or not at all, and back."""

from feedsvc.output.audited import Audited, LastGood, Marks, is_audited
from feedsvc.output.bucket import Bucket
from feedsvc.output.bulk import note_bulk_progress, read_bulk_progress
from feedsvc.output.claim import Claim
from feedsvc.output.condition import find_closed, find_left_overs, find_obstacle, free_bytes, open_up
from feedsvc.output.counts import CountsFile, Key
from feedsvc.output.deltas import Deltas
from feedsvc.output.files import mtime_of
from feedsvc.output.folder import DOCUMENT_FORMATS, FeedsFolder, FileStats, Refused, StoredDocument
from feedsvc.output.hung import read_hung, write_hung
from feedsvc.output.lookout import Lookout, Mark, Moment, mark_of
from feedsvc.output.pollers import KEPT_DAYS, LARGEST_TALLY, OwnFile, PollerFiles
from feedsvc.output.shelf import Shelf, slugs_with_archives
from feedsvc.output.spares import TRAIL, Spares, digest_of
from feedsvc.output.told import Told, read_told, write_told
from feedsvc.output.twins import CODINGS, SUFFIXES, make_twin, make_twins, pack, unpack

__all__ = [
    "CODINGS",
    "DOCUMENT_FORMATS",
    "KEPT_DAYS",
    "LARGEST_TALLY",
    "SUFFIXES",
    "TRAIL",
    "Audited",
    "Bucket",
    "Claim",
    "CountsFile",
    "Deltas",
    "FeedsFolder",
    "FileStats",
    "Key",
    "LastGood",
    "Lookout",
    "Mark",
    "Marks",
    "Moment",
    "OwnFile",
    "PollerFiles",
    "Refused",
    "Shelf",
    "Spares",
    "StoredDocument",
    "Told",
    "digest_of",
    "find_closed",
    "find_left_overs",
    "find_obstacle",
    "free_bytes",
    "is_audited",
    "make_twin",
    "make_twins",
    "mark_of",
    "mtime_of",
    "note_bulk_progress",
    "open_up",
    "pack",
    "read_bulk_progress",
    "read_hung",
    "read_told",
    "slugs_with_archives",
    "unpack",
    "write_hung",
    "write_told",
]
