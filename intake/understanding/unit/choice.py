"""Chooses the home that needs help among those that a text names."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from intake.understanding.spoken_text import Heard
from intake.understanding.unit.apart import OTHERS, Setting, dwelt, on_floor, stands_apart
from intake.understanding.unit.bare import bare_house, bare_room, guessed_room, lone_room
from intake.understanding.unit.mentions import with_room
from intake.understanding.unit.pieces import LEVELS, Mention
from intake.understanding.values import Field

# The confidence when a stairway was recognised without a building or a room: people who name the
# stairway say all three, so one was lost.
_PART_LOST = 0.7
# The confidence when a word between estate and building sounds like ten: a ten may have been said.
_TEN_LOST = 0.5
_HIGHEST_FLOOR = 40
_WORD_BETWEEN = (
    "(?:那个|这个|就是|就在|嗯+|呃+|啊|哦|是|在|住|我家|我们家|俺家|家|门牌号?码?|号码|老|大概|第|"
    "靠?[上下东西南北](?:头|面|边)?(?:那[排边头])?|那[排边头]|里[头面]?|村里?|[东西南北中]段|靠近?.{1,4}那?[头边]|小区|社区|building|number|no\\.?|#)"
)
_BESIDE = re.compile(rf"[\s,，。.、…的:：(（]{{0,4}}(?:{_WORD_BETWEEN}[\s,，、:：]{{0,3}}){{0,3}}")
_BEFORE_PLACE = re.compile(r"(?:st|nd|rd|th)?[\s,]{1,3}(?:of|in|on|at)?\s?(?:the\s)?")
_HOME = re.compile(
    "(?:住在?的?|家是?在?|家住|我是|俺是|我们?|俺们?|地址是?|门牌号?是?|送到|搬到了?|搬的|现在是?|应该是|回)[\\s,，:：]{0,2}(?:那个)?$"
    "|\\b(?:i'm (?:in|at)|i live (?:in|at)|we're (?:in|at)|live[sd]? at|here is|address is)\\s?$"
)
# 隔壁502的王奶奶: perhaps it is she who needs help.
_IN_NEED = re.compile(
    "的?(?:老|那位|.{0,2}(?:奶奶|爷爷|大爷|大妈|阿姨|婆婆?|叔|伯|先生|太太|师傅|老师|大娘))"
)
_FORMER = re.compile(
    "(?:以前|从前|原来|原先|过去|之前|老房子|老宅|老屋|户口|身份证|旧地址|搬走|不住|本来)[住在是的我家\\s]{0,4}[^,，。;；!！?？]{0,10}$"
    "|\\bused to live (?:in|at)[^.;]{0,20}$"
)
_FORMER_AFTER = re.compile(
    "[\\s,，。.…]{0,4}(?:[那这](?:个|儿|里)?是?(?:老房子|旧的|老地址|旧地址|以前的?)|已经?搬|是老房子|搬走)"
)
_SUPERSEDED = re.compile(
    "(?:^|[\\s,，。.…!！?？])(?:错了|不对|[哦噢啊]不)|[说搞弄写打]错|口误|更正|老房子|搬到|搬的|搬去|现在住|sorry|i mean"
)
_SHOP_AFTER = re.compile(
    "[\\s,，]{0,2}的?[那个家间]{0,3}.{0,3}(?:店|药房|超市|诊所|饭馆|餐馆|理发|银行|网点|邮局|办公室|办事处|窗口|柜台|站点|修)"
)
_BETWEEN_AFTER = re.compile("的?(?:之间|中间|当中)")
_ALSO = re.compile("[\\s,，]{0,2}(?:和|跟|与|及|、|或者?|还是|要么|and |or )[\\s,，]{0,2}$")
_ROAD_NAME = re.compile(
    "(?:住在?|家在?|家住|地址是?|我在|俺在|送到)[^\\s,，。]{2,8}?(?:路|街|巷|弄|胡同|村|屯|大道|坊)[\\s,，]?$"
)


@dataclass(frozen=True, slots=True)
class _Rated:
    mention: Mention
    score: float
    confidence: float
    beside: bool
    apart: bool = False
    """Whether it is a house number of the road that was named some words before."""


def read_unit(
    heard: Heard,
    mentions: Sequence[Mention],
    place_end: int | None,
    *,
    place: Setting | None = None,
) -> Field[str] | None:
    """Choose the home that needs help among `mentions`; None if there is none.

    `place_end` is where the place's name ends in the text: a mention close behind it is preferred.
    A room or a house number without any other word counts only there ("明湖大厦2006"). `place`
    tells more of it.
    """
    setting = place or Setting(None, place_end)
    rated = _rated(heard, mentions, setting)
    chosen = max(rated, key=lambda one: one.score, default=None)
    bare = _bare(heard, setting)
    if bare and (
        chosen is None
        or (not chosen.beside and "r" not in chosen.mention.parts)
        or ("r" not in chosen.mention.parts and bare.mention.end <= chosen.mention.start)
        or chosen.mention.needs == "building"
    ):
        chosen = bare
    elif (
        bare
        and chosen
        and "b" in bare.mention.parts
        and not {"b", "l"} & chosen.mention.parts.keys()
    ):
        chosen = _with_house(chosen, bare)  # Shuangjiang Road 18, room 602
    if chosen is None:
        return None
    for other in rated:  # 三号楼, and later 三号楼二单元602
        if other.mention.parts.items() > chosen.mention.parts.items():
            chosen = replace(other, beside=chosen.beside or other.beside)
    return _field(heard, chosen, rated, setting)


def _with_house(chosen: _Rated, house: _Rated) -> _Rated:
    start, end = house.mention.start, chosen.mention.end
    parts = {**house.mention.parts, **chosen.mention.parts}
    confidence = min(chosen.confidence, house.confidence)
    mention = replace(chosen.mention, start=min(start, chosen.mention.start), end=end, parts=parts)
    return replace(chosen, mention=mention, confidence=confidence)


def _field(heard: Heard, chosen: _Rated, rated: Sequence[_Rated], setting: Setting) -> Field[str]:
    mention, confidence = chosen.mention, chosen.confidence
    parts = dict(mention.parts)
    for other in rated:
        if other.score > -1.5 and _completes(parts, other.mention.parts):
            parts.update(other.mention.parts)
    open_ended = "b" in parts and "r" not in parts and not mention.dashed
    if open_ended and (room := lone_room(heard.text, mention.end)):
        parts["r"] = room
        confidence = min(confidence, 0.7)
    if "l" not in parts and mention.needs == "place" and (inner := _inside(chosen, rated)):
        parts = {**inner.parts, "l": parts["b"]}
        confidence = min(confidence, 0.6)
    late = _late_doors(chosen, rated)
    if late:  # 5栋，门牌抠落了，应该是3-6: floor and door
        parts = {**late[0].parts, "r": joined(late[1].parts)}
        confidence = min(confidence, 0.7)
    house = _house_of_road(heard.text, chosen, rated, setting)
    if house:
        parts["b"] = house
        confidence = min(confidence, 0.7)
    if not mention.sure:
        confidence = min(confidence, 0.6)
    if (ten := _ten_before(heard, mention, setting.end)) and len(parts.get("b", "")) == 1:
        # 十六号楼 after the name of an estate, recognised as 时，6号楼.
        parts["b"] = ("1" + parts["b"]) if ten != "是" else parts["b"]
        confidence = _TEN_LOST
    if heard.spoken and _doubled(parts):
        confidence = min(confidence, _TEN_LOST)
    if heard.spoken and "u" in parts and not {"b", "r"} <= parts.keys():
        confidence = min(confidence, _PART_LOST)
    rated = [one for one in rated if not late or one.mention not in late]
    value = joined(parts)
    rivals = _rivals(heard, chosen, parts, rated)
    return Field(
        value,
        (mention.start, mention.end),
        min(confidence, 0.5) if rivals else confidence,
        rivals,
        ambiguous=bool(rivals),
        note=None if mention.sure else "guessed_digits",
    )


def _inside(chosen: _Rated, rated: Sequence[_Rated]) -> Mention | None:
    """The building behind the street number of its yard: 52号，那个院，3号楼."""
    house = chosen.mention
    for other in rated:
        inner = other.mention
        building = "b" in inner.parts and not inner.needs and other.score > -1.5
        if set(house.parts) == {"b"} and building and 0 < inner.start - house.end <= 12:
            return inner
    return None


def _late_doors(chosen: _Rated, rated: Sequence[_Rated]) -> tuple[Mention, Mention] | None:
    """The building beside the place and the two numbers of the door told some words later."""
    for one in rated:
        building = one.mention
        if not one.beside or set(building.parts) != {"b"} or building.needs or building.dashed:
            continue
        for other in rated:
            doors = other.mention
            if not doors.dashed or set(doors.parts) != {"b", "u"} or other.beside:
                continue
            close = 0 < doors.start - building.end <= 24 and other.score > -1.5
            if close and chosen.mention in (building, doors):
                return building, doors
    return None


def _house_of_road(
    text: str, chosen: _Rated, rated: Sequence[_Rated], setting: Setting
) -> str | None:
    """Our house number in the road, told apart from the stairway: 就我们36号没来……2单元501."""
    if "b" in chosen.mention.parts or "u" not in chosen.mention.parts or setting.kind != "road":
        return None
    own = {one.mention.parts["b"] for one in rated if one.apart and "b" in one.mention.parts}
    return own.pop() if len(own) == 1 else None


def joined(parts: dict[str, str]) -> str:
    """The value of a home: its parts joined by "-", the widest first."""
    return "-".join(parts[level] for level in LEVELS if level in parts)


def _rivals(
    heard: Heard, chosen: _Rated, parts: dict[str, str], rated: Sequence[_Rated]
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for other in rated:
        shared = set(parts) & set(other.mention.parts)
        unlike = any(parts[level] != other.mention.parts[level] for level in shared)
        if not unlike or other.mention.start == chosen.mention.start:
            continue
        near = other.score >= chosen.score - 1.0 or _in_need(heard.text, other.mention)
        first, second = sorted((chosen.mention, other.mention), key=lambda one: one.start)
        also = second.start - first.end <= 8 and _ALSO.search(heard.text[first.end : second.start])
        if near or also:
            more = {**parts, **other.mention.parts}
            found[joined(other.mention.parts if "b" in other.mention.parts else more)] = None
    return tuple(found)[:3]


def _in_need(text: str, mention: Mention) -> bool:
    """Whether this is the home of a neighbour who may be the one that needs help."""
    before = text[max(0, mention.start - 16) : mention.start]
    neighbour = OTHERS.search(before)
    return bool(neighbour and ("next door" in before or _IN_NEED.match(text, mention.end)))


def _rated(heard: Heard, mentions: Sequence[Mention], setting: Setting) -> list[_Rated]:
    found: list[_Rated] = []
    alone = True
    for order, mention in enumerate(mentions):
        beside = _is_beside(heard.text, mention, setting, alone=alone)
        alone = alone and not beside
        confidence, apart = 0.95, False
        if _BETWEEN_AFTER.match(heard.text, mention.end):
            continue
        if mention.of_floor:
            if setting.kind != "building" or not on_floor(heard.text, mention, setting):
                continue
            beside, confidence = True, 0.8
        elif mention.needs == "place":
            if beside and (setting.kind != "facility" or dwelt(heard.text, mention, setting)):
                mention = with_room(heard.text, mention, set())
                confidence = 0.9
            elif setting.end is None and _ROAD_NAME.search(
                heard.text[max(0, mention.start - 16) : mention.start]
            ):
                confidence = 0.6
            elif stands_apart(heard.text, mention, setting):
                confidence = 0.6
                apart = True
            else:
                continue
        before = heard.text[max(0, mention.start - 16) : mention.start]
        if beside and setting.start is not None and setting.start < mention.start:
            before = heard.text[max(0, setting.start - 16) : setting.start]
        home = bool(_HOME.search(before))
        if mention.needs == "building":
            confidence = 0.6
        elif mention.dashed and not (beside or home or mention.start <= 2):
            confidence = 0.5 if len(mention.parts) < 3 else 0.75
        following = mentions[order + 1].start if order + 1 < len(mentions) else None
        score = _score(heard.text, mention, before, following, setting)
        score += (2.5 if beside else 0.0) + (1.5 if home else 0.0) + 0.01 * order
        if mention.needs == "building":
            score -= 0.5
        if score <= -1.5 or OTHERS.search(before):
            confidence = min(confidence, 0.5)
        found.append(_Rated(mention, score, confidence, beside, apart))
    return found


def _score(
    text: str, mention: Mention, before: str, following: int | None, setting: Setting
) -> float:
    score = float(len(mention.parts))
    if OTHERS.search(before):
        score -= 1.0 if _in_need(text, mention) else 4.0
    if _FORMER.search(before) or _FORMER_AFTER.match(text, mention.end):
        score -= 5.0
    if following is not None and _SUPERSEDED.search(
        text[mention.end : min(following, mention.end + 60)]
    ):
        score -= 4.0
    if _SHOP_AFTER.match(text, mention.end):
        score -= 2.0
    ends = range(max(0, mention.start - 16), mention.start + 1)
    if any(
        end in setting.elsewhere and _BESIDE.fullmatch(text[end : mention.start]) for end in ends
    ):
        score -= 4.0
    return score


def _is_beside(text: str, mention: Mention, setting: Setting, *, alone: bool) -> bool:
    """Whether the mention stands directly behind the place or, as in English, before it.

    `alone`: no other mention does, so that a few other words may stand between.
    """
    if setting.end is None:
        return False
    gap = mention.start - setting.end
    if -2 <= gap <= 0:
        return True
    if 0 < gap <= 16 and _BESIDE.fullmatch(text[setting.end : mention.start]):
        return True
    back = setting.start - mention.end if setting.start is not None else 0
    if 0 < back <= 8 and _BEFORE_PLACE.fullmatch(text[mention.end : mention.end + back]):
        return True
    return alone and 0 < gap <= 6 and mention.needs != "place"


def _bare(heard: Heard, setting: Setting) -> _Rated | None:
    room = bare_room(heard.text, setting.end) or guessed_room(heard, setting.end)
    if room:
        return _Rated(room, 3.0, 0.95, beside=True)
    if setting.kind in ("", "facility"):
        return None
    house = bare_house(heard.text, setting.start, setting.end)
    return _Rated(house, 3.0, 0.75, beside=True) if house else None


def _ten_before(heard: Heard, chosen: Mention, place_end: int | None) -> str | None:
    """The single character between the place and the number that sounds like ten; None if none."""
    if not heard.spoken or place_end is None:
        return None
    between = heard.text[place_end : chosen.start][:12].rstrip(" ,，。、")
    at = heard.at.get(place_end)
    if len(between) != 1 or at is None or heard.syllables[at].sound != "shi":
        return None
    return between


def _doubled(parts: dict[str, str]) -> bool:
    """Whether the room is on a floor that no house has (5103) or repeats the building (10-1006).

    A recogniser that writes digits twice makes such numbers; an operator must check them.
    """
    room = parts.get("r", "")
    if len(room) < 4 or not room.isdigit():
        return False
    alone = "u" not in parts and len(parts.get("b", "")) >= 2
    return int(room[:-2]) > _HIGHEST_FLOOR or (alone and room.startswith(parts["b"]))


def _completes(parts: dict[str, str], more: dict[str, str]) -> bool:
    return (
        not set(more) & set(parts)
        and not set(more) & {"l", "b"}
        and min(map(LEVELS.index, more)) > max(map(LEVELS.index, parts))
    )
