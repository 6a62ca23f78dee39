"""Refuses whole documents to who has fetched too many of them, and says what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from feedsvc.web.polls.addresses import home_of
from feedsvc.web.polls.answer import Answer, say
from feedsvc.web.polls.budget import Budget
from feedsvc.web.polls.polls import Environ

AnswerDocument = Callable[[Environ], Answer | None]


def limited(answer_document: AnswerDocument, budget: Budget) -> AnswerDocument:
    """The same, within a budget for each address. What is no whole document (304, 226, HEAD) is free."""

    def answer(environ: Environ) -> Answer | None:
        found = answer_document(environ)
        if found is None or found.status != HTTPStatus.OK or not found.body:
            return found
        wait_seconds = budget.spend(home_of(environ.get("REMOTE_ADDR", "")))
        return _refuse(budget.an_hour, wait_seconds) if wait_seconds else found

    return answer


def _refuse(an_hour: int, wait_seconds: int) -> Answer:
    """RFC 6585 §4."""
    text = (
        f"Too many whole documents went to this address: there are {an_hour} for it in an hour, and the next one in "
        f"{wait_seconds} s.\nSend If-None-Match with the ETag of the copy that you have: while nothing has changed the "
        "answer is 304, which is free and never refused."
    )
    return say("GET", HTTPStatus.TOO_MANY_REQUESTS, text, ("Retry-After", str(wait_seconds)))
