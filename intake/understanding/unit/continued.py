"""A home told over several messages: 11栋, then 2门503, then 不对，是12栋."""

import re
from dataclasses import replace

from intake.understanding.spoken_text import Heard
from intake.understanding.unit.choice import joined
from intake.understanding.unit.digits import room_digits
from intake.understanding.unit.mentions import find_units
from intake.understanding.unit.pieces import LEVELS
from intake.understanding.values import Field

_ROOM = re.compile(r"\d{3,4}[A-H]?")
_ALONE = re.compile(
    r"(?:^|[\s,，。.、;；!！?？])(?:[就是住在嗯哦]{0,2})(\d{3,4}[a-h]?|[一二三四五六七八九幺][零一二三四五六七八九幺]{2,3})(?:的|吧|呀|哈)?(?=$|[\s,，。.、;；!！?？])",
    re.I,
)
_RUNG = frozenset(("110", "114", "119", "120", "122"))
_MENDED = re.compile(
    "[说写打搞弄看记听][错岔混]|错了|不对|(?:没|不)[错变动]|一样|照[旧原]"
    "|sorry|wrong|mistake|i mean",
    re.I,
)


def levels(value: str, text: str) -> dict[str, str]:
    """The parts of the home `value` by their level (see `LEVELS`), as `text` tells them.

    A part that the text gives no level for has the next one: three or four digits at the end are a
    room, what is first is a building.
    """
    told: dict[str, set[str]] = {level: set() for level in LEVELS}
    for mention in find_units(Heard.of(text)):
        if joined(mention.parts) == value:
            told = {level: set() for level in LEVELS}
        for level, part in mention.parts.items():
            told[level].add(part)
    found: dict[str, str] = {}
    rest = value.split("-")
    for number, part in enumerate(rest):
        left = LEVELS[LEVELS.index(max(found, key=LEVELS.index)) + 1 :] if found else LEVELS
        if not left:
            found["r"] = "-".join((found["r"], part))
            continue
        room = number == len(rest) - 1 and _ROOM.fullmatch(part)
        usual = "r" if room else (left if found else "b")[0]
        found[next((level for level in left if part in told[level]), usual)] = part
    return found


def continued(known: str, known_text: str, found: str, text: str) -> str:
    """The home of two messages: `known` in the words `known_text`, `found` in the message `text`.

    What the message does not name stays: 2门503 after 11栋 is "11-2-503", 不对，是12栋 after that
    "12-2-503". Another building without such words has other rooms.
    """
    mentions = find_units(Heard.of(text))
    same = [m for m in mentions if joined(m.parts) == found]
    if any(m.dashed for m in same) or (not same and "-" in found):
        return _dashed(known.split("-"), found)
    old, new = levels(known, known_text), levels(found, text)
    if "b" in new and "b" in old and new["b"] != old["b"]:
        mended = _MENDED.search(text) or re.search(rf"不是\s?{old['b']}\D", text)
        if not (set(new) == {"b"} and mended):
            return found
    return joined({**old, **new})


def _dashed(old: list[str], found: str) -> str:
    """Numbers without words: 2-503 in a building, 3-5 (floor and door) in place of another."""
    new = found.split("-")
    if len(old) == 1 and not _ROOM.fullmatch(old[0]):
        return "-".join(old + new) if len(new) < 3 else found
    doors = max(len(old[-1]), len(new[-1])) <= 2 and len(new) == 2 < len(old)
    return "-".join(old[:-2] + new) if doors else found


def continued_field(
    known: Field[str], known_text: str, found: Field[str] | None, text: str
) -> Field[str] | None:
    """`continued` for what a reader found; also a room that is a clause of its own, in a home whose
    room is not known. None if the message gives nothing of a home."""
    if found is None:
        at = None if "r" in levels(known.value, known_text) else room_alone(text)
        room = room_digits(text[slice(*at)]) if at else None
        found = Field(room, at, 0.7) if room else None
    if found is None:
        return None
    return replace(found, value=continued(known.value, known_text, found.value, text))


def room_alone(text: str) -> tuple[int, int] | None:
    """Where a room stands as a clause of its own: 402。他叫索长河; None for none or for several."""
    spans = [m.span(1) for m in _ALONE.finditer(text) if m[1] not in _RUNG]
    return spans[0] if len(spans) == 1 else None
