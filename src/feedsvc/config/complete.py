"""The checked shape of config.yaml -> Settings, with every default filled in."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url

from feedsvc.config.podcasts import split_category
from feedsvc.config.schedule import schedule_gap, spread
from feedsvc.config.settings import Alerts, Bulk, Compression, Server, Settings
from feedsvc.config.shape import (
    AllShape,
    AuthorShape,
    BucketShape,
    DefaultsShape,
    FeedShape,
    FileShape,
    ImageShape,
    PodcastShape,
    ScheduleShape,
    SectionShape,
    SiteShape,
)
from feedsvc.model import ALL_SLUG, Author, BucketPlace, FormatName, Image, Limits, Podcast, Schedule, Section, Site
from feedsvc.text import canonical_url

ALL_FORMATS: tuple[FormatName, ...] = ("rss", "atom", "json")
PROMPT_SECONDS = 60
LONGEST_FRESH_SECONDS = 86_400
"""However rare the schedule: a withdrawal does not wait for it, and no cache should for longer than a day."""
"""`max_age` of a feed in which a change shows at once."""

DEFAULTS: dict[str, Any] = {
    "limit": 50,
    "max_bytes": 2_000_000,
    "content": "full",
    "formats": ALL_FORMATS,
    "schedule": ScheduleShape(every=900),
    "on_change": True,
    "withdrawals": "tombstone",
}


def complete(shape: FileShape, path: Path, digest: str) -> Settings:
    """`path` is absolute: relative folders and SQLite files count from its folder."""
    site = _site(shape.site)
    completion = _Completion(site, shape.defaults)
    return Settings(
        path=path,
        digest=digest,
        site=site,
        sections=MappingProxyType(
            {slug: completion.section(slug, section) for slug, section in shape.sections.items()}
        ),
        everything=completion.everything(shape.all),
        database_url=_database_url(shape.database, path.parent),
        feeds_dir=Path(path.parent, shape.feeds),
        compression=Compression(gzip=shape.compression.gzip, brotli=shape.compression.brotli),
        proof=shape.proof,
        audit_cpu=shape.audit_cpu,
        server=Server(**shape.server.model_dump()),
        bulk=Bulk(**shape.worker.model_dump()),
        alerts=Alerts(command=shape.alerts.command or (), url=shape.alerts.url),
        bucket=_bucket(shape.bucket) if shape.bucket else None,
        limits=Limits(**shape.limits.model_dump()),
    )


class _Completion:
    """Fills in, for one section after another: what it says itself, else `defaults`, else DEFAULTS."""

    def __init__(self, site: Site, defaults: DefaultsShape) -> None:
        self.site = site
        self.zone = ZoneInfo(site.timezone)
        said = {name: value for name in DefaultsShape.model_fields if (value := getattr(defaults, name)) is not None}
        self.defaults = {"language": site.language, "max_age": None, **DEFAULTS, **said}

    def section(self, slug: str, shape: SectionShape) -> Section:
        return Section(
            slug=slug,
            title=shape.title,
            description=shape.description or f"{shape.title} - {self.site.title}",
            aliases=shape.aliases or (),
            include=shape.include or (),
            podcast=_podcast(shape.podcast, self.site) if shape.podcast else None,
            withdrawals=self.choose(shape, "withdrawals"),
            **self.look(slug, shape),
        )

    def everything(self, shape: AllShape) -> Section:
        title = shape.title or self.site.title
        description = shape.description or self.site.title
        return Section(slug=ALL_SLUG, title=title, description=description, **self.look(ALL_SLUG, shape))

    def look(self, slug: str, shape: FeedShape) -> dict[str, Any]:
        chosen = {name: self.choose(shape, name) for name in ("language", "limit", "max_bytes", "content", "on_change")}
        chosen_schedule: ScheduleShape = self.choose(shape, "schedule")
        formats = self.choose(shape, "formats")
        schedule = Schedule(every_seconds=chosen_schedule.every, cron=chosen_schedule.cron)
        max_age = self.choose(shape, "max_age")
        if max_age is None:
            rarely = min(schedule_gap(schedule, self.zone), LONGEST_FRESH_SECONDS)
            max_age = spread(PROMPT_SECONDS if chosen["on_change"] else rarely, slug)
        return {
            **chosen,
            "formats": tuple(name for name in ALL_FORMATS if name in formats),
            "categories": shape.categories or (),
            "image": _image(shape.image, self.site.base_url),
            "old_urls": shape.old_urls or (),
            "schedule": schedule,
            "max_age_seconds": max_age,
        }

    def choose(self, shape: FeedShape, name: str) -> Any:
        said = getattr(shape, name)
        return self.defaults[name] if said is None else said


def _site(shape: SiteShape) -> Site:
    return Site(
        title=shape.title,
        base_url=shape.base_url,
        language=shape.language,
        timezone=shape.timezone,
        author=_author(shape.author),
        copyright=shape.copyright,
        image=_image(shape.image, shape.base_url),
    )


def _author(shape: AuthorShape | None) -> Author | None:
    return Author(name=shape.name, email=shape.email, url=shape.url) if shape else None


def _podcast(shape: PodcastShape, site: Site) -> Podcast:
    category, subcategory = split_category(shape.category)
    owner = Author(name=shape.owner.name, email=shape.owner.email) if shape.owner else site.author
    return Podcast(
        author=shape.author or (site.author.name if site.author else site.title),
        category=category,
        subcategory=subcategory,
        explicit=shape.explicit,
        type=shape.type,
        owner=owner if owner and owner.email else None,
    )


def _bucket(shape: BucketShape) -> BucketPlace:
    name, _, prefix = shape.url.removeprefix("s3://").partition("/")
    return BucketPlace(
        name=name, prefix=prefix, endpoint=shape.endpoint, region=shape.region, timeout_seconds=shape.timeout
    )


def _image(shape: ImageShape | None, base_url: str) -> Image | None:
    if shape is None:
        return None
    url = canonical_url(shape.url, f"{base_url}/")
    return Image(url=url, type=shape.type, width=shape.width, height=shape.height, alt=shape.alt)


def _database_url(text: str, folder: Path) -> str:
    url = make_url(text)
    if url.drivername == "sqlite":
        url = url.set(database=str(Path(folder, url.database or "")))
    return url.render_as_string(hide_password=False)
