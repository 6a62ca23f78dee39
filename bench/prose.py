"""News articles as sites have them, Chinese and English: the one corpus of all that is measured here.

Kinds, by share of articles:

wire        55 %  short plain paragraphs, as a Chinese CMS delivers them: each wrapped in a span, a strong lead
feature     32 %  headings, links, strong and em, a quotation, a figure with its caption, a list, a line break
market       8 %  two paragraphs and a table of quotations
annotated    5 %  paragraphs with names in ruby, and a closing note

Four of five are Chinese. Words are drawn as they are in a language, few often and many seldom (Zipf), and each article
has some of its own that keep coming back. Random characters would hardly compress, and the same sentences again and
again would to nearly nothing. The same seed gives the same articles in every process. The bodies are canonical: ingest
changes nothing in them.

Measured by `python bench/prose.py` over 5,000 articles: 3,994 bytes of HTML and 42.1 elements on average;
an RSS document of 50 has 263,276 bytes, which gzip -6 takes to 89,430, 2.94 : 1
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from html import escape
from itertools import accumulate
from pydoc_data.topics import topics  # English prose that every Python has
from typing import Any, Literal

from pypinyin import lazy_pinyin
from pypinyin.phrases_dict import phrases_dict  # Chinese words, some 47,000

from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.ingest import accept
from feedsvc.model import Article, ArticleInput, Author, Holdings, Section, SectionState, Site, State

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE = Site(title="江畔新闻", base_url="https://news.example.org", language="zh-Hans", timezone="Asia/Shanghai")
SECTION = Section(slug="macro", title="宏观", description="宏观经济", language="zh-Hans")
STATE = SectionState(slug="macro", feed_id="urn:uuid:0", created=NOON, generation=1, urgent_generation=0)

Tongue = Literal["zh", "en"]

_AUTHORS = ("林一舟", "周文渡", "陆遥", "Ada Merrin", "王小满", "何青禾", "Jon Hale")
_CHINESE_SHARE = 0.8
_OWN_SHARE = 0.3
"""How many of its words an article has for itself."""

_RARE = 12_000
_NUMBER_SHARE = 0.03
_PARTICLES = (
    "的 了 在 是 和 有 这 也 不 对 与 从 上 中 为 以 到 将 说 年 月 日 亿元 表示 认为 目前 其中 记者 一个 没有".split()
)
_NEWS = """
市场 企业 增长 价格 工厂 投资 政策 项目 合作 订单 出口 进口 贸易 关税 口岸 码头 运费 物流 工人 就业 工资 银行 贷款 利率
股市 基金 营收 利润 成本 同比 环比 季度 需求 供给 消费者 汽车 新能源 电池 芯片 算法 数据 平台 网络 医院 医保 学校 学生
租金 土地 桥梁 隧道 高铁 机场 旅客 农户 粮食 大豆 小麦 水库 洪水 降雨 台风 预警 救援 专家 研究 警方 法院 判决 律师 监管
规划 方案 会议 代表 预算 财政 居民 社区 街道 城市 乡村 公园 博物馆 图书馆 电影 票房 比赛 冠军 介绍 指出 预计 推进
提高 房价
""".split()


@dataclass(frozen=True)
class Language:
    """Words, the likelier the earlier they stand, and how they are put together."""

    words: Sequence[str]
    weights: Sequence[float]
    space: str
    comma: str
    stop: str

    def draw(self, own: Sequence[str], chance: random.Random, words: int) -> list[str]:
        """So many words; some are the article's own, some numbers."""
        drawn = chance.choices(self.words, cum_weights=self.weights, k=words)
        for place in range(words):
            at = chance.random()
            if own and at < _OWN_SHARE:
                drawn[place] = chance.choice(own)
            elif at > 1 - _NUMBER_SHARE:
                drawn[place] = chance.choice((f"{chance.uniform(0, 60):.1f}%", f"{chance.randint(1, 999)}"))
        return drawn

    def sentence(self, own: Sequence[str], chance: random.Random) -> str:
        """One to three clauses."""
        clauses = [self.space.join(self.draw(own, chance, chance.randint(5, 12))) for _ in range(chance.randint(1, 3))]
        text = self.comma.join(clauses)
        return text[:1].upper() + text[1:] + self.stop


@cache
def chinese() -> Language:
    """Some of the news' own words and twelve thousand others."""
    others = [word for word in phrases_dict if re.fullmatch("[\u4e00-\u9fff]{2,3}", word)]
    random.Random(17).shuffle(others)
    return _language([*_PARTICLES, *_NEWS, *others[:_RARE]], "", "，", "。")


@cache
def english() -> Language:
    """The words of Python's own manual, by how often they stand there."""
    counts = Counter(re.findall("[a-z]{2,12}", " ".join(topics.values())))
    return _language([word for word, _ in counts.most_common()], " ", ", ", ". ")


def _language(words: Sequence[str], space: str, comma: str, stop: str) -> Language:
    return Language(words, list(accumulate((rank + 3) ** -1.35 for rank in range(len(words)))), space, comma, stop)


class Writer:
    """Writes one article. `own` are the words that it is about."""

    def __init__(self, chance: random.Random, tongue: Tongue) -> None:
        self.chance = chance
        self.language = chinese() if tongue == "zh" else english()
        self.own = chance.choices(self.language.words, k=12)

    def text(self, fewest: int, most: int) -> str:
        """So many sentences, ready to stand in HTML."""
        number = self.chance.randint(fewest, most)
        return escape("".join(self.language.sentence(self.own, self.chance) for _ in range(number)).strip())

    def words(self, number: int) -> str:
        return escape(self.language.space.join(self.language.draw(self.own, self.chance, number)))

    def name(self) -> str:
        return escape(self.chance.choice(self.own))

    def link(self) -> str:
        return f'<a href="https://news.example.org/a/{self.chance.randrange(32**8):08x}">{self.words(2)}</a>'

    def figure(self) -> str:
        address = f"https://img.example.org/2026/03/{self.chance.randrange(16**12):012x}.jpg"
        caption = f"<figcaption>{self.words(6)}</figcaption>"
        return f'<figure><img src="{address}" alt="{self.name()}" width="1080" height="720">{caption}</figure>'

    def wire(self) -> str:
        lead = f"<p><span><strong>{self.words(3)}</strong>{self.text(1, 2)}</span></p>"
        rest = [f"<p><span>{self.text(1, 3)}</span></p>" for _ in range(self.chance.randint(13, 21))]
        picture = f'<p><img src="https://img.example.org/{self.chance.randrange(16**12):012x}.jpg" alt=""></p>'
        return "".join((lead, picture, *rest))

    def feature(self) -> str:
        blocks = [self.figure(), f"<p>{self.text(3, 6)}</p>"]
        for _ in range(self.chance.randint(3, 4)):
            blocks.append(f"<h2>{self.words(5)}</h2>")
            blocks.append(f"<p>{self.text(2, 4)}<strong>{self.words(3)}</strong>{self.text(2, 3)}</p>")
            blocks.append(f"<p>{self.text(1, 1)}{self.link()}{self.text(1, 2)}<br>{self.text(1, 2)}</p>")
        items = "".join(f"<li>{self.words(5)}<em>{self.words(2)}</em></li>" for _ in range(self.chance.randint(3, 6)))
        blocks.insert(3, f"<blockquote><p>{self.text(1, 2)}</p></blockquote>")
        return "".join((*blocks, f"<ul>{items}</ul>", f"<p>{self.link()} {self.link()}</p>"))

    def market(self) -> str:
        head = "".join(f"<th>{self.words(1)}</th>" for _ in range(5))
        rows = "".join(f"<tr>{self.row()}</tr>" for _ in range(self.chance.randint(8, 14)))
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return f"<p>{self.text(4, 7)}</p>{table}<p>{self.text(6, 10)}</p>"

    def row(self) -> str:
        price, change = self.chance.uniform(2, 400), self.chance.uniform(-6, 6)
        cells = (self.words(1), f"{self.chance.randrange(10**6):06d}", f"{price:.2f}", f"{change:+.2f}%")
        return "".join(f"<td>{cell}</td>" for cell in (*cells, f"{price * self.chance.randint(100, 9_999):,.0f}"))

    def annotated(self) -> str:
        blocks = [f"<p>{self.text(2, 2)}{self.ruby()}{self.text(2, 3)}</p>" for _ in range(self.chance.randint(6, 9))]
        return "".join((*blocks, f"<p><small>{self.words(8)}</small></p>"))

    def ruby(self) -> str:
        """A name with its pronunciation; English has no use for it, and gets an abbreviation."""
        name = self.chance.choice(self.own)
        if self.language.space:
            return f'<abbr title="{self.words(3)}">{escape(name[:3].upper())}</abbr> '
        said = zip(name, lazy_pinyin(name), strict=False)
        return f"<ruby>{''.join(f'{sign}<rt>{sound}</rt>' for sign, sound in said)}</ruby>"


_KINDS = {Writer.wire: 55, Writer.feature: 32, Writer.market: 8, Writer.annotated: 5}


def write_chinese(chance: random.Random, words: int) -> str:
    """So many words, and no mark between them."""
    return "".join(chinese().draw((), chance, words))


def write_body(chance: random.Random, tongue: Tongue | None = None) -> str:
    """An article's HTML."""
    return _write(_writer(chance, tongue))


def write_fields(number: int, chance: random.Random, tongue: Tongue | None = None) -> dict[str, Any]:
    """An article as a CMS sends it to the API, in the section macro; its number is in its title and external id."""
    writer = _writer(chance, tongue)
    return {
        "external_id": f"a{number}",
        "title": f"{writer.language.sentence(writer.own, chance)[:40].strip()}（{number}）",
        "summary": "".join(writer.language.sentence(writer.own, chance) for _ in range(2)).strip(),
        "content_html": _write(writer),
        "sections": ["macro"],
        "authors": [{"name": chance.choice(_AUTHORS)}],
        "tags": list(dict.fromkeys(writer.own[:3])),
    }


def make_input(
    number: int, chance: random.Random, tongue: Tongue | None = None, *, fields: dict[str, Any] | None = None
) -> ArticleInput:
    """The same as a value; it is what ingest would make of it."""
    said = fields or write_fields(number, chance, tongue)
    authors = tuple(Author(**each) for each in said["authors"])
    return ArticleInput(**said | {"sections": tuple(said["sections"]), "authors": authors, "tags": tuple(said["tags"])})


def make_article(number: int, chance: random.Random, tongue: Tongue | None = None) -> Article:
    """The same as it would be stored, published seven minutes before the one whose number is one less."""
    given = make_input(number, chance, tongue)
    published = NOON - timedelta(minutes=7 * number, seconds=chance.randrange(60))
    return Article(
        seq=number,
        id=f"{chance.randrange(32**8):012x}",
        entry_id=f"urn:uuid:{chance.randrange(16**8):08x}-0000-4000-8000-{chance.randrange(16**12):012x}",
        state=State.LIVE,
        published=published,
        updated=published,
        created=published,
        title=given.title,
        summary=given.summary,
        content_html=given.content_html,
        sections=given.sections,
        authors=given.authors,
        tags=given.tags,
    )


class Stock:
    """So many articles, of which more are made by giving them other numbers: what a text says costs nothing twice."""

    def __init__(self, seed: int, articles: int) -> None:
        chance = random.Random(seed)
        self._inputs = [make_input(number, chance) for number in range(articles)]

    def make(self, number: int, section: str) -> ArticleInput:
        """The article of this number, in this section."""
        given = self._inputs[number % len(self._inputs)]
        title = f"{given.title.rpartition('（')[0]}（{number}）"
        return replace(given, external_id=f"a{number}", title=title, sections=(section,))


def _writer(chance: random.Random, tongue: Tongue | None) -> Writer:
    return Writer(chance, tongue or ("zh" if chance.random() < _CHINESE_SHARE else "en"))


def _write(writer: Writer) -> str:
    kind = writer.chance.choices(list(_KINDS), list(_KINDS.values()))[0]
    return kind(writer)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the corpus.")
    parser.add_argument("--articles", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=17)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    bodies = []
    for number in range(options.articles):
        fields = write_fields(number, chance)
        taken = accept(fields, resolve_section=str, base_url=SITE.base_url)
        assert taken.article == make_input(number, chance, fields=fields), "ingest changes something"
        bodies.append(fields["content_html"])
    chance = random.Random(options.seed)
    documents = [make_document(chance, 50) for _ in range(options.articles // 50)]
    packed = [len(zlib.compress(each, 6)) for each in documents]
    print(
        f"{statistics.mean(len(each.encode()) for each in bodies):,.0f} bytes of HTML and "
        f"{statistics.mean(len(re.findall('<[a-z]', each)) for each in bodies):.1f} elements on average;\n"
        f"an RSS document of 50 has {statistics.mean(map(len, documents)):,.0f} bytes, which gzip -6 takes to "
        f"{statistics.mean(packed):,.0f}, {sum(map(len, documents)) / sum(packed):.2f} : 1"
    )


def make_document(chance: random.Random, entries: int) -> bytes:
    """The RSS of so many articles."""
    articles = tuple(make_article(number, chance) for number in range(entries))
    return FORMATS["rss"].render(compose(SITE, SECTION, STATE, Holdings(articles=articles), {"macro": SECTION}))


if __name__ == "__main__":
    main()
