import json
from collections.abc import Iterator

import pytest
from flask import Flask

from feedsvc import errors
from feedsvc.errors import (
    ArticleNotFoundError,
    ConflictError,
    FeedsvcError,
    Problem,
    RefusedError,
    StoreError,
    StoreUnavailableError,
    UnknownSectionError,
)
from feedsvc.web.problems import MEANINGS, meaning_of, problem_of


@pytest.fixture(autouse=True)
def _context() -> Iterator[None]:
    with Flask("test").app_context():
        yield


def test_every_error_has_its_meaning_in_http() -> None:
    everything = {
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, FeedsvcError)
    }
    assert everything == set(MEANINGS)


def test_a_subclass_means_what_its_parent_does() -> None:
    class LateError(StoreUnavailableError):
        pass

    assert meaning_of(LateError()).status == 503


def test_a_refusal_names_each_field_value_and_reason() -> None:
    response = problem_of(RefusedError([Problem("authors[0].name", "''", "must not be empty")]))
    assert response.status_code == 422
    assert response.mimetype == "application/problem+json"
    assert response.get_json(force=True) == {
        "type": "urn:feedsvc:problem:refused",
        "title": "The article can't be accepted as it is.",
        "status": 422,
        "detail": "authors[0].name: must not be empty (found '')",
        "errors": [{"field": "authors[0].name", "value": "''", "reason": "must not be empty"}],
    }


def test_a_lone_surrogate_quoted_back_is_carried_escaped() -> None:
    body = problem_of(RefusedError([Problem("title", "\ud83d", "holds half a character")])).get_data()
    assert json.loads(body)["errors"][0]["reason"] == "holds half a character"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ArticleNotFoundError("x"), 404),
        (ConflictError("external_id", "is taken"), 409),
        (UnknownSectionError("makro", ("macro", "finance")), 422),
    ],
)
def test_what_the_client_can_mend_is_told(error: FeedsvcError, status: int) -> None:
    response = problem_of(error)
    assert response.status_code == status
    assert response.get_json(force=True)["detail"] == str(error)


def test_an_unknown_section_comes_with_those_there_are() -> None:
    body = problem_of(UnknownSectionError("makro", ("macro", "finance"))).get_json(force=True)
    assert body["sections"] == ["macro", "finance"]


def test_a_fault_of_ours_keeps_its_text_to_itself() -> None:
    response = problem_of(StoreError("postgresql://user:secret@db/x refused"))
    assert response.status_code == 500
    assert b"secret" not in response.get_data()


def test_an_unreachable_store_says_when_to_come_again() -> None:
    response = problem_of(StoreUnavailableError("postgresql://user:secret@db"))
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert b"secret" not in response.get_data()
