"""config.yaml -> Settings: what each key comes to, and which defaults are filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from feedsvc.config import Server, Settings, load
from feedsvc.errors import ConfigError
from feedsvc.model import Author, Image, Schedule, Site

MINIMAL = """\
site:
  title: 江畔新闻
  base_url: https://news.example.org
sections:
  macro:
    title: 宏观
"""

Read = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(text: str | bytes, environ: Mapping[str, str] | None = None) -> Settings:
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(path, environ or {})

    return read


def test_minimal_file_has_every_default(read: Read, tmp_path: Path) -> None:
    settings = read(MINIMAL)
    assert settings.path == tmp_path / "config.yaml"
    assert settings.site == Site(title="江畔新闻", base_url="https://news.example.org", language="en", timezone="UTC")
    assert settings.server == Server(host="127.0.0.1", port=8000, workers=1)
    assert settings.feeds_dir == tmp_path / "feeds"
    assert settings.database_url == f"sqlite:///{tmp_path}/feedsvc.db"
    assert len(settings.digest) == 64
    macro = settings.sections["macro"]
    assert (macro.title, macro.description, macro.language) == ("宏观", "宏观 - 江畔新闻", "en")
    assert (macro.limit, macro.content, macro.formats) == (50, "full", ("rss", "atom", "json"))
    assert (macro.schedule, macro.on_change) == (Schedule(every_seconds=900), True)
    assert 60 <= macro.max_age_seconds <= 66
    everything = settings.feeds["all"]
    assert (everything.title, everything.description, everything.include) == ("江畔新闻", "江畔新闻", ("macro",))


def test_every_key_arrives(read: Read) -> None:
    settings = read(
        """\
        site:
          title: 江畔新闻 😀
          base_url: https://新闻.example.org/news/
          language: zh_hans
          timezone: Asia/Shanghai
          author: {name: 编辑部, email: desk@example.org, url: https://example.org/我们}
          copyright: © 2026
          image: {url: logo.png, type: image/png, width: 144, height: 40, alt: 标志}
        defaults: {language: zh-Hant, limit: 7, content: summary, formats: [json, rss]}
        all: {title: 全部, description: 所有栏目, limit: 500, image: /all.png, categories: [新闻]}
        sections:
          macro:
            title: 宏观
            description: 政策
            language: en
            limit: 1
            content: full
            formats: [atom]
            categories: [经济, 𠮷野]
            image: https://img.example.org/m.png
            aliases: [宏觀, 宏观]
            schedule: {cron: "0 6 * * 1-5"}
            on_change: false
            max_age: 1h30m
          finance: {title: 金融}
          economy: {title: 经济, include: [macro, finance]}
        database: postgresql://user:pass@db.example.org/news
        feeds: /srv/feeds
        server: {host: 0.0.0.0, port: 8080, workers: 4}
        """
    )
    site = settings.site
    assert site.base_url == "https://xn--efvy88h.example.org/news"
    assert (site.language, site.timezone, site.copyright) == ("zh-Hans", "Asia/Shanghai", "© 2026")
    assert site.author == Author(name="编辑部", email="desk@example.org", url="https://example.org/%E6%88%91%E4%BB%AC")
    assert site.image == Image(url=f"{site.base_url}/logo.png", type="image/png", width=144, height=40, alt="标志")
    macro, finance, economy = settings.sections.values()
    assert (macro.language, macro.limit, macro.content, macro.formats) == ("en", 1, "full", ("atom",))
    assert (macro.categories, macro.aliases) == (("经济", "𠮷野"), ("宏觀", "宏观"))
    assert macro.image == Image(url="https://img.example.org/m.png")
    assert macro.schedule == Schedule(cron="0 6 * * mon,tue,wed,thu,fri")
    assert (macro.on_change, macro.max_age_seconds) == (False, 5400)
    assert (finance.language, finance.limit, finance.content) == ("zh-Hant", 7, "summary")
    assert finance.formats == ("rss", "json")
    assert economy.include == economy.members == ("macro", "finance")
    everything = settings.feeds["all"]
    assert (everything.title, everything.description, everything.limit) == ("全部", "所有栏目", 500)
    assert everything.image == Image(url="https://xn--efvy88h.example.org/all.png")
    assert everything.categories == ("新闻",)
    assert settings.database_url == "postgresql://user:pass@db.example.org/news"
    assert settings.feeds_dir == Path("/srv/feeds")
    assert settings.server == Server(host="0.0.0.0", port=8080, workers=4)


def test_a_name_and_an_address_are_enough_for_author_and_image(read: Read) -> None:
    site = read(MINIMAL.replace("sections:", "  author: 編輯部\n  image: /logo.png\nsections:")).site
    assert site.author == Author(name="編輯部")
    assert site.image == Image(url="https://news.example.org/logo.png")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("15m", 900), ("1h", 3600), ("1d", 86400), ("1h30m", 5400), ("45", 45), ("1d1s", 86401)],
)
def test_lengths_of_time(read: Read, written: str, seconds: int) -> None:
    section = read(f"{MINIMAL}    schedule: {{every: {written}}}\n    max_age: {written}\n").sections["macro"]
    assert section.schedule == Schedule(every_seconds=seconds)
    assert section.max_age_seconds == seconds


@pytest.mark.parametrize(
    ("weekdays", "named"),
    [
        ("*", "*"),
        ("0", "sun"),
        ("7", "sun"),
        ("1-5", "mon,tue,wed,thu,fri"),
        ("5-7", "sun,fri,sat"),
        ("fri-mon", "sun,mon,fri,sat"),
        ("*/2", "sun,tue,thu,sat"),
        ("1/2", "mon,wed,fri"),
        ("MON,3", "mon,wed"),
        ("0-6", "sun,mon,tue,wed,thu,fri,sat"),
    ],
)
def test_weekdays_of_a_cron_line_are_those_of_crontab(read: Read, weekdays: str, named: str) -> None:
    section = read(f'{MINIMAL}    schedule: {{cron: "5 4  * * {weekdays}"}}\n').sections["macro"]
    assert section.schedule == Schedule(cron=f"5 4 * * {named}")


@pytest.mark.parametrize(
    ("written", "size"),
    [("500 KB", 500_000), ("2 MB", 2_000_000), ("2mb", 2_000_000), ("12345 B", 12_345), ("16000000", 16_000_000)],
)
def test_sizes(read: Read, written: str, size: int) -> None:
    settings = read(f"{MINIMAL}    max_bytes: {written}\ndefaults: {{max_bytes: 1 MB}}\n")
    assert settings.sections["macro"].max_bytes == size
    assert settings.feeds["all"].max_bytes == 1_000_000
    assert read(MINIMAL).sections["macro"].max_bytes == 2_000_000


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("{every: 2h}", 7200),
        ('{cron: "0 6 * * *"}', 86_400),
        ('{cron: "0 6 * * 1"}', 86_400),  # a week, but a withdrawal should not wait so long
        ('{cron: "*/10 * * * *"}', 600),
        ('{cron: "0 0 29 2 *"}', 86_400),
    ],
)
def test_max_age_follows_the_schedule_where_changes_wait_for_it(read: Read, schedule: str, gap: int) -> None:
    text = f"{MINIMAL}    schedule: {schedule}\n    on_change: false\n"
    first, again = (read(text).sections["macro"].max_age_seconds for _ in range(2))
    assert gap <= first <= gap * 1.1
    assert first == again


def test_max_age_is_spread_over_the_sections(read: Read) -> None:
    sections = "".join(f"  s{number}: {{title: 栏目{number}}}\n" for number in range(100))
    ages = {section.max_age_seconds for section in read(MINIMAL + sections).sections.values()}
    assert ages == set(range(60, 67))


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "新闻 100%?#"
    folder.mkdir()
    (folder / "config.yaml").write_text(f"{MINIMAL}feeds: ./out/feeds\ndatabase: sqlite:///data/a.db\n")
    monkeypatch.chdir(tmp_path)
    settings = load(Path("新闻 100%?#/config.yaml"), {})
    assert settings.path == folder / "config.yaml"
    assert settings.feeds_dir == folder / "out" / "feeds"
    assert settings.database_label.startswith("sqlite:////")
    from sqlalchemy.engine import make_url  # noqa: PLC0415  # only to read the URL as the store will

    assert make_url(settings.database_url).database == str(folder / "data" / "a.db")


def test_process_environment_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(MINIMAL.replace("江畔新闻", "${FEEDSVC_TEST_TITLE}"))
    monkeypatch.setenv("FEEDSVC_TEST_TITLE", "环境")
    monkeypatch.delenv("FEEDSVC_DATABASE_URL", raising=False)
    assert load(path).site.title == "环境"


def test_environment_fills_in_text(read: Read) -> None:
    text = MINIMAL.replace("江畔新闻", "${NAME}·${REST:-二}${EMPTY:-三}$${x} $5") + "    aliases: ['${NAME}']\n"
    settings = read(text, {"NAME": "2024", "EMPTY": ""})
    assert settings.site.title == "2024·二三${x} $5"
    assert settings.sections["macro"].aliases == ("2024",)


def test_database_url_of_the_environment_wins(read: Read, tmp_path: Path) -> None:
    given = {"FEEDSVC_DATABASE_URL": "sqlite:///other.db"}
    for text in (MINIMAL, f"{MINIMAL}database: ${{UNSET}}\n"):
        assert read(text, given).database_url == f"sqlite:///{tmp_path}/other.db"
    with pytest.raises(ConfigError) as caught:
        read(MINIMAL, {"FEEDSVC_DATABASE_URL": "mysql://user:geheim@host/db"})
    (problem,) = caught.value.problems
    assert problem.path == "database"
    assert problem.found == "'${FEEDSVC_DATABASE_URL}'"


def test_byte_order_mark_and_crlf_are_fine(read: Read) -> None:
    assert read(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode()).site.title == "江畔新闻"


def test_anchors_aliases_and_merge_keys(read: Read) -> None:
    settings = read(
        """\
        site: &site {title: 江畔新闻, base_url: https://news.example.org}
        sections:
          macro: &macro
            title: 宏观
            limit: &limit 9
            content: summary
          finance:
            <<: *macro
            title: 金融
          tech:
            <<: [{title: 科技, limit: 3}, *macro]
            "language": zh
          world: {title: World, limit: *limit}
        """
    )
    sections = settings.sections
    assert [(section.title, section.limit, section.content) for section in sections.values()] == [
        ("宏观", 9, "summary"),
        ("金融", 9, "summary"),
        ("科技", 3, "summary"),
        ("World", 9, "full"),
    ]


def test_words_are_read_by_yaml_1_2(read: Read) -> None:
    settings = read(MINIMAL.replace("宏观", "no") + "  2024: {title: 2024-01-01, on_change: False, limit: 0x1F}\n")
    assert settings.sections["macro"].title == "no"
    year = settings.sections["2024"]
    assert (year.title, year.on_change, year.limit) == ("2024-01-01", False, 31)


def test_texts_are_canonical(read: Read) -> None:
    settings = read(MINIMAL.replace("宏观", '"　宏\\u0007\\n观 "').replace("江畔新闻", "|\n    江畔\n    新闻\n"))
    assert settings.sections["macro"].title == "宏 观"
    assert settings.site.title == "江畔 新闻"


def test_a_password_shows_nowhere(read: Read) -> None:
    settings = read(f"{MINIMAL}database: postgresql://desk:geheim@db/news?password=geheim\n")
    assert settings.database_label == "postgresql://desk:***@db/news"
    assert "geheim" not in repr(settings)
    assert "geheim" in settings.database_url


def test_ten_thousand_sections_are_read_and_asked_in_reasonable_time(read: Read) -> None:
    count = 2_000  # a fifth, for the test's sake; the time grows with the number
    settings = read(MINIMAL + "".join(f"  s{n}: {{title: 栏目{n}, aliases: [别名{n}]}}\n" for n in range(count)))
    assert len(settings.plain) == count + 1
    assert settings.resolve_section("别名1999") == "s1999"
    assert settings.feeds_of(("s7",)) == ("s7", "all")
