"""Pure: a feed -> its documents and what is wrong with them, each fault with the entry that it hangs on.

A document proves a feed when its format's verify reads back exactly what the feed says. Whatever a renderer or a reader
raises is a finding like any other: one that nobody can attribute is sought by proving each entry alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from feedsvc.errors import RenderError
from feedsvc.feed import opml
from feedsvc.feed.assembly import Kept, assemble, keys_of
from feedsvc.feed.compose import Entries, compose, without
from feedsvc.feed.formats import Format
from feedsvc.model import (
    INDEX_SLUG,
    STORED,
    Article,
    Document,
    Feed,
    Finding,
    Holdings,
    Proofs,
    Section,
    SectionState,
    Site,
)
from feedsvc.text import canonical_text

RENDER = "render"
"""The rule of findings about what can't be written at all."""

COMPOSING = "feed"
"""Stands for a format in findings about articles that don't even become entries."""


_NOTHING_KEPT: Mapping[str, Kept] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of a feed: `documents` are fit to go live if there are no `findings`.

    `feed` is what they say, None where not even that could be composed. `proofs` are by format, of all their entries.
    """

    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]
    feed: Feed | None = None
    proofs: Mapping[str, Proofs] = field(default_factory=dict)

    @property
    def guilty(self) -> Mapping[str, tuple[Finding, ...]]:
        """Entry id -> what was found about it."""
        found: dict[str, tuple[Finding, ...]] = {}
        for finding in self.findings:
            if finding.entry_id is not None:
                found[finding.entry_id] = (*found.get(finding.entry_id, ()), finding)
        return found


def prove(
    site: Site,
    section: Section,
    state: SectionState,
    holdings: Holdings,
    sections: Mapping[str, Section],
    *,
    formats: Mapping[str, Format],
    renderer: str,
    kept: Mapping[str, Kept] = _NOTHING_KEPT,
    before: Entries | None = None,
) -> Proof:
    """Compose what was chosen, render every format of the section and read each document back.

    `kept` is what need be neither rendered nor read again, by format; all is, without. `renderer` is the version under
    which it was proved. `before` is what it was composed of the last time.
    """

    def compose_these(these: Sequence[Article]) -> Feed:
        return compose(site, section, state, replace(holdings, articles=tuple(these)), sections)

    try:
        feed = compose(site, section, state, holdings, sections, before=before)
    except Exception as error:  # noqa: BLE001  # a fault of ours in one article must cost the others nothing
        return Proof((), _findings_alone(compose_these, holdings.articles) or (_finding_of(error, COMPOSING),))
    examine = partial(_examine, section=section, formats=formats, renderer=renderer)
    proof = examine(feed, kept=kept)
    if proof.findings and not proof.guilty:
        return replace(proof, findings=_seek(feed, examine) or proof.findings)
    return proof


def prove_index(site: Site, sections: Sequence[Section]) -> Proof:
    """Render the list of sections (OPML) and read it back."""
    documents: list[Document] = []

    def examine() -> Sequence[Finding]:
        document = Document(INDEX_SLUG, opml.NAME, opml.render(site, sections))
        documents.append(document)
        return opml.verify(document.content, site, sections)

    findings = guard(opml.NAME, examine)
    return Proof(tuple(documents), findings)


def reason_of(findings: Sequence[Finding]) -> str:
    """Why an article is kept back, in words for an editor: the first thing found, and how many others there are."""
    first = findings[0]
    seen = [f"expected “{first.expected}”"] * bool(first.expected) + [f"found “{first.found}”"] * bool(first.found)
    compared = f" ({', '.join(seen)})" if seen else ""
    mend = f". To mend it, {first.mend}" if first.mend else ""
    # A line of a document means nothing to who edits an article.
    place = first.rule if first.place.startswith("line ") else first.place or first.rule
    # What can't be written is the article's own fault, the same in each format; the rest needs to say where it showed.
    where = "" if first.rule == RENDER or first.format == STORED else f"{first.format}: {place}: "
    others = len({(finding.rule, finding.message, finding.expected) for finding in findings}) - 1
    more = f"; {others} more finding{'s' if others > 1 else ''}" if others else ""
    return f"{where}{first.message}{compared}{mend}{more}"


def guard(what: str, examine: Callable[[], Iterable[Finding]]) -> tuple[Finding, ...]:
    """What `examine` finds in the format `what`; what it raises is a finding, too. All of it can be stored."""
    try:
        return tuple(_storable(finding) for finding in examine())
    except Exception as error:  # noqa: BLE001  # likewise
        return (_finding_of(error, what),)


def _findings_alone(
    compose_these: Callable[[Sequence[Article]], Feed], articles: Sequence[Article]
) -> tuple[Finding, ...]:
    found = []
    for article in articles:
        try:
            compose_these([article])
        except Exception as error:  # noqa: BLE001  # likewise
            found.append(replace(_finding_of(error, COMPOSING), entry_id=article.entry_id))
    return tuple(found)


def _examine(
    feed: Feed,
    *,
    section: Section,
    formats: Mapping[str, Format],
    renderer: str,
    kept: Mapping[str, Kept] = _NOTHING_KEPT,
) -> Proof:
    keys = keys_of(feed)
    documents: list[Document] = []
    findings: list[Finding] = []
    proofs: dict[str, Proofs] = {}
    for name in section.formats:

        def examine(name: str = name) -> Sequence[Finding]:
            made = assemble(feed, formats[name], kept.get(name), keys=keys, renderer=renderer)
            documents.append(Document(feed.slug, name, made.content, made.pieces))
            proofs[name] = made.proofs
            return made.findings

        findings += guard(name, examine)
    # Warnings keep nothing back, and they are not kept: whoever asks for them (audit.py) reads the document anew.
    errors = (each for each in findings if each.severity == "error")
    # An entry that the feed does not know is the whole document's fault.
    attributed = (each if each.entry_id in keys else replace(each, entry_id=None) for each in errors)
    return Proof(tuple(documents), tuple(attributed), feed, proofs)


def _seek(feed: Feed, examine: Callable[[Feed], Proof]) -> tuple[Finding, ...]:
    """The entries that can't be proved even alone; none where not even the empty feed can."""
    ids = {entry.entry_id for entry in feed.entries}
    if examine(without(feed, ids)).findings:
        return ()
    return tuple(
        replace(finding, entry_id=entry_id)
        for entry_id in sorted(ids)
        for finding in examine(without(feed, ids - {entry_id})).findings
    )


def _finding_of(error: Exception, what: str) -> Finding:
    if isinstance(error, RenderError):
        found = Finding(rule=RENDER, message=error.reason, format=error.format, entry_id=error.entry_id)
    else:
        found = Finding(rule=f"fault.{type(error).__name__}", message=str(error) or "no message", format=what)
    return _storable(found)


def _storable(finding: Finding) -> Finding:
    """Without the characters that no database takes, which may be the very ones that were found."""
    return replace(
        finding,
        message=canonical_text(finding.message),
        expected=canonical_text(finding.expected),
        found=canonical_text(finding.found),
        place=canonical_text(finding.place),
    )
