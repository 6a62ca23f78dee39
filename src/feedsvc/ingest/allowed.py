"""Does an article keep to what config.yaml allows? The bounds that parsers need (bounds.py) hold in any case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feedsvc.htmltags import TAG
from feedsvc.ingest.bounds import MAX_DEPTH, MAX_ELEMENTS
from feedsvc.ingest.markup import measure_depth
from feedsvc.ingest.report import Report
from feedsvc.ingest.values import is_longer
from feedsvc.model import ArticleInput, Limits


def refuse_excess(report: Report, article: ArticleInput, limits: Limits) -> None:
    """Refuse each field of a canonical article that goes beyond its limit."""
    for field, value, reason in (*_find_many(article, limits), *_find_large(article.content_html or "", limits)):
        report.refuse(field, value, reason)


def explain_limit(found: str, most: str, key: str, mend: str) -> str:
    """`holds more than the 20 that config.yaml allows (limits.tags): leave some out`."""
    return f"{found} than the {most} that config.yaml allows (limits.{key}): {mend}"


def _find_many(article: ArticleInput, limits: Limits) -> Iterator[tuple[str, object, str]]:
    lists: Sequence[tuple[str, Sequence[object], int]] = (
        ("sections", article.sections, limits.sections),
        ("authors", article.authors, limits.authors),
        ("tags", article.tags, limits.tags),
        ("enclosures", article.enclosures, limits.enclosures),
    )
    for field, values, most in lists:
        if len(values) > most:
            reason = (
                explain_limit("holds more", str(most), field, "leave some out")
                if most
                else f"config.yaml allows none (limits.{field}): leave them out"
            )
            yield field, list(values), reason


def _find_large(kept: str, limits: Limits) -> Iterator[tuple[str, object, str]]:
    """Of sanitised HTML. What no config.yaml can allow was counted before it was parsed."""
    if is_longer(kept, limits.content):
        yield "content_html", kept, explain_limit("is longer", f"{limits.content} bytes", "content", "split it")
    if limits.elements < MAX_ELEMENTS and sum(not tag[1] for tag in TAG.finditer(kept)) > limits.elements:
        reason = explain_limit("holds more elements", str(limits.elements), "elements", "split it")
        yield "content_html", kept, reason
    if limits.depth < MAX_DEPTH and measure_depth(kept) > limits.depth:
        reason = explain_limit("holds more elements in each other", str(limits.depth), "depth", "flatten it")
        yield "content_html", kept, reason
