"""What kind of file an address leads to, told by its ending: the same on every machine."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

# What the standard library lacks, or tells otherwise than those who ask for it: the types of sound and film are those
# that Apple lists for podcasts (https://podcasters.apple.com/support/823-podcast-requirements).
_OWN = {
    ".7z": "application/x-7z-compressed",
    ".amr": "audio/amr",
    ".avif": "image/avif",
    ".bz2": "application/x-bzip2",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".epub": "application/epub+zip",
    ".flac": "audio/flac",
    ".flv": "video/x-flv",
    ".gz": "application/gzip",
    ".jfif": "image/jpeg",
    ".m4a": "audio/x-m4a",
    ".m4b": "audio/mp4",
    ".m4v": "video/x-m4v",
    ".mka": "audio/x-matroska",
    ".mkv": "video/x-matroska",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".rtf": "application/rtf",
    ".srt": "application/x-subrip",
    ".tgz": "application/gzip",
    ".vtt": "text/vtt",
    ".wav": "audio/wav",
    ".webp": "image/webp",
    ".wma": "audio/x-ms-wma",
    ".wmv": "video/x-ms-wmv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xz": "application/x-xz",
}
# An instance of its own knows the library's built-in table only, not the machine's /etc/mime.types.
_BUILT_IN = mimetypes.MimeTypes().types_map[True]


def guess_media_type(url: str) -> str | None:
    """The media type that the ending of a URL's path stands for; None where it stands for none."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    ending = PurePosixPath(name).suffix.lower()
    return _OWN.get(ending) or _BUILT_IN.get(ending)
