"""`feedsvc token`: secrets are shown once and stored hashed."""

from __future__ import annotations

import json

from commands import Site
from feedsvc.tokens import hash_token


def test_create_prints_the_token_alone(site: Site) -> None:
    done = site.run("token", "create", "--name", "cms")
    token = done.stdout.removesuffix("\n")
    assert token == token.strip()
    with site.opened() as runtime:
        stored = runtime.store.token_by_hash(hash_token(token))
        assert stored is not None
        assert (stored.name, stored.sections, stored.revoked) == ("cms", (), None)
    assert token.encode() not in (site.folder / "feedsvc.db").read_bytes()


def test_sections_are_named_by_slug_or_alias_and_known(site: Site) -> None:
    site.run("token", "create", "--name", "desk", "--section", "宏觀", "--section", "tech")
    (token,) = json.loads(site.run("token", "list", "--json").stdout)
    assert token["sections"] == ["macro", "tech"]
    failed = site.run("token", "create", "--name", "other", "--section", "teck", expect=2)
    assert "tech" in failed.stderr
    assert failed.stdout == ""


def test_a_name_in_force_is_taken_once(site: Site) -> None:
    site.run("token", "create", "--name", "cms")
    failed = site.run("token", "create", "--name", "cms", expect=1)
    assert failed.stdout == ""
    site.run("token", "revoke", "cms")
    site.run("token", "create", "--name", "cms")


def test_a_token_without_a_name_is_refused(site: Site) -> None:
    failed = site.run("token", "create", "--name", " ", expect=2)
    assert failed.stdout == ""
    assert "say whose it is" in failed.stderr
    assert json.loads(site.run("token", "list", "--json").stdout) == []


def test_revoke_is_told_in_the_list_and_needs_a_token(site: Site) -> None:
    site.run("token", "create", "--name", "cms")
    site.run("token", "revoke", "cms")
    (token,) = json.loads(site.run("token", "list", "--json").stdout)
    assert token["revoked"].endswith("Z")
    table = site.run("token", "list").stdout
    assert "cms" in table
    assert token["revoked"] in table
    assert "token list" in site.run("token", "revoke", "cms", expect=1).stderr


def test_rotate_prints_a_new_token_and_says_how_long_the_old_one_is_taken(site: Site) -> None:
    old = site.run("token", "create", "--name", "desk", "--section", "tech").stdout.strip()
    done = site.run("token", "rotate", "desk", "--overlap", "15m")
    new = done.stdout.removesuffix("\n")
    assert new == new.strip() != old
    first, second = json.loads(site.run("token", "list", "--json").stdout)
    assert second["sections"] == ["tech"]
    assert second["revoked"] is None
    assert f"taken until {first['revoked']}" in done.stderr
    assert new not in done.stderr
    site.run("token", "rotate", "desk", "--overlap", "0s")
    with site.opened() as runtime:
        in_force = [token.id for token in runtime.store.tokens() if token.is_in_force(runtime.clock())]
    assert len(in_force) == 1, "the first goes with the second, which it was to outlive"
    site.run("token", "revoke", "desk")
    with site.opened() as runtime:
        assert not any(token.is_in_force(runtime.clock()) for token in runtime.store.tokens())
    assert "token list" in site.run("token", "rotate", "desk", expect=1).stderr
    assert "1h or 1d" in site.run("token", "rotate", "desk", "--overlap", "soon", expect=2).stderr
    assert "1h or 1d" in site.run("token", "rotate", "desk", "--overlap", "366d", expect=2).stderr
