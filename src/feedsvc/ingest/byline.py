"""The names of those who wrote a page: behind its last sentence, 。單曉寧 鐘 藝, or on a line of their own.

Read over are outlets and roles (江湾日报记者, 本报通讯员), and what somebody did (文/图, 摄影报道). A text that holds
anything else (an editor, where a picture is from) stays in the body: what it says would else be lost.
"""

from __future__ import annotations

import re

# The hundred families (百家姓) as far as they are borne today, simplified and traditional, and the usual double ones.
_SURNAMES = frozenset(
    "赵趙钱錢孙孫李周吴吳郑鄭王冯馮陈陳褚卫衛蒋蔣沈韩韓杨楊朱秦尤许許何吕呂施张張孔曹严嚴华華金魏陶姜戚谢謝邹鄒喻柏窦竇"
    "章云雲苏蘇潘葛奚范範彭郎鲁魯韦韋昌马馬苗凤鳳花方俞任袁柳酆鲍鮑史唐费費廉岑薛雷贺賀倪汤湯滕殷罗羅毕畢郝邬鄔安常乐樂"
    "于时時傅皮卞齐齊康伍余元卜顾顧孟平黄黃和穆萧蕭尹姚邵湛汪祁毛禹狄米贝貝明臧计計伏成戴谈談宋茅庞龐熊纪紀舒屈项項祝董"
    "梁杜阮蓝藍闵閔席季麻强強贾賈路娄婁危江童颜顏郭梅盛林刁钟鍾鐘徐邱骆駱高夏蔡田樊胡凌霍虞万萬支柯昝管卢盧莫经經房裘缪繆"
    "干解应應宗丁宣邓鄧郁单單杭洪包诸諸左石崔吉钮鈕龚龔程嵇邢裴陆陸荣榮翁荀羊惠甄曲家封储儲靳段巫乌烏焦巴弓牧山谷车車侯班"
    "仰秋仲伊宫宮宁寧仇栾欒甘厉厲戎祖武符刘劉景詹束龙龍叶葉幸司韶黎蓟薊薄印宿白怀懷蒲邰从從索赖賴卓蔺藺屠蒙池乔喬阴陰胥苍蒼"
    "闻聞党黨翟谭譚贡貢劳勞逄姬申扶冉宰雍桑桂牛寿壽通边邊燕冀浦尚农農温溫别別庄莊晏柴瞿阎閻充慕连連茹习習艾鱼魚容向古易廖庾终終"
    "居衡步都耿满滿匡国國文寇广廣阙闕东東欧歐沃利蔚越隆师師巩鞏聂聶晁敖融冷辛阚闞简簡饶饒曾沙鞠丰豐关關查荆荊游竺权權盖蓋桓"
    "岳帅帥亓佟商牟佘覃肖代付闫闫苟税稅邸冼银銀兰蘭油买買由木水"
)
_DOUBLE_SURNAMES = frozenset(
    (
        "欧阳 歐陽 上官 司马 司馬 诸葛 諸葛 皇甫 尉迟 尉遲 公孙 公孫 慕容 令狐 宇文 "
        "长孙 長孫 司徒 夏侯 东方 東方 端木 呼延 南宫 南宮"
    ).split()
)
_NOT_NAMES = frozenset("全文完 未完待续 未完待續 本文完 完结 完結 谢谢 謝謝 关注 關注 高兴 高興".split())

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_OUTLET = rf"(?<![{_HAN}])(?:本|[{_HAN}]{{1,8}}?)(?:报|報|刊|网|網|社|台|臺|视|視|端|广播|廣播|电视|電視|新闻|新聞)\s*"
_ROLE = re.compile(
    rf"(?:{_OUTLET})?"
    r"(?:(?:特约|特約|特派|见习|見習|首席|实习|實習|全媒体|全媒體|融媒体|融媒體)\s*+){0,4}"
    r"(?:记者|記者|通讯员|通訊員|实习生|實習生|作者|撰文|撰稿)\s*[:：/／]?"
    r"|[文图圖](?:字|片|并|並)?\s*[/／]\s*[文图圖](?:片)?(?!\s*[:：/／])"
    r"|(?:图文|圖文|文图|文圖|文|图|圖)\s*[:：/／]|[/／]\s*[文图圖](?![\w/／])"
    r"|(?:[/／]\s*\w{2,4}|摄影|攝影|综合|綜合|现场|現場)?(?:报道|報道|報導)$"
)
_PHOTO_CREDIT = re.compile(r"^(?:图|圖|图片|圖片|摄影|攝影|摄|攝)\s*[:：/／]|[摄攝]$")
"""It says who took a picture, not who wrote the text."""

_NAME = re.compile(f"[{_HAN}]{{2,4}}|[{_HAN}]{{1,8}}(?:[·•‧][{_HAN}]{{1,8}})+")
_LETTER = re.compile(f"[{_HAN}]")
_AFTER_SENTENCE = re.compile(r"(?<=[。！？!?…；;])[”’」』）)]*")
_BRACKETED = re.compile(r"[(（\[【](.*)[)）\]】]")
_SEPARATORS = re.compile(r"[\s、，,；;]+")
_LONGEST = 120
_LONGEST_SINGLE = 3
"""Characters in a name behind a surname of one."""

_MOST_NAMES = 12


def split_byline(paragraph: str) -> tuple[str, tuple[str, ...]]:
    """Part a paragraph from the names behind its last sentence; no names: the paragraph as it was.

    Text that is nothing but names gives ''. Names are believed if each begins with a Chinese surname or holds a dot
    (阿迪力·买买提); roles (记者, 通讯员) are read over, and a name of two characters may be spaced, 鐘 藝.
    """
    tail_start = max((match.end() for match in _AFTER_SENTENCE.finditer(paragraph)), default=0)
    # （记者 李明。） keeps its full stop inside; then the bracket is the tail.
    for start in (tail_start, _find_last_bracket(paragraph)):
        if start is None or len(paragraph) - start > _LONGEST:
            continue
        names = read_names(paragraph[start:])
        if names:
            return paragraph[:start].rstrip(), names
    return paragraph, ()


def read_names(text: str) -> tuple[str, ...]:
    """The names in a text that holds nothing else; () if it holds anything else."""
    inner = text.strip()
    if bracketed := _BRACKETED.fullmatch(inner):
        inner = bracketed[1].strip().rstrip("。.")
    if _PHOTO_CREDIT.search(inner):
        return ()
    bare = _ROLE.sub(" ", inner)
    words = [word for word in _SEPARATORS.split(bare) if word]
    names = _join_spaced(words)
    if names is None or len(names) > _MOST_NAMES or not all(_has_surname(name) for name in names):
        return ()
    return tuple(dict.fromkeys(names))


def _find_last_bracket(paragraph: str) -> int | None:
    if not paragraph.endswith((")", "）", "]", "】")):
        return None
    start = max(paragraph.rfind(bracket) for bracket in "(（[【")
    return start if start >= 0 else None


def _join_spaced(words: list[str]) -> list[str] | None:
    """Join characters that stand alone in pairs; None if a word is no name or one character is left over."""
    names: list[str] = []
    waiting = ""
    for word in words:
        if _LETTER.fullmatch(word):
            if waiting:
                names.append(waiting + word)
                waiting = ""
            else:
                waiting = word
        elif waiting or not _NAME.fullmatch(word) or word in _NOT_NAMES:
            return None
        else:
            names.append(word)
    return None if waiting else names


def _has_surname(name: str) -> bool:
    if any(dot in name for dot in "·•‧"):
        return True
    return name[:2] in _DOUBLE_SURNAMES or (name[0] in _SURNAMES and len(name) <= _LONGEST_SINGLE)
