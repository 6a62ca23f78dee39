"""`feedsvc article`: one article at a time, by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import Site

CJK = "“一带一路”十年 𠮷野家 🎉"


def show(site: Site, key: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(site.run("article", "show", key, "--json").stdout)
    return shown


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """$EDITOR as a script that makes these replacements, one pair each time it is called."""

    def install(*replacements: tuple[str, str]) -> None:
        script = tmp_path / "editor.py"
        todo = tmp_path / "todo.json"
        todo.write_text(json.dumps(replacements))
        script.write_text(
            "import json, sys\n"
            f"todo = json.load(open({str(todo)!r}))\n"
            "text = open(sys.argv[1], encoding='utf-8').read()\n"
            "old, new = todo.pop(0)\n"
            "assert old in text, text\n"
            "open(sys.argv[1], 'w', encoding='utf-8').write(text.replace(old, new))\n"
            f"json.dump(todo, open({str(todo)!r}, 'w'))\n"
        )
        monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")
        monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")

    return install


# add


def test_add_from_options(site: Site, tmp_path: Path) -> None:
    body = tmp_path / "body.html"
    body.write_text("<p>正文。</p>", "utf-8")
    done = site.run(
        *("article", "add", "--title", CJK, "--section", "宏觀", "--section", "tech", "--body-file", body),
        *("--author", "林一舟", "--author", "何雨晴", "--tag", "经济", "--published", "2026-03-01T08:00:00+08:00"),
        *("--language", "zh-Hans", "--link", "https://example.org/a", "--external-id", "a/1", "--summary", "摘要"),
    )
    shown = show(site, done.stdout.strip())
    assert shown["state"] == "live"
    assert shown["article"] == {
        "external_id": "a/1",
        "title": CJK,
        "link": "https://example.org/a",
        "summary": "摘要",
        "content_html": "<p>正文。</p>",
        "sections": ["macro", "tech"],
        "authors": [{"name": "林一舟"}, {"name": "何雨晴"}],
        "tags": ["经济"],
        "language": "zh-Hans",
        "published": "2026-03-01T00:00:00Z",
        "updated": "2026-03-01T00:00:00Z",
    }


def test_add_from_standard_input_with_an_option_on_top(site: Site) -> None:
    given = {"title": "old", "sections": ["world"], "summary": "text"}
    done = site.run("article", "add", "-", "--title", "new", "--draft", "--json", stdin=json.dumps(given))
    added = json.loads(done.stdout)
    assert (added["title"], added["state"], added["outcome"]) == ("new", "draft", "created")
    assert {feed["standing"] for feed in added["feeds"]} == {"draft"}


def test_add_reads_a_time_without_zone_in_the_sites_and_says_so(site: Site) -> None:
    command = ("article", "add", "--title", "t", "--section", "world", "--summary", "s")
    done = site.run(*command, "--published", "2026-03-01T08:00:00")
    assert "Asia/Shanghai" in done.stderr
    assert show(site, done.stdout.strip())["published"] == "2026-03-01T00:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        ((), "Name a JSON file", 2),
        (("--title", "t"), "sections", 1),
        (("--title", "t", "--section", "teck", "--summary", "s"), "tech", 1),
        (("--title", "t", "--section", "tech", "--summary", "s", "--external-id", "sample-tech-font"), "taken", 1),
        (("/nowhere.json",), "/nowhere.json", 2),
    ],
)
def test_add_refuses_clearly_and_stores_nothing(site: Site, arguments: tuple[str, ...], said: str, code: int) -> None:
    before = json.loads(site.run("article", "list", "--json").stdout)
    failed = site.run("article", "add", *arguments, expect=code)
    assert said in failed.stderr
    assert failed.stdout == ""
    assert json.loads(site.run("article", "list", "--json").stdout) == before


@pytest.mark.parametrize("text", ["{", "[1]", '{"title": "a", "title": "b"}', '{"title": "\\ud800"}'])
def test_add_refuses_broken_json(site: Site, text: str) -> None:
    assert "Traceback" not in site.run("article", "add", "-", stdin=text, expect=1).stderr


# edit


def test_edit_sets_fields_and_keeps_the_rest(site: Site) -> None:
    before = show(site, "sample-world-ferry")
    done = site.run(
        *("article", "edit", "sample-world-ferry", "--json"),
        *("--set", "title=二〇二四 [1]", "--set", 'tags=["a", "b=c"]', "--set", "summary=null"),
    )
    assert json.loads(done.stdout)["outcome"] == "changed"
    after = show(site, before["id"])
    assert after["entry_id"] == before["entry_id"]
    assert after["updated"] > before["updated"]
    wanted = before["article"] | {"title": "二〇二四 [1]", "tags": ["a", "b=c"], "updated": after["updated"]}
    del wanted["summary"]
    assert after["article"] == wanted


def test_edit_from_a_file_and_a_minor_one(site: Site, tmp_path: Path) -> None:
    before = show(site, "sample-world-ferry")
    patch = tmp_path / "patch.json"
    patch.write_text('{"editor": null, "source": {"url": null}}')
    site.run("article", "edit", before["id"], "--json-file", patch, "--minor")
    after = show(site, before["id"])
    assert (after["updated"], after["revision"]) == (before["updated"], before["revision"] + 1)
    assert "editor" not in after["article"]
    assert after["article"]["source"] == {"name": "The Sound Post"}


def test_edit_that_changes_nothing_says_so(site: Site) -> None:
    done = site.run("article", "edit", "sample-world-ferry", "--set", "editor=J. Okafor", "--json")
    assert json.loads(done.stdout)["outcome"] == "unchanged"


def test_edit_in_the_editor(site: Site, editor: Any) -> None:
    editor(("goes electric", "goes “electric”"))
    site.run("article", "edit", "sample-world-ferry")
    assert "“electric”" in show(site, "sample-world-ferry")["title"]


def test_edit_that_leaves_the_editor_untouched_stores_nothing(site: Site, editor: Any) -> None:
    editor(("title", "title"))
    assert "Nothing was changed" in site.run("article", "edit", "sample-world-ferry").stderr
    assert show(site, "sample-world-ferry")["revision"] == 1


def test_edit_opens_again_with_what_was_refused(site: Site, editor: Any) -> None:
    editor(('"world"', '"wrld"'), ('"wrld"', '"tech"'))
    done = site.run("article", "edit", "sample-world-ferry", stdin="y\n")
    assert "wrld" in done.stderr
    assert show(site, "sample-world-ferry")["sections"] == ["tech"]


def test_edit_can_be_given_up(site: Site, editor: Any) -> None:
    editor(('"world"', '"wrld"'))
    site.run("article", "edit", "sample-world-ferry", stdin="n\n", expect=130)
    assert show(site, "sample-world-ferry")["revision"] == 1


@pytest.mark.parametrize("assignment", ["title", 'tags=["a"', "tags={x}"])
def test_edit_wants_key_and_value(site: Site, assignment: str) -> None:
    site.run("article", "edit", "sample-world-ferry", "--set", assignment, expect=2)


def test_edit_refuses_what_is_wrong(site: Site) -> None:
    failed = site.run("article", "edit", "sample-world-ferry", "--set", "titel=x", expect=1)
    assert "titel" in failed.stderr


def test_edit_tells_readers_what_was_corrected(site: Site) -> None:
    site.run("article", "edit", "sample-world-ferry", "--set", "title=Ferry", "--note", "The name was wrong.")
    done = site.run("article", "edit", "sample-world-ferry", "--note", "So was the date.", "--json")
    assert json.loads(done.stdout)["outcome"] == "changed"
    after = show(site, "sample-world-ferry")
    assert [each["note"] for each in after["corrections"]] == ["The name was wrong.", "So was the date."]
    assert after["corrections"][-1]["at"] == after["updated"]
    shown = site.run("article", "show", "sample-world-ferry").stdout
    assert "corrections: [" in shown
    assert "So was the date." in shown
    refused = site.run("article", "edit", "sample-world-ferry", "--note", "x", "--minor", expect=1).stderr
    assert "a correction is not minor" in refused


# list, show


def test_list_narrows_and_bounds(site: Site) -> None:
    def ids(*options: str) -> list[str]:
        return [each["external_id"] for each in json.loads(site.run("article", "list", "--json", *options).stdout)]

    assert len(ids()) == 11
    assert ids("--limit", "2") == ids()[:2]
    assert set(ids("--section", "宏觀")) == {
        *("sample-macro-logistics", "sample-macro-grain", "sample-finance-bonds", "sample-macro-forecast")
    }
    assert ids("--state", "scheduled") == ["sample-macro-forecast"]
    assert "tech" in site.run("article", "list", "--section", "teck", expect=2).stderr


def test_list_finds_articles_of_a_section_that_is_gone(site: Site) -> None:
    text = site.config.read_text("utf-8")
    start, end = text.index("  culture:"), text.index("  world:")
    site.config.write_text(text[:start] + text[end:], "utf-8")
    listed = json.loads(site.run("article", "list", "--section", "culture", "--json").stdout)
    assert [each["external_id"] for each in listed] == ["sample-culture-bookshop"]


def test_list_is_a_table_that_a_pipe_gets_unfolded(site: Site) -> None:
    lines = site.run("article", "list").stdout.splitlines()
    assert len(lines) == 2 + 11
    assert any("A library that lends <things>: drills, tents & a 1970s telescope" in line for line in lines)


def test_show_is_for_reading(site: Site) -> None:
    shown = site.run("article", "show", "sample-world-ferry").stdout
    assert "title: After 40 years, the island ferry goes electric — and quiet\n" in shown
    assert 'authors: [{"name": "Maren Holt"' in shown
    assert "\n\n<p>NORTH HARBOUR" in shown


def test_show_of_a_draft_without_a_body(site: Site) -> None:
    added = site.run("article", "add", "--title", "t", "--section", "world", "--summary", "s", "--draft")
    shown = site.run("article", "show", added.stdout.strip()).stdout
    assert "published" not in shown
    assert shown.endswith("draft: true\n")


@pytest.mark.parametrize("command", ["show", "edit", "withdraw", "revive", "why"])
def test_an_unknown_article_is_named(site: Site, command: str) -> None:
    failed = site.run("article", command, "没有这篇", expect=1)
    assert "没有这篇" in failed.stderr
    assert failed.stdout == ""


# withdraw, why


def test_withdraw_takes_it_out_and_import_brings_it_back(site: Site, tmp_path: Path) -> None:
    before = show(site, "sample-world-ferry")
    done = site.run("article", "withdraw", "sample-world-ferry")
    assert done.stdout.strip() == before["id"]
    site.run("regenerate", "world")
    assert "sample" not in (site.feeds / "world.json").read_text("utf-8")
    document = (site.feeds / "world.atom").read_text("utf-8")
    assert f"<id>{before['entry_id']}</id>" not in document
    assert f'<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="{before["entry_id"]}"' in document
    assert json.loads(site.run("article", "withdraw", before["id"], "--json").stdout)["outcome"] == "unchanged"
    refused = site.run("article", "edit", before["id"], "--set", "title=x", expect=1).stderr
    assert f"`feedsvc article revive {before['id']}` brings it back" in refused

    file = tmp_path / "again.json"
    file.write_text(json.dumps(before["article"]))
    site.run("import", file)
    after = show(site, before["id"])
    assert (after["state"], after["entry_id"]) == ("live", before["entry_id"])


def test_withdraw_with_a_notice_keeps_its_place(site: Site) -> None:
    before = show(site, "sample-world-ferry")
    site.run("article", "withdraw", before["id"], "--notice", " Not <verified>.", "--as", "notice")
    site.run("regenerate", "--all")
    for name in ("rss", "atom", "json"):
        document = (site.feeds / f"world.{name}").read_text("utf-8")
        assert before["entry_id"] in document
        assert "This article has been withdrawn" in document
        assert before["title"] not in document
    assert json.loads(site.run("verify", "--json").stdout)["errors"] == 0
    stands = json.loads(site.run("article", "why", before["id"], "--json").stdout)["feeds"]
    assert {feed["feed"]: feed["standing"] for feed in stands} == {"world": "notice", "all": "notice"}
    after = show(site, before["id"])
    assert after["withdrawal"] == {"at": after["updated"], "notice": "Not <verified>.", "shown_in": ["world"]}
    assert "Not <verified>." in site.run("article", "show", before["id"]).stdout

    site.run("article", "withdraw", before["id"], "--as", "tombstone", "--notice", "")
    site.run("regenerate", "world")
    assert "withdrawn" not in (site.feeds / "world.rss").read_text("utf-8")
    assert show(site, before["id"])["withdrawal"]["notice"] is None
    site.run("article", "withdraw", before["id"], "--as", "grave", expect=2)


def test_revive_brings_it_back_as_it_was(site: Site) -> None:
    before = show(site, "sample-world-ferry")
    site.run("article", "withdraw", "sample-world-ferry")
    done = site.run("article", "revive", "sample-world-ferry")
    assert done.stdout == f"{before['id']}\n"
    assert f"changed: {before['title']}, live" in done.stderr
    after = show(site, before["id"])
    assert after["article"] == before["article"] | {"updated": after["updated"]}
    assert after["entry_id"] == before["entry_id"]
    assert after["updated"] > before["updated"]
    site.run("regenerate", "world")
    assert before["entry_id"] in (site.feeds / "world.atom").read_text("utf-8")


def test_revive_leaves_a_scheduled_one_scheduled_and_keeps_back_a_draft(site: Site) -> None:
    site.run("article", "withdraw", "sample-macro-forecast")
    site.run("article", "revive", "sample-macro-forecast")
    assert show(site, "sample-macro-forecast")["state"] == "scheduled"
    site.run("article", "withdraw", "sample-world-ferry")
    revived = site.run("article", "revive", "sample-world-ferry", "--draft", "--json")
    assert json.loads(revived.stdout)["state"] == "draft"


def test_revive_is_for_withdrawn_ones(site: Site) -> None:
    refused = site.run("article", "revive", "sample-world-ferry", expect=1)
    assert "the article is live, not withdrawn" in refused.stderr
    assert show(site, "sample-world-ferry")["revision"] == 1


def test_why_names_each_feed_with_its_reason(site: Site) -> None:
    def stands(key: str) -> dict[str, str]:
        feeds = json.loads(site.run("article", "why", key, "--json").stdout)["feeds"]
        assert all(feed["reason"] for feed in feeds)
        return {feed["feed"]: feed["standing"] for feed in feeds}

    assert stands("sample-tech-font") == {"tech": "live", "all": "live"}
    assert stands("sample-macro-forecast") == dict.fromkeys(("macro", "finance", "economy", "all"), "scheduled")
    site.run("article", "edit", "sample-tech-font", "--set", "editor=x")
    assert stands("sample-tech-font") == {"tech": "pending", "all": "pending"}
    table = site.run("article", "why", "sample-tech-font").stdout
    assert "is live" in table.splitlines()[0]
    assert "pending" in table


# a section that was taken out, or got another name


def rename_macro(site: Site, more: str = "") -> None:
    site.change_config("  macro:\n    title: 宏观\n", f"  policy:\n    title: 宏观\n{more}")
    site.change_config("include: [macro, finance]", "include: [policy, finance]")


def add_to_macro(site: Site) -> str:
    added = site.run(
        "article", "add", "--title", "码头", "--section", "macro", "--section", "tech", "--summary", "吊机"
    )
    return added.stdout.strip()


def test_an_article_of_a_section_that_was_taken_out_can_be_corrected(site: Site) -> None:
    key = add_to_macro(site)
    rename_macro(site)
    site.run("article", "edit", key, "--set", "title=新码头")
    assert (show(site, key)["title"], show(site, key)["sections"]) == ("新码头", ["macro", "tech"])
    refused = site.run("article", "edit", key, "--set", 'sections=["macro", "sport"]', expect=1)
    assert "sections[1]" in refused.stderr
    assert "sections[0]" not in refused.stderr


def test_a_section_that_was_taken_out_takes_no_new_article(site: Site) -> None:
    rename_macro(site)
    refused = site.run("article", "add", "--title", "码头", "--section", "macro", "--summary", "吊机", expect=1)
    assert 'no section answers to "macro"' in refused.stderr


def test_move_takes_all_articles_along_unseen(site: Site) -> None:
    key = add_to_macro(site)
    withdrawn = add_to_macro(site)
    site.run("article", "withdraw", withdrawn)
    draft = site.run(
        "article", "add", "--title", "稿", "--section", "macro", "--summary", "一", "--draft"
    ).stdout.strip()
    before = show(site, key)
    count = len(json.loads(site.run("article", "list", "--section", "macro", "--json").stdout))
    rename_macro(site, "    old_urls: [/feeds/macro.rss]\n")
    moved = site.run("article", "move", "macro", "policy")
    assert f"{count - 1} moved from macro to policy." in moved.stderr
    after = show(site, key)
    assert after.pop("sections") == after["article"].pop("sections") == ["policy", "tech"]
    assert after.pop("revision") == before.pop("revision") + 1
    before.pop("sections"), before["article"].pop("sections")
    assert after == before
    assert show(site, draft)["state"] == "draft"
    assert show(site, withdrawn)["sections"] == ["macro", "tech"]
    assert show(site, withdrawn)["state"] == "withdrawn"
    assert "0 moved" in site.run("article", "move", "macro", "policy").stderr
    site.run("regenerate", "--all")
    assert key in site.run("article", "why", key, "--json").stdout
    assert "<title>码头</title>" in (site.feeds / "policy.rss").read_text("utf-8")


def test_move_knows_where_from_and_where_to(site: Site) -> None:
    assert "is macro already" in site.run("article", "move", "macro", "宏观", expect=2).stderr
    assert "'sport'" in site.run("article", "move", "sport", "macro", expect=2).stderr
    assert "'sport'" in site.run("article", "move", "macro", "sport", expect=2).stderr
    assert "economy" in site.run("article", "move", "macro", "economy", expect=2).stderr
