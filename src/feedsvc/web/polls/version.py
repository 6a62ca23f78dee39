"""A version of a document -> what is sent of it in each of its forms, everything but the bytes."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from feedsvc.targets import Target
from feedsvc.web.polls.answer import CORS, NO_STORE, SECURITY, Answer, Header
from feedsvc.web.polls.conditional import http_date
from feedsvc.web.polls.documents import Known
from feedsvc.web.polls.negotiation import IDENTITY, Form

_VARY: Header = ("Vary", "Accept-Encoding")


@lru_cache(maxsize=1_000)
def _header(name: str, value: str) -> Header:
    """One for all documents that send the same."""
    return name, value


class Sending(NamedTuple):
    """One form: the headers of a 200, and the whole 304."""

    form: Form
    headers: list[Header]
    unchanged: Answer


class Version:
    """All that is sent of one version of a document at one address. What it gives is always the same.

    Its entity-tag is that of the document, weak if the form is a coding (RFC 9110 §8.8.1): one name, one meaning. What
    nginx calls the same file by (its time and length) is understood, so that either may stand before it. `tags` are the
    two spellings that almost every reader sends, to be found without reading a list.
    """

    __slots__ = ("_sendings", "known", "tags", "target")

    def __init__(self, target: Target, known: Known) -> None:
        self.target = target
        self.known = known
        self.tags = (f'"{known.digest[:32]}"', f'W/"{known.digest[:32]}"')
        self._sendings: dict[Form, Sending] = {}

    def in_form(self, form: Form) -> Sending:
        """Made when it is first asked for: most documents go out in one or two forms."""
        sending = self._sendings.get(form)
        if sending is None:
            sending = self._sendings[form] = self._describe(form)
        return sending

    def opaque(self) -> frozenset[str]:
        """The texts of all entity-tags that name it, in any form."""
        return frozenset({self.known.digest[:32], *map(self._file_tag, self.known.lengths)})

    def strong(self, form: Form) -> frozenset[str]:
        """The texts of those that name this form byte by byte."""
        return frozenset({self._file_tag(form), *([self.known.digest[:32]] if form == IDENTITY else [])})

    def describe_by_file(self, sending: Sending) -> list[Header]:
        """Under nginx's name, so that a reader whom nginx sent here need not be sent the next time."""
        tag = f'"{self._file_tag(sending.form)}"'
        return [(name, tag if name == "ETag" else value) for name, value in sending.headers]

    def describe_delta(self, base: str, length_bytes: int, form: Form) -> list[Header]:
        """RFC 3229 §10.4.1: under the name of the whole document, into which the client makes it."""
        return [
            ("Content-Type", self.target.media_type),
            ("Content-Length", str(length_bytes)),
            *([] if form == IDENTITY else [("Content-Encoding", form)]),
            ("IM", "feed"),
            ("Delta-Base", f'"{base}"'),
            ("ETag", self.tags[0]),
            ("Last-Modified", http_date(self.known.mtime)),
            NO_STORE,
            _VARY,
            *CORS,
            *SECURITY,
        ]

    def _describe(self, form: Form) -> Sending:
        unchanged = next((each.unchanged for each in self._sendings.values() if form != IDENTITY != each.form), None)
        unchanged = unchanged or Answer(HTTPStatus.NOT_MODIFIED, self._describe_version(form))
        length = str(self.known.lengths[form])
        described = [_header("Content-Type", self.target.media_type), ("Content-Length", length)]
        if form != IDENTITY:
            described.append(_header("Content-Encoding", form))
        return Sending(form, described + unchanged.headers, unchanged)

    def _describe_version(self, form: Form) -> list[Header]:
        """What a 304 says as well; the same for all codings."""
        return [
            ("ETag", self.tags[0] if form == IDENTITY else self.tags[1]),
            ("Last-Modified", http_date(self.known.mtime)),
            _header("Cache-Control", self.target.cache_control),
            _VARY,
            *CORS,
            *SECURITY,
        ]

    def _file_tag(self, form: Form) -> str:
        return f"{int(self.known.mtime.timestamp()):x}-{self.known.lengths[form]:x}"


def version_of(target: Target, known: Known) -> Version:
    """What is known of a document, made ready to send; kept with it, and forgotten with it.

    A thread keeps to what it is given here: another may ask for another version.
    """
    version = known.made
    if not isinstance(version, Version) or version.target is not target:
        known.made = version = Version(target, known)
    return version
