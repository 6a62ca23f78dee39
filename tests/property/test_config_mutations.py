"""Whatever single thing is broken in a right config.yaml: the error points at the line where it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from feedsvc.config import load
from feedsvc.errors import ConfigError

# One key a line, in block style: the mutations below work on lines.
LINES = """\
site:
  title: 江畔新闻
  base_url: https://news.example.org
  language: zh-Hans
  timezone: Asia/Shanghai
  author:
    name: 编辑部
    email: desk@example.org
    url: https://news.example.org/about
  copyright: © 2026
  image:
    url: /logo.png
    type: image/png
    width: 144
    height: 144
    alt: 标志
defaults:
  limit: 30
  content: full
  formats: [rss, atom]
  schedule:
    every: 15m
  on_change: true
  max_age: 1m
  language: zh-Hant
all:
  title: 全部
  description: 所有栏目
  limit: 100
  categories: [新闻]
sections:
  macro:
    title: 宏观
    description: 政策
    language: en
    limit: 50
    content: summary
    formats: [json]
    categories: [经济]
    image: https://img.example.org/m.png
    aliases: [宏觀]
    schedule:
      cron: 0 6 * * 1-5
    on_change: false
    max_age: 5m
  finance:
    title: 金融
  economy:
    title: 经济
    include: [macro, finance]
database: sqlite:///feedsvc.db
feeds: ./feeds
server:
  host: 127.0.0.1
  port: 8000
  workers: 2
""".splitlines()
KEYED = range(len(LINES))
SLUGS = ("macro", "finance", "economy")
REQUIRED: Mapping[str, str] = {"title": "site", "base_url": "site", "name": "author", "url": "image"}


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def block_of(at: int) -> range:
    """The lines that belong to the key at this line."""
    end = at + 1
    while end < len(LINES) and indent(LINES[end]) > indent(LINES[at]):
        end += 1
    return range(at, end)


def parent_of(at: int) -> int:
    return next((line for line in range(at, -1, -1) if indent(LINES[line]) < indent(LINES[at])), 0)


def lines_of_errors(lines: list[str]) -> set[int]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text("\n".join(lines) + "\n")
        try:
            load(path, {})
        except ConfigError as error:
            return {problem.line - 1 for problem in error.problems}
    return set()


def test_the_original_is_right() -> None:
    assert lines_of_errors(LINES) == set()


@given(at=st.sampled_from([at for at in KEYED if LINES[at].split(":")[0].strip() not in SLUGS]), data=st.data())
def test_a_misspelt_key_is_found_at_its_line(at: int, data: st.DataObject) -> None:
    key = LINES[at].split(":")[0].strip()
    place = data.draw(st.integers(0, len(key)))
    letter = data.draw(st.sampled_from("qzx宏😀"))
    wrong = key[:place] + letter + key[place:]
    lines = [*LINES[:at], LINES[at].replace(key, wrong, 1), *LINES[at + 1 :]]
    assert at in lines_of_errors(lines)


@given(at=st.sampled_from([at for at in KEYED if not LINES[at].endswith(":")]), data=st.data())
def test_a_wrong_type_is_found_at_its_line(at: int, data: st.DataObject) -> None:
    is_number = LINES[at].split(": ")[-1].isdigit()
    is_list = LINES[at].endswith("]")
    wrong = ["{a: b}", "", "null", "[[]]", "!!str x", "${FEEDSVC_UNSET}", "*a", ".inf"]
    wrong += ["x y"] if is_number or is_list else ["{}", "[x]"]
    value = data.draw(st.sampled_from(wrong))
    lines = [*LINES[:at], f"{LINES[at].split(':')[0]}: {value}", *LINES[at + 1 :]]
    assert at in lines_of_errors(lines)


@given(
    at=st.sampled_from([at for at in KEYED if LINES[at].endswith(":")]), value=st.sampled_from(["1", "[]", "", "true"])
)
def test_a_mapping_replaced_is_found_at_its_line(at: int, value: str) -> None:
    block = block_of(at)
    lines = [*LINES[:at], f"{LINES[at]} {value}", *LINES[block.stop :]]
    assert at in lines_of_errors(lines)


@given(at=st.sampled_from(KEYED))
def test_a_key_taken_out_is_missed_at_its_parent_or_not_at_all(at: int) -> None:
    key = LINES[at].split(":")[0].strip()
    parent = parent_of(at)
    parent_key = LINES[parent].split(":")[0].strip()
    block = block_of(at)
    found = lines_of_errors([*LINES[:at], *LINES[block.stop :]])
    is_required = (
        REQUIRED.get(key) == parent_key
        or (key == "title" and parent_key in SLUGS)
        or (indent(LINES[at]) == 0 and key in {"site", "sections"})
        or key in {"every", "cron"}
    )
    if is_required and indent(LINES[at]) > 0:
        assert parent in found
    elif is_required:
        assert found == {0}
    elif key in SLUGS:
        assert len(found) == (key != "economy")  # the combination misses its member
    else:
        assert found == set()


@given(at=st.sampled_from(KEYED))
def test_a_key_that_stands_twice_is_found_at_the_second(at: int) -> None:
    block = block_of(at)
    again = [LINES[line] for line in block]
    assert block.stop in lines_of_errors([*LINES[: block.stop], *again, *LINES[block.stop :]])


@given(
    text=st.text(alphabet=st.sampled_from("\t\n :-?[]{},&*!|>'\"%@#$\\\x00\x85\u2028\ufeff😀宏x1"), max_size=6),
    at=st.integers(0, 1_000),
)
def test_nothing_but_a_config_error_ever_comes_out(text: str, at: int) -> None:
    whole = "\n".join(LINES)
    broken = f"{whole[:at]}{text}{whole[at:]}".split("\n")
    assert all(0 <= line <= len(broken) for line in lines_of_errors(broken))
