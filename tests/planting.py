"""Right documents, and faults to plant in them: a case is a document's change and the one rule that it breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from feedsvc.feed.grammar import check
from feedsvc.model import Finding


@dataclass(frozen=True)
class Fault:
    """`old` is what stands in the right document, once; `new` what it becomes. `entry_id` is whose fault it is."""

    rule: str
    old: str
    new: str
    entry_id: str | None = None

    def plant(self, document: str) -> bytes:
        assert document.count(self.old) == 1, f"{self.old!r} stands {document.count(self.old)} times"
        return document.replace(self.old, self.new).encode()


def broken(findings: Iterable[Finding]) -> list[tuple[str, str | None]]:
    """What a test asks of findings: which rule is broken, and in which entry."""
    return [(finding.rule, finding.entry_id) for finding in findings]


def checking(format_name: str, self_url: str) -> Callable[[bytes], list[Finding]]:
    """Hold documents of this format and address to their standard; frames from player.example may stand in them."""
    return lambda content: check(content, format_name, self_url=self_url, embeds=("player.example",))
