"""House numbers that do not stand directly behind the name of their place."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections.abc import Set
from dataclasses import dataclass

from intake.understanding.numerals import NUMERAL
from intake.understanding.unit.pieces import Mention

OTHERS = re.compile(
    "(?:隔壁|楼上|楼下|对[门面]|邻居|旁边|后面|前面|人家|朋友|同事|亲戚|女儿|儿子|闺女|next door(?: (?:in|at))?)[家的住是他她]{0,3}\\s?$"
)
# A house number some words behind its road: 就我们36号没来; 60号，姓曾.
_OWN_HOUSE = re.compile(
    "(?:[我俺咱](?:们|家|们家)?(?:就)?(?:是|住|在)?|家是?|人?住在?|门牌号?是?|house is )\\s?$"
)
_OWNER_AFTER = re.compile(
    "[\\s,，。.的]{0,3}(?:姓|我姓|我叫|叫|老|小|电话|手机|门口|一楼|二楼|[\u4e00-\u9fff]{1,2}(?:家|阿?婆|奶奶|爷爷|大爷|大妈|阿姨|师傅|伯|叔|婶)|\\d{11})"
)
_DAY_AFTER = re.compile(
    "[\\s,，]{0,2}(?:早|上午|中午|下午|傍晚|晚|那天|当天|之?前(?!面)|以前|以后|之后|[一二三四五六七八九十\\d]{1,2}点|来|去|到|过来|行|可以|有空|停|体检|复查|是?(?:周|星期|礼拜))"
)
_FLOOR = re.compile(rf"[\s,，的]{{0,2}}{NUMERAL}[楼层][\s,，]{{0,2}}")
# Nobody lives at these; a number behind them is a day or a stall.
_INSTITUTION = re.compile(
    "院|所|室|校|小学|中学|园|中心|站|店|堂|行|局|馆|市场|早市|菜场|厅|办|处|银行|超市|邮局|窗口"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the place's name stands in the text (None: no place), its kind, and the ends of other
    places' names."""

    start: int | None = None
    end: int | None = None
    kind: str = ""
    elsewhere: Set[int] = frozenset()


def on_floor(text: str, mention: Mention, setting: Setting) -> bool:
    """Whether only the floor stands between the building's name and this door: 海员楼二楼8号."""
    end = setting.end or 0
    return bool(mention.start > end and _FLOOR.fullmatch(text[end : mention.start][:12]))


def dwelt(text: str, mention: Mention, setting: Setting) -> bool:
    """Whether people live at this facility, as on a square, and the number is no day."""
    name = text[setting.start : setting.end]
    return bool(
        set(mention.parts) & {"b", "l"}
        and not _INSTITUTION.search(name)
        and not _DAY_AFTER.match(text, mention.end)
    )


def stands_apart(text: str, mention: Mention, setting: Setting) -> bool:
    """Whether a house number of the road, or of the village, stands some clauses behind it."""
    if setting.kind not in ("road", "community") or setting.end is None:
        return False
    if mention.start < setting.end or set(mention.parts) != {"b"}:
        return "l" in mention.parts and "b" in mention.parts and mention.start > setting.end
    before = text[max(0, mention.start - 12) : mention.start]
    if OTHERS.search(before) or _DAY_AFTER.match(text, mention.end):
        return False
    if _OWN_HOUSE.search(before):
        return True
    clause = not before or before[-1] in " ,，。.;；!！?？、"
    return bool(clause and setting.kind == "road" and _OWNER_AFTER.match(text, mention.end))
