"""Whether Chinese text is written in traditional or simplified characters, told by frequent ones that differ."""

from __future__ import annotations

_TRADITIONAL = frozenset(
    "個們來這國學會時對發經開關長業進與為動產員區務導實種點現體機電當麼無過還後說話請問間題頭見觀覽聽書車門馬魚鳥龍"
    "東風飛語讀寫買賣錢銀鐵報紙線網給結級組織統總續達運遠選邊連適應慶愛態據數樹樂歷歡氣決沒災熱營獎獨環異畫監確礎"
    "禮積穩節築簡類紅約紀純細終絕維綠編緊縣績舉舊藝蘭處號術衛裝裡規視覺訂計訊討訓記許設訪證評試該詳認誰調談論諸講譽議護"
)
_SIMPLIFIED = frozenset(
    "个们来这国学会时对发经开关长业进与为动产员区务导实种点现体机电当么无过还后说话请问间题头见观览听书车门马鱼鸟龙"
    "东风飞语读写买卖钱银铁报纸线网给结级组织统总续达运远选边连适应庆爱态据数树乐历欢气决没灾热营奖独环异画监确础"
    "礼积稳节筑简类红约纪纯细终绝维绿编紧县绩举旧艺兰处号术卫装里规视觉订计讯讨训记许设访证评试该详认谁调谈论诸讲誉议护"
)
_ONLY_TRADITIONAL = _TRADITIONAL - _SIMPLIFIED
_ONLY_SIMPLIFIED = _SIMPLIFIED - _TRADITIONAL - frozenset("里后")  # both are traditional characters, too
_ENOUGH = 5
_SURE = 0.8


def detect_script(text: str) -> str | None:
    """zh-Hant or zh-Hans; None for too little Chinese or a mixture, so that the site's language holds."""
    traditional = sum(character in _ONLY_TRADITIONAL for character in text)
    simplified = sum(character in _ONLY_SIMPLIFIED for character in text)
    telling = traditional + simplified
    if telling < _ENOUGH:
        return None
    if traditional >= _SURE * telling:
        return "zh-Hant"
    return "zh-Hans" if simplified >= _SURE * telling else None
