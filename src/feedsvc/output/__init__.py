"""Documents into the feeds folder, whole or not at all, and back."""

from feedsvc.output.deltas import Deltas
from feedsvc.output.folder import DOCUMENT_FORMATS, FeedsFolder, FileStats, StoredDocument
from feedsvc.output.shelf import Shelf, slugs_with_archives

__all__ = ["DOCUMENT_FORMATS", "Deltas", "FeedsFolder", "FileStats", "Shelf", "StoredDocument", "slugs_with_archives"]
