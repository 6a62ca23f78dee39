"""Mistakes in config.yaml: each is found at its line and column, all at once, with the mend, and shows no secret."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from feedsvc.config import load
from feedsvc.errors import ConfigError, ConfigProblem

SITE = "site: {title: 江畔, base_url: https://news.example.org}\n"
SECTION = "sections:\n  macro:\n    title: 宏观\n"
MINIMAL = SITE + SECTION

Problems = Callable[[str | bytes], tuple[ConfigProblem, ...]]


@pytest.fixture
def problems(tmp_path: Path) -> Problems:
    def read(text: str | bytes) -> tuple[ConfigProblem, ...]:
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ConfigError) as caught:
            load(path, {"HOME": "/", "DATABASE_PASSWORD": "geheim"})
        assert {problem.file for problem in caught.value.problems} == {path}
        return caught.value.problems

    return read


ONE_MISTAKE = [
    # a value of the wrong kind
    (f"{MINIMAL}    limit: 501\n", 5, 12, "sections.macro.limit", "501", "a whole number from 1 to 500", ""),
    (f"{MINIMAL}    limit: 0\n", 5, 12, "sections.macro.limit", "0", "a whole number", ""),
    (f"{MINIMAL}    limit: 5.0\n", 5, 12, "sections.macro.limit", "5.0", "a whole number", ""),
    (f"{MINIMAL}    limit: true\n", 5, 12, "sections.macro.limit", "true", "a whole number", ""),
    (f'{MINIMAL}    limit: "5"\n', 5, 12, "sections.macro.limit", "'5'", "a whole number", "without quotes"),
    (f"{MINIMAL}    limit: many\n", 5, 12, "sections.macro.limit", "'many'", "a whole number", ""),
    (f"{MINIMAL}    limit: .nan\n", 5, 12, "sections.macro.limit", ".nan", "a whole number", ""),
    (f"{MINIMAL}    limit:\n      - 5\n", 5, 5, "sections.macro.limit", "a list", "a whole number", ""),
    (f"{MINIMAL}    limit: {'9' * 5000}\n", 5, 12, "sections.macro.limit", "'999", "text or a number", ""),
    (f"{MINIMAL}    on_change: yes\n", 5, 16, "sections.macro.on_change", "'yes'", "true or false", ""),
    (f"{MINIMAL}    on_change: 'true'\n", 5, 16, "sections.macro.on_change", "'true'", "true or", "without quotes"),
    (f"{MINIMAL}    description: 2024\n", 5, 18, "sections.macro.description", "2024", "text", "in quotes"),
    (f"{MINIMAL}    description:\n", 5, 5, "sections.macro.description", "nothing", "text", "take the key out"),
    (f"{MINIMAL}    description: {{a: b}}\n", 5, 18, "sections.macro.description", "a mapping", "text", ""),
    (f'{MINIMAL}    description: " "\n', 5, 18, "sections.macro.description", "' '", "text", ""),
    (f'{MINIMAL}    description: "\\u0007"\n', 5, 18, "sections.macro.description", r"'\x07'", "text", ""),
    (f"{MINIMAL}    image: []\n", 5, 12, "sections.macro.image", "a list", "a mapping of url, type", ""),
    (f"{MINIMAL}    image: javascript:x\n", 5, 12, "sections.macro.image", "'javascript:x'", "the address", ""),
    (f"{MINIMAL}    image: {{url: x, type: png}}\n", 5, 27, "sections.macro.image.type", "'png'", "image/png", ""),
    (f"{MINIMAL}  finance: 金融\n", 5, 12, "sections.finance", "'金融'", "a mapping of title, ", ""),
    (f"{MINIMAL}defaults:\n", 5, 1, "defaults", "nothing", "a mapping of language", "take the key out"),
    (SITE + "sections: [a]\n", 2, 11, "sections", "a list", "a mapping of slugs", ""),
    (SITE + "sections: {}\n", 2, 11, "sections", "a mapping", "at least one entry", ""),
    # where documents are carried to
    (f"{MINIMAL}bucket: s3://news\n", 5, 9, "bucket", "'s3://news'", "a mapping of url, endpoint", ""),
    (f"{MINIMAL}bucket: {{}}\n", 5, 9, "bucket.url", "nothing", "`url:`, which is required under bucket", ""),
    (f"{MINIMAL}bucket: {{url: 'https://h/b'}}\n", 5, 15, "bucket.url", "'https://h/b'", "such as s3://", "endpoint"),
    (f"{MINIMAL}bucket: {{url: 's3://News/b'}}\n", 5, 15, "bucket.url", "'s3://News/b'", "s3://", "lower-case"),
    (f"{MINIMAL}bucket: {{url: 's3://news/宏'}}\n", 5, 15, "bucket.url", "'s3://news/宏'", "s3://", "without `宏`"),
    (f"{MINIMAL}bucket: {{url: 's3://k:geheim@b'}}\n", 5, 15, "bucket.url", "'s3://***@b'", "s3://", "AWS_"),
    (f"{MINIMAL}bucket: {{url: 's3://news/a//b'}}\n", 5, 15, "bucket.url", "'s3://news/a//b'", "s3://", "a name"),
    (f"{MINIMAL}bucket: {{url: 's3://news/../b'}}\n", 5, 15, "bucket.url", "'s3://news/../b'", "s3://", "a name"),
    (f"{MINIMAL}bucket: {{url: 's3://news', endpoint: s3.x}}\n", 5, 38, "bucket.endpoint", "'s3.x'", "s3.e", "https"),
    (f"{MINIMAL}bucket: {{url: 's3://news', timeout: 2m}}\n", 5, 37, "bucket.timeout", "'2m'", "1s to 60s", ""),
    # a value with a mistake in it
    (f"{MINIMAL}    content: sumary\n", 5, 14, "sections.macro.content", "'sumary'", "full or", "`summary`?"),
    (f"{MINIMAL}    formats: [rss, Atm]\n", 5, 20, "sections.macro.formats[1]", "'Atm'", "rss, atom", "`atom`?"),
    (f"{MINIMAL}    formats: [rss, rss]\n", 5, 14, "sections.macro.formats", "a list", "each entry once", "`rss`"),
    (f"{MINIMAL}    formats: []\n", 5, 14, "sections.macro.formats", "a list", "at least one entry", ""),
    (f"{MINIMAL}    formats: rss\n", 5, 14, "sections.macro.formats", "'rss'", "a list", "Write [rss]."),
    (f"{MINIMAL}    formats:\n", 5, 5, "sections.macro.formats", "nothing", "a list", "take the key out"),
    (f"{MINIMAL}    formats: {{rss: 1}}\n", 5, 14, "sections.macro.formats", "a mapping", "a list", ""),
    (f"{MINIMAL}    language: 中文\n", 5, 15, "sections.macro.language", "'中文'", "a language tag", ""),
    (f"{MINIMAL}    language: zh-\n", 5, 15, "sections.macro.language", "'zh-'", "a language tag", ""),
    (f"{MINIMAL}    language: 'zh '\n", 5, 15, "sections.macro.language", "'zh '", "a language tag", ""),
    (f"{MINIMAL}    schedule: 15m\n", 5, 15, "sections.macro.schedule", "'15m'", "a mapping of every, cron", ""),
    (f"{MINIMAL}    schedule: {{}}\n", 5, 15, "sections.macro.schedule", "a mapping", "either `every`", "every: 15m"),
    (f"{MINIMAL}    max_age: 5 min\n", 5, 14, "sections.macro.max_age", "'5 min'", "such as 90s", ""),
    (f"{MINIMAL}    max_age: 366d\n", 5, 14, "sections.macro.max_age", "'366d'", "to 365d", ""),
    (f"{MINIMAL}    max_age: ''\n", 5, 14, "sections.macro.max_age", "''", "such as 90s", ""),
    (f"{MINIMAL}    max_bytes: 2 GB\n", 5, 16, "sections.macro.max_bytes", "'2 GB'", "such as 500 KB", ""),
    (f"{MINIMAL}    max_bytes: 9 KB\n", 5, 16, "sections.macro.max_bytes", "'9 KB'", "from 10 KB to 16 MB", ""),
    (f"{MINIMAL}    max_bytes: 17000000\n", 5, 16, "sections.macro.max_bytes", "17000000", "to 16 MB", ""),
    (f"{MINIMAL}    max_age: -1\n", 5, 14, "sections.macro.max_age", "-1", "from 0s", ""),
    (f"{MINIMAL}    schedule: {{every: 0}}\n", 5, 23, "sections.macro.schedule.every", "0", "from 1s", ""),
    (f"{MINIMAL}    title: 宏观\n", 5, 5, "sections.macro.title", "the key `title` a", "once", "line 4, column 5"),
    (f"{MINIMAL}  macro: {{title: x}}\n", 5, 3, "sections.macro", "the key `macro` a second", "once", "line 3"),
    ("site: {title: x, base_url: http://x, title: y}\n" + SECTION, 1, 38, "site.title", "the key", "once", ""),
    # keys
    (f"{MINIMAL}    langauge: zh\n", 5, 5, "sections.macro.langauge", "`langauge`", "title, ", "`language`?"),
    (f"{MINIMAL}    宏观: zh\n", 5, 5, "sections.macro.宏观", "the unknown key `宏观`", "title, ", ""),
    (f"{MINIMAL}    {'k' * 99}: 1\n", 5, 5, f"sections.macro.{'k' * 59}…", "kkk…`", "title, ", ""),
    (f"{MINIMAL}databse: x\n", 5, 1, "databse", "the unknown key", "site, sections", "`database`?"),
    (f"{MINIMAL}    image: {{ulr: a, url: b}}\n", 5, 13, "sections.macro.image.ulr", "`ulr`", "url, type", "`url`?"),
    (f"{MINIMAL}    schedule: {{every: 1m, evry: 2}}\n", 5, 27, "sections.macro.schedule.evry", "", "", "`every`?"),
    (f"{MINIMAL}all: {{titel: x}}\n", 5, 7, "all.titel", "`titel`", "language", "`title`?"),
    (f"{MINIMAL}? [a, b]\n: x\n", 5, 3, "(file)", "a key that is no text", "a word and a colon", ""),
    # what is missing
    (SITE, 1, 1, "sections", "nothing", "`sections:`, which is required at the top", ""),
    (SECTION, 1, 1, "site", "nothing", "`site:`, which is required at the top", ""),
    ("site:\n  title: x\n" + SECTION, 1, 1, "site.base_url", "nothing", "required under site", ""),
    (f"{MINIMAL}  x: {{limit: 5}}\n", 5, 6, "sections.x.title", "nothing", "required under sections.x", ""),
    (f"{MINIMAL}  x:\n    limit: 5\n", 5, 3, "sections.x.title", "nothing", "required under sections.x", ""),
    # slugs
    (f"{MINIMAL}  Fi nance: {{title: x}}\n", 5, 3, "sections.'Fi nance'", "`Fi nance`", "a-z", "`fi-nance` would"),
    (f"{MINIMAL}  金融: {{title: x}}\n", 5, 3, "sections.金融", "`金融`", "a-z", "The title can be in any script"),
    (f"{MINIMAL}  all: {{title: x}}\n", 5, 3, "sections.all", "`all`", "a-z", "under `all:`"),
    (f"{MINIMAL}  index: {{title: x}}\n", 5, 3, "sections.index", "`index`", "a-z", "the list of all feeds"),
    # addresses, zones, cron lines
    ("site: {title: x, base_url: news.org}\n" + SECTION, 1, 28, "site.base_url", "'news.org'", "", "https://"),
    ("site: {title: x, base_url: 'https://'}\n" + SECTION, 1, 28, "site.base_url", "'https://'", "absolute", ""),
    ("site: {title: x, base_url: http://x?a=1}\n" + SECTION, 1, 28, "site.base_url", "", "", "query"),
    ("site: {title: x, base_url: http://u:p@x}\n" + SECTION, 1, 28, "site.base_url", "'http://***@x'", "", "user"),
    (f"{SITE[:-2]}, timezone: Asia/Shanghia}}\n{SECTION}", 1, 65, "site.timezone", "", "", "`Asia/Shanghai`?"),
    (f"{SITE[:-2]}, timezone: Asia/Beijing}}\n{SECTION}", 1, 65, "site.timezone", "", "", "`Asia/Shanghai`?"),
    (f"{SITE[:-2]}, timezone: ../etc/passwd}}\n{SECTION}", 1, 65, "site.timezone", "", "a time zone", ""),
    (f"{SITE[:-2]}, author: 编辑 a@b.cn}}\n{SECTION}", 1, 63, "site.author", "", "a name", "email: …"),
    (f"{SITE[:-2]}, author: {{name: x, email: y}}}}\n{SECTION}", 1, 80, "site.author.email", "'y'", "e-mail", ""),
    (f'{MINIMAL}    schedule: {{cron: "* * * *"}}\n', 5, 22, "sections.macro.schedule.cron", "", "five", ""),
    (f'{MINIMAL}    schedule: {{cron: "0 99 * * *"}}\n', 5, 22, "sections.macro.schedule.cron", "", "five", ""),
    (f'{MINIMAL}    schedule: {{cron: "0 9 * * 8"}}\n', 5, 22, "sections.macro.schedule.cron", "", "five", ""),
    (f'{MINIMAL}    schedule: {{cron: "0 9 * * abc"}}\n', 5, 22, "sections.macro.schedule.cron", "", "five", ""),
    (f'{MINIMAL}    schedule: {{cron: "٠ 9 * * *"}}\n', 5, 22, "sections.macro.schedule.cron", "", "five", ""),
    (f'{MINIMAL}    schedule: {{cron: "0 0 30 2 *"}}\n', 5, 22, "sections.macro.schedule.cron", "", "", "never"),
    (f"{MINIMAL}server: {{port: 70000}}\n", 5, 16, "server.port", "70000", "from 1 to 65535", ""),
    (f"{MINIMAL}server: {{host: a b}}\n", 5, 16, "server.host", "'a b'", "an IP address", ""),
    (f"{MINIMAL}feeds: ~/feeds\n", 5, 8, "feeds", "'~/feeds'", "a folder", ""),
    # the database
    (f"{MINIMAL}database: postgres://h/x\n", 5, 11, "database", "postgres://…", "", "Write postgresql://"),
    (f"{MINIMAL}database: mysql://h/x\n", 5, 11, "database", "mysql://…", "sqlite:///feedsvc.db", ""),
    (f"{MINIMAL}database: 'sqlite://'\n", 5, 11, "database", "sqlite://…", "", "the name of a file"),
    (f"{MINIMAL}database: 'sqlite:///:memory:'\n", 5, 11, "database", "sqlite://…", "", "the name of a file"),
    (f"{MINIMAL}database: feedsvc.db\n", 5, 11, "database", "text that is no URL", "sqlite:///", ""),
    (f"{MINIMAL}database: {{url: x}}\n", 5, 11, "database", "a mapping", "sqlite:///", ""),
    (f"{MINIMAL}database: postgresql://h:port/x\n", 5, 11, "database", "postgresql://…", "sqlite", ""),
    # names
    (f"{MINIMAL}  b: {{title: 宏观}}\n", 5, 14, "sections.b.title", "`macro`", "one section", "line 4, column 12"),
    (f"{MINIMAL}  b: {{title: MACRO}}\n", 5, 14, "sections.b.title", "`macro`", "one section", "line 3, column 3"),
    (f"{MINIMAL}  b: {{title: x, aliases: [宏观]}}\n", 5, 27, "sections.b.aliases[0]", "`macro`", "one", "line 4"),
    (f"{MINIMAL}    aliases: [All]\n", 5, 15, "sections.macro.aliases[0]", "'All'", "the feed of everything", ""),
    (f"{MINIMAL}  c: {{title: x, include: [macor]}}\n", 5, 27, "sections.c.include[0]", "'macor'", "", "`macro`?"),
    (f"{MINIMAL}  c: {{title: x, include: [宏观]}}\n", 5, 27, "sections.c.include[0]", "'宏观'", "slug", "`macro`?"),
    (f"{MINIMAL}  c: {{title: x, include: [c]}}\n", 5, 27, "sections.c.include[0]", "the combination itself", "", ""),
    (f"{MINIMAL}  c: {{title: x, include: [all]}}\n", 5, 27, "sections.c.include[0]", "a combination", "", ""),
    (f"{MINIMAL}  c: {{title: x, include: []}}\n", 5, 26, "sections.c.include", "a list", "at least one", ""),
    (f"{MINIMAL}  c: {{title: x, include: [macro, macro]}}\n", 5, 26, "sections.c.include", "", "once", "`macro`"),
    (f"{MINIMAL}  c: {{title: x, include: macro}}\n", 5, 26, "sections.c.include", "'macro'", "a list", "[macro]"),
    (f"{MINIMAL}  c: {{title: x, include: [macro], aliases: [y]}}\n", 5, 35, "sections.c.aliases", "", "none in", ""),
    (
        f"{MINIMAL}  c: {{title: x, include: [macro], withdrawals: notice}}\n",
        5,
        35,
        "sections.c.withdrawals",
        "`withdrawals`",
        "none in a combination",
        "say it there",
    ),
    (
        f"{MINIMAL}    withdrawals: notiz\n",
        5,
        18,
        "sections.macro.withdrawals",
        "'notiz'",
        "tombstone or notice",
        "`notice`",
    ),
    (f"{MINIMAL}all: {{withdrawals: notice}}\n", 5, 7, "all.withdrawals", "unknown key", "one of", ""),
    # the environment
    (f"{MINIMAL}feeds: ${{HOEM}}\n", 5, 8, "feeds", "${HOEM}, which is not set", "", "`HOME`?"),
    (f"{MINIMAL}feeds: ${{QQQ}}\n", 5, 8, "feeds", "${QQQ}, which is not set", "a variable", "${QQQ:-…}"),
    (f"{MINIMAL}feeds: ${{a b}}\n", 5, 8, "feeds", "an unfinished ${", "${NAME}", "$${"),
    # YAML
    (f"{MINIMAL}feeds: !!str x\n", 5, 8, "feeds", "the tag", "a value without tag", "in quotes"),
    (f"{MINIMAL}feeds: !!python/object/apply:os.system [id]\n", 5, 8, "feeds", "the tag", "without tag", ""),
    (f"{MINIMAL}feeds: *nowhere\n", 5, 8, "feeds", "*nowhere", "an anchor of that name further up", ""),
    (
        f"{MINIMAL}    aliases: &a [*a]\n",
        5,
        18,
        "sections.macro.aliases[0]",
        "*a",
        "an anchor of that name further up",
        "",
    ),
    (f"{MINIMAL}    <<: 5\n", 5, 9, "sections.macro", "5 after <<", "a mapping to merge", ""),
    (f"{MINIMAL}    <<: *nowhere\n", 5, 9, "sections.macro.'<<'", "*nowhere", "an anchor", ""),
    (f"{MINIMAL}    description: a: b\n", 5, 19, "(file)", "a second colon", "one `key: value`", "quotes"),
    (f"{MINIMAL}    description：政策\n", 5, 16, "(file)", "a full-width colon", "one `key: value`", "in place of"),
    (f"{MINIMAL}    description：a\n    limit: 5\n", 5, 16, "(file)", "a full-width colon", "`key: value`", "in place"),
    (f"{MINIMAL}    schedule: 15m\n", 5, 15, "sections.macro.schedule", "'15m'", "a mapping of every", "{every: 15m}"),
    (f"{MINIMAL}  b:\n    title：金融\n", 5, 3, "sections.b", "'title：金融'", "a mapping of title", "in place of"),
    ("site：\n  title： 江畔\n", 1, 1, "(file)", "'site： title： 江畔'", "`site:`", "in place of"),
    (
        f"{MINIMAL}    aliases: [甲，乙]\n",
        5,
        15,
        "sections.macro.aliases[0]",
        "a full-width comma",
        "a comma",
        "quotes",
    ),
    (f"{MINIMAL}    description: 一：二: 三\n", 5, 21, "(file)", "a second colon", "one `key: value`", "quotes"),
    (f"{MINIMAL}    description:政策\n", 5, 5, "(file)", "a line without a colon and a space", "`key: value`", "space"),
    (f"{MINIMAL}\tlimit: 5\n", 5, 1, "(file)", "a tab", "spaces before", "Indent with spaces"),
    (f"{MINIMAL}    description: 'open\n", 5, 18, "(file)", "never closed", "its partner", "Close"),
    (f"{MINIMAL}    description\n", 5, 5, "(file)", "a line without a colon", "`key: value`", "Add the colon"),
    (f"{MINIMAL}   limit: 5\n", 5, 4, "(file)", "does not fit", "the same indentation", "Align"),
    (f"{MINIMAL}    aliases: [a, b\n", 6, 1, "(file)", "not closed", "the closing bracket", ""),
    (f"{MINIMAL}    description: @x\n", 5, 18, "(file)", "begins with '@'", "quotes", "Put the text in quotes"),
    (f'{MINIMAL}    description: "\\q"\n', 5, 20, "(file)", "a backslash", "an escape", "single quotes"),
    (f'{MINIMAL}    description: "\\ud800"\n', 5, 18, "sections.macro.description", "stands for nothing", "", ""),
    (f'{MINIMAL}    description: "\\0"\n', 5, 18, "sections.macro.description", "U+0000", "printable text", ""),
    (f'{MINIMAL}    description: "\\UFFFFFFFF"\n', 5, 5, "sections.macro.description", "no YAML", "YAML", ""),
    (f"%YAML 1.2\n%YAML 1.2\n---\n{MINIMAL}", 2, 1, "(file)", "no YAML", "the parser says", ""),
    (f"{MINIMAL}---\n{MINIMAL}", 5, 1, "(file)", "a second document", "one document a file", ""),
    (f"{MINIMAL}a: \x07\n", 5, 4, "(file)", "the character U+0007", "printable text", ""),
    # the file as a whole
    ("", 1, 1, "(file)", "an empty file", "`site:` and `sections:`", "feedsvc init"),
    ("# later\n", 1, 1, "(file)", "an empty file", "", ""),
    ("--- ~\n", 1, 1, "(file)", "an empty file", "", ""),
    ("- a\n- b\n", 1, 1, "(file)", "a list", "a config file", ""),
    ("just text\n", 1, 1, "(file)", "'just text'", "a config file", ""),
    ("!!map {a: 1}\n", 1, 1, "(file)", "the tag", "without tag", ""),
    ("site: {title: 首頁}\n".encode("big5"), 1, 15, "(file)", "the byte 0xAD", "text in UTF-8", "Save"),
    (f"{MINIMAL}".encode("utf-16"), 1, 1, "(file)", "the byte 0xFF", "text in UTF-8", "Save"),
    (b"#" * (8 * 1024 * 1024 + 1), 1, 1, "(file)", "a larger file", "at most 8 MiB", ""),
]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [(text, (line, column, path), says) for text, line, column, path, *says in ONE_MISTAKE],
    ids=[f"{case[3]}-{number}" for number, case in enumerate(ONE_MISTAKE)],
)
def test_a_mistake_is_told_with_its_place_and_the_mend(
    problems: Problems, text: str | bytes, place: tuple[int, int, str], says: tuple[str, str, str]
) -> None:
    (problem,) = problems(text)
    line, column, path = place
    found, expected, hint = says
    assert (problem.line, problem.column, problem.path) == place
    assert found in problem.found
    assert expected in problem.expected
    assert hint in problem.hint
    assert str(problem).startswith(f"{problem.file}:{line}:{column}: {path}: found {problem.found}, expected ")
    assert "\n" not in str(problem)


def test_all_mistakes_come_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    found = problems(
        "site:\n  titel: 江畔\n  base_url: ${NOWHERE}\n  timezone: Mars\n"
        "sections:\n  macro: {title: 宏观, limit: x}\n  b: {title: 宏观, include: [c]}\n  b: 1\n"
        "server: {port: 0}\ndatabase: x\n"
    )
    assert [(problem.line, problem.path) for problem in found] == [
        (1, "site.title"),
        (2, "site.titel"),
        (3, "site.base_url"),
        (4, "site.timezone"),
        (6, "sections.macro.limit"),
        (7, "sections.b.title"),
        (7, "sections.b.include[0]"),
        (8, "sections.b"),
        (9, "server.port"),
        (10, "database"),
    ]


def test_a_combination_of_combinations_is_refused(problems: Problems) -> None:
    text = f"{MINIMAL}  c: {{title: x, include: [macro]}}\n  d: {{title: y, include: [macro, c]}}\n"
    (problem,) = problems(text)
    assert (problem.line, problem.path) == (6, "sections.d.include[1]")
    assert problem.hint == "Name the sections that it includes."


SECRETS = [
    "database: mysql://desk:geheim@db/news",
    "database: postgres://desk:geheim",
    "database: desk:geheim@db",
    "database: postgresql://desk:ge@heim@db/geheim",
    "database: postgresql://desk:heim@geheim/x:geheim@db/news",
    "database: {url: 'postgresql://desk:geheim@db/news'}",
    "database: [geheim]",
    "database: postgresql//desk:geheim@db: 5",
    "database: 'postgresql://desk:geheim",
    "database: mysql://desk:${DATABASE_PASSWORD}@db/news",
    "databse: postgresql://desk:geheim@db/news",
    "database: !!x postgresql://desk:geheim@db/news",
    "feeds: [postgresql://desk:geheim@db/news]",
    "server: postgresql://desk:geheim@db/news",
    "server: {host: 'http://desk:ge@heim@geheim@x'}",
    "server: {host: '${DATABASE_PASSWORD} x'}",
    "defaults: {limit: '${DATABASE_PASSWORD}'}",
]


@pytest.mark.parametrize("line", SECRETS)
def test_no_error_shows_a_password(problems: Problems, line: str) -> None:
    for problem in problems(f"{MINIMAL}{line}\n"):
        assert "heim" not in str(problem)


def test_no_traceback_shows_a_password(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{MINIMAL}database: mysql://desk:geheim@db/news\n")
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml:1:1: \(file\): found no such file.*feedsvc init"):
        load(tmp_path / "none.yaml", {})


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"found a folder.*Name the file in it"):
        load(tmp_path, {})


@pytest.fixture
def odd_files(tmp_path: Path) -> Iterator[dict[str, Path]]:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        yield {"loop": loop, "fifo": tmp_path / "fifo", "socket": tmp_path / "socket", "nul": Path("a\0b")}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("loop", "a file that can't be read (Too many levels of symbolic links)"),
        ("fifo", "no regular file"),
        ("socket", "no regular file"),
        ("nul", "a file that can't be read (embedded null byte)"),
    ],
)
def test_what_is_no_readable_file(odd_files: dict[str, Path], name: str, found: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(odd_files[name], {})
    assert caught.value.problems[0].found == found


BOMBS = {
    "aliases": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 40)),
    "merge keys": "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}\n" for n in range(1, 20_000)),
    "lists": "[" * 100_000,
    "mappings": "{a: " * 100_000,
    "keys": "{? " * 100_000,
    "indentation": "\n".join(" " * n + "a:" for n in range(2_000)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_quickly(problems: Problems, name: str) -> None:
    begin = time.process_time()
    found = problems(BOMBS[name])
    assert time.process_time() - begin < 5  # the machine may be busy; alone it is a third of a second at most
    assert {"too many values", "too many levels"} & {problem.found for problem in found}


def test_of_very_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("".join(f"no_such_key_{number}: 1\n" for number in range(3_000)), "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert len(caught.value.problems) > 3_000
    assert str(caught.value).count("\n") == 100
    assert str(caught.value).endswith("more")
