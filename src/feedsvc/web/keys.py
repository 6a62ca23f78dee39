"""Article keys in addresses: an external id is any text at all, and has to come through a URL unharmed."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter

from feedsvc.web.problems import ProblemError

MARKER = "/api/v1/articles/"


class KeyConverter(BaseConverter):
    """Everything that is left of the path, slashes at its ends and line breaks too."""

    regex = r"(?s:.+)"
    part_isolating = False
    weight = 300


def read_key(environ: Mapping[str, Any]) -> str:
    """The key as the client meant it, percent-decoded once.

    From the request target as it was sent where the server gives it, since some clean PATH_INFO up ("//", dots).
    Raises ProblemError 400 if it is no UTF-8: replacing what is broken would make two keys one.
    """
    target = str(environ.get("REQUEST_URI") or environ.get("RAW_URI") or "")
    _, found, encoded = target.partition("?")[0].partition(MARKER)
    if found:
        raw = unquote_to_bytes(encoded)
    else:
        raw = str(environ["PATH_INFO"]).encode("latin-1").partition(MARKER.encode())[2]
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            "bad-key",
            "The article's key can't be read.",
            f"It must be percent-encoded UTF-8; byte {error.start} of it is not.",
        ) from error
