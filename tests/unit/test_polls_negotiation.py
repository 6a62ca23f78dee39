"""RFC 9110 §12.5.3: the form of a document that a client gets."""

import pytest

from feedsvc.web.polls.negotiation import Negotiator, order_codings


@pytest.mark.parametrize(
    ("accept_encoding", "order"),
    [
        ("", "identity"),
        ("gzip", "gzip identity"),
        ("GZIP", "gzip identity"),
        ("x-gzip", "gzip identity"),
        ("br", "br identity"),
        ("gzip, deflate", "gzip identity"),
        ("gzip, deflate, br, zstd", "br gzip identity"),
        ("gzip,br", "br gzip identity"),
        ("br;q=0.5, gzip;q=0.8", "gzip br identity"),
        ("gzip;q=0.5, identity;q=0.9", "identity gzip"),
        ("gzip, identity", "gzip identity"),
        ("gzip;q=0, br", "br identity"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.000", "identity"),
        ("*", "br gzip identity"),
        ("*;q=0.1, gzip", "gzip br identity"),
        ("gzip, *;q=0", "gzip identity"),
        ("identity;q=0, gzip", "gzip identity"),
        ("*;q=0", "identity"),
        ("identity;q=0", "identity"),
        ("deflate", "identity"),
        ("gzipped, brotli", "identity"),
        ("gzip;q=1.000", "gzip identity"),
        (" gzip ; q=0.3 , br ; q=0.2 ", "gzip br identity"),
        ("gzip;q=bad, br", "br identity"),
        (";;;,,,q=1", "identity"),
        ("gzip" * 1000, "identity"),
    ],
)
def test_codings_are_tried_in_the_order_that_the_client_likes_them(accept_encoding: str, order: str) -> None:
    assert order_codings(accept_encoding) == tuple(order.split())


@pytest.mark.uncounted
def test_what_was_made_of_a_header_is_remembered_within_bounds() -> None:
    negotiator = Negotiator()
    assert negotiator.order(None) == ("identity",)
    for number in range(5_000):
        assert negotiator.order(f"gzip, x{number}") == ("gzip", "identity")
    assert len(negotiator._made) <= 1_000
    assert negotiator.order("br") is negotiator.order("br")
    before = set(negotiator._made)
    for number in range(100):
        assert negotiator.order(f"gzip, x{number}{'y' * 60_000}") == ("gzip", "identity")
    assert set(negotiator._made) == before
