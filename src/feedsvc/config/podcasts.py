"""What podcast directories take: Apple's categories, a picture, and RSS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from feedsvc.config.fields import expecting
from feedsvc.config.hints import HintedError, did_you_mean
from feedsvc.config.tree import Node, Trouble

# https://podcasters.apple.com/support/1691-apple-podcasts-categories
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "Arts": ("Books", "Design", "Fashion & Beauty", "Food", "Performing Arts", "Visual Arts"),
    "Business": ("Careers", "Entrepreneurship", "Investing", "Management", "Marketing", "Non-Profit"),
    "Comedy": ("Comedy Interviews", "Improv", "Stand-Up"),
    "Education": ("Courses", "How To", "Language Learning", "Self-Improvement"),
    "Fiction": ("Comedy Fiction", "Drama", "Science Fiction"),
    "Government": (),
    "History": (),
    "Health & Fitness": ("Alternative Health", "Fitness", "Medicine", "Mental Health", "Nutrition", "Sexuality"),
    "Kids & Family": ("Education for Kids", "Parenting", "Pets & Animals", "Stories for Kids"),
    "Leisure": (
        "Animation & Manga",
        "Automotive",
        "Aviation",
        "Crafts",
        "Games",
        "Hobbies",
        "Home & Garden",
        "Video Games",
    ),
    "Music": ("Music Commentary", "Music History", "Music Interviews"),
    "News": (
        "Business News",
        "Daily News",
        "Entertainment News",
        "News Commentary",
        "Politics",
        "Sports News",
        "Tech News",
    ),
    "Religion & Spirituality": ("Buddhism", "Christianity", "Hinduism", "Islam", "Judaism", "Religion", "Spirituality"),
    "Science": (
        "Astronomy",
        "Chemistry",
        "Earth Sciences",
        "Life Sciences",
        "Mathematics",
        "Natural Sciences",
        "Nature",
        "Physics",
        "Social Sciences",
    ),
    "Society & Culture": ("Documentary", "Personal Journals", "Philosophy", "Places & Travel", "Relationships"),
    "Sports": (
        "Baseball",
        "Basketball",
        "Cricket",
        "Fantasy Sports",
        "Football",
        "Golf",
        "Hockey",
        "Rugby",
        "Running",
        "Soccer",
        "Swimming",
        "Tennis",
        "Volleyball",
        "Wilderness",
        "Wrestling",
    ),
    "Technology": (),
    "True Crime": (),
    "TV & Film": ("After Shows", "Film History", "Film Interviews", "Film Reviews", "TV Reviews"),
}
_ALL = tuple(name for top, subs in CATEGORIES.items() for name in (top, *(f"{top} > {sub}" for sub in subs)))


def split_category(category: str) -> tuple[str, str | None]:
    """`News > Daily News` in its two parts; the second is None for a category alone."""
    top, _, sub = (part.strip() for part in category.partition(">"))
    return top, sub or None


def _read_category(text: str) -> str:
    top, sub = split_category(text)
    written = f"{top} > {sub}" if sub else top
    if written in _ALL:
        return written
    subs = CATEGORIES.get(top)
    if sub and subs is not None:
        near = did_you_mean(written, [f"{top} > {each}" for each in subs])
        raise HintedError(near or f"Below {top} there is {', '.join(subs) or 'nothing'}.")
    raise HintedError(_place(written) or did_you_mean(written, _ALL))


def _place(name: str) -> str:
    """A subcategory that stands alone, put under its category."""
    whole = next((each for each in _ALL if each.casefold().endswith(f"> {name.casefold()}")), "")
    return f"Did you mean `{whole}`?" if whole else ""


Category = Annotated[
    str,
    Field(json_schema_extra={"enum": list(_ALL)}),
    expecting("one of Apple's podcast categories such as Technology or News > Daily News", _read_category),
]
Order = Annotated[Literal["episodic", "serial"], expecting("episodic or serial", words=("episodic", "serial"))]


def check_podcasts(root: Node) -> Iterator[Trouble]:
    """Where a podcast lacks what no directory goes without, as far as the file is readable."""
    top = _entries(root)
    usual = _entries(top.get("defaults")).get("formats")
    for slug, section in _entries(top.get("sections")).items():
        entries = _entries(section)
        podcast = entries.get("podcast")
        if podcast is None or not isinstance(podcast.value, dict):
            continue
        mark, path = podcast.key_mark or podcast.mark, ("sections", slug, "podcast")
        if "image" not in entries:
            hint = "Directories require a picture: square, 1400 to 3000 pixels, JPEG or PNG."
            yield Trouble(mark, path, "`podcast` without `image`", "the section's own `image:` beside it", hint)
        formats = entries.get("formats", usual)
        names = [item.value for item in formats.value] if formats and isinstance(formats.value, list) else ["rss"]
        if "rss" not in names:
            expected = "`rss` among the section's formats"
            yield Trouble(mark, path, "`podcast` without RSS", expected, "Directories read no other format.")


def _entries(node: Node | None) -> Mapping[str, Node]:
    return node.value if node and isinstance(node.value, dict) else {}
