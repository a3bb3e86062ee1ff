"""The dwelling: building, unit (stairway) and room as digits, "三号楼二单元五零一" as "3-2-501"."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from intake.understanding.numerals import ENGLISH, NUMERAL, digits, number
from intake.understanding.phonetics import fuzzy
from intake.understanding.spoken_text import Heard, Lexicon, Span, cover
from intake.understanding.values import Field

_WORDS = Lexicon(("号楼", "号罗", "单元"), fold_from=2)
_SOUNDS_LIKE = {
    "ling": "零", "yao": "一", "yi": "一", "er": "二", "liang": "二", "san": "三", "si": "四",
    "wu": "五", "liu": "六", "qi": "七", "ba": "八", "jiu": "九", "shi": "十",
}  # fmt: skip
_FOLDED = {fuzzy(sound): digit for sound, digit in _SOUNDS_LIKE.items()}
_NUMERALS = frozenset("0123456789零一二两三四五六七八九十百千幺")
# These sound like digits, but are meant as written before a house number: 我是三号楼,
# 住院部就5号楼.
_OWN_WORDS = frozenset("是就而把吧以已有无师事使市式室似始世亦也")
_BUILDING_NUMBER = re.compile("[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")
_MARKER = re.compile("号楼|[栋幢洞]|单元")
_ROOM = r"(?:\d{1,8}+(?:\.\d{1,8}+)?|[零一二两三四五六七八九十百千幺]{1,8}+)"
_GAP = r"[\s,，。.、的那个嗯啊就]{0,4}"
_DASH = r"\s{0,3}[-—–~杠]\s{0,3}"
_NOT_ROOM = r"(?![\d点号年月日天个人口块元米平度岁斤次楼层栋期:%]|-\d)"

_DASHED = re.compile(
    rf"(?<![\da-z.-])({NUMERAL}){_DASH}({NUMERAL})(?:{_DASH}({NUMERAL}))?"
    r"(?![\d点月年日天个人口块元米平度岁斤次层:：-])(?:\s{0,3}单元)?"
)
# 号路 before a stairway is a misheard 号楼: 十二号路三门.
_BUILDING = re.compile(
    rf"({NUMERAL}|[a-h])\s{{0,3}}(?:号\s{{0,3}}楼|栋|幢|洞|号?座|号路(?={NUMERAL}(?:单元|门)))"
)
_UNIT = re.compile(rf"({NUMERAL})\s{{0,3}}(?:单元|门(?![口铃卫牌禁诊课市派电]))")
_FLOOR = rf"(?:{NUMERAL}[层楼][\s,，]{{0,2}})?"
_ROOM_AFTER = re.compile(
    rf"{_GAP}{_FLOOR}({_ROOM})\s{{0,3}}(?:室|户|房间?|号(?![楼院路])|{_NOT_ROOM})"
)
_ROOM_NAMED = re.compile(
    rf"({_ROOM})\s{{0,3}}(?:室|号?房间|房(?![子产租顶]))|"
    rf"(?:住|是|家是|住在)({_ROOM})的?(?:业主|住户|租户|住家|房主)"
)
_WORD = "|".join(sorted(ENGLISH, key=len, reverse=True))
_ONE = rf"(?:\d{{1,3}}|{_WORD})\b"
_DIGIT_WORDS = rf"(?:\d{{2,4}}|(?:(?:\d|oh|o|{_WORD})[\s-]?){{2,4}})"
_ENGLISH = {
    "b": re.compile(
        rf"\b(?:building|block|bldg)\.?\s{{0,3}}(?:no\.?\s{{0,3}}|number\s{{0,3}})?({_ONE}|[a-h]\b)"
    ),
    "u": re.compile(
        rf"\b(?:unit|entrance|stairway)\s{{0,3}}(?:no\.?\s{{0,3}}|number\s{{0,3}})?({_ONE})"
    ),
    "r": re.compile(
        rf"\b(?:room|apartment|apt|flat|suite)\.?\s{{0,3}}(?:no\.?\s{{0,3}}|number\s{{0,3}})?"
        rf"({_DIGIT_WORDS})(?![\w-])"
    ),
}
_OTHER_NUMBER = re.compile(
    "(?:取件码|单号|编号|尾号|车位|订单|验证码|密码|快递|工单)[^,，。]{0,6}$"
)
# The confidence when a stairway was recognised without a building or a room: people who name the
# stairway say all three, so one was lost.
_PART_LOST = 0.7
# The confidence when a word between estate and building sounds like ten: a ten may have been said.
_TEN_LOST = 0.5
_HIGHEST_FLOOR = 40
_AND = re.compile(r"\b(?:and|in|it's)\b")
_CORRECTION = Lexicon(("不对", "错了", "不是", "说错"))
_CORRECTED = re.compile("不对|错了|不是|说错")


@dataclass(frozen=True, slots=True)
class Mention:
    """One dwelling as it was said: `parts` maps "b" (building), "u" (unit), "r" (room) to digits.

    `sure`: no digit was guessed from a word that sounds like it.
    """

    start: int
    end: int
    parts: dict[str, str]
    sure: bool = True


def find_units(heard: Heard, taken: Sequence[Span] = ()) -> list[Mention]:
    """Return every mention of a building, unit or room outside the `taken` spans, in order."""
    view, guessed = _mend(heard)
    pieces = sorted(_pieces(view, taken), key=lambda piece: (piece.start, -piece.end))
    corrected = _CORRECTION.respell(heard)
    groups: list[Mention] = []
    for piece in pieces:
        if groups and piece.start < groups[-1].end:
            continue
        sure = guessed.isdisjoint(range(piece.start, piece.end))
        room = None if "r" in piece.parts else _room_after(view, piece, guessed)
        if room:
            value, end, room_sure = room
            piece = Mention(piece.start, end, {**piece.parts, "r": value}, sure and room_sure)
        elif not sure:
            piece = Mention(piece.start, piece.end, piece.parts, False)
        last = groups[-1] if groups else None
        between = view[last.end : piece.start] if last else ""
        if last and len(between) <= 8 and _joins(last, piece, corrected[last.end : piece.start]):
            merged = {**last.parts, **piece.parts}
            groups[-1] = Mention(last.start, piece.end, merged, last.sure and piece.sure)
        else:
            groups.append(piece)
    return groups


def read_unit(
    heard: Heard, mentions: Sequence[Mention], place_end: int | None
) -> Field[str] | None:
    """Choose the dwelling that needs help among `mentions`; None if there is none.

    `place_end` is where the place's name ends in the text: a mention close behind it is preferred.
    A room number without any other word counts only there ("明湖大厦2006").
    """
    chosen = _choose(mentions, place_end)
    bare = _bare_room(heard.text, place_end) or _guessed_room(heard, place_end)
    if bare and (chosen is None or ("r" not in chosen.parts and bare.end <= chosen.start)):
        chosen = bare
    if chosen is None:
        return None
    for other in mentions:  # 三号楼, and later 三号楼二单元602
        if other.parts.items() > chosen.parts.items():
            chosen = other
    parts = dict(chosen.parts)
    for other in mentions:
        if not set(other.parts) & set(parts) and _completes(parts, other.parts):
            parts.update(other.parts)
    confidence = 0.95 if chosen.sure else 0.6
    if (ten := _ten_before(heard, chosen, place_end)) and len(parts.get("b", "")) == 1:
        # 十六号楼 after the name of an estate, recognised as 时，6号楼.
        parts["b"] = ("1" + parts["b"]) if ten != "是" else parts["b"]
        confidence = _TEN_LOST
    if heard.spoken and _doubled(parts):
        confidence = min(confidence, _TEN_LOST)
    value = "-".join(parts[kind] for kind in "bur" if kind in parts)
    if heard.spoken and "u" in parts and not {"b", "r"} <= parts.keys():
        confidence = min(confidence, _PART_LOST)
    return Field(
        value,
        (chosen.start, chosen.end),
        confidence,
        note=None if chosen.sure else "guessed_digits",
    )


def _ten_before(heard: Heard, chosen: Mention, place_end: int | None) -> str | None:
    """The single character between the place and the number that sounds like ten; None if none."""
    if not heard.spoken or place_end is None:
        return None
    between = heard.text[place_end : chosen.start].rstrip(" ,，。、")
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
    return "b" not in more and min(map("bur".index, more)) > max(map("bur".index, parts))


def _choose(mentions: Sequence[Mention], place_end: int | None) -> Mention | None:
    best: Mention | None = None
    best_score = -1.0
    for order, mention in enumerate(mentions):
        near = place_end is not None and -2 <= mention.start - place_end <= 6
        score = len(mention.parts) + (2.5 if near else 0.0) + 0.01 * order
        if score > best_score:
            best, best_score = mention, score
    return best


def _joins(last: Mention, piece: Mention, between: str) -> bool:
    if _CORRECTED.search(between):
        return True
    if re.search(r"[^\s,，。.、的那个嗯啊就是和?？]", _AND.sub("", between)):
        return False
    if not set(last.parts) & set(piece.parts):
        return True
    return len(between) <= 1 and last.parts.get("r") is None


def _pieces(view: str, taken: Sequence[Span]) -> list[Mention]:
    found: list[Mention] = []
    covered = cover(len(view), taken)

    def add(match: re.Match[str], parts: dict[str, str | None]) -> None:
        start, end = match.span()
        kept = {kind: value for kind, value in parts.items() if value}
        if (
            kept
            and not any(covered[start:end])
            and not _OTHER_NUMBER.search(view[max(0, start - 10) : start])
        ):
            found.append(Mention(start, end, kept))

    for match in _DASHED.finditer(view):
        add(match, _dashed(match, view))
    for match in _BUILDING.finditer(view):
        add(match, {"b": _small(match[1], 999)})
    for match in _UNIT.finditer(view):
        add(match, {"u": _small(match[1], 30)})
    for match in _ROOM_NAMED.finditer(view):
        add(match, {"r": room_digits(match[1] or match[2])})
    for kind, pattern in _ENGLISH.items():
        for match in pattern.finditer(view):
            add(match, {kind: _said_in_english(match[1], kind)})
    return found


def _said_in_english(said: str, kind: str) -> str | None:
    """Return digits for "two zero one", "five-oh-three", "two" and "503"; None for no number."""
    if len(said) == 1 and said.isalpha():
        return said.upper()
    words = re.split(r"[\s-]+", said.strip())
    values = [0 if word in ("o", "oh") else number(word) for word in words]
    joined = "".join(str(value) for value in values if value is not None)
    if kind == "r":
        return joined if 2 <= len(joined) <= 4 else None
    return joined if 0 < int(joined or 0) <= (30 if kind == "u" else 999) else None


def _dashed(match: re.Match[str], view: str) -> dict[str, str | None]:
    first, second, third = match[1], match[2], match[3]
    if len(first) > 3 or (first.isdigit() and first.startswith("0")):
        return {}
    building = _small(first, 199)
    if third:
        room = room_digits(third)
        return {"b": building, "u": _small(second, 30), "r": room} if building and room else {}
    room = room_digits(second)
    if room and len(room) >= 3:
        return {"b": building, "r": room} if building else {}
    if view.startswith(("号楼", "栋"), match.end()):
        return {}
    return {"b": building, "u": _small(second, 30)} if building else {}


def _small(spoken: str, limit: int) -> str | None:
    if len(spoken) == 1 and spoken.isascii() and spoken.isalpha():
        return spoken.upper()
    value = number(spoken)
    return str(value) if value is not None and 0 < value <= limit else None


def room_digits(spoken: str) -> str | None:
    """Return a room's digits, "五零一", "五百零一" and "501" as "501"; None if it can't be one.

    Recognisers write 一零二 as "1.2" (a lost zero) and 二六零一 as "26.01".
    """
    if "." in spoken:
        floor, _, rest = spoken.partition(".")
        spoken = floor + ("0" if len(floor + rest) == 2 else "") + rest
    said = digits(spoken)
    if said is None:
        value = number(spoken)
        said = str(value) if value is not None else None
    return said if said is not None and 2 <= len(said) <= 4 else None


def _room_after(view: str, piece: Mention, guessed: set[int]) -> tuple[str, int, bool] | None:
    match = _ROOM_AFTER.match(view, piece.end)
    if not match:
        return None
    room = room_digits(match[1])
    # 一百二十 after a house number is an area or a price, 一百零二 a room.
    counted = "百" in match[1] and "零" not in match[1] and match.group()[-1] not in "室户房间号"
    if room is None or len(room) < 3 or counted:
        return None
    return room, match.end(), guessed.isdisjoint(range(*match.span()))


def _bare_room(text: str, place_end: int | None) -> Mention | None:
    if place_end is None:
        return None
    match = re.compile(
        rf"[\s,，的]{{0,2}}{_FLOOR}(\d{{3,4}}|[零一二三四五六七八九幺]{{3,4}})(?:室|{_NOT_ROOM})(?![零一二三四五六七八九.])"
    ).match(text, place_end)
    room = room_digits(match[1]) if match else None
    return Mention(match.start(1), match.end(), {"r": room}) if match and room else None


def _guessed_room(heard: Heard, place_end: int | None) -> Mention | None:
    """A room of two or three digits and a word that sounds like the last one: 明湖公寓五零起."""
    if place_end is None or not heard.spoken:
        return None
    match = re.compile(r"[\s,，的]{0,2}([零一二三四五六七八九幺\d]{2,3})(\S)(?=[\s,，。]|$)").match(
        heard.text, place_end
    )
    last = _as_digits(heard, match.start(2)) if match else ()
    room = room_digits(match[1] + last[0]) if match and last and last[0] != "十" else None
    return Mention(match.start(1), match.end(), {"r": room}, False) if match and room else None


def _mend(heard: Heard) -> tuple[str, set[int]]:
    """Return the text with words around a house number respelled as the digits that they sound
    like, and the offsets of the digits that were so guessed."""
    view = list(_WORDS.respell(heard).replace("号罗", "号楼"))
    guessed: set[int] = set()
    for match in _MARKER.finditer("".join(view)):
        if not _mend_before(heard, view, guessed, match.start()) and match.group() == "洞":
            continue
        _mend_after(heard, view, guessed, match.end())
    return "".join(view), guessed


def _mend_before(heard: Heard, view: list[str], guessed: set[int], marker: int) -> bool:
    begin = marker
    while begin > max(0, marker - 3) and _as_digits(heard, begin - 1):
        begin -= 1
    if all(view[offset] in _NUMERALS for offset in range(begin, marker)):
        return begin < marker
    for start in range(begin, marker):
        choices = itertools.product(*(_as_digits(heard, i) for i in range(start, marker)))
        spelled = next((s for s in map("".join, choices) if _BUILDING_NUMBER.fullmatch(s)), None)
        if spelled is None:
            continue
        if view[start] == "期" and start and view[start - 1] in _NUMERALS:
            return True  # 三期5号楼: the third phase of an estate
        for offset, digit in enumerate(spelled, start):
            if view[offset] not in _NUMERALS:
                guessed.add(offset)
            view[offset] = digit
        return True
    return marker > 0 and view[marker - 1] in _NUMERALS


def _mend_after(heard: Heard, view: list[str], guessed: set[int], start: int) -> None:
    """Respell the room after 单元 or 号楼: 60亿 is 601, its last digit recognised as a word."""
    spelled: list[tuple[int, str]] = []
    for index in range(start, min(start + 8, len(view))):
        if view[index] in " ,，.、" and (spelled or index < start + 2):
            continue
        choices = [digit for digit in _as_digits(heard, index) if digit != "十"]
        if not choices:
            break
        spelled.append((index, choices[0]))
    real = [index for index, _ in spelled if view[index] in _NUMERALS]
    # 60亿 is how a recogniser that likes large numbers writes 六零一.
    while len(spelled) > 3 and spelled[-1][0] not in real and view[spelled[-1][0]] != "亿":
        spelled.pop()
        guessed.add(spelled[-1][0])  # a digit more may have been said
    if len(spelled) not in (3, 4) or not real:
        return
    for index, digit in spelled:
        if view[index] not in _NUMERALS:
            arabic = view[real[0]].isdigit()
            view[index] = str(number(digit)) if arabic else digit
            guessed.add(index)


def _as_digits(heard: Heard, index: int) -> tuple[str, ...]:
    """Return what digits one character may stand for, the likeliest first; () for none.

    十 and 四 are one sound in half of the country.
    """
    character = heard.text[index]
    if character in _NUMERALS:
        value = digits(character)
        return ("零一二三四五六七八九"[int(value)],) if value else ("十",) * (character == "十")
    if not heard.spoken or character in _OWN_WORDS or index not in heard.at:
        return ()
    at = heard.at[index]
    if heard.folded[at] == "s-i":
        return ("十", "四") if heard.syllables[at].sound == "shi" else ("四", "十")
    digit = _SOUNDS_LIKE.get(heard.syllables[at].sound) or _FOLDED.get(heard.folded[at])
    return (digit,) if digit else ()
