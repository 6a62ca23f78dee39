"""Documents into the feeds folder, whole or not at all, and back."""

from feedsvc.output.folder import FeedsFolder, StoredDocument

__all__ = ["FeedsFolder", "StoredDocument"]
