"""A bucket of a real S3 server: each put on its condition, each refusal with its reason and the mend."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from feedsvc.errors import BucketConflictError, BucketError
from feedsvc.model import BucketPlace, Parcel
from feedsvc.output import Bucket
from s3 import NAME, SECRET_KEY, Cable, Hand, S3Server, cable_to
from service import free_port

PARCEL = Parcel(
    key="macro.rss",
    name="macro",
    format="rss",
    digest="d1",
    mtime=datetime(2026, 3, 2, 8, tzinfo=UTC),
    media_type="application/rss+xml; charset=utf-8",
    cache_control="max-age=60, stale-while-revalidate=60, stale-if-error=86400",
)


@pytest.fixture
def place(server: S3Server, hand: Hand) -> BucketPlace:
    return BucketPlace(name=NAME, prefix=hand.prefix, endpoint=server.endpoint, timeout_seconds=30)


@pytest.fixture
def cable(server: S3Server) -> Iterator[Cable]:
    with cable_to(server) as cable:
        yield cable


def test_what_is_put_lies_there_with_its_headers(hand: Hand, place: BucketPlace) -> None:
    bucket = Bucket(place)
    assert list(bucket.list()) == []
    assert bucket.look(PARCEL.key) is None
    etag = bucket.put(PARCEL, "江畔".encode(), None)
    assert hand.documents() == {PARCEL.key: "江畔".encode()}
    assert hand.headers(PARCEL.key) == {
        "Content-Type": PARCEL.media_type,
        "Cache-Control": PARCEL.cache_control,
        "feedsvc-digest": "d1",
    }
    lying = bucket.look(PARCEL.key)
    assert lying is not None
    assert (lying.etag, lying.digest, lying.headers) == (etag, "d1", PARCEL.headers)
    archive = replace(PARCEL, key="macro/archive/1.atom")
    bucket.put(archive, b"", None)
    listed = {each.key: each for page in bucket.list() for each in page}
    assert listed.keys() == {PARCEL.key, archive.key}
    assert listed[PARCEL.key].etag == etag
    bucket.delete(PARCEL.key)
    bucket.delete(PARCEL.key)
    assert hand.list_keys() == {archive.key}


def test_nothing_is_put_over_what_was_not_seen(hand: Hand, place: BucketPlace) -> None:
    bucket = Bucket(place)
    first = bucket.put(PARCEL, b"first", None)
    with pytest.raises(BucketConflictError):
        bucket.put(PARCEL, b"again", None)
    second = bucket.put(PARCEL, b"second", first)
    assert second != first
    with pytest.raises(BucketConflictError) as caught:
        bucket.put(PARCEL, b"of a sleeper", first)
    assert str(caught.value).startswith(f"{place.url}: can't put macro.rss: something else lies there")
    assert hand.read(PARCEL.key) == b"second"
    hand.delete(PARCEL.key)
    with pytest.raises(BucketConflictError):
        bucket.put(PARCEL, b"of a sleeper", second)
    assert hand.list_keys() == set()


def test_a_prefix_is_not_needed_and_no_other_one_is_listed(hand: Hand, place: BucketPlace) -> None:
    Bucket(place).put(PARCEL, b"", None)
    Bucket(replace(place, prefix=f"{place.prefix}-too")).put(PARCEL, b"", None)
    assert [each.key for page in Bucket(place).list() for each in page] == [PARCEL.key]
    whole = [each.key for page in Bucket(replace(place, prefix="")).list() for each in page]
    assert f"{place.prefix}/{PARCEL.key}" in whole


def refusal(place: BucketPlace) -> str:
    with pytest.raises(BucketError) as caught:
        Bucket(place).put(PARCEL, b"", None)
    assert SECRET_KEY not in str(caught.value)
    assert not isinstance(caught.value, BucketConflictError)
    return f"{caught.value.reason}. {caught.value.mend}"


def test_a_wrong_key_is_told_with_the_mend(place: BucketPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert refusal(place) == (
        "the store answers SignatureDoesNotMatch. "
        "Correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, and restart feedsvc."
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    assert refusal(place).startswith("the store answers InvalidAccessKeyId. Correct AWS_ACCESS_KEY_ID")


def test_missing_rights_are_told_with_the_mend(place: BucketPlace) -> None:
    assert refusal(replace(place, name="somebody-elses")) == (
        "the store answers AccessDenied. Give the credentials the rights that docs/security.md names (Object storage)."
    )


def test_no_credentials_are_told_with_the_mend(place: BucketPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    # Where Amazon's machines find theirs there is somebody who knows nothing here.
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    assert refusal(place).startswith("no credentials were found. Set AWS_ACCESS_KEY_ID")
    with answering(403, b"no such address") as endpoint:  # a proxy, a firewall
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", endpoint)
        assert refusal(place).startswith("no credentials were found. Set AWS_ACCESS_KEY_ID")


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """Where every request is answered so."""

    class Answer(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = _answer  # noqa: N815  # http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "the store answers 404 Not Found"), (200, "the answer is not S3's")]
)
def test_an_endpoint_that_is_no_store_is_told_with_the_mend(place: BucketPlace, status: int, reason: str) -> None:
    with answering(status, b"<p>parked") as endpoint, pytest.raises(BucketError) as caught:
        list(Bucket(replace(place, endpoint=endpoint)).list())
    assert caught.value.reason == reason
    assert caught.value.mend.startswith("Look whether bucket.endpoint in config.yaml is where a store that speaks S3")


def test_a_store_that_is_away_is_told_of_in_time(place: BucketPlace, cable: Cable) -> None:
    cable.pull()
    cut_off = replace(place, endpoint=cable.endpoint, timeout_seconds=1)
    assert refusal(cut_off).startswith("it can't be reached. Look at the network")
    cable.plug()
    cable.hold()
    assert refusal(cut_off).startswith("it doesn't answer in time. Look at the network")
    cable.let_go()
