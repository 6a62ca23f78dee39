"""Use case: take in, correct, withdraw an article; let a scheduled one go live. One transaction each.

`updated` moves only by what a reader can see. An article that no reader has seen (draft, scheduled) keeps
max(what the sender says, published) through all its edits; a live one that changes gets max(now, last + 1 s, ...).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from feedsvc.errors import ArticleNotFoundError, ConflictError, UnreadableArticleError
from feedsvc.log import get_logger
from feedsvc.model import Article, ArticleFields, ArticleInput, Correction, State, Withdrawal, WithdrawalMode
from feedsvc.store import Salvage, Store, Transaction

log = get_logger(__name__)

Clock = Callable[[], datetime]
"""Now, aware, in UTC."""

# Crockford's base 32 (https://www.crockford.com/base32.html), lower case: no i, l, o, u to misread. 60 bits.
_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 12
_LOOKS_LIKE_ID = re.compile(f"[{_ID_ALPHABET}]{{{_ID_LENGTH}}}")

MAX_CORRECTIONS = 100
"""They all stand in the documents; no article comes near, a program that has gone wild does."""

_LAST_INSTANT = datetime.max.replace(microsecond=0, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it. `changed` False: identical to what is stored, nothing was written.

    `lost` names what could not be read of the row that another hand had written, and was replaced (`authors`).
    `shown_in` are the sections in which readers see the change.
    """

    article: Article
    created: bool
    changed: bool
    lost: tuple[str, ...] = ()
    shown_in: tuple[str, ...] = ()


Check = Callable[[Article], None]
"""Looks at the stored article that is about to be replaced; what it raises leaves everything as it was."""


def replace_freely(_stored: Article) -> None:
    """The Check of one who may replace anything."""


def put(
    store: Store,
    clock: Clock,
    fields: ArticleInput,
    *,
    article_id: str | None = None,
    may_replace: Check = replace_freely,
) -> Outcome:
    """Create, or replace the article with this id (else this external id): the same call twice changes nothing.

    updated: at first max(what the sender says, published), never the time of import. A change of content: max(now, last
    + 1 s, what the sender says); `minor` leaves it. A withdrawn article is revived with its ids. State: draft if asked;
    scheduled if published lies ahead; else live, which raises the generation of its sections, those it left included.
    Without `published` a new article takes now when it goes live; a replaced one keeps what it had, its external id
    likewise. Raises ArticleNotFoundError for an unknown article_id; ConflictError for an id that is taken, for another
    entry_id than the stored one, where a live article is asked back to draft or into the future, and for more than
    MAX_CORRECTIONS. `may_replace` sees the stored article inside the transaction, so that nobody comes in between its
    leave and the replacement.

    `correction` is kept with the change that it speaks of; without another change it counts as one if it is new.
    """
    with store.write() as tx:
        outcome = _put(tx, clock, fields, article_id, may_replace)
        tx.raise_generations(outcome.shown_in)
    _tell_of_mend(outcome)
    return outcome


def put_together(store: Store, clock: Clock, batch: Sequence[ArticleInput]) -> list[Outcome]:
    """`put` each in turn in one transaction, in which all come or none does: where one is refused, so are the others.

    For as few as others can wait for who want to write. Raises what `put` raises.
    """
    with store.write() as tx:
        outcomes = [_put(tx, clock, fields, None, replace_freely) for fields in batch]
        # At the end, in the order of their slugs, so that two batches never wait for each other.
        tx.raise_generations(slug for outcome in outcomes for slug in outcome.shown_in)
    for outcome in outcomes:
        _tell_of_mend(outcome)
    return outcomes


def withdraw(
    store: Store,
    clock: Clock,
    article_id: str,
    *,
    notice: str | None = None,
    mode: WithdrawalMode | None = None,
    notice_sections: Collection[str] = (),
    may_replace: Check = replace_freely,
) -> Outcome:
    """Take it back in every feed at once (raises urgent generations). Raises ArticleNotFoundError. Twice is once.

    `mode` says what shows of it: a notice in its place, or a tombstone; without it a notice in those of its sections
    that are among `notice_sections`. `notice` is the editor's word on it, '' for none. Of an article that was never
    live nothing shows. Asked again, what is None stays as it was; another notice or mode takes the old one's place.

    Its `updated` becomes the time of the withdrawal, or of its change. `may_replace` as in `put`.
    """
    with store.write() as tx:
        found = _get(tx, article_id)
        stored = found.article
        may_replace(stored)
        now = _whole(clock())
        if stored.state is State.LIVE or stored.withdrawal is not None:
            article = _take_back(stored, notice, _sections_with_notice(stored, mode, notice_sections), now)
        elif stored.state is State.WITHDRAWN:
            article = stored
        else:
            article = replace(stored, state=State.WITHDRAWN, updated=now)
        if article == stored and not found.lost:
            return Outcome(stored, created=False, changed=False)
        tx.update_article(article)
        if article.withdrawal is not None or found.lost:
            tx.raise_generations(article.sections, urgent=True)
        outcome = Outcome(article, created=False, changed=True, lost=found.lost)
    _tell_of_mend(outcome)
    return outcome


def promote_due(store: Store, clock: Clock, *, broken: list[str] | None = None) -> list[Article]:
    """Set live every scheduled article whose time has come, each in a transaction that raises generations.

    `published` stays what it was; `updated` is at least that. `broken` gets a sentence about each that can't be read.
    """
    now = _whole(clock())
    promoted: list[Article] = []
    while due := store.due(now, broken=broken):
        promoted.extend(article for candidate in due if (article := _promote(store, candidate.id, now)))
    return promoted


def register_sections(store: Store, clock: Clock, slugs: tuple[str, ...]) -> None:
    """Give every feed its row: a feed id minted once, a creation time, generation 0."""
    known = store.section_states()
    new = [slug for slug in slugs if slug not in known]
    if new:
        with store.write() as tx:
            tx.register_sections(new, _whole(clock()), {slug: uuid4().urn for slug in new})


def _put(tx: Transaction, clock: Clock, fields: ArticleInput, article_id: str | None, may_replace: Check) -> Outcome:
    fields = replace(
        fields,
        published=fields.published and _whole(fields.published),
        updated=fields.updated and _whole(fields.updated),
    )
    stored = _find(tx, fields, article_id)
    if stored is None:
        try:
            return _create(tx, fields, _whole(clock()))
        except ConflictError:
            # On PostgreSQL another writer may have stored the same external id since we looked.
            stored = _find(tx, fields, None)
            if stored is None:
                raise
    may_replace(stored.article)
    return _correct(tx, stored, fields, _whole(clock()))


def _get(tx: Transaction, article_id: str) -> Salvage:
    found = _read(tx, tx.article, article_id)
    if found is None:
        raise ArticleNotFoundError(article_id)
    return found


def _find(tx: Transaction, fields: ArticleInput, article_id: str | None) -> Salvage | None:
    if article_id is not None:
        return _get(tx, article_id)
    return None if fields.external_id is None else _read(tx, tx.article_by_external_id, fields.external_id)


def _read(tx: Transaction, read: Callable[[str], Article | None], key: str) -> Salvage | None:
    """The article, or what is left of one that can't be read, since it is to be replaced or taken back anyway."""
    try:
        article = read(key)
    except UnreadableArticleError as error:
        return tx.salvage(error.seq)
    return None if article is None else Salvage(article, ())


def _tell_of_mend(outcome: Outcome) -> None:
    if outcome.lost:
        log.warning("article_mended", article_id=outcome.article.id, lost=list(outcome.lost))


def _create(tx: Transaction, fields: ArticleInput, now: datetime) -> Outcome:
    _refuse_id_of_another(tx, fields.external_id, None)
    state, published = _standing(None, fields, now)
    updated = _latest(published, fields.updated)
    article = tx.insert_article(
        fields if fields.entry_id else replace(fields, is_permalink=False),
        id="".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH)),
        entry_id=fields.entry_id or uuid4().urn,
        state=state,
        published=published,
        updated=updated,
        corrections=_corrections((), fields.correction, state, updated, now),
        now=now,
    )
    return Outcome(article, created=True, changed=True, shown_in=article.sections if state is State.LIVE else ())


def _correct(tx: Transaction, found: Salvage, fields: ArticleInput, now: datetime) -> Outcome:
    stored = found.article
    _refuse_other_identity(tx, stored, fields)
    state, published = _standing(stored, fields, now)
    said = {field.name: getattr(fields, field.name) for field in dataclass_fields(ArticleFields)}
    said["external_id"] = fields.external_id or stored.external_id
    article = replace(stored, **said, state=state, published=published, withdrawal=None)
    noted = [each.note for each in stored.corrections]
    corrects = fields.correction is not None and (article != stored or fields.correction not in noted)
    updated = _updated(stored, article, fields, now, corrects=corrects)
    note = fields.correction if corrects else None
    article = replace(article, updated=updated, corrections=_corrections(stored.corrections, note, state, updated, now))
    if article == stored and not found.lost:
        return Outcome(stored, created=False, changed=False)
    if found.lost or replace(article, state=stored.state) != stored:
        article = replace(article, revision=stored.revision + 1)
    tx.update_article(article)
    showing = [one for one in (stored, article) if one.state is State.LIVE or one.withdrawal is not None]
    shown_in = tuple(slug for one in showing for slug in one.sections)
    return Outcome(article, created=False, changed=True, lost=found.lost, shown_in=shown_in)


def _sections_with_notice(
    stored: Article, mode: WithdrawalMode | None, notice_sections: Collection[str]
) -> tuple[str, ...]:
    if mode is None and stored.withdrawal is not None:
        return stored.withdrawal.shown_in
    if mode is None:
        return tuple(slug for slug in stored.sections if slug in notice_sections)
    return stored.sections if mode == "notice" else ()


def _take_back(stored: Article, notice: str | None, shown_in: tuple[str, ...], now: datetime) -> Article:
    """The article withdrawn; the very same where it is already, in these words."""
    before = stored.withdrawal
    said = before.notice if notice is None and before else notice or None
    if before and (before.notice, before.shown_in) == (said, shown_in):
        return stored
    at = _latest(now, _after(stored.updated)) or now
    withdrawal = Withdrawal(at=at, notice=said, shown_in=shown_in)
    return replace(stored, state=State.WITHDRAWN, updated=at, revision=stored.revision + 1, withdrawal=withdrawal)


def _promote(store: Store, article_id: str, now: datetime) -> Article | None:
    """None where it was promoted, moved or withdrawn since we looked."""
    with store.write() as tx:
        stored = tx.article(article_id)
        if stored is None or stored.state is not State.SCHEDULED or stored.published is None or stored.published > now:
            return None
        article = replace(stored, state=State.LIVE, updated=_latest(stored.published, stored.updated))
        tx.update_article(article)
        tx.raise_generations(article.sections)
        return article


def _refuse_other_identity(tx: Transaction, stored: Article, fields: ArticleInput) -> None:
    if fields.entry_id is not None:
        if fields.entry_id != stored.entry_id:
            raise ConflictError("entry_id", f"article {stored.id} stands in the feeds as {stored.entry_id!r} for good")
        if fields.is_permalink != stored.is_permalink:
            raise ConflictError("is_permalink", f"it is {stored.is_permalink} for article {stored.id} for good")
    if fields.external_id != stored.external_id:
        _refuse_id_of_another(tx, fields.external_id, stored)


def _refuse_id_of_another(tx: Transaction, external_id: str | None, mine: Article | None) -> None:
    """An external id that is some other article's id would name two articles in one URL."""
    if external_id is None or not _LOOKS_LIKE_ID.fullmatch(external_id) or (mine and mine.id == external_id):
        return
    if tx.has_article(external_id):
        raise ConflictError("external_id", f"{external_id!r} is the id of another article")


def _standing(stored: Article | None, fields: ArticleInput, now: datetime) -> tuple[State, datetime | None]:
    """State and publication time that follow from what is stored and what is asked for."""
    if stored is not None and stored.state is State.LIVE:
        if fields.draft:
            raise ConflictError("draft", "the article is live: withdraw it instead")
        # A clock that was set back makes no conflict of the time that the article has already.
        if fields.published and fields.published > now and fields.published != stored.published:
            raise ConflictError("published", "the article is live and can't move to the future: withdraw it first")
        return State.LIVE, fields.published or stored.published
    published = fields.published or (stored.published if stored else None)
    if fields.draft:
        return State.DRAFT, published
    published = published or now
    return (State.SCHEDULED if published > now else State.LIVE), published


def _corrections(
    before: tuple[Correction, ...], note: str | None, state: State, updated: datetime | None, now: datetime
) -> tuple[Correction, ...]:
    """With the new note, if there is one: made when readers see it, or now where they don't yet."""
    if note is None:
        return before
    if len(before) == MAX_CORRECTIONS:
        raise ConflictError("correction", f"the article carries {MAX_CORRECTIONS} corrections, and takes no more")
    at = updated if state is State.LIVE and updated is not None else now
    return (*before, Correction(note=note, at=at))


def _updated(
    stored: Article, article: Article, fields: ArticleInput, now: datetime, *, corrects: bool
) -> datetime | None:
    """When `article`, which is to replace `stored`, counts as updated."""
    # What comes back after a tombstone counts only if it is newer (RFC 6721 §3).
    after_withdrawal = _after(stored.withdrawal.at) if stored.withdrawal else None
    if article.state is not State.LIVE or stored.state in (State.DRAFT, State.SCHEDULED):
        # Readers saw nothing later than now: a schedule moved forward leaves no time in the future behind.
        seen = after_withdrawal or (stored.updated and min(stored.updated, now))
        return _latest(article.published, fields.updated, seen)
    said_later = fields.updated is not None and (stored.updated is None or fields.updated > stored.updated)
    if article == stored and not said_later and not corrects:
        return stored.updated
    if fields.minor and after_withdrawal is None:
        return _latest(article.published, stored.updated)
    return _latest(now, _after(stored.updated), fields.updated, article.published)


def _latest(*instants: datetime | None) -> datetime | None:
    return max((instant for instant in instants if instant is not None), default=None)


def _after(instant: datetime | None) -> datetime | None:
    return None if instant is None else min(instant, _LAST_INSTANT - _SECOND) + _SECOND


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
