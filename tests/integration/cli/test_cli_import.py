"""`feedsvc import`: files and folders, told article by article."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commands import Site

PAGE = """\
首页 > 宏观 > 正文

港口吞吐量连续三月回升

2026-02-03 09:15:00来源:海河晚报

本报讯，北方某港口的集装箱吞吐量已经连续三个月回升，装卸效率同步提高。

码头工人说，最忙的时候，一小时要吊起一百二十个箱子。（记者 江一白）

编辑：qz001
"""


def article(number: int, **fields: Any) -> dict[str, Any]:
    return {"external_id": f"n/{number}", "title": f"第{number}篇", "sections": ["tech"], "summary": "𠮷"} | fields


def rows(site: Site, *arguments: str | Path, expect: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(site.run("import", "--json", *arguments, expect=expect).stdout)
    return found


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def test_a_page_is_created_then_unchanged(site: Site, inbox: Path) -> None:
    page = inbox / "port.txt"
    page.write_text(PAGE, "utf-8")
    (first,) = rows(site, page)
    assert (first["outcome"], first["title"], first["sections"]) == ("created", "港口吞吐量连续三月回升", ["macro"])
    (second,) = rows(site, page)
    assert (second["outcome"], second["id"]) == ("unchanged", first["id"])
    page.write_text(PAGE.replace("一百二十", "一百三十"), "utf-8")
    (third,) = rows(site, page)
    assert (third["outcome"], third["id"]) == ("updated", first["id"])


def test_the_length_of_a_file_beside_is_found_out(site: Site, inbox: Path) -> None:
    (inbox / "音频").mkdir()
    (inbox / "音频" / "一.mp3").write_bytes(b"x" * 4321)
    (inbox.parent / "outside.mp3").write_bytes(b"secret")
    files = [{"url": url} for url in ("音频/一.mp3", "../outside.mp3", "missing.mp3", "音频.mp3")]
    (inbox / "episode.json").write_text(json.dumps(article(1, enclosures=files)))
    (row,) = rows(site, inbox / "episode.json")
    assert [note["message"] for note in row["notes"] if note["place"] == "enclosures[0].length"] == [
        "is not given: 4321, as the file at 音频/一.mp3 has"
    ]
    shown = json.loads(site.run("article", "show", "n/1", "--json").stdout)
    assert [file["length"] for file in shown["article"]["enclosures"]] == [4321, 0, 0, 0]


def test_folders_are_walked_in_order_and_nothing_is_left_out_in_silence(site: Site, inbox: Path) -> None:
    (inbox / "b").mkdir()
    (inbox / ".hidden").mkdir()
    (inbox / ".hidden" / "x.json").write_text(json.dumps(article(9)))
    (inbox / "b" / "2.jsonl").write_text("\n".join(json.dumps(article(number)) for number in (2, 3)))
    (inbox / "a.json").write_text(json.dumps([article(0), article(1)]))
    (inbox / "photo.png").write_bytes(b"")
    found = rows(site, inbox)
    assert [(row["outcome"], row["external_id"]) for row in found] == [
        *(("created", f"n/{number}") for number in range(4)),
        ("skipped", None),
    ]
    assert [row["place"] for row in found] == ["[0]", "[1]", "line 1", "line 2", ""]
    assert "photo.png" in site.run("import", inbox).stderr


def test_one_refusal_stops_no_other_and_is_exit_code_1(site: Site, inbox: Path) -> None:
    file = inbox / "some.json"
    file.write_text(json.dumps([article(1), article(2, titel="x"), article(3, sections=["teck"]), article(4)]))
    found = rows(site, file, expect=1)
    by_place = {row["place"]: row for row in found}
    assert [by_place[f"[{index}]"]["outcome"] for index in range(4)] == ["created", "refused", "refused", "created"]
    assert [problem["field"] for problem in by_place["[1]"]["problems"]] == ["titel"]
    assert "tech" in by_place["[2]"]["problems"][0]["reason"]
    said = site.run("import", file, expect=1)
    assert f"{file}:\n  refused: [1]: titel: there is no such field" in said.stderr
    assert said.stderr.count("some.json") == 1
    assert "2 unchanged, 2 refused." in said.stderr


def test_a_file_that_is_not_understood_is_refused_when_named(site: Site, inbox: Path) -> None:
    odd = inbox / "photo.png"
    odd.write_bytes(b"\x89PNG")
    (row,) = rows(site, odd, expect=1)
    assert row["outcome"] == "refused"
    assert ".json" in row["problems"][0]["reason"]


def test_a_file_that_can_not_be_read_is_refused(site: Site, inbox: Path) -> None:
    (inbox / "loop.json").symlink_to(inbox / "gone.json")
    (inbox / "good.json").write_text(json.dumps(article(1)))
    assert [row["outcome"] for row in rows(site, inbox, expect=1)] == ["created", "refused"]


def test_dry_run_stores_nothing(site: Site, inbox: Path) -> None:
    file = inbox / "a.json"
    file.write_text(json.dumps([article(1), article(2, title="")]))
    assert [row["outcome"] for row in rows(site, file, "--dry-run", expect=1)] == ["created", "refused"]
    site.run("article", "show", "n/1", expect=1)


def test_dry_run_says_what_would_be_done(site: Site, inbox: Path) -> None:
    file = inbox / "a.json"
    file.write_text(json.dumps([article(1), article(2)]))
    stored = rows(site, file)
    file.write_text(json.dumps([article(1), article(2, title="二"), article(3), article(2, draft=True)]))
    rehearsed = rows(site, file, "--dry-run", expect=1)
    assert [row["outcome"] for row in rehearsed] == ["unchanged", "updated", "created", "refused"]
    assert [row["id"] for row in rehearsed] == [*(row["id"] for row in stored), None, None]
    assert json.loads(site.run("article", "show", "n/2", "--json").stdout)["title"] == "第2篇"
    told = site.run("import", "--dry-run", file, expect=1).stderr
    assert told.endswith("Nothing was stored; it would be: 1 unchanged, 1 updated, 1 created, 1 refused.\n")


def test_articles_without_an_id_are_never_doubled(site: Site, inbox: Path) -> None:
    good = {"title": "好文章", "sections": ["macro"], "summary": "好"}
    (inbox / "a.json").write_text(json.dumps([good]))
    (first,) = rows(site, inbox)
    assert first["external_id"].startswith("import:")
    (inbox / "a.json").write_text(json.dumps([good | {"summary": "更好"}]))
    (second,) = rows(site, inbox)
    assert (first["outcome"], second["outcome"], second["id"]) == ("created", "updated", first["id"])


def test_two_that_nothing_tells_apart_are_not_made_one_in_silence(site: Site, inbox: Path) -> None:
    good = {"title": "好文章", "sections": ["macro"], "summary": "好"}
    (inbox / "a.json").write_text(json.dumps([good, good | {"external_id": "n/1"}]))
    (inbox / "b.jsonl").write_text(json.dumps(good | {"summary": "更好"}))
    found = rows(site, inbox, expect=1)
    assert [row["outcome"] for row in found] == ["created", "created", "refused"]
    (problem,) = found[2]["problems"]
    assert problem["field"] == "external_id"
    assert f"{inbox / 'a.json'}: [0]: give each an external_id" in problem["reason"]


def test_a_file_that_is_named_twice_is_read_once(site: Site, inbox: Path) -> None:
    (inbox / "a.json").write_text(json.dumps({"title": "好文章", "sections": ["macro"], "summary": "好"}))
    assert [row["outcome"] for row in rows(site, inbox, inbox / "a.json")] == ["created"]


def test_notes_tell_how_grave_they_are_and_stay_in_the_json(site: Site, inbox: Path) -> None:
    (inbox / "a.json").write_text(json.dumps(article(1, title=" 一 ", content_html="<p>二</p><script>x</script>")))
    said = site.run("import", inbox).stderr
    assert "\n  note: title: white space" in said
    assert "\n  warning: content_html: unsafe parts" in said
    assert site.run("import", "--json", inbox).stderr == "1 unchanged.\n"


@pytest.mark.parametrize(("name", "text"), [("a.json", "[]"), ("a.jsonl", "\n")])
def test_a_file_that_holds_nothing_is_named(site: Site, inbox: Path, name: str, text: str) -> None:
    (inbox / name).write_text(text)
    assert site.run("import", inbox).stderr == f"{inbox / name}:\n  warning: holds no article\n1 empty.\n"


def test_section_stands_for_all(site: Site, inbox: Path) -> None:
    (inbox / "a.json").write_text(json.dumps(article(1, sections=["nowhere"])))
    (inbox / "b.txt").write_text(PAGE.replace("宏观", "无此栏目"), "utf-8")
    assert {tuple(row["sections"]) for row in rows(site, inbox, "--section", "文化")} == {("culture",)}
    assert "culture" in site.run("import", inbox, "--section", "cultur", expect=2).stderr


def test_a_combination_takes_no_articles_and_says_which_sections_do(site: Site, inbox: Path) -> None:
    file = inbox / "a.json"
    file.write_text(json.dumps([article(1, sections=["economy"]), article(2, sections=["all"])]))
    economy, everything = (row["problems"][0]["reason"] for row in rows(site, file, expect=1))
    assert economy == "economy is a combination of macro and finance: name one of them"
    assert everything.startswith("all is the feed of everything: name the section")
    assert "economy is a combination" in site.run("import", file, "--section", "economy", expect=2).stderr


def test_a_time_without_zone_is_read_in_the_sites_with_a_warning(site: Site, inbox: Path) -> None:
    file = inbox / "a.json"
    file.write_text(json.dumps(article(1, published="2026-03-01T08:00:00")))
    (row,) = rows(site, file)
    assert any(note["place"] == "published" for note in row["notes"])
    shown = json.loads(site.run("article", "show", row["id"], "--json").stdout)
    assert shown["published"] == "2026-03-01T00:00:00Z"


def test_people_get_a_table_and_a_sum(site: Site, inbox: Path) -> None:
    (inbox / "a.json").write_text(json.dumps(article(1)))
    done = site.run("import", inbox)
    assert "第1篇" in done.stdout
    assert done.stderr == "1 created.\n"
    empty = inbox / "empty"
    empty.mkdir()
    told = f"{empty}: there is nothing in it to import\nNothing was found to import.\n"
    assert site.run("import", empty).stderr == told


def test_a_path_that_is_not_there_is_wrong_use(site: Site, inbox: Path) -> None:
    site.run("import", inbox / "nothing", expect=2)


OLD_FEEDS = Path(__file__).parents[2] / "oldfeeds"


def test_an_older_feed_keeps_its_ids_and_comes_in_once(site: Site) -> None:
    feed = OLD_FEEDS / "wordpress.rss"
    first = rows(site, "--section", "macro", feed)
    assert [row["outcome"] for row in first] == ["created", "created"]
    assert [row["external_id"] for row in first] == ["https://old.example/?p=98&lang=zh", "https://old.example/?p=123"]
    assert [row["outcome"] for row in rows(site, "--section", "macro", feed)] == ["unchanged", "unchanged"]
    shown = json.loads(site.run("article", "show", "https://old.example/?p=123", "--json").stdout)
    assert shown["entry_id"] == "https://old.example/?p=123"


def test_a_feed_is_known_by_its_bytes(site: Site, inbox: Path) -> None:
    (inbox / "feed?paged=2").write_bytes((OLD_FEEDS / "letter.atom").read_bytes())
    assert [row["outcome"] for row in rows(site, "--section", "macro", inbox / "feed?paged=2")] == ["created"] * 2


def test_feeds_in_a_folder_are_read(site: Site) -> None:
    found = rows(site, "--dry-run", "--section", "macro", OLD_FEEDS)
    assert {Path(row["path"]).name for row in found if row["outcome"] == "created"} == {
        "feed.json",
        "hugo.xml",
        "letter.atom",
        "wordpress.rss",
    }


def test_a_zone_that_is_asked_for_is_given_by_an_option(site: Site, inbox: Path) -> None:
    old = inbox / "old.xml"
    old.write_text(
        '<rss version="2.0"><channel><item><guid>1</guid><title>題</title><description>文</description>'
        "<pubDate>Sun, 01 Mar 2026 09:00:00 IST</pubDate></item></channel></rss>"
    )
    (refused,) = rows(site, "--section", "macro", old, expect=1)
    assert "--timezone" in refused["problems"][0]["reason"]
    (created,) = rows(site, "--section", "macro", "--timezone", "Asia/Kolkata", old)
    assert created["outcome"] == "created"
    shown = json.loads(site.run("article", "show", "1", "--json").stdout)
    assert shown["article"]["published"] == "2026-03-01T03:30:00Z"
    wrong = site.run("import", "--timezone", "Asia/Beijing", old, expect=2)
    assert "'Asia/Beijing' is no time zone" in wrong.stderr


def write_lines(inbox: Path, articles: list[dict[str, Any]]) -> Path:
    lines = inbox / "many.jsonl"
    lines.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in articles), "utf-8")
    return lines


def test_a_conflict_among_many_stops_no_other(site: Site, inbox: Path) -> None:
    rows(site, write_lines(inbox, [article(1, entry_id="tag:a")]))
    many = [article(number) for number in range(2, 5)] + [article(1, entry_id="tag:b"), article(5)]
    found = rows(site, write_lines(inbox, many), expect=1)
    assert [(row["external_id"], row["outcome"]) for row in found] == [
        ("n/2", "created"),
        ("n/3", "created"),
        ("n/4", "created"),
        ("n/1", "refused"),
        ("n/5", "created"),
    ]
    assert found[3]["problems"][0]["field"] == "entry_id"
    assert [row["outcome"] for row in rows(site, inbox / "many.jsonl", expect=1)].count("unchanged") == 4


def test_the_same_id_twice_in_one_file_is_created_and_updated(site: Site, inbox: Path) -> None:
    found = rows(site, write_lines(inbox, [article(1), article(2), article(1, title="改过")]))
    assert [row["outcome"] for row in found] == ["created", "created", "updated"]
    assert found[0]["id"] == found[2]["id"]


def test_very_many_are_summed_up_and_not_listed(site: Site, inbox: Path) -> None:
    result = site.run("import", write_lines(inbox, [article(number) for number in range(1_001)]))
    assert "more than 1,000 articles" in result.stderr
    assert "1001 created" in result.stderr
    assert result.stdout == ""
