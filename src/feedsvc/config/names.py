"""Sections that fit together: no name means two of them, and combinations are made of sections there are.

Works on the tree, so that it can speak although other things in the file are still wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from feedsvc.config.hints import did_you_mean
from feedsvc.config.moves import check_old_urls
from feedsvc.config.settings import fold_name
from feedsvc.config.shape import NOT_COMBINED
from feedsvc.config.tree import KeyPath, Mark, Node, Trouble, describe
from feedsvc.model import ALL_SLUG


class _Owner(NamedTuple):
    slug: str
    mark: Mark


def check_names(root: Node) -> Iterator[Trouble]:
    """What is wrong between the sections, as far as they are readable."""
    sections = {slug: node for slug, node in _entries(root, "sections").items() if isinstance(node.value, dict)}
    owners: dict[str, _Owner] = {}
    for slug, node in sections.items():
        owners.setdefault(fold_name(slug), _Owner(slug, node.key_mark or node.mark))
    for slug, node in sections.items():
        for path, name in _names(node):
            yield from _claim(name, slug, ("sections", slug, *path), owners)
    for slug, node in sections.items():
        entries = _entries(node)
        if "include" in entries:
            yield from _check_combination(slug, entries, sections, owners)
    everything = Node(dict(_entries(root, ALL_SLUG)), root.mark)
    feeds = {("sections", slug): node for slug, node in sections.items()} | {(ALL_SLUG,): everything}
    yield from check_old_urls({path[-1]: list(_old_urls(path, node)) for path, node in feeds.items()})


def _claim(name: Node, slug: str, path: KeyPath, owners: dict[str, _Owner]) -> Iterator[Trouble]:
    folded = fold_name(str(name.value))
    owner = owners.setdefault(folded, _Owner(slug, name.place))
    if folded == ALL_SLUG:
        yield Trouble(name.place, path, describe(name), "another name: `all` is the feed of everything")
    elif owner.slug != slug:
        found = f"{describe(name)}, which means `{owner.slug}` already"
        hint = f"See line {owner.mark.line}, column {owner.mark.column}: articles under that name could be for either."
        yield Trouble(name.place, path, found, "a name that means one section", hint)


def _check_combination(
    slug: str,
    entries: Mapping[str, Node],
    sections: Mapping[str, Node],
    owners: Mapping[str, _Owner],
) -> Iterator[Trouble]:
    for name, hint in NOT_COMBINED.items():
        if name in entries:
            mark = entries[name].key_mark or entries[name].mark
            yield Trouble(mark, ("sections", slug, name), f"`{name}`", "none in a combination", hint)
    plain = tuple(name for name, node in sections.items() if "include" not in _entries(node))
    for at, member in _texts(entries["include"]):
        if member.value in plain:
            continue
        path = ("sections", slug, "include", at)
        name = str(member.value)
        if name in sections or name == ALL_SLUG:
            what = "the combination itself" if name == slug else "a combination"
            hint = "Name the sections that it includes." if name not in {slug, ALL_SLUG} else ""
            yield Trouble(member.place, path, f"{describe(member)}, {what}", "a section without `include`", hint)
        else:
            owner = owners.get(fold_name(name))
            hint = f"Did you mean `{owner.slug}`?" if owner and owner.slug in plain else did_you_mean(name, plain)
            yield Trouble(member.place, path, describe(member), "the slug of a section", hint)


def _names(section: Node) -> Iterator[tuple[KeyPath, Node]]:
    entries = _entries(section)
    if "title" in entries and isinstance(entries["title"].value, str):
        yield ("title",), entries["title"]
    if "aliases" in entries:
        for at, alias in _texts(entries["aliases"]):
            yield ("aliases", at), alias


def _old_urls(place: KeyPath, section: Node) -> Iterator[tuple[KeyPath, Node]]:
    entries = _entries(section)
    if "old_urls" in entries:
        for at, url in _texts(entries["old_urls"]):
            yield (*place, "old_urls", at), url


def _entries(node: Node, *path: str) -> Mapping[str, Node]:
    for part in path:
        node = _entries(node).get(part, Node({}, node.mark))
    return node.value if isinstance(node.value, dict) else {}


def _texts(node: Node) -> Iterator[tuple[int, Node]]:
    if isinstance(node.value, list):
        yield from ((at, item) for at, item in enumerate(node.value) if isinstance(item.value, str))
