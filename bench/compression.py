"""What compressing a publication costs and saves: every library and level, in one run, interleaved.

The feeds hold articles of prose.py (Chinese, English, both in turn), rendered by feedsvc in its three formats.

Prints for each coder the bytes and the CPU milliseconds (medians) of the three documents of one publication together;
in the last line what feedsvc spends by default, on both codings, with what it packed unpacked and compared.
Milliseconds are this machine's; bytes are the same wherever the library is. isal, brotli and zlib-ng come with feedsvc.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import random
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import brotli
from isal import isal_zlib
from prose import SECTION, SITE, STATE, Tongue, make_article
from zlib_ng import zlib_ng

from feedsvc.config.settings import Compression
from feedsvc.feed.compose import compose
from feedsvc.feed.formats import FORMATS
from feedsvc.model import Holdings
from feedsvc.output import make_twins

GZIP = 31
SLOW_MILLISECONDS = 200.0

Coder = Callable[[bytes], bytes]


def make_documents(tongues: Sequence[Tongue], chance: random.Random, entries: int) -> list[bytes]:
    articles = tuple(make_article(number, chance, tongues[number % len(tongues)]) for number in range(1, entries + 1))
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
    found |= {f"gzip zlib-ng {level}": gzip_by(zlib_ng, level) for level in range(1, 10)}
    return found | {f"br {level}": brotli_at(level) for level in range(1, 12)} | {"feedsvc, both": make_both}


def make_both(content: bytes) -> bytes:
    """As feedsvc does by default; the bytes are those of both twins."""
    return b"".join(make_twins(content, Compression().levels, {}).values())


def sites(entries: int) -> dict[str, list[bytes]]:
    chance = random.Random(17)
    return {
        "Chinese": make_documents(["zh"], chance, entries),
        "English": make_documents(["en"], chance, entries),
        "both": make_documents(["zh", "en"], chance, entries),
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
