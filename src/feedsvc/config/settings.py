"""What config.yaml comes to, and the questions the other rooms ask of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from sqlalchemy.engine import make_url

from feedsvc.config.moves import Moves
from feedsvc.errors import UnknownSectionError
from feedsvc.model import ALL_SLUG, AT_START, BucketPlace, Coding, Limits, Section, Site
from feedsvc.text import canonical_line

MetricsReaders = Literal["off", "local", "everyone"]


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where `feedsvc serve` listens, how big it is, whom it believes and what it gives.

    `memory` is bytes of documents that its processes keep, all together. `trusted_proxies` is how many stand before it;
    `documents_per_hour` what one address may fetch, 0: no limit. `metrics` is who may read /metrics.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    memory: int = 64_000_000
    trusted_proxies: int = 0
    documents_per_hour: int = 0
    metrics: MetricsReaders = "local"


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """What the worker may take up when many feeds are to be made at once.

    `processes` None: as many as there are cores; 0: none beside itself. `memory`: bytes, after which one is replaced.
    """

    processes: int | None = None
    memory: int = 300_000_000


@dataclass(frozen=True, kw_only=True)
class Compression:
    """How hard each document is compressed, once, when it is written; 0: not in this coding."""

    gzip: int = 3
    brotli: int = 5

    @property
    def levels(self) -> Mapping[Coding, int]:
        """By the names that codings have in HTTP."""
        return {"br": self.brotli, "gzip": self.gzip}


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """What is called when feeds fail or recover; each may hold a secret: never log it."""

    command: tuple[str, ...] = field(default=(), repr=False)
    url: str | None = field(default=None, repr=False)


ProofMode = Literal["incremental", "full"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything config.yaml says, with defaults filled in. Paths are absolute.

    `sections` holds what the file names, in its order (plain ones and combinations); `feeds` adds `all`, which looks as
    `everything` says (its `include` is always every plain section) or else as the site does.
    `audit_cpu` is how much of a core the audit of live documents may take, in percent; 0: there is none.
    `bucket` is where live documents are carried to, if anywhere.
    `digest` is SHA-256 of the file's bytes. `database_url` may hold a secret: never log it (`database_label` is safe).
    """

    path: Path
    digest: str
    site: Site
    sections: Mapping[str, Section]
    database_url: str = field(repr=False)
    feeds_dir: Path
    server: Server
    everything: Section | None = None
    compression: Compression = Compression()
    proof: ProofMode = "incremental"
    audit_cpu: int = 10
    bulk: Bulk = Bulk()
    alerts: Alerts = Alerts()
    bucket: BucketPlace | None = None
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def feeds(self) -> Mapping[str, Section]:
        """All sections that are published: `sections` and `all`, the latter last."""
        site = self.site
        everything = self.everything or Section(
            slug=ALL_SLUG, title=site.title, description=site.title, language=site.language
        )
        return MappingProxyType({**self.sections, ALL_SLUG: replace(everything, include=tuple(self.plain))})

    @cached_property
    def plain(self) -> Mapping[str, Section]:
        """The sections that articles can be in: those without `include`."""
        return MappingProxyType({slug: section for slug, section in self.sections.items() if not section.include})

    @cached_property
    def notice_sections(self) -> frozenset[str]:
        """The plain sections in which a notice takes a withdrawn article's place, unless its editor decides."""
        return frozenset(slug for slug, section in self.plain.items() if section.withdrawals == "notice")

    @cached_property
    def moves(self) -> Moves:
        """The old addresses of all feeds."""
        return Moves(self.feeds.values())

    @property
    def database_label(self) -> str:
        """The database URL for people: without password, and without the options, where another could stand."""
        return make_url(self.database_url).set(query={}).render_as_string(hide_password=True)

    def find_waiting(self, newer: Settings) -> list[str]:
        """The keys of which `newer` says what a process that was started with these settings can't take over."""
        pairs = {"database": (self.database_url, newer.database_url), "feeds": (self.feeds_dir, newer.feeds_dir)}
        for name in (each.name for each in fields(Server)):
            pairs[f"server.{name}"] = (getattr(self.server, name), getattr(newer.server, name))
        for name in AT_START:
            pairs[f"limits.{name}"] = (getattr(self.limits, name), getattr(newer.limits, name))
        return [key for key, (before, now) in pairs.items() if before != now]

    def feeds_of(self, sections: tuple[str, ...]) -> tuple[str, ...]:
        """Slugs of every feed in which an article of these plain sections belongs: themselves, combinations, `all`.

        A slug that is not configured belongs nowhere.
        """
        found = dict.fromkeys(feed for slug in sections for feed in self._feeds_by_member.get(slug, ()))
        return (*found, ALL_SLUG) if found else ()

    def resolve_section(self, name: str) -> str:
        """The slug of the plain section that `name` means: slug, alias or title, in any case of letters.

        Raises UnknownSectionError, which knows the slugs and titles there are, and what a combination is made of.
        """
        slug = self._slug_by_name.get(fold_name(name))
        if slug is None:
            known = dict.fromkeys(text for slug, section in self.plain.items() for text in (slug, section.title))
            raise UnknownSectionError(name, tuple(known), instead=self._explain_combination(fold_name(name)))
        return slug

    def resolver_for(self, stored: Collection[str]) -> Callable[[str], str]:
        """`resolve_section` for an article that is in the sections `stored` already.

        One of them that was taken out of config.yaml may stay: else nobody could correct the article any more.
        """

        def resolve(name: str) -> str:
            try:
                return self.resolve_section(name)
            except UnknownSectionError:
                if name in stored and name not in self.feeds:
                    return name
                raise

        return resolve

    def _explain_combination(self, folded: str) -> str:
        if folded == ALL_SLUG:
            return f"all is the feed of everything: name the section that it belongs in ({', '.join(self.plain)})"
        for slug, section in self.sections.items():
            if section.include and folded in (slug, fold_name(section.title)):
                *others, last = section.include
                members = f"{', '.join(others)} and {last}" if others else last
                return f"{slug} is a combination of {members}: name {'one of them' if others else 'that'}"
        return ""

    @cached_property
    def _feeds_by_member(self) -> Mapping[str, tuple[str, ...]]:
        feeds = {slug: [slug] for slug in self.plain}
        for section in self.sections.values():
            for member in section.include:
                feeds[member].append(section.slug)
        return {slug: tuple(found) for slug, found in feeds.items()}

    @cached_property
    def _slug_by_name(self) -> Mapping[str, str]:
        return {
            fold_name(name): section.slug
            for section in self.plain.values()
            for name in (*section.aliases, section.title, section.slug)
        }


def fold_name(name: str) -> str:
    """The form in which two names of a section are compared."""
    return canonical_line(name).casefold()
