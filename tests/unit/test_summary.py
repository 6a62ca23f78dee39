"""A summary is the beginning of a text, cut where it hurts least: between sentences, words, whole characters."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.feed.compose import SUMMARY_GRAPHEMES
from feedsvc.summary import ELLIPSIS, summarize
from feedsvc.text import plain_text


@pytest.mark.parametrize(
    ("text", "limit", "summary"),
    [
        # whole sentences
        ("短。", 200, "短。"),
        ("今天天气很好。我们去公园。大家都来。", 15, "今天天气很好。我们去公园。"),
        ("行一\n行二", 10, "行一 行二"),
        ("东京很远！真的吗？！他问了一遍又一遍，没有人回答他", 11, "东京很远！真的吗？！"),
        ("他想了很久……然后说了一句谁也没有听清的话", 9, "他想了很久……"),
        ("他说……。然后继续往前走了很远", 6, "他说……。"),
        ("It is done. More follows here", 14, "It is done."),
        ("Is it so? Nobody knew about it at all", 12, "Is it so?"),
        ("你好吗?我很好，谢谢你", 6, "你好吗?"),
        # quotation marks stay together
        ("他说：“好。”然后走了很远很远的路", 9, "他说：“好。”"),
        ("他說：「今天很好。」然後他走了很遠很遠的路才到家", 9, "他說：「今天很好…"),
        ("他說：「『好。』真好。」我們都聽見了那句話的回聲", 13, "他說：「『好。』真好。」"),
        ("书名叫《你好。世界》。后来又有一本《再见。世界》", 16, "书名叫《你好。世界》。"),
        ("他說：「今天很好。明天也會很好，後天呢？」然後他走了", 12, "他說：「今天很好。"),  # better than none
        ('He said "Yes." Then he left for good and never came', 16, 'He said "Yes."'),
        ("说完（他笑了。）于是大家也跟着一起笑起来了", 9, "说完（他笑了。）"),
        # no sentence: whole words, numbers, addresses
        ("一二三四五六七八九十", 5, "一二三四…"),
        ("one two three four", 12, "one two…"),
        ("שלום עולם זה מבחן ארוך", 8, "שלום…"),
        ("किताबें हैं यहाँ", 7, "किताबें हैं…"),
        ("价格为3.5万元的产品", 5, "价格为…"),
        ("今年增长了3.5%，比上月高0.2个百分点", 11, "今年增长了3.5%…"),
        ("Version 3.5 is out", 12, "Version 3.5…"),
        ("他读了一本书，又看了一部电影", 8, "他读了一本书…"),
        ("他回答说：“这是一件非常非常重要的事情", 7, "他回答说…"),
        ("他说——然后继续往前走了很远", 4, "他说…"),
        ("详见 https://www.example.org/a/b.html?x=1 的说明。更多内容请看后文", 26, "详见…"),
        ("https://www.example.org/a/very/long/address.html", 26, "https://www.example.org/a…"),
        ("onlyoneverylongword", 10, "onlyoneve…"),
        ("สวัสดีครับผมชื่อนทีและ", 6, "สวัสดีค…"),
        # a stop that belongs to a word or a number ends no sentence
        ("We met Mr. Smith and Dr. Jones at the gate. Then we left.", 30, "We met Mr. Smith and Dr.…"),
        ("Yes, the U.S. embassy of the town", 14, "Yes, the U.S.…"),
        ("Tea, milk, etc. are served here", 17, "Tea, milk, etc.…"),
        ("结果如下：1. 增长 2. 稳定 3. 下降的趋势明显", 12, "结果如下：1. 增长…"),
        ("It was 2024. Then it was not any more", 14, "It was 2024."),
        ("Version 3.5 is out now. And more will come soon after", 26, "Version 3.5 is out now."),
        ("See http://a.example/?x=1!2 and more of it", 24, "See…"),
        # whole characters
        ("👨‍👩‍👧‍👦" * 9, 4, "👨‍👩‍👧‍👦" * 3 + "…"),
        ("👩🏽‍🚀🏳️‍🌈" * 3, 4, "👩🏽‍🚀🏳️‍🌈👩🏽‍🚀…"),
        ("🇨🇳🇯🇵🇰🇷🇨🇳🇯🇵🇰🇷", 4, "🇨🇳🇯🇵🇰🇷…"),
        ("1️⃣2️⃣3️⃣4️⃣5️⃣", 3, "1️⃣2️⃣…"),
        ("葛󠄀城葛󠄁城葛󠄀城", 4, "葛󠄀城葛󠄁…"),
        ("e\u0301" * 9, 3, "e\u0301e\u0301…"),
        (
            "\u1112\u1161\u11ab\u1100\u116e\u11a8 \u1100\u1161\u1102\u1161\u1103\u1161",
            3,
            "\u1112\u1161\u11ab\u1100\u116e\u11a8…",
        ),
        ("क्षत्रिय नमस्ते दुनिया कैसे हैं आप", 8, "क्षत्रिय नमस्ते…"),
        ("𠮷野家𠮷野家", 5, "𠮷野家𠮷…"),
    ],
)
def test_a_summary_is_cut_where_it_hurts_least(text: str, limit: int, summary: str) -> None:
    assert summarize(text, limit) == summary


def characters(text: str) -> list[str]:
    return [match[0] for match in regex.finditer(r"\X", text)]


PIECES = st.sampled_from(
    [
        *"你好世界。！？，、「」『』“”《》（） .,!?'\"",
        "……",
        "——",
        "👨‍👩‍👧",
        "🇨🇳",
        "é",
        "क्ष",
        "각",
        "葛󠄀",
        "3.5",
        "Mr.",
        "https://a.cn/x?y",
        "word",
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join) | st.text(max_size=80), st.integers(2, 40))
def test_any_summary_is_the_beginning_of_its_text_in_whole_characters(text: str, limit: int) -> None:
    line = " ".join(text.split())

    summary = summarize(text, limit)

    assert len(characters(summary)) <= limit
    whole = characters(line)
    if len(whole) <= limit:
        assert summary == line
    else:
        beginnings = {"".join(whole[:end]) for end in range(limit + 1)}
        assert summary in beginnings or summary.removesuffix(ELLIPSIS) in beginnings


def test_a_long_text_costs_no_more_than_its_beginning() -> None:
    assert summarize("字" * 5_000_000) == "字" * (SUMMARY_GRAPHEMES - 1) + "…"
    assert summarize("e" + "\u0301" * 100_000).endswith("…")


def test_the_reading_of_ruby_and_entities_are_no_part_of_it() -> None:
    text = plain_text("<p><ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp></ruby>字&nbsp;&amp; 标点 &lt;b&gt;。</p>" * 3)

    assert summarize(text, 17) == "漢字 & 标点 <b>。"
