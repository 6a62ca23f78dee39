"""What libyaml reads at once is what ruamel.yaml reads; what only one of them takes is left to ruamel.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from calls import count_calls
from effort import examples
from feedsvc.config import load
from feedsvc.config.tree import Node, parse_tree, read_at_once

LINES = """\
site: {title: "江畔\\u65b0闻", base_url: https://news.example.org, language: zh-Hans, timezone: 'Asia/Shanghai'}
defaults: &usual
  limit: 30
  formats: [rss, atom]
  schedule: {every: 15m}
sections:
  macro:
    <<: *usual
    title: 宏观  # 经济
    description: >-
      政策
      与市场
    schedule:
      cron: 0 6 * * 1-5
  finance:
    title: "金融: 银行"
    aliases:
    - 銀行
    - '金融'
database:
feeds: ./feeds
""".splitlines()

SIGNS = r"""[ ] { } ' " '' \" \ \/ \x41 \u4e2d \U0001F600 \N | > |- >+ &a *a ! !!str % @ ` ~ - ? : , # = << --- null a
key 甲 ， ： 😀 1 0o17 1e3 yes 2024-01-01 http://a.example/?b#c a:b"""
BLANKS = "\n¦\n  ¦\n    ¦\n- ¦\n  - ¦\n---\n¦\n...\n¦\r\n¦\r¦\t¦\x85¦\u2028¦\ufeff¦\x7f¦\x00¦ ¦  ¦\u3000¦\xa0¦\u200b"
OTHERS = ": ¦- ¦? ¦, ¦ # ¦! ¦<<: *a¦x: y¦0 6 * * *"
PIECES = st.sampled_from([*SIGNS.split(), *BLANKS.split("¦"), *OTHERS.split("¦")])
YAML = st.lists(PIECES, max_size=12).map("".join)


def values_of(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: values_of(child) for key, child in node.value.items()}, node.size
    if isinstance(node.value, list):
        return [values_of(child) for child in node.value], node.size
    return repr(node.value), node.written, node.is_plain, node.size


def compare(text: str) -> bool:
    quick = read_at_once(text)
    if quick is None:
        return False
    slow, troubles = parse_tree(text)
    assert (slow, troubles) != (None, [])
    assert troubles == []
    assert slow is not None
    assert values_of(quick) == values_of(slow)
    return True


@examples(2_000)
@given(YAML)
def test_any_text_reads_the_same(text: str) -> None:
    compare(text)


@examples(500)
@given(st.integers(0, len("\n".join(LINES))), st.integers(0, 12), YAML)
def test_a_config_that_is_written_over_reads_the_same(at: int, length: int, piece: str) -> None:
    text = "\n".join(LINES)
    compare(text[:at] + piece + text[at + length :])


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_config_is_read_at_once(line_break: str) -> None:
    assert compare(line_break.join([*LINES, ""]))


def test_without_libyaml_all_is_left_to_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert read_at_once("\n".join(LINES)) is None


def test_a_right_file_costs_no_second_look(tmp_path: Path) -> None:
    """By ruamel.yaml alone a section takes some 1,900 calls."""
    path = tmp_path / "config.yaml"
    sections = "".join(f"  s{number}: {{title: 第{number}栏, limit: 20}}\n" for number in range(200))
    path.write_text(f"site: {{title: 江畔, base_url: 'https://a.example'}}\nsections:\n{sections}")
    calls = count_calls(lambda: load(path, {}))
    assert calls < 200 * 600, calls
