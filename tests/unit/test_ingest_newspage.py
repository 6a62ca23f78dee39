"""The text of a news page becomes the article that its readers see, and its sender hears what was done to it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from feedsvc.errors import Problem, RefusedError, UnknownSectionError
from feedsvc.ingest import Accepted, read_newspage
from feedsvc.ingest.annotations import clean_line
from feedsvc.ingest.byline import read_names, split_byline
from feedsvc.ingest.script import detect_script
from feedsvc.model import Author, Source

PAGES = Path(__file__).parent / "pages"
SECTIONS = {"macro": "macro", "宏觀": "macro", "宏观": "macro", "finance": "finance", "財經": "finance"}


def resolve(name: str) -> str:
    if name not in SECTIONS:
        raise UnknownSectionError(name, ["macro", "finance"])
    return SECTIONS[name]


def read(text: str, section: str | None = None) -> Accepted:
    return read_newspage(
        text,
        resolve_section=resolve,
        base_url="https://news.example",
        naive_timezone=ZoneInfo("Asia/Shanghai"),
        section=section,
    )


def read_page(name: str, section: str | None = None) -> Accepted:
    return read((PAGES / name).read_bytes().decode(), section)


def refuse(text: str, section: str | None = None) -> tuple[Problem, ...]:
    with pytest.raises(RefusedError) as caught:
        read(text, section)
    return caught.value.problems


def notes_of(accepted: Accepted, severity: str) -> list[tuple[str, str]]:
    return [(note.place, note.message) for note in accepted.notes if note.severity == severity]


def blocks_of(accepted: Accepted) -> list[tuple[str, str]]:
    return re.findall("<(p|h2)>(.*?)</", accepted.article.content_html or "")


def page(
    *body: str, head: str = "首頁 > 宏觀 > 正文", title: str = "潮水退了", date: str = "2022-02-02 20:30:00 來源:街坊報"
) -> str:
    return "\n\n".join([head, title, date, *body])


class TestAnAnnotatedTraditionalPage:
    def test_gives_every_field(self) -> None:
        article = read_page("hant_annotated.txt").article
        assert article.title == "海風“點燈” 山城碼頭換新顏"
        assert article.sections == ("finance",)
        assert article.breadcrumb == ("首頁", "財經", "正文")
        assert article.published == datetime(2023, 5, 5, 23, 8, 9, tzinfo=UTC)
        assert article.source == Source(name="海濱晚報")
        assert article.authors == (Author(name="馮小川"), Author(name="林溪"), Author(name="歐陽若水"))
        assert article.editor == "hb017"
        assert article.language == "zh-Hant"
        assert article.link is None

    def test_gives_paragraphs_and_crossheads_without_byline_and_tail(self) -> None:
        accepted = read_page("hant_annotated.txt")
        assert [tag for tag, _ in blocks_of(accepted)] == ["p", "p", "h2", "p", "p", "h2", "p"]
        assert [text for tag, text in blocks_of(accepted) if tag == "h2"] == [
            "風從海上來,吹亮“舊碼頭”",
            "字裡行間,都是“新日子”",
        ]
        assert blocks_of(accepted)[-1][1].endswith("明天還有三艘船靠岸。")
        assert "相關" not in (accepted.article.content_html or "")
        assert "不相干" not in (accepted.article.content_html or "")

    def test_keeps_real_parentheses_and_removes_every_annotation(self) -> None:
        accepted = read_page("hant_annotated.txt")
        content = accepted.article.content_html or ""
        assert "重慶(Chongqing)來的" in content
        assert "銀行(bank)門口" in content
        assert "“行”(háng)字" in content
        assert "排成長長一列" in content
        given = (PAGES / "hant_annotated.txt").read_text(encoding="utf-8")
        in_brackets = len(re.findall(r"\([^)]*\)", given))
        assert ("page", f"{in_brackets - 3} pronunciation annotations were removed") in notes_of(accepted, "info")

    def test_tells_what_was_done_and_where(self) -> None:
        accepted = read_page("hant_annotated.txt")
        info = notes_of(accepted, "info")
        assert ("line 21", "read as editor hb017") in info
        assert ("line 19", "the byline 馮小川、林溪、歐陽若水 was taken from the end of the body") in info
        assert ("line 23", "3 lines from “相關閱讀” on lead to other articles and were dropped") in info
        assert ("content_html", "5 paragraphs and 2 crossheads were found") in info
        assert ("published", "has no time zone: read in Asia/Shanghai as 2023-05-05T23:08:09Z") in info

    def test_warns_of_the_broken_remains_only(self) -> None:
        accepted = read_page("hant_annotated.txt")
        ((place, message),) = notes_of(accepted, "warning")
        given = (PAGES / "hant_annotated.txt").read_text(encoding="utf-8").split("\n")
        line, column = (int(digits) for digits in re.findall(r"\d+", place))
        assert given[line - 1][column - 1 :].startswith("?shī)")
        assert message.startswith("broken remains of an annotation, ?shī), in “")
        assert "?shī)" in (accepted.article.content_html or "")


class TestASimplifiedPage:
    def test_gives_every_field_of_a_labelled_dateline(self) -> None:
        accepted = read_page("hans_plain.txt")
        article = accepted.article
        assert article.sections == ("macro",)
        assert article.breadcrumb == ("首页", "新闻", "宏观", "正文")
        assert article.title == "粮价回稳，农户忙补栏"
        assert article.published == datetime(2024, 3, 5, 1, 7, tzinfo=UTC)
        assert article.source == Source(name="城郊日报")
        assert article.authors == (Author(name="周玉"),)
        assert article.editor == "何苗"
        assert article.language == "zh-Hans"
        assert blocks_of(accepted)[2] == ("h2", "一本账，算得清")
        assert blocks_of(accepted)[0][1].startswith("开春")
        assert not notes_of(accepted, "warning")

    def test_reads_the_same_with_windows_line_ends(self) -> None:
        assert b"\r\n" in (PAGES / "hans_crlf.txt").read_bytes()
        assert read_page("hans_crlf.txt") == read_page("hans_plain.txt")

    def test_tells_full_width_annotations_from_parentheses(self) -> None:
        accepted = read_page("hans_fullwidth.txt")
        assert accepted.article.title == "长桥通车，两岸往来更便捷"
        assert accepted.article.authors == (Author(name="杜若"), Author(name="江一帆"))
        text = " ".join(text for _, text in blocks_of(accepted))
        assert "（包括许多外地游客）" in text
        assert "工程总长（约三公里）" in text
        assert "行业里的" in text
        assert "银行贷款" in text
        assert "念长（zhàng）" in text
        assert text.endswith("元旦举行。")
        assert any("zhàng is no known reading of 长" in message for _, message in notes_of(accepted, "info"))


class TestWhatAPageMayLack:
    def test_source_and_byline(self) -> None:
        article = read_page("no_source_no_byline.txt").article
        assert (article.source, article.authors, article.editor) == (None, (), None)
        assert article.content_html is not None

    def test_no_breadcrumb_is_refused_unless_the_section_is_given(self) -> None:
        text = (PAGES / "no_breadcrumb.txt").read_text(encoding="utf-8")
        (problem,) = refuse(text)
        assert problem.field == "sections"
        assert "--section" in problem.reason
        assert "macro, finance" in problem.reason
        given = read(text, section="finance").article
        assert given.sections == ("finance",)
        assert given.breadcrumb == ()
        assert given.title == "夜市重開第二晚"

    def test_an_unknown_section_lists_sections_and_the_alias_to_add(self) -> None:
        (problem,) = refuse(page("正文一段。", head="首頁 > 天文 > 正文"))
        assert (problem.field, problem.value) == ("sections", "天文")
        assert "Sections: macro, finance" in problem.reason
        assert 'add "天文" to the aliases of a section in config.yaml' in problem.reason

    def test_a_given_section_overrules_the_breadcrumb(self) -> None:
        article = read(page("正文一段。", head="首頁 > 天文 > 正文"), section="宏觀").article
        assert (article.sections, article.breadcrumb) == (("macro",), ("首頁", "天文", "正文"))

    def test_a_given_section_must_exist(self) -> None:
        (problem,) = refuse(page("正文一段。"), section="marco")
        assert "did you mean macro?" in problem.reason

    def test_no_title_is_refused_with_the_line_it_should_stand_above(self) -> None:
        (problem,) = refuse("首頁 > 宏觀 > 正文\n\n2022-02-02 20:30:00\n\n一段。")
        assert problem.field == "title"
        assert "above line 3" in problem.reason

    def test_no_date_is_refused(self) -> None:
        (problem,) = refuse("首頁 > 宏觀 > 正文\n\n潮水退了\n\n一段。")
        assert problem.field == "published"
        assert "2022-10-24 09:32:31" in problem.reason

    def test_no_body_is_refused(self) -> None:
        problems = refuse(page())
        assert [problem.field for problem in problems] == ["content_html"]
        assert "no body was found" in problems[0].reason

    def test_an_empty_page_is_refused_with_everything_it_lacks(self) -> None:
        assert {problem.field for problem in refuse("")} == {"sections", "published", "title"}

    def test_an_impossible_date_is_refused(self) -> None:
        (problem,) = refuse(page("一段。", date="2022-13-45 20:30:00"))
        assert (problem.field, problem.value) == ("published", "2022-13-45T20:30:00")

    def test_a_day_without_a_time_is_midnight_with_a_warning(self) -> None:
        accepted = read(page("一段。", date="2022-02-02"))
        assert accepted.article.published == datetime(2022, 2, 1, 16, tzinfo=UTC)
        assert notes_of(accepted, "warning") == [
            ("published", "the page gives a day without a time: midnight is assumed")
        ]

    def test_a_time_with_zone_needs_no_assumption(self) -> None:
        accepted = read(page("一段。", date="2022-02-02T20:30:00Z"))
        assert accepted.article.published == datetime(2022, 2, 2, 20, 30, tzinfo=UTC)
        assert not any(place == "published" for place, _ in notes_of(accepted, "info"))

    def test_nul_is_refused(self) -> None:
        assert any("NUL" in problem.reason for problem in refuse(page("一\0段。")))


class TestTheBreadcrumb:
    @pytest.mark.parametrize(
        "line",
        [
            "首頁 > 宏觀 > 正文",
            "首页›宏观›正文",
            "首页 » 宏观",
            "主页/宏观/正文",
            "當前位置：首頁 ＞ 宏觀 ＞ 正文",
            "首頁 &gt; 宏觀 &gt; 正文",
            "宏觀 > 正文",
            "新聞 > 宏觀",
            "Home > 宏觀",
        ],
    )
    def test_is_read_in_every_usual_shape(self, line: str) -> None:
        article = read(page("一段。", head=line)).article
        assert article.sections == ("macro",)
        assert article.title == "潮水退了"

    def test_the_last_crumb_decides(self) -> None:
        (problem,) = refuse(page("一段。", head="首頁 > 宏觀 > 糧價 > 正文"))
        assert problem.value == "糧價"

    def test_a_title_with_a_sign_in_it_is_no_breadcrumb(self) -> None:
        article = read("甲 > 乙\n2022-02-02 20:30\n一段。", section="macro").article
        assert (article.title, article.breadcrumb) == ("甲 > 乙", ())

    def test_a_path_of_one_name_or_of_long_names_is_none(self) -> None:
        long = "這一行太長了不可能是任何一個欄目的名字所以它只能是標題而已對不對呢"
        assert read(f"{long} > 正文\n2022-02-02 20:30\n一段。", section="macro").article.breadcrumb == ()


class TestHeadAndFacts:
    def test_lines_between_title_and_date_begin_the_body(self) -> None:
        accepted = read(page("一段。", title="潮水退了\n——碼頭見聞"))
        assert accepted.article.title == "潮水退了"
        assert blocks_of(accepted)[0] == ("p", "——碼頭見聞")
        assert ("content_html", "1 lines between title and date begin the body") in notes_of(accepted, "info")

    def test_facts_before_the_date_and_on_their_own_lines(self) -> None:
        text = page("一段。", title="潮水退了\n作者：林溪", date="2022-02-02 20:30\n\n來源:街坊報")
        article = read(text).article
        assert (article.authors, article.source) == ((Author(name="林溪"),), Source(name="街坊報"))

    def test_several_of_a_kind_are_joined(self) -> None:
        article = read(page("一段。", date="2022-02-02 20:30 编辑：何苗 责任编辑：周玉 来源：")).article
        assert (article.editor, article.source) == ("何苗、周玉", None)

    def test_an_author_who_is_no_chinese_name_is_kept_as_written(self) -> None:
        article = read(page("一段。", date="2022-02-02 20:30 作者：Jane Roe")).article
        assert article.authors == (Author(name="Jane Roe"),)

    def test_an_author_told_twice_is_one(self) -> None:
        article = read(page("一段。林 溪 周玉", date="2022-02-02 20:30 作者：林溪")).article
        assert article.authors == (Author(name="林溪"), Author(name="周玉"))

    def test_an_interview_keeps_its_questions(self) -> None:
        accepted = read(page("记者：潮水什么时候退？", "老人：天亮以前。", "记者：请再讲讲从前", "老人：好。"))
        assert len(blocks_of(accepted)) == 4
        assert accepted.article.authors == ()

    def test_the_source_of_a_chart_stays_in_the_body(self) -> None:
        accepted = read(page("一段。", "來源：漁業年鑑", "又一段。"))
        assert accepted.article.source == Source(name="街坊報")
        assert "來源：漁業年鑑" in [text for _, text in blocks_of(accepted)]

    def test_the_same_fact_twice_goes(self) -> None:
        accepted = read(page("一段。", "來源:街坊報"))
        assert ("line 9", "says again what is known") in notes_of(accepted, "info")
        assert len(blocks_of(accepted)) == 1

    def test_a_sentence_with_a_date_is_no_dateline(self) -> None:
        text = "首頁 > 宏觀 > 正文\n2021年5月1日那天的碼頭\n2022-02-02 20:30\n一段。"
        article = read(text).article
        assert article.title == "2021年5月1日那天的碼頭"
        assert article.published == datetime(2022, 2, 2, 12, 30, tzinfo=UTC)

    def test_the_editor_may_stand_in_the_tail(self) -> None:
        article = read(page("一段。", "推荐阅读", "另一篇", "（责任编辑：何苗）")).article
        assert article.editor == "何苗"
        assert "另一篇" not in (article.content_html or "")


class TestParagraphsAndCrossheads:
    @pytest.mark.parametrize(
        ("line", "tag"),
        [
            ("一本賬,算得清", "h2"),
            ("聚力,點亮“舊碼頭”", "h2"),
            ("一、先修堤", "h2"),
            ("潮水退了。", "p"),
            ("“潮水退了。”", "p"),
            ("“潮水退了”", "p"),
            ("誰在看守倉庫？", "p"),
            ("他說：", "p"),
            ("圖為清晨的碼頭", "p"),
            ("新聞攝影 林溪攝", "p"),
            ("這一行太長了不可能是任何一段的小標題所以它只能是一個沒有句號的段落", "p"),
        ],
    )
    def test_a_crosshead_is_a_short_line_that_ends_no_clause(self, line: str, tag: str) -> None:
        assert blocks_of(read(page("前一段。", line, "後一段。")))[1] == (tag, line)

    def test_it_stands_alone_between_paragraphs(self) -> None:
        tags = [tag for tag, _ in blocks_of(read(page("甲", "前一段。", "乙", "丙", "後一段。", "丁戊己庚辛")))]
        assert tags == ["p"] * 6

    def test_markup_in_the_text_is_text(self) -> None:
        accepted = read(page("用 <b> 和 & 寫成的一段。"))
        assert accepted.article.content_html == "<p>用 &lt;b&gt; 和 &amp; 寫成的一段。</p>"


class TestTheExternalId:
    def test_a_second_run_is_the_same(self) -> None:
        assert read_page("hant_annotated.txt") == read_page("hant_annotated.txt")

    def test_survives_a_mended_body_source_section_and_punctuation(self) -> None:
        first = read(page("一段。")).article.external_id
        mended = read(
            page(
                "一段,改過。",
                title="“潮水” 退(tuì)了!",
                date="2022-02-02 20:30:00 來源:新街坊報",
                head="首頁 > 財經 > 正文",
            )
        )
        assert first is not None
        assert first.startswith("newspage:")
        assert mended.article.external_id == first

    def test_tells_titles_and_times_apart(self) -> None:
        ids = {
            read(page("一段。", title=title, date=date)).article.external_id
            for title in ("潮水退了", "潮水漲了")
            for date in ("2022-02-02 20:30:00", "2022-02-02 20:30:01")
        }
        assert len(ids) == 4


class TestDamage:
    def test_every_place_is_told_and_the_text_left_alone(self) -> None:
        accepted = read_page("damaged.txt")
        given = (PAGES / "damaged.txt").read_text(encoding="utf-8").split("\n")
        pointed_at = []
        for place, message in notes_of(accepted, "warning"):
            line, column = (int(digits) for digits in re.findall(r"\d+", place))
            pointed_at.append((line, given[line - 1][column - 1 : column + 2], message.partition(" in “")[0]))
        assert pointed_at == [
            (7, "?ji", "broken remains of an annotation, ?jiǎng),"),
            (7, "?wù", "broken remains of an annotation, ?wù),"),
            (9, "\ue0eb比從", "private-use character U+E0EB"),
            (9, "(zì", "broken remains of an annotation, (zì,"),
            (9, "\ufffd不再", "replacement character U+FFFD"),
            (11, "\ue57a9", "private-use character U+E57A"),
        ]
        content = accepted.article.content_html or ""
        assert "最要?jiǎng)?wù),餘下" in content
        assert "水\ue0eb比從前" in content
        assert accepted.article.editor == "sl\ue57a9"

    def test_warnings_are_bounded_and_the_rest_counted(self) -> None:
        accepted = read(page("\ue000" * 350 + "。"))
        warnings = notes_of(accepted, "warning")
        assert len(warnings) == 101
        assert warnings[-1] == ("page", "250 more places look damaged")


class TestCleanLine:
    @pytest.mark.parametrize(
        ("line", "text"),
        [
            ("银行(háng)业", "银行业"),
            ("行(xíng)走", "行走"),
            ("孩子(zi)们(men)", "孩子们"),
            ("經(jīng)濟(jì)", "經濟"),
            ("好(ha\u030co)", "好"),
            ("海（hɑ\u030ci）", "海"),
            ("𠀀(hē)", "𠀀"),
            ("字( zì )", "字"),
            ("字（zì)", "字"),
        ],
    )
    def test_removes_a_reading_of_the_character_before(self, line: str, text: str) -> None:
        assert clean_line(line).text == text

    @pytest.mark.parametrize(
        "line",
        [
            "重庆(Chongqing)",
            "重慶(chóngqìng)",
            "银行(bank)",
            "元(yuan)、分(fen)",
            "行(xǐng)走",
            "“行”(háng)",
            "行 (háng)",
            "行(Háng)",
            "行(háng/xíng)",
            "(háng)",
            "读作(háng)",
            "A(ā)",
            "甲(見第二頁)",
            "f(x) 與 g(y)",
            "",
        ],
    )
    def test_keeps_everything_else_as_it_is(self, line: str) -> None:
        cleaned = clean_line(line)
        assert (cleaned.text, cleaned.removed) == (line, 0)
        assert not any(remark.is_damage for remark in cleaned.remarks)

    @pytest.mark.parametrize("line", ["a) 甲", "café) 了", "(一)(二)", "第1)條", "(見hàn)", "(甲(乙)", "甲)乙"])
    def test_lone_brackets_are_no_damage_of_ours(self, line: str) -> None:
        assert clean_line(line).remarks == ()

    def test_columns_count_in_the_line_as_given(self) -> None:
        line = "經(jīng)濟(jì)要zhì)好"
        (remark,) = clean_line(line).remarks
        assert line[remark.column - 1 :].startswith("zhì)")

    def test_hostile_lines_take_linear_time(self) -> None:
        assert clean_line("(" * 200_000).removed == 0
        assert clean_line("字(zì)" * 20_000).removed == 20_000


class TestBylines:
    @pytest.mark.parametrize(
        ("paragraph", "body", "names"),
        [
            ("走了。單曉寧 鐘 藝 吳曉倩", "走了。", ("單曉寧", "鐘藝", "吳曉倩")),
            ("走了。”王\u3000芳", "走了。”", ("王芳",)),
            ("走了。（记者 李明 通讯员 王芳）", "走了。", ("李明", "王芳")),
            ("走了（本报记者李明。）", "走了", ("李明",)),
            ("走了。文/林溪 图/周玉", "走了。", ("林溪", "周玉")),
            ("走了。阿迪力·买买提、欧阳修文", "走了。", ("阿迪力·买买提", "欧阳修文")),
            ("林溪 周玉 林溪", "", ("林溪", "周玉")),
            # outlets and roles
            ("走了。（本报记者林溪 本报通讯员周玉 赵刚）", "走了。", ("林溪", "周玉", "赵刚")),
            ("走了。（记者：林溪；通讯员：周玉）", "走了。", ("林溪", "周玉")),
            ("走了。（江湾日报记者 林 溪）", "走了。", ("林溪",)),
            ("走了。（总台央视记者 林溪、周玉）", "走了。", ("林溪", "周玉")),
            ("走了。（中新社特派记者林溪 实习生 周玉）", "走了。", ("林溪", "周玉")),
            ("走了。（記者林溪／台北報導）", "走了。", ("林溪",)),
            # what they did
            ("走了。（记者林溪 摄影报道）", "走了。", ("林溪",)),
            ("走了。本报记者 林溪 文/图", "走了。", ("林溪",)),
            ("走了。（记者 林溪/文 周玉/图）", "走了。", ("林溪", "周玉")),
            ("走了。文/本报记者 林溪 图/周玉", "走了。", ("林溪", "周玉")),
        ],
    )
    def test_are_parted_from_the_text(self, paragraph: str, body: str, names: tuple[str, ...]) -> None:
        assert split_byline(paragraph) == (body, names)

    @pytest.mark.parametrize(
        "paragraph",
        [
            "走了。",
            "“走了。”",
            "走了。全文完",
            "走了。谢谢观看",
            "走了。数据见图",
            "走了。林",
            "走了。林 溪 周",
            "走了。林 周玉",
            "走了。Jane Roe",
            "走了（笑）",
            "走了。（图片由记者提供）",
            # who took a picture, edited or planned: it would be lost
            "图为工地。林溪摄",
            "走了。（记者 林溪 摄）",
            "走了。摄影：林溪",
            "走了。（记者 林溪 编辑 周玉）",
            "走了。策划：林溪 文字：周玉",
            # no names at all, or names that are told more of
            "走了。（据江湾社电）",
            "走了。（周玉，系某大学教授）",
            "走了。（作者系某大学教授）",
            "走了。（文中人物均为化名）",
            "走了。（高兴）",
            "走了。（记者林溪周玉）",
            "走了】",
            "走了。" + "林溪 " * 60,
            "走了。" + " ".join(f"林{letter}" for letter in "一二三四五六七八九十百千萬"),
            "",
        ],
    )
    def test_anything_else_stays(self, paragraph: str) -> None:
        assert split_byline(paragraph) == (paragraph, ())

    def test_a_byline_paragraph_goes_whole(self) -> None:
        accepted = read(page("一段。", "林溪 周玉"))
        assert blocks_of(accepted) == [("p", "一段。")]
        assert accepted.article.authors == (Author(name="林溪"), Author(name="周玉"))

    def test_names_alone(self) -> None:
        assert read_names("记者：林溪") == ("林溪",)
        assert read_names("") == ()


class TestTheScript:
    def test_is_told_by_frequent_characters(self) -> None:
        assert detect_script("這個國家的學生們來過這裡") == "zh-Hant"
        assert detect_script("这个国家的学生们来过这里") == "zh-Hans"

    def test_little_or_mixed_text_leaves_it_open(self) -> None:
        assert detect_script("山水") is None
        assert detect_script("這個國家學會 这个国家学会") is None
