"""Words for readers, on pages and in feeds, in the language of what they read: English, and both ways of Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_ENGLISH = {
    "skip": "Skip to the text",
    "home": "Home",
    "sections": "Sections",
    "everything": "Everything",
    "newest": "Newest",
    "nothing_yet": "Nothing has been published here yet.",
    "nothing_older": "There is nothing older here.",
    "older": "Older",
    "subscribe": "Subscribe",
    "colon": ": ",
    "intro": "Every section has its feeds. Copy one into your feed reader and new articles come by themselves.",
    "feed_of": "{title} as {format}",
    "opml": "All sections as one list (OPML)",
    "opml_use": "Import it into a feed reader to subscribe to all of them at once.",
    "times": "Times are those of {zone}.",
    "how_to_subscribe": "A click selects a whole address. Copy it, and paste it where your reader adds feeds.",
    "what_a_feed_is": "A feed is a section written for programs: a feed reader looks into it and brings what is new.",
    "any_will_do": "All addresses bring the same; any one will do.",
    "which_readers": "Feed readers: NetNewsWire (Apple), Feeder (Android), Thunderbird (computers), Inoreader (web).",
    "podcast_apps": "In a podcast app, add the RSS address.",
    "by": "By {names}",
    "name_separator": ", ",
    "source": "Source: ",
    "editor": "Editor: ",
    "updated": "Updated",
    "original": "Read it where it first appeared",
    "files": "Files",
    "tags": "Tags",
    "breadcrumb": "Where this belongs",
    "correction": "Correction ({date}): {note}",
    "corrected": "Corrected",
    "corrections": "Corrections",
    "withdrawn": "Withdrawn",
    "withdrawn_at": "Withdrawn",
    "withdrawn_title": "This article has been withdrawn",
    "withdrawn_text": "This article has been withdrawn by the editors and is no longer available.",
    "not_found": "Not found",
    "not_found_text": "There is no page at this address.",
    "closed": "Closed",
    "closed_text": "This section has been closed. Its feeds are no longer made.",
    "wrong": "Something went wrong",
    "wrong_text": "The page can’t be shown just now. The error has been noted.",
    "error_id": "If you write to us about it, tell us this number: ",
    "refused": "This can’t be answered",
    "refused_text": "The request is not one that this address answers.",
    "read_only": "This page can only be read",
    "read_only_text": "Nothing can be sent to this address.",
    "unavailable": "Back in a moment",
    "unavailable_text": "The articles can’t be reached just now. The feeds go on; please try again soon.",
    "perhaps": "Perhaps you were looking for",
}

_SIMPLIFIED = {
    "skip": "跳到正文",
    "home": "首页",
    "sections": "栏目",
    "everything": "全部",
    "newest": "最新",
    "nothing_yet": "这里还没有发布内容。",
    "nothing_older": "没有更早的内容了。",
    "older": "更早",
    "subscribe": "订阅",
    "colon": "：",
    "intro": "每个栏目都有自己的订阅源，把地址复制到阅读器里，新文章便会自动送达。",
    "feed_of": "{title}（{format}）",
    "opml": "全部栏目列表（OPML）",
    "opml_use": "导入阅读器，即可一次订阅全部栏目。",
    "times": "时间按 {zone} 时区。",
    "how_to_subscribe": "点一下地址即全部选中；复制后，粘贴到阅读器的“添加订阅”里。",
    "what_a_feed_is": "订阅源是写给阅读器的栏目：有了新文章，阅读器便自动送来。",
    "any_will_do": "几个地址内容相同，任选其一。",
    "which_readers": "阅读器例如：NetNewsWire（苹果）、Feeder（安卓）、Thunderbird（电脑）、Inoreader（网页）。",
    "podcast_apps": "播客应用请添加 RSS 地址。",
    "by": "{names}",
    "name_separator": "、",
    "source": "来源：",
    "editor": "编辑：",
    "updated": "更新于",
    "original": "阅读原文",
    "files": "附件",
    "tags": "标签",
    "breadcrumb": "所在位置",
    "correction": "更正（{date}）：{note}",
    "corrected": "有更正",
    "corrections": "更正",
    "withdrawn": "已撤回",
    "withdrawn_at": "撤回于",
    "withdrawn_title": "本文已撤回",
    "withdrawn_text": "编辑部已撤回本文，内容不再提供。",
    "not_found": "找不到页面",
    "not_found_text": "这个地址没有内容。",
    "closed": "栏目已关闭",
    "closed_text": "这个栏目已经关闭，订阅源不再更新。",
    "wrong": "出错了",
    "wrong_text": "页面暂时无法显示，错误已记录。",
    "error_id": "若要告知我们，请附上编号：",
    "refused": "无法处理这个请求",
    "refused_text": "这个地址无法回应这样的请求。",
    "read_only": "此页只供阅读",
    "read_only_text": "这个地址不接收内容。",
    "unavailable": "请稍候",
    "unavailable_text": "文章暂时无法读取，订阅源照常提供，请稍后再打开本页。",
    "perhaps": "您要找的或许是",
}

_TRADITIONAL = {
    "skip": "跳到正文",
    "home": "首頁",
    "sections": "欄目",
    "everything": "全部",
    "newest": "最新",
    "nothing_yet": "這裡還沒有發佈內容。",
    "nothing_older": "沒有更早的內容了。",
    "older": "更早",
    "subscribe": "訂閱",
    "colon": "：",
    "intro": "每個欄目都有自己的訂閱源，把網址複製到閱讀器裡，新文章便會自動送達。",
    "feed_of": "{title}（{format}）",
    "opml": "全部欄目列表（OPML）",
    "opml_use": "匯入閱讀器，即可一次訂閱全部欄目。",
    "times": "時間按 {zone} 時區。",
    "how_to_subscribe": "點一下網址即全部選取；複製後，貼到閱讀器的「新增訂閱」裡。",
    "what_a_feed_is": "訂閱源是寫給閱讀器的欄目：有了新文章，閱讀器便自動送來。",
    "any_will_do": "幾個網址內容相同，任選其一。",
    "which_readers": "閱讀器例如：NetNewsWire（Apple）、Feeder（Android）、Thunderbird（電腦）、Inoreader（網頁）。",
    "podcast_apps": "Podcast 應用程式請加入 RSS 網址。",
    "by": "{names}",
    "name_separator": "、",
    "source": "來源：",
    "editor": "編輯：",
    "updated": "更新於",
    "original": "閱讀原文",
    "files": "附件",
    "tags": "標籤",
    "breadcrumb": "所在位置",
    "correction": "更正（{date}）：{note}",
    "corrected": "有更正",
    "corrections": "更正",
    "withdrawn": "已撤回",
    "withdrawn_at": "撤回於",
    "withdrawn_title": "本文已撤回",
    "withdrawn_text": "編輯部已撤回本文，內容不再提供。",
    "not_found": "找不到頁面",
    "not_found_text": "這個網址沒有內容。",
    "closed": "欄目已關閉",
    "closed_text": "這個欄目已經關閉，訂閱源不再更新。",
    "wrong": "出錯了",
    "wrong_text": "頁面暫時無法顯示，錯誤已記錄。",
    "error_id": "若要告知我們，請附上編號：",
    "refused": "無法處理這個請求",
    "refused_text": "這個網址無法回應這樣的請求。",
    "read_only": "此頁只供閱讀",
    "read_only_text": "這個網址不接收內容。",
    "unavailable": "請稍候",
    "unavailable_text": "文章暫時無法讀取，訂閱源照常提供，請稍後再打開本頁。",
    "perhaps": "您要找的或許是",
}

_TRADITIONAL_SUBTAGS = {"hant", "tw", "hk", "mo"}

# Written from right to left: languages by their first subtag, and scripts (ISO 15924) that a tag may name instead.
_LEFTWARD_LANGUAGES = frozenset("ar arc ckb dv fa he ks ps sd ug ur yi".split())
_LEFTWARD_SCRIPTS = frozenset("adlm arab aran hebr mand mend nkoo rohg samr syrc thaa".split())
_SCRIPT_LENGTH = 4

WORDS = {"en": _ENGLISH, "zh-Hans": _SIMPLIFIED, "zh-Hant": _TRADITIONAL}


def is_chinese(language: str) -> bool:
    return language.lower().split("-")[0] == "zh"


def words_for(language: str) -> Mapping[str, str]:
    """The words for a BCP 47 tag; English where there are none of its own."""
    if not is_chinese(language):
        return _ENGLISH
    subtags = set(language.lower().split("-")[1:])
    return _TRADITIONAL if subtags & _TRADITIONAL_SUBTAGS and "hans" not in subtags else _SIMPLIFIED


def language_of_words(language: str) -> str:
    """The tag of what words_for(language) is in: a page's frame is in it, whatever the article between is in."""
    return language if is_chinese(language) or language.lower().split("-")[0] == "en" else "en"


def is_leftward(language: str) -> bool:
    """True if it is written from right to left: ar, he, not ug-Latn: a script outweighs the language."""
    first, *subtags = language.lower().split("-")
    script = next((subtag for subtag in subtags if len(subtag) == _SCRIPT_LENGTH and subtag.isalpha()), "")
    return script in _LEFTWARD_SCRIPTS if script else first in _LEFTWARD_LANGUAGES


def say_correction(note: str, moment: datetime, language: str) -> str:
    """A correction of that local moment with its day: 更正（2026-11-23）：原文误作百分之四。"""
    return words_for(language)["correction"].format(date=moment.date().isoformat(), note=note)


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant in this zone; as it is where the zone would put it before year 1 or after 9999."""
    try:
        return instant.astimezone(zone)
    except OverflowError:
        return instant


def say_time(moment: datetime, language: str) -> str:
    """A local moment to the minute: 2022年10月24日 09:32 in Chinese, ISO 8601's order elsewhere."""
    if is_chinese(language):
        return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"
    return f"{moment:%Y-%m-%d %H:%M}"


def say_offset(moment: datetime) -> str:
    """How far a local moment's clock is from UTC: UTC+8, UTC-3:30, UTC."""
    minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")
