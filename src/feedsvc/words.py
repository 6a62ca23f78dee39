"""Words for readers, on pages and in feeds, in the language of what they read: English, and both ways of Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

_ENGLISH = {
    "skip": "Skip to the text",
    "home": "Home",
    "sections": "Sections",
    "everything": "Everything",
    "newest": "Newest",
    "nothing_yet": "Nothing has been published here yet.",
    "older": "Older",
    "subscribe": "Subscribe",
    "colon": ": ",
    "intro": "Every section has its feeds. Copy one into your feed reader and new articles come by themselves.",
    "feed_of": "{title} as {format}",
    "opml": "All sections as one list (OPML)",
    "how_to_subscribe": "Copy one of these addresses into your feed reader.",
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
    "withdrawn": "Withdrawn",
    "withdrawn_title": "This article has been withdrawn",
    "withdrawn_text": "This article has been withdrawn by the editors and is no longer available.",
    "not_found": "Not found",
    "not_found_text": "There is no page at this address.",
    "closed": "Closed",
    "closed_text": "This section has been closed. Its feeds are no longer made.",
    "wrong": "Something went wrong",
    "wrong_text": "The page can’t be shown just now. The error has been noted.",
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
    "older": "更早",
    "subscribe": "订阅",
    "colon": "：",
    "intro": "每个栏目都有自己的订阅源，把地址复制到阅读器里，新文章便会自动送达。",
    "feed_of": "{title}（{format}）",
    "opml": "全部栏目列表（OPML）",
    "how_to_subscribe": "把下面任一地址复制到阅读器即可订阅。",
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
    "withdrawn": "已撤回",
    "withdrawn_title": "本文已撤回",
    "withdrawn_text": "编辑部已撤回本文，内容不再提供。",
    "not_found": "找不到页面",
    "not_found_text": "这个地址没有内容。",
    "closed": "栏目已关闭",
    "closed_text": "这个栏目已经关闭，订阅源不再更新。",
    "wrong": "出错了",
    "wrong_text": "页面暂时无法显示，错误已记录。",
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
    "older": "更早",
    "subscribe": "訂閱",
    "colon": "：",
    "intro": "每個欄目都有自己的訂閱源，把網址複製到閱讀器裡，新文章便會自動送達。",
    "feed_of": "{title}（{format}）",
    "opml": "全部欄目列表（OPML）",
    "how_to_subscribe": "把下面任一網址複製到閱讀器即可訂閱。",
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
    "withdrawn": "已撤回",
    "withdrawn_title": "本文已撤回",
    "withdrawn_text": "編輯部已撤回本文，內容不再提供。",
    "not_found": "找不到頁面",
    "not_found_text": "這個網址沒有內容。",
    "closed": "欄目已關閉",
    "closed_text": "這個欄目已經關閉，訂閱源不再更新。",
    "wrong": "出錯了",
    "wrong_text": "頁面暫時無法顯示，錯誤已記錄。",
    "unavailable": "請稍候",
    "unavailable_text": "文章暫時無法讀取，訂閱源照常提供，請稍後再打開本頁。",
    "perhaps": "您要找的或許是",
}

_TRADITIONAL_SUBTAGS = {"hant", "tw", "hk", "mo"}

WORDS = {"en": _ENGLISH, "zh-Hans": _SIMPLIFIED, "zh-Hant": _TRADITIONAL}


def is_chinese(language: str) -> bool:
    return language.lower().split("-")[0] == "zh"


def words_for(language: str) -> Mapping[str, str]:
    """The words for a BCP 47 tag; English where there are none of its own."""
    if not is_chinese(language):
        return _ENGLISH
    subtags = set(language.lower().split("-")[1:])
    return _TRADITIONAL if subtags & _TRADITIONAL_SUBTAGS and "hans" not in subtags else _SIMPLIFIED


def say_correction(note: str, moment: datetime, language: str) -> str:
    """A correction of that local moment with its day: 更正（2026-11-23）：原文误作百分之四。"""
    return words_for(language)["correction"].format(date=moment.date().isoformat(), note=note)


def say_time(moment: datetime, language: str) -> str:
    """A local moment to the minute: 2022年10月24日 09:32 in Chinese, ISO 8601's order elsewhere."""
    if is_chinese(language):
        return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"
    return f"{moment:%Y-%m-%d %H:%M}"
