"""What is said of a feed address that is none: what is wrong with it, the likeliest right one, what there is."""

from __future__ import annotations

from feedsvc.config import Settings
from feedsvc.errors import OutputError, UnknownSectionError
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Section
from feedsvc.runtime import Runtime
from feedsvc.web.polls.archives import explain_no_archive

_LISTED_SECTIONS = 50
_LONGEST_GUESSED_NAME = 64


def explain_missing(settings: Settings, path: str) -> str:
    """Plain text for a feed address that is none: what is wrong, the nearest right one, and what there is."""
    return f"{guess_meaning(settings, path)}\n\n{list_feeds(settings)}"


def is_removed(runtime: Runtime, slug: str) -> bool:
    """Was there a section of this name, and does config.yaml name it no longer? No database is asked."""
    if slug in runtime.settings.feeds:
        return False
    try:
        return slug in runtime.folder.removed()
    except OutputError:
        return False


def say_removed(slug: str) -> str:
    return f"Section {slug!r} has been closed, and its feeds with it."


def list_feeds(settings: Settings) -> str:
    listed = list(settings.feeds.values())[:_LISTED_SECTIONS]
    lines = [f"Feeds of {settings.site.title}:"]
    lines += [f"  {section.title}: {' '.join(_feed_urls(settings, section))}" for section in listed]
    if len(settings.feeds) > len(listed):
        lines.append(f"  and {len(settings.feeds) - len(listed)} more")
    lines += ["", f"All of them as OPML: {settings.site.opml_url}", f"Home page: {settings.site.base_url}/"]
    return "\n".join(lines)


def guess_meaning(settings: Settings, path: str) -> str:
    """One or two sentences about a feed address that is none: the part that is wrong and the likeliest right one."""
    if (explained := explain_no_archive(settings, path)) is not None:
        return explained
    name, _, suffix = path.removeprefix("/feeds/")[:_LONGEST_GUESSED_NAME].rpartition(".")
    slug = name or suffix
    if slug in settings.feeds:
        section = settings.feeds[slug]
        return f"There is no feed at this address. Section {slug!r} has: {' '.join(_feed_urls(settings, section))}"
    nearest = find_nearest(settings, slug)
    if nearest is None:
        return f"There is no section {slug!r}."
    urls = " ".join(_feed_urls(settings, nearest))
    return f"There is no section {slug!r}. Did you mean {nearest.slug!r}? It has: {urls}"


def find_nearest(settings: Settings, name: str) -> Section | None:
    """The section that a wrong name most likely means: by title or alias, else by spelling."""
    try:
        return settings.feeds[settings.resolve_section(name)]
    except UnknownSectionError:
        return settings.feeds.get(UnknownSectionError(name, tuple(settings.feeds)).nearest)


def _feed_urls(settings: Settings, section: Section) -> list[str]:
    return [settings.site.feed_url(section.slug, FORMATS[name].suffix) for name in section.formats]
