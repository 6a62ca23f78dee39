"""Question: which feeds, and which archives, are not made from what is now?

    survey   everything: two queries, one walk over the folder, a stat for each folder of archives
    look     at some feeds, after a change of their sections: two queries, whatever the number of all the others

No article is read, and no archive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from feedsvc.config import Settings
from feedsvc.model import INDEX_SLUG, Mark, SectionsReading, SectionState, Standing, Sums
from feedsvc.output import FeedsFolder, FileStats, Shelf
from feedsvc.staleness import Fingerprints, Stale, sections_of
from feedsvc.store import Store

AddUp = Callable[[Mapping[str, SectionState]], Sums]


@dataclass(frozen=True, slots=True)
class Survey:
    """One reading of how all feeds stand; each mapping is by slug.

    `archives` are the sections whose archives are to be looked at, with what all of them would be made from now.
    """

    states: Mapping[str, SectionState]
    publications: Mapping[str, Standing]
    stale: Mapping[str, Stale]
    archives: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """The same of some feeds. What tells whether they are stale is in `marks`."""

    states: Mapping[str, SectionState]
    marks: Mapping[str, Mark]
    stale: Mapping[str, Stale]
    archives: Mapping[str, str]


class Surveyor:
    """Bound to one store and one feeds folder."""

    def __init__(self, store: Store, folder: FeedsFolder, folder_id: str, fingerprints: Fingerprints) -> None:
        self._store = store
        self._folder = folder
        self._folder_id = folder_id
        self._fingerprints = fingerprints

    def prepare(self, settings: Settings) -> None:
        """Compute what is the same in all looks, as long as these settings are in force."""
        self._fingerprints.prepare(settings)

    def survey(self, settings: Settings) -> Survey:
        """How all feeds stand."""
        with self._store.reading() as reading:
            sections = reading.read_sections()
            publications = reading.publications(self._folder_id)
        slugs = (*settings.feeds, INDEX_SLUG)
        stale = self._fingerprints.stale(settings, slugs, sections, publications, self._folder.stats())
        archives = self._archives(settings, settings.plain, sections.states, publications)
        return Survey(sections.states, publications, {each.slug: each for each in stale}, archives)

    def look(self, settings: Settings, slugs: Collection[str], *, at_files: bool, add_up: AddUp | None = None) -> Look:
        """How these feeds stand. Without `at_files` the documents that were published are taken to lie there.

        `add_up` says the sums over all sections, to which these have come; without it all of them are added up.
        """
        known = [slug for slug in slugs if slug in settings.feeds or slug == INDEX_SLUG]
        wanted = sections_of(settings, known)
        with self._store.reading() as reading:
            if add_up is None:
                sections = reading.read_sections(wanted)
            else:
                states = reading.section_states(wanted)
                sections = SectionsReading(states, add_up(states))
            marks = reading.marks(self._folder_id, known)
        files: FileStats | None = None
        if at_files:
            files = {key: lying for slug in known for key, lying in self._folder.stats_of(slug).items()}
        stale = self._fingerprints.stale(settings, known, sections, marks, files)
        archives = self._archives(settings, known, sections.states, marks)
        return Look(sections.states, marks, {each.slug: each for each in stale}, archives)

    def _archives(
        self,
        settings: Settings,
        slugs: Collection[str],
        states: Mapping[str, SectionState],
        marks: Mapping[str, Mark],
    ) -> Mapping[str, str]:
        found = {}
        for slug in slugs:
            section = settings.plain.get(slug)
            if section and section.is_archived and slug in states and slug in marks and states[slug].archives:
                made_from = self._fingerprints.of_archives(settings, slug, states[slug]).made_from
                is_current = marks[slug].archived_from == made_from
                if not is_current or not Shelf(self._folder, slug).is_sealed():
                    found[slug] = made_from
        return found
