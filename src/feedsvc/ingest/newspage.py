"""The text of one news page, as a Chinese site gives it -> an article.

    首頁 > 宏觀 > 正文                            the breadcrumb; its last crumb but 正文 is the section
    The title
    2022-10-24 09:32:31 來源:江蘇經濟報             when, and labelled facts: source, author, editor
    A paragraph a line. The last may end in the names of its writers.單曉寧 鐘 藝
    A short line between paragraphs               a crosshead (h2)
    責任編輯:hnmd003
    相關閱讀                                      from here on: other articles, dropped

`breadcrumb` keeps every crumb, 首頁 and 正文 too. The external id is made of the local time of publication and the
letters of the title, so that a page whose body, source, section or punctuation was mended updates its article.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from feedsvc.errors import UnknownSectionError
from feedsvc.ingest.annotations import clean_line
from feedsvc.ingest.article import USUAL_LIMITS, Accepted, accept, explain_unknown_section
from feedsvc.ingest.bounds import MAX_WARNINGS
from feedsvc.ingest.byline import read_names, split_byline
from feedsvc.ingest.report import Report, quote_all
from feedsvc.ingest.script import detect_script
from feedsvc.model import Limits

_HOME = frozenset("首頁 首页 主頁 主页 网站首页 網站首頁 home".split())
_HERE = frozenset("正文 文章 內容 内容 詳情 详情".split())
_LOCATION = re.compile(r"^(?:您?(?:的|當前|当前|現在|现在)*(?:所在)?位置)\s*[:：]\s*")
# From the middle of white space none begins: else each would look through all the rest of it.
_CRUMB_MARK = re.compile(r"(?<!\s)\s*+(?:[>›»＞〉→]|&gt;)+\s*+")
_SLASH = re.compile(r"(?<!\s)\s*+[/／|｜]\s*+")

_DATE = re.compile(
    r"(?:(?:發布|发布|發佈|更新|發表|发表)?(?:時間|时间|日期|於|于)\s*+[:：]?\s*+)?"
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*+日?[ T\u3000\xa0]*+"
    r"(?:(\d{1,2})[:：时時](\d{1,2})(?:[:：分](\d{1,2})秒?|分)?)?\s*+(Z|[+-]\d{2}:?\d{2}(?!\d))?",
    re.ASCII,
)
_LABELS = {
    "source": "來源 来源 稿源 文章來源 文章来源 信息来源 信息來源",
    "authors": "作者 記者 记者 撰文 文/图",
    "editor": "責任編輯 责任编辑 責編 责编 編輯 编辑",
}
_FIELD_OF = {label: name for name, labels in _LABELS.items() for label in labels.split()}
_LABEL = re.compile(rf"({'|'.join(sorted(_FIELD_OF, key=len, reverse=True))})\s*[:：]\s*")
_BRACKETS = "[]【】()（） \t\u3000\xa0|｜"

_TAIL = frozenset(
    (
        "相關閱讀 相关阅读 精彩推送 推薦閱讀 推荐阅读 延伸閱讀 延伸阅读 相關新聞 相关新闻 相關報道 相关报道 "
        "相關文章 相关文章 熱門推薦 热门推荐 熱門文章 热门文章 猜你喜歡 猜你喜欢 為您推薦 为您推荐 更多閱讀 更多阅读"
    ).split()
)
_HEAD_LINES = 8
_LONGEST_FACT = 60
_LONGEST_CRUMB = 30
_LONGEST_CROSSHEAD = 30
_SENTENCE_MARKS = "。！？!?…；;，,、：:．."
_CLOSING = "”’」』）)》〉"
_QUOTED = re.compile('[“「『‘"].*[”」』’"]')
_CAPTION = re.compile("^(?:图|圖|▲|△|▼)[为為片：:]?|[摄攝]$|(?:資料|资料)(?:图|圖)")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that holds something, annotations gone. `number` counts from 1 in the page."""

    number: int
    text: str


@dataclass(slots=True)
class _Page:
    """The page taken apart."""

    breadcrumb: list[str] = field(default_factory=list)
    title: _Line | None = None
    dateline: _Line | None = None
    published: str = ""
    has_clock: bool = True
    facts: dict[str, str] = field(default_factory=dict)
    body: list[_Line] = field(default_factory=list)


def read_newspage(
    text: str,
    *,
    resolve_section: Callable[[str], str],
    base_url: str,
    naive_timezone: tzinfo | None,
    section: str | None = None,
    limits: Limits = USUAL_LIMITS,
) -> Accepted:
    """Read the text of a page. `section` stands in for what the breadcrumb says.

    A time is read in `naive_timezone`, with a note. Raises RefusedError for a page without title, date, body or known
    section, and for what accept() refuses.
    """
    report = Report()
    page = _take_apart(_clean_lines(text, report), report)
    slug = _find_section(page, report, resolve_section, section)
    if page.dateline is None:
        where = f"in the first {_HEAD_LINES} lines that hold text"
        report.refuse("published", "", f"no date was found {where}: it stands below the title, as 2022-10-24 09:32:31")
    if page.title is None:
        above = f" above line {page.dateline.number}, which holds the date" if page.dateline else ""
        report.refuse("title", "", f"no title was found{above}: it stands on a line of its own")
    data = _write_article(page, report)
    report.raise_problems()
    accepted = accept(
        {**data, "sections": [slug]},
        resolve_section=resolve_section,
        base_url=base_url,
        naive_timezone=naive_timezone,
        limits=limits,
    )
    return Accepted(accepted.article, (*report.notes, *accepted.notes))


def _clean_lines(text: str, report: Report) -> list[_Line]:
    lines: list[_Line] = []
    removed = told = 0
    for number, given in enumerate(re.split("\r\n|\r|\n", text.removeprefix("\ufeff")), 1):
        cleaned = clean_line(given)
        removed += cleaned.removed
        for remark in cleaned.remarks:
            told += 1
            if told <= MAX_WARNINGS:
                place = f"line {number}, column {remark.column}"
                report.note(place, remark.message, "warning" if remark.is_damage else "info")
        if cleaned.text.strip():
            lines.append(_Line(number, cleaned.text.strip()))
    if told > MAX_WARNINGS:
        report.note("page", f"{told - MAX_WARNINGS} more places look damaged", "warning")
    if removed:
        report.note("page", f"{removed} pronunciation annotations were removed")
    return lines


def _take_apart(lines: list[_Line], report: Report) -> _Page:
    page = _Page()
    for line in lines[:_HEAD_LINES]:
        if _read_dateline(line, page):
            break
    if page.dateline is None:
        _read_head(lines[:_HEAD_LINES], page)
        return page
    place = lines.index(page.dateline)
    page.body.extend(_read_head(lines[:place], page))
    if page.body:
        report.note("content_html", f"{len(page.body)} lines between title and date begin the body")
    _read_body(lines[place + 1 :], page, report)
    return page


def _read_head(head: list[_Line], page: _Page) -> list[_Line]:
    """Find breadcrumb and title; the lines that are left."""
    crumbs = next((line for line in head if _is_breadcrumb(line.text, has_title=len(head) > 1)), None)
    if crumbs:
        page.breadcrumb = _split_crumbs(crumbs.text)
    rest = [line for line in head if line is not crumbs and not _read_facts(line.text, page)]
    if rest:
        page.title = rest.pop(0)
    return rest


def _read_body(lines: list[_Line], page: _Page, report: Report) -> None:
    """Part the body from labelled facts, and from what leads to other articles."""
    in_tail = False
    for index, line in enumerate(lines):
        if not in_tail and page.body and line.text.strip("：:>》」】[]【 ") in _TAIL:
            in_tail = True
            dropped = f"{len(lines) - index} lines from “{line.text}” on lead to other articles and were dropped"
            report.note(f"line {line.number}", dropped)
        known = dict(page.facts)
        if _read_facts(line.text, page, anew=True):
            news = "、".join(f"{name} {value}" for name, value in page.facts.items() if known.get(name) != value)
            report.note(f"line {line.number}", f"read as {news}" if news else "says again what is known")
        elif not in_tail:
            page.body.append(line)


def _read_dateline(line: _Line, page: _Page) -> bool:
    """Take date and labelled facts from a line that holds nothing else."""
    match = _DATE.search(line.text)
    if match is None:
        return False
    facts = f"{line.text[: match.start()]} {line.text[match.end() :]}".strip(_BRACKETS)
    if facts and not _read_facts(facts, page):
        return False
    year, month, day, hour, minute, second, zone = match.groups()
    clock = f"{int(hour or 0):02}:{int(minute or 0):02}:{int(second or 0):02}"
    page.dateline = line
    page.published = f"{year}-{int(month):02}-{int(day):02}T{clock}{zone or ''}"
    page.has_clock = hour is not None
    return True


def _read_facts(text: str, page: _Page, *, anew: bool = False) -> bool:
    """Take labelled facts (來源:…, 責任編輯:…) from a line that holds nothing else; several of a kind are joined.

    `anew`: in a body such a line may as well be part of the story, a question asked (记者:…) or the source of a chart;
    there it must say something of a kind not yet known, and authors must be names.
    """
    bare = text.strip(_BRACKETS)
    if not _LABEL.match(bare):
        return False
    pieces = _LABEL.split(bare)[1:]
    found: dict[str, list[str]] = {}
    for label, value in zip(pieces[::2], pieces[1::2], strict=True):
        kind, said = _FIELD_OF[label], value.strip(_BRACKETS)
        if len(said) > _LONGEST_FACT or said.endswith(tuple("。！？!?；;…")):
            return False
        if anew and (page.facts.get(kind, said) != said or (kind == "authors" and not read_names(said))):
            return False
        if said:
            found.setdefault(kind, []).append(said)
    for kind, all_said in found.items():
        page.facts.setdefault(kind, "、".join(all_said))
    return True


def _is_breadcrumb(text: str, *, has_title: bool) -> bool:
    crumbs = _split_crumbs(text)
    if len(crumbs) < 2 or any(len(crumb) > _LONGEST_CRUMB for crumb in crumbs):  # noqa: PLR2004 - a path
        return False
    is_framed = crumbs[0].lower() in _HOME or crumbs[-1] in _HERE
    return is_framed or (has_title and bool(_CRUMB_MARK.search(text)))


def _split_crumbs(text: str) -> list[str]:
    path = _LOCATION.sub("", text)
    mark = _CRUMB_MARK if _CRUMB_MARK.search(path) else _SLASH
    return [crumb for crumb in mark.split(path) if crumb.strip()]


def _find_section(page: _Page, report: Report, resolve_section: Callable[[str], str], section: str | None) -> str:
    crumbs = [crumb for crumb in page.breadcrumb if crumb.lower() not in _HOME and crumb not in _HERE]
    name = section or (crumbs[-1] if crumbs else "")
    try:
        slug = resolve_section(name)
    except UnknownSectionError as error:
        if name:
            report.refuse("sections", name, explain_unknown_section(error))
        else:
            missing = "the page has no breadcrumb that names a section (首頁 > 宏觀 > 正文): name one with --section"
            report.refuse("sections", " > ".join(page.breadcrumb), f"{missing}. Sections: {quote_all(error.known)}")
        return ""
    return slug


def _write_article(page: _Page, report: Report) -> dict[str, object]:
    title = page.title.text if page.title else ""
    authors = _find_authors(page, report)
    blocks = _find_blocks(page.body)
    content = "\n".join(f"<{tag}>{html.escape(text, quote=False)}</{tag}>" for tag, text in blocks)
    heads = sum(tag == "h2" for tag, _ in blocks)
    report.note("content_html", f"{len(blocks) - heads} paragraphs and {heads} crossheads were found")
    if page.dateline and not blocks:
        report.refuse("content_html", "", "no body was found: its paragraphs stand below the line with the date")
    language = detect_script("".join(line.text for line in page.body))
    if language:
        report.note("language", f"is read from the characters as {language}")
    if not page.has_clock:
        report.note("published", "the page gives a day without a time: midnight is assumed", "warning")
    data: dict[str, object] = {
        "external_id": _make_external_id(page.published, title),
        "title": title,
        "content_html": content,
        "breadcrumb": page.breadcrumb,
        "authors": list(authors),
        "published": page.published,
        "editor": page.facts.get("editor"),
        "source": page.facts.get("source"),
        "language": language,
    }
    return data


def _find_authors(page: _Page, report: Report) -> tuple[str, ...]:
    told = page.facts.get("authors", "")
    names = read_names(told) or ((told,) if told else ())
    if page.body:
        last = page.body[-1]
        text, found = split_byline(last.text)
        if found:
            names = tuple(dict.fromkeys((*names, *found)))
            report.note(f"line {last.number}", f"the byline {'、'.join(found)} was taken from the end of the body")
            page.body[-1:] = [_Line(last.number, text)] if text else []
    return names


def _find_blocks(lines: list[_Line]) -> list[tuple[str, str]]:
    """Tell paragraphs from crossheads: a crosshead is one short line between two paragraphs that ends no clause.

    A quotation, a caption and one of several short lines in a row (a list, a poem) are paragraphs.
    """
    is_short = [_may_be_crosshead(line.text) for line in lines]
    blocks = []
    for index, line in enumerate(lines):
        stands_alone = 0 < index < len(lines) - 1 and not is_short[index - 1] and not is_short[index + 1]
        blocks.append(("h2" if is_short[index] and stands_alone else "p", line.text))
    return blocks


def _may_be_crosshead(text: str) -> bool:
    if len(text) > _LONGEST_CROSSHEAD or _QUOTED.fullmatch(text) or _CAPTION.search(text):
        return False
    return not text.rstrip(_CLOSING).endswith(tuple(_SENTENCE_MARKS))


def _make_external_id(local_time: str, title: str) -> str:
    letters = "".join(character for character in unicodedata.normalize("NFKC", title).casefold() if character.isalnum())
    digest = hashlib.sha256(f"{local_time}\n{letters}".encode(errors="surrogatepass")).hexdigest()
    return f"newspage:{digest[:32]}"
