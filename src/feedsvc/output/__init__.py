"""Documents into the feeds folder, whole or not at all, and back."""

from feedsvc.output.folder import DOCUMENT_FORMATS, FeedsFolder, FileStats, StoredDocument

__all__ = ["DOCUMENT_FORMATS", "FeedsFolder", "FileStats", "StoredDocument"]
