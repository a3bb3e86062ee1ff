"""Finds the homes of a text: its single words joined to whole ones."""

import re
from collections.abc import Sequence
from dataclasses import replace

from intake.understanding.denial import CORRECTION
from intake.understanding.numerals import NUMERAL
from intake.understanding.spoken_text import Heard, Lexicon, Span, cover
from intake.understanding.unit.digits import ROOM, english, room_digits, small
from intake.understanding.unit.pieces import (
    DASH,
    GAP,
    LEVELS,
    NOT_ROOM,
    ROOM_AFTER_ENGLISH,
    Mention,
    pieces,
)
from intake.understanding.unit.sound import mend

_FLOOR = rf"(?:{NUMERAL}[层楼][\s,，]{{0,2}})?"
_ROOM_AFTER = re.compile(
    rf"{GAP}(?:"
    rf"(?P<door>\d{{1,4}}[a-h])(?![\da-z-])"
    rf"|(?P<left>{NUMERAL}){DASH}(?P<right>{NUMERAL})(?:{DASH}(?P<last>{NUMERAL}))?(?![\d点月日:-])"
    rf"|附?(?P<number>{NUMERAL})号(?![楼院路线门])(?!早|上午|下午|中午|晚|之?前|以后|后|那天|来)"
    rf"|{_FLOOR}(?P<room>{ROOM})\s{{0,3}}(?:室|户|房间?|{NOT_ROOM}))"
)
_FILLER = re.compile(r"[\s,，。.、的那个嗯呃啊就是和号第?？]*")
_CLOSE = re.compile(r"[\s,，]{0,2}")
_AND = re.compile(r"\b(?:and|in|it's)\b")
_CORRECTION = Lexicon(("不对", "错了", "不是", "说错"))
_DENIES = re.compile("不是|[说写报记]成")
# 402，不是402，是401: a room in place of one that is denied.
_SWAP = re.compile(
    rf"不是\s?(?P<old>{ROOM})[室号]?[\s,，]{{0,2}}(?:而|应该)?是\s?(?P<new>{ROOM})(?:室|{NOT_ROOM})"
)
_NEGATED = re.compile(
    "(?:不是(?![,，。\\s])|不在|不住|并非|没住|(?:别|莫|甭|勿|不要)(?:再)?(?:[去到跟]|[写送记派听当登]{1,2}[错成作到去]{0,2}))[在那个]{0,2}$"
    "|\\bnot (?:in |at )?$"
)
_BOTH = ("和", "跟", "与", "及", "、")
_MASK = "□"


def find_units(
    heard: Heard, taken: Sequence[Span] = (), names: Sequence[Span] = ()
) -> list[Mention]:
    """Return every home outside the `taken` spans, in order.

    `names`: the spans of places, whose own numbers (滨港二路) belong to no home.
    """
    view, guessed = mend(heard)
    view = "".join(
        _MASK if hidden else character
        for hidden, character in zip(cover(len(view), names), view.replace("〇", "零"), strict=True)
    )
    found = sorted(pieces(view, taken), key=lambda piece: (piece.start, -piece.end))
    corrected = _CORRECTION.respell(heard)
    groups: list[Mention] = []
    denied: list[Span] = []
    end = 0
    for piece in found:
        if piece.start < end:
            continue
        if _NEGATED.search(corrected[max(0, piece.start - 6) : piece.start]):
            end = piece.end
            denied.append((piece.start, end))
            continue
        piece = with_room(view, piece, guessed)
        end = piece.end
        last = groups[-1] if groups else None
        joined = (
            _join(last, piece, _between(corrected, last.end, piece.start, denied)) if last else None
        )
        if joined is None:
            groups.append(piece)
        else:
            groups[-1] = joined
    return [_strong(group, view) for group in _swapped(view, groups)]


def _swapped(view: str, groups: list[Mention]) -> list[Mention]:
    """The homes with the rooms that stand in place of denied ones: 3号楼402，不是402，是401."""
    for swap in _SWAP.finditer(view):
        old, new = room_digits(swap["old"]), room_digits(swap["new"])
        groups = [
            replace(group, end=max(group.end, swap.end("new")), parts={**group.parts, "r": new})
            if new and group.parts.get("r") == old and swap.start() - group.end in range(4)
            else group
            for group in groups
        ]
    return groups


def _between(text: str, start: int, end: int, denied: Sequence[Span]) -> str:
    """The words between two pieces, without what was denied there: 3号楼，不是5号楼，501."""
    between = text[start : min(end, start + 24)]
    if end - start <= 40 and denied and start <= denied[-1][0] <= end:
        low = text.rfind("不", start, denied[-1][0])
        between = text[start : low if low >= 0 else denied[-1][0]] + text[denied[-1][1] : end]
    return between


def with_room(view: str, piece: Mention, guessed: set[int]) -> Mention:
    """The piece with the room that follows it: 3号楼，501; 4栋3-3; block A, 1604."""
    sure = piece.sure and guessed.isdisjoint(range(piece.start, piece.end))
    piece = replace(piece, sure=sure)
    if "r" in piece.parts or not piece.parts.keys() & {"b", "u"}:
        return piece
    match = _ROOM_AFTER.match(view, piece.end)
    parts = _room_parts(match, piece) if match else {}
    if not match or not parts:
        match = ROOM_AFTER_ENGLISH.match(view, piece.end)
        parts = _english_parts(match) if match else {}
    if not match or not parts:
        return piece
    sure = sure and guessed.isdisjoint(range(*match.span()))
    needs = piece.needs if re.match(r"[,，。]", view[piece.end :][:1]) else ""
    return replace(piece, end=match.end(), parts={**piece.parts, **parts}, sure=sure, needs=needs)


def _room_parts(match: re.Match[str], piece: Mention) -> dict[str, str]:
    house = piece.needs == "place"
    if piece.dashed and not match["room"]:
        return {}
    if match["door"]:
        return {} if house else {"r": match["door"].upper()}
    if match["left"]:
        return _dashed_room(match["left"], match["right"], match["last"], piece)
    if match["number"]:
        room = small(match["number"], 9999)
        return {} if house or room is None else {"r": room}
    room = room_digits(match["room"])
    named = match.group()[-1] in "室户房间"
    # 一百二十 after a house number is an area or a price, 一百零二 a room.
    counted = "百" in match["room"] and "零" not in match["room"] and not named
    return {"r": room} if room and len(room) >= 3 and not counted else {}


def _dashed_room(left: str, right: str, last: str | None, piece: Mention) -> dict[str, str]:
    """The room behind a building: 3-3 (floor and door), 2-301 and 2-3-3 (with the unit)."""
    numbers = [small(one, 9999) for one in (left, right, last) if one]
    if None in numbers:
        return {}
    values = [value for value in numbers if value]
    if len(values) == 3:
        return {} if "u" in piece.parts else {"u": values[0], "r": "-".join(values[1:])}
    room = room_digits(right)
    if room and len(room) >= 3:
        return {"u": values[0], "r": room} if "u" not in piece.parts and len(left) < 3 else {}
    return {"r": "-".join(values)} if max(map(int, values)) <= 60 else {}


def _english_parts(match: re.Match[str]) -> dict[str, str]:
    if match["room"]:
        room = english(match["room"])
        return {"r": room} if room and 3 <= len(room) <= 4 else {}
    floor, door = english(match["floor"]), english(match["door"])
    return {"r": f"{floor}-{door}"} if floor and door else {}


def _join(last: Mention, piece: Mention, between: str) -> Mention | None:
    """`last` with `piece` when both are one home; None when they are two."""
    parts = _joined_parts(last, piece, between)
    if parts is None:
        return None
    needs = "" if "" in (last.needs, piece.needs) or len(parts) > 1 else last.needs
    if len(parts) == 1 and last.needs != piece.needs:
        needs = ""
    return Mention(last.start, piece.end, parts, last.sure and piece.sure, needs)


def _joined_parts(last: Mention, piece: Mention, between: str) -> dict[str, str] | None:
    corrected = bool(
        # 5栋，门牌掉了，应该是3-6: what is said so was not known before.
        CORRECTION.search(between.replace("应该是", "")) or _DENIES.search(between)
    )
    if len(between) > (16 if corrected else 8):
        return None
    close = bool(_CLOSE.fullmatch(between))
    house = piece.needs == "place" and "b" in piece.parts
    if close and piece.needs == "place" and set(last.parts) == set(piece.parts) == {"l"}:
        return {"l": f"{last.parts['l']}-{piece.parts['l']}"}  # 7组3排
    if corrected and (piece.needs != "place" or last.needs == "place"):
        return {**last.parts, **piece.parts}
    if not _FILLER.fullmatch(_AND.sub("", between)):
        return None
    if house and "b" in last.parts and last.needs != "place":
        # The door in a building: 7栋1单元2号.
        door = close and "r" not in last.parts and set(piece.parts) == {"b"}
        return {**last.parts, "r": piece.parts["b"]} if door else None
    if house and "b" not in last.parts and set(last.parts) != {"l"}:
        return None
    if last.needs == "place" and "b" in last.parts and "b" in piece.parts:
        # A compound with a street number: 88号3号楼.
        whole = {**piece.parts, "l": last.parts["b"]}
        return whole if close and set(last.parts) == {"b"} and piece.needs == "" else None
    if piece.needs == "place" and not house and "l" not in piece.parts:
        return None
    if not set(last.parts) & set(piece.parts):
        if last.needs == "place" and "b" in last.parts and not close:
            return None
        return {**last.parts, **piece.parts}
    if (
        len(between) <= 1
        and between not in _BOTH
        and last.parts.get("r") is None
        and piece.needs == ""
    ):
        return {**last.parts, **piece.parts}
    return None


def _strong(group: Mention, view: str) -> Mention:
    parts = {level: group.parts[level] for level in LEVELS if level in group.parts}
    return replace(group, parts=parts)
