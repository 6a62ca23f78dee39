"""What compressing a publication costs and saves: every library and level, in one run, interleaved.

The feeds hold articles of prose (Chinese, English, both in turn), rendered by feedsvc in its three formats. Their words
are drawn as they are in a language, few often and many seldom (Zipf), and each article has some that keep coming back:
sentences out of a small stock would repeat, and compress twice as well as news does.

Prints for each coder the bytes and the CPU milliseconds (medians) of the three documents of one publication together;
in the last line what feedsvc spends by default, on both codings, with what it packed unpacked and compared.
Milliseconds are this machine's; bytes are the same wherever the library is. isal and brotli come with feedsvc;
`pip install zlib-ng` beside it shows that one, too.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import platform
import random
import re
import statistics
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from importlib import import_module
from itertools import accumulate
from pydoc_data.topics import topics  # English prose that every Python has
from typing import Any

import brotli
from isal import isal_zlib
from pypinyin.phrases_dict import phrases_dict  # Chinese words, some 47,000

from feedsvc.config.settings import Compression
from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Article, Author, Holdings, Section, SectionState, Site, State
from feedsvc.output import make_twins

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE = Site(title="江畔新闻", base_url="https://news.example.org", language="zh-Hans", timezone="Asia/Shanghai")
SECTION = Section(slug="macro", title="宏观", description="宏观经济", language="zh-Hans")
STATE = SectionState(slug="macro", feed_id="urn:uuid:0", created=NOON, generation=1, urgent_generation=0)
AUTHORS = ("林一舟", "周文渡", "陆遥", "Ada Merrin", "王小满")
PARTICLES = (
    "的 了 在 是 和 有 这 也 不 对 与 从 上 中 为 以 到 将 说 年 月 日 亿元 表示 认为 目前 其中 记者 一个 没有".split()
)
GZIP = 31
OWN_SHARE = 0.15
"""How many of its words an article has for itself."""

SLOW_MILLISECONDS = 200.0

Coder = Callable[[bytes], bytes]


class Language:
    """Words, the likelier the earlier they stand, and how they are put together."""

    def __init__(self, words: Sequence[str], space: str, comma: str, stop: str) -> None:
        self.words = words
        self.weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
        self.space, self.comma, self.stop = space, comma, stop

    def sentence(self, own: Sequence[str], chance: random.Random) -> str:
        parts = []
        for _ in range(chance.randint(1, 3)):
            words = chance.choices(self.words, cum_weights=self.weights, k=chance.randint(4, 11))
            words = [chance.choice(own) if chance.random() < OWN_SHARE else word for word in words]
            parts.append(self.space.join(words))
        return self.comma.join(parts) + self.stop


def chinese(chance: random.Random) -> Language:
    words = [word for word in phrases_dict if re.fullmatch("[\u4e00-\u9fff]{2,3}", word)]
    chance.shuffle(words)
    return Language([*PARTICLES, *words[:12_000]], "", "，", "。")


def english() -> Language:
    counts = Counter(re.findall("[a-z]{2,12}", " ".join(topics.values())))
    return Language([word for word, _ in counts.most_common()], " ", ", ", ". ")


def make_article(number: int, languages: Sequence[Language], chance: random.Random) -> Article:
    """An article of about 4 KB of HTML: paragraphs, a heading, a picture, links and quotations here and there."""
    language = languages[number % len(languages)]
    own = chance.choices(language.words, k=12)
    link = '<a href="https://news.example.org/a/{}">{}</a>'
    blocks: list[str] = []
    length_bytes = 0
    while length_bytes < chance.randint(2_500, 5_500):
        text = escape("".join(language.sentence(own, chance) for _ in range(chance.randint(2, 6))))
        more = link.format(chance.randrange(10**9), escape(chance.choice(own)))
        quoted = f"<blockquote><p>{text}</p></blockquote>"
        blocks.append(chance.choice((f"<p>{text}</p>", f"<p>{text}</p>", f"<p>{text}{more}</p>", quoted)))
        length_bytes += len(blocks[-1].encode())
    picture = f"https://img.example.org/2026/03/{chance.randrange(16**12):012x}.jpg"
    blocks.insert(1, f'<figure><img src="{picture}" alt="{escape(own[0])}" width="1200" height="800"></figure>')
    blocks.insert(2, f"<h2>{escape(language.sentence(own, chance))}</h2>")
    published = NOON - timedelta(minutes=7 * number, seconds=chance.randrange(60))
    return Article(
        seq=number,
        id=f"{chance.randrange(32**8):012x}",
        entry_id=f"urn:uuid:{chance.randrange(16**8):08x}-{number:04x}-4000-8000-{chance.randrange(16**12):012x}",
        state=State.LIVE,
        published=published,
        updated=published,
        created=published,
        title=language.sentence(own, chance)[:40],
        summary=language.sentence(own, chance),
        content_html="".join(blocks),
        sections=("macro",),
        authors=(Author(name=chance.choice(AUTHORS)),),
        tags=tuple(dict.fromkeys(own[:3])),
    )


def make_documents(languages: Sequence[Language], chance: random.Random, entries: int) -> list[bytes]:
    articles = tuple(make_article(number, languages, chance) for number in range(1, entries + 1))
    feed = compose(SITE, SECTION, STATE, Holdings(articles=articles), {"macro": SECTION})
    return [row.render(feed) for row in FORMATS.values()]


def gzip_by(library: Any, level: int) -> Coder:
    def pack(content: bytes) -> bytes:
        coder = library.compressobj(level, zlib.DEFLATED, GZIP)
        packed: bytes = coder.compress(content) + coder.flush()
        return packed

    return pack


def brotli_at(level: int) -> Coder:
    def pack(content: bytes) -> bytes:
        packed: bytes = brotli.compress(content, mode=brotli.MODE_TEXT, quality=level)
        return packed

    return pack


def coders() -> dict[str, Coder]:
    found = {f"gzip isal {level}": gzip_by(isal_zlib, level) for level in range(4)}
    found |= {f"gzip zlib {level}": gzip_by(zlib, level) for level in range(1, 10)}
    with contextlib.suppress(ImportError):
        zlib_ng = import_module("zlib_ng.zlib_ng")
        found |= {f"gzip zlib-ng {level}": gzip_by(zlib_ng, level) for level in range(1, 10)}
    return found | {f"br {level}": brotli_at(level) for level in range(1, 12)} | {"feedsvc, both": make_both}


def make_both(content: bytes) -> bytes:
    """As feedsvc does by default; the bytes are those of both twins."""
    return b"".join(make_twins(content, Compression().levels, {}).values())


def sites(entries: int) -> dict[str, list[bytes]]:
    chance = random.Random(17)
    zh, en = chinese(chance), english()
    return {
        "Chinese": make_documents([zh], chance, entries),
        "English": make_documents([en], chance, entries),
        "both": make_documents([zh, en], chance, entries),
    }


def digests(entries: int) -> str:
    """One line a coder: what it makes of all documents. To be the same in every process."""
    documents = [document for each in sites(entries).values() for document in each]
    lines = []
    for name, pack in coders().items():
        packed = b"".join(pack(document) for document in documents)
        lines.append(f"{name} {hashlib.sha256(packed).hexdigest()}")
    return "\n".join(lines)


def measure(documents: dict[str, list[bytes]], rounds: int) -> dict[str, list[str]]:
    """Coder -> for each site its bytes and milliseconds, as words."""
    times: dict[tuple[str, str], list[float]] = {}
    sizes: dict[tuple[str, str], int] = {}
    for _ in range(rounds):
        for site, contents in documents.items():
            for name, pack in coders().items():
                taken = times.setdefault((site, name), [])
                if len(taken) > 2 and min(taken) > SLOW_MILLISECONDS:  # noqa: PLR2004  # three will do for the slowest
                    continue
                began = time.process_time()
                packed = [pack(content) for content in contents]
                taken.append((time.process_time() - began) * 1000)
                sizes[site, name] = sum(map(len, packed))
    return {
        name: [f"{sizes[site, name]:9,} {statistics.median(times[site, name]):8.1f}" for site in documents]
        for name in coders()
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--entries", type=int, default=50)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--digests", action="store_true", help="print what each coder makes, and no times")
    given = options.parse_args()
    if given.digests:
        print(digests(given.entries))
        return
    command = [sys.executable, __file__, "--digests", "--entries", str(given.entries)]
    said = {
        subprocess.run(command, check=True, capture_output=True, env={"PYTHONHASHSEED": seed}).stdout for seed in "01"
    }
    documents = sites(given.entries)
    print(f"{given.entries} entries, medians of {given.rounds} interleaved rounds, Python {platform.python_version()}")
    print(f"the same bytes from another process: {'yes' if len(said) == 1 else 'NO'}")
    print(f"{'':16}" + "".join(f"{f'{site}: bytes, ms':>22}" for site in documents))
    print(f"{'as they are':16}" + "".join(f"{sum(map(len, each)):13,}{'':9}" for each in documents.values()))
    for name, cells in measure(documents, given.rounds).items():
        print(f"{name:16}" + "".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()
