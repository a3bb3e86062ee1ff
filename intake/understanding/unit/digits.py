"""Numbers of buildings and rooms as digits."""

import re

from intake.understanding.numerals import ENGLISH, digits, number

ROOM = (
    r"(?:\d(?:\s\d){2,3}(?!\s?\d)|\d{1,8}+(?:\.\d{1,8}+)?"
    r"|[零〇一二三四五六七八九幺](?:[\s,，、][零〇一二三四五六七八九幺]){2,3}"
    r"|[一二三四五六七八九幺](?:[0零〇][一二三四五六七八九幺]|[一二三四五六七八九幺]0[一二三四五六七八九幺])"
    r"(?![零一二三四五六七八九十百千幺])|[零〇一二两三四五六七八九十百千幺]{1,8}+)"
)
"""A regular expression for a room: in digits (5.1, 5 0 1), in Chinese, or in both (五0一)."""

_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH_VALUES = {
    **ENGLISH,
    "oh": 0,
    "o": 0,
    **{word: value for value, word in enumerate(_TENS, 2) for value in (value * 10,)},
}
ENGLISH_WORD = (
    "(?:hundred and|hundred|" + "|".join(sorted(_ENGLISH_VALUES, key=len, reverse=True)) + ")"
)
"""A regular expression for one English word of a number below a hundred."""

_STEM = re.compile("[甲乙丙丁东西南北]|[a-z]")


def small(spoken: str, limit: int) -> str | None:
    """Digits of a number from 1 to `limit`, with the letter or stem around it: "b12" as "B12".

    None if it is no such number.
    """
    bare = spoken.replace(" ", "")
    first = bare[0] if _STEM.match(bare) else ""
    last = bare[-1] if len(bare) > 1 and _STEM.match(bare[-1]) else ""
    middle = bare[len(first) : len(bare) - len(last)]
    if not middle:
        return first.upper() or None
    value = number(middle)
    if value is None or not 0 < value <= limit:
        return None
    return f"{first}{value}{last}".upper()


def room_digits(spoken: str) -> str | None:
    """Return a room's digits, "五零一", "五百零一" and "501" as "501"; None if it can't be one.

    Recognisers write 一零二 as "1.2" (a lost zero) and 二六零一 as "26.01".
    """
    if "." in spoken:
        floor, _, rest = spoken.partition(".")
        spoken = floor + ("0" if len(floor + rest) == 2 else "") + rest
    spoken = re.sub(r"[\s,，、]", "", spoken)
    said = digits(spoken)
    floor, zero, door = spoken.partition("零")
    if said is None and zero and "十" in floor and not re.search("[百千]", spoken):
        value, last = number(floor), digits(door)  # 十二零三
        said = f"{value}0{last}" if value and last else None
    if said is None:
        value = number(spoken)
        said = str(value) if value is not None else None
    return said if said is not None and 2 <= len(said) <= 4 else None


def english(said: str) -> str | None:
    """Digits for "two zero one", "sixteen oh four", "twenty-one" and "503"; None for no number."""
    joined, hundreds = "", 0
    tens = False
    for word in re.split(r"[\s-]+", said.strip()):
        if word == "hundred" and joined and len(joined) == 1:
            hundreds, joined = int(joined), ""
            continue
        if word == "and" and hundreds and not joined:
            continue
        value = int(word) if word.isdigit() else _ENGLISH_VALUES.get(word)
        if value is None:
            return None
        if tens and 0 < value < 10:
            joined = joined[:-1] + str(value)
        else:
            joined += word if word.isdigit() else str(value)
        tens = not word.isdigit() and word in _TENS
    if hundreds:
        return str(hundreds * 100 + int(joined or 0))
    return joined or None
