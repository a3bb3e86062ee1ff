"""The single words of a home in a text: 12号楼, 3单元, 88弄, 17号, 501室, 3-2-501, block A."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from intake.understanding.numerals import NUMERAL
from intake.understanding.spoken_text import Span, cover
from intake.understanding.unit.digits import ENGLISH_WORD, ROOM, english, room_digits, small
from intake.understanding.unit.others import is_loose, is_other

LEVELS = "lbur"
"""The levels of a home, the widest first: lane or group, building or house, unit, room."""

Needs = Literal["", "place", "building"]


@dataclass(frozen=True, slots=True)
class Mention:
    """One home as it was said: `parts` maps a level of `LEVELS` to its digits.

    `sure`: no digit was guessed from a word that sounds like it. `needs`: it only counts directly
    beside a place ("17号" may be a day), or as the room of a building said elsewhere. `dashed`: a
    dashed number without any word beside it, which is surer next to a place. `of_floor`: a door
    on a floor, 二楼8号.
    """

    start: int
    end: int
    parts: dict[str, str]
    sure: bool = True
    needs: Needs = ""
    dashed: bool = False
    of_floor: bool = False


DASH = r"\s{0,2}[-—–~杠]\s{0,2}"
NOT_ROOM = r"(?![\d点号年月日天个人口块元米平度岁斤次楼层栋期路:%]|-\d|\.\d)"
GAP = r"[\s,，。.、的那个嗯呃啊就是]{0,4}"
_STEM = "甲乙丙丁"
_TALL = (
    rf"(?:[a-z{_STEM}]\s?{NUMERAL}|{NUMERAL}(?:[a-d](?=\s?[栋幢座]))?|[a-z{_STEM}]"
    r"|[东西南北](?=\s?座))"
)

_DASHED = re.compile(
    rf"(?<![\da-z.:/-])(?<!\d[-—])((?:[a-h]\s?)?{NUMERAL}){DASH}({NUMERAL})(?:{DASH}({NUMERAL}))?(?:{DASH}({NUMERAL}))?"
    r"(?![\da-z点月年日天个人口块元米平度岁斤次层:：/-]|楼(?![道上下])|\.\d|号(?!楼))(?:\s{0,3}单元)?"
)
_SLASHED = re.compile(r"(?<![\d/.])(\d{1,3})/(\d{1,2})/(\d{3,4})(?![\d/])")
_LETTERED = re.compile(
    r"(?<![\da-z])([a-h])(?:\s?[-—]\s?|\s?)(\d{3,4})(?![\da-z/:-]|\.\d|\s?(?:路|次|型|号线))"
)
# 号路 before a stairway is a misheard 号楼: 十二号路三门.
_BUILDING = re.compile(
    rf"(?<![a-z])({_TALL})\s{{0,3}}(?:号\s{{0,3}}楼(?!梯)|[栋幢](?!房子|别墅)|洞|号?座(?![桥山塔庙坟亭像城位机])|#\s?楼?|号路(?={NUMERAL}(?:单元|门))|[冻动懂](?=\s?{NUMERAL}\s?单))"
)
_COUNTED = re.compile("[两几](?=[栋幢座](?:[楼房的]|之间|中间|都))")
_UNIT = re.compile(
    rf"(?<![\da-z])({NUMERAL}|[a-z{_STEM}](?=\s?(?:单元|门[栋洞])))\s{{0,3}}"
    rf"(?:单[元园员圆远](?!的?(?:课|单词|测|考|作业|练习))|号?门洞|门[栋道](?![里口])|(?:[号个]门|梯)(?=[\s,，]{{0,2}}(?:\d{{3,4}}|[一二三四五六七八九幺][零〇一二三四五六七八九幺]{{2,3}}))|门(?![口铃卫牌禁诊课市派电锁窗亲店把框缝]|功课))"
)
_LANE = re.compile(
    rf"({NUMERAL})\s?(?:支?弄|号\s?大?院(?![长校])|号院子)|第?({NUMERAL})\s?(?:组|排|队|社|巷|弄)(?=[\s,，第]{{0,2}}{NUMERAL}\s?[号户栋#排队])"
)
_ROW_BEFORE = re.compile("(?:组|排|队|社)[\\s,，第]{0,2}$")
_NOT_HOUSE = (
    "(?!\\s?(?:[院线台机桌床柜梯井窗桩杆馆厅店铺码座栋幢桥坑球诊票信文字针药菜墩](?!户)|楼(?!下|上|底)|公交|电梯|车(?!库|棚)|位|摊|"
    "单子|单元|出口|入口|门(?![口前外牌里洞])|"
    "早|一早|清早|凌晨|上午|中午|下午|傍晚|晚|夜里|那天|当天|这天|之?前(?![头面门后])|以前|以后|之后|后(?![门院楼头面边])|"
    "体检|义诊|活动|开会|开门|办理|发放|那一?[块片带]|一带|附近|开始|起|截止|左右|前后|到\\d|至|我?[过约]|停[水电气]|是?(?:周|星期|礼拜)))"
)
_HOUSE = re.compile(
    rf"(?<![\d月.:-])(?P<house>[{_STEM}]?{NUMERAL})\s?号(?:\s?[之附]\s?(?P<annex>{NUMERAL})号?|-(?P<door>{NUMERAL})(?![\d号日-])|(?P<stem>[{_STEM}])(?!单元|栋|座|楼|幢))?{_NOT_HOUSE}"
    rf"|(?<![分\d.-])(?P<first>{NUMERAL})(?:[之附](?P<second>{NUMERAL})(?:号|(?![\d点分号]))|-(?P<last>{NUMERAL})号(?!之间|停|体检|[前后早上下晚楼]))"
)
_DOOR_OF_FLOOR = re.compile(rf"{NUMERAL}[楼层]\s?$")
_ROOM_NAMED = re.compile(
    rf"(?<![\d.])({ROOM})\s{{0,3}}(?:室|号?房间|房(?![子产租顶贷])|户(?![口型外]))"
    rf"|(?:住|是|家是|住在)({ROOM})的?(?:业主|住户|租户|住家|房主)"
)
_THREE = r"(?:\d{3,4}|[零一二三四五六七八九幺]{3,4}(?![零一二两三四五六七八九十百千幺]))"
_ROOM_CUED = re.compile(
    rf"(?:(?<=[\d零一二三四五六七八九])(?:室|号)?(?:还是|或者?|和|跟|与|、|/)|[我俺咱]们?家?|住在?|家在?|房号|门牌号?|隔壁|楼上|楼下|对[门面])(?:就?是|住|的|[:：])?\s?(?P<room>{_THREE})(?:室|号|{NOT_ROOM})"
    rf"|(?:\b(?:outside|inside|to)\s)(?P<english>\d{{3,4}})\b(?![\w-]|\s(?:yuan|rmb|people|steps))"
)
_CORRECTED_ROOM = re.compile(
    rf"(?:且慢|写成[^,，。]{{0,5}}|不对|错了|说错|搞错|应该是|[哦噢啊]不)[\s,，。是]{{0,4}}({_THREE})(?:室|号|{NOT_ROOM})"
)

_NO_AMOUNT = (
    r"(?!\s(?:hours?|years?|people|days?|weeks?|months?|minutes?|times?"
    r"|(?:at|of|in) the (?:hospital|clinic))\b)"
)
_NO = r"(?:no\.?\s{0,3}|number\s{0,3}|#\s?)?"
_WORDS = rf"(?:\d{{1,4}}|{ENGLISH_WORD}(?:[\s-]{ENGLISH_WORD}){{0,3}})\b"
_ENGLISH_ROOM = rf"(?:\d{{1,4}}[a-h]?|{ENGLISH_WORD}(?:[\s-]{ENGLISH_WORD}){{1,3}})\b"
_SAID_DASH = r"(?:\s?-\s?|\sdash\s)"
_ENGLISH = (
    (
        "b",
        re.compile(
            rf"\b(?:building|block|bldg|tower|wing)\.?\s{{0,3}}{_NO}([{_STEM}]\d{{1,2}}|{_WORDS}|[a-h]\b){_NO_AMOUNT}"
        ),
    ),
    (
        "u",
        re.compile(
            rf"\b(?:unit|entrance|stairway|staircase|stairwell)\s{{0,3}}{_NO}({_WORDS}){_NO_AMOUNT}"
        ),
    ),
    ("l", re.compile(rf"\blane\s{{0,3}}{_NO}({_WORDS})")),
    (
        "h",
        re.compile(
            rf"(?:\b(?:house number|house|no\.?|number)|#)\s{{0,3}}(?:no\.?\s{{0,3}})?({_WORDS})"
        ),
    ),
    (
        "r",
        re.compile(
            rf"\b(?:room|apartment|apt|flat|suite|door)\.?\s{{0,3}}{_NO}({_ENGLISH_ROOM}|\d{{1,2}})(?:{_SAID_DASH}({_WORDS}))?(?![\w]){_NO_AMOUNT}"
        ),
    ),
)
_NEXT_DOOR = re.compile(rf"\bnext door,? (?:in|at) ({_WORDS})")
ROOM_AFTER_ENGLISH = re.compile(
    rf"[\s,.]{{1,3}}(?:(?P<floor>{_WORDS}){_SAID_DASH}(?P<door>{_WORDS})|(?P<room>\d{{3,4}}|{ENGLISH_WORD}(?:[\s-]{ENGLISH_WORD}){{1,3}})\b)(?![\w-]|\s(?:yuan|rmb|people))"
)


def pieces(view: str, taken: Sequence[Span]) -> Iterator[Mention]:
    """Every word of a home in `view` outside the `taken` spans, in no order; they may overlap."""
    covered = cover(len(view), taken)
    for found in _all(view):
        if found.parts and not any(covered[found.start : found.end]):
            yield found


def _all(view: str) -> Iterator[Mention]:
    for match in _DASHED.finditer(view):
        if not is_loose(view, *match.span()):
            yield Mention(*match.span(), dashed_parts(match, view), dashed=True)
    for match in _SLASHED.finditer(view):
        if not is_other(view, *match.span()):
            yield Mention(*match.span(), {"b": match[1], "u": match[2], "r": match[3]})
    for match in _LETTERED.finditer(view):
        if not is_loose(view, *match.span()):
            parts = {"b": match[1].upper(), "r": match[2]}
            yield Mention(*match.span(), parts, needs="place")
    counted = {match.start() for match in _COUNTED.finditer(view)}
    for match in _BUILDING.finditer(view):
        if not is_other(view, *match.span()) and match.start() not in counted:
            yield Mention(*match.span(), _kept(b=small(match[1], 999)))
    for match in _UNIT.finditer(view):
        yield Mention(*match.span(), _kept(u=small(match[1], 30)))
    for match in _LANE.finditer(view):
        number = small(match[1] or match[2], 2999)
        yard = match[1] and _ROW_BEFORE.search(view[max(0, match.start() - 4) : match.start()])
        yield Mention(*match.span(), _kept(**{"b" if yard else "l": number}), needs="place")
    for match in _HOUSE.finditer(view):
        yield from _house(match, view)
    for match in _ROOM_NAMED.finditer(view):
        if not is_other(view, *match.span()):
            yield Mention(*match.span(), _kept(r=room_digits(match[1] or match[2])))
    for pattern in (_ROOM_CUED, _CORRECTED_ROOM):
        for match in pattern.finditer(view):
            group = match.lastindex or 0
            start, end = match.start(group), match.end()
            if not is_other(view, start, end):
                yield Mention(start, end, _kept(r=room_digits(match[group])), needs="building")
    yield from _english(view)


def _house(match: re.Match[str], view: str) -> Iterator[Mention]:
    start, end = match.span()
    if is_other(view, start, end):
        return
    of_floor = bool(_DOOR_OF_FLOOR.search(view[max(0, start - 10) : start]))
    number = small(match["house"] or match["first"], 2999)
    more = match["annex"] or match["door"] or match["second"] or match["last"]
    if number and more:
        behind = small(more, 99)
        number = f"{number}-{behind}" if behind else None
    elif number and match["stem"]:
        number += match["stem"]
    yield Mention(start, end, _kept(b=number), needs="place", of_floor=of_floor)


def _english(view: str) -> Iterator[Mention]:
    for match in _NEXT_DOOR.finditer(view):
        room = english(match[1])
        if room and 3 <= len(room) <= 4:
            yield Mention(match.start(1), match.end(), {"r": room}, needs="building")
    for kind, pattern in _ENGLISH:
        for match in pattern.finditer(view):
            said = match[1]
            letter = said[-1].upper() if said[-1].isalpha() and len(said) == 1 else ""
            letter = said if said[0] in _STEM else letter
            tail = said[-1].upper() if kind == "r" and re.fullmatch(r"\d+[a-h]", said) else ""
            value = letter or english(said[: len(said) - len(tail)])
            if value is None or (not letter and not 0 < int(value) <= 9999):
                continue
            if kind == "r" and match[2]:
                door = english(match[2])
                yield Mention(*match.span(), _kept(r=f"{value}-{door}" if door else None))
            elif kind == "r":
                yield Mention(*match.span(), {"r": value + tail})
            elif kind == "h":
                told = match.group().startswith("house")
                yield Mention(*match.span(), {"b": value}, needs="" if told else "place")
            elif letter or int(value) <= (30 if kind == "u" else 2999):
                yield Mention(*match.span(), {kind: value})


def _kept(**parts: str | None) -> dict[str, str]:
    return {level: value for level, value in parts.items() if value}


def dashed_parts(match: re.Match[str], view: str) -> dict[str, str]:
    """The parts of 3-501, 3-2, 3-2-501, 3-2-5-1; empty if the numbers can't be a home's."""
    said = [group for group in match.groups() if group]
    if any(len(one) > 1 and one.startswith("0") for one in said[:-1]):
        return {}
    building = small(said[0], 199)
    last = room_digits(said[-1])
    if building is None or view.startswith(("栋", "幢"), match.end()):
        return {}
    if len(said) == 4:
        unit, floor, door = (small(one, 40) for one in said[1:])
        return _kept(b=building, u=unit, r=f"{floor}-{door}") if unit and floor and door else {}
    if len(said) == 3:
        unit = small(said[1], 40)
        room = last if last and len(last) >= 3 else small(said[2], 40)
        return _kept(b=building, u=unit, r=room) if unit and room else {}
    if last and len(last) >= 3:
        return {"b": building, "r": last}
    unit = small(said[1], 40)
    return {"b": building, "u": unit} if unit else {}
