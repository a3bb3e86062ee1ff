"""Values of numbers as people say them and as recognisers write them.

Libraries such as cn2an rewrite whole sentences ("一下" becomes "1下"); needed here is the value of
a stretch of text that is already known to be a number.
"""

NUMERAL = r"(?:\d{1,8}|[零〇一二两三四五六七八九十百千廿幺]{1,8})"
"""A regular expression for one number in digits or in Chinese, without decimals.

Bounded, so that a text that is one long number is still read in linear time.
"""

_DIGITS = {
    **{str(value): value for value in range(10)},
    **dict(zip("零〇一二三四五六七八九", [0, 0, *range(1, 10)], strict=True)),
    "幺": 1,
    "两": 2,
    "俩": 2,
    "洞": 0,
    "拐": 7,
    "勾": 9,
}
_SCALES = {"十": 10, "百": 100, "千": 1000, "廿": 20}
_ENGLISH = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
ENGLISH = {word: value for value, word in enumerate(_ENGLISH)}
_LONGEST = 12


def digits(spoken: str) -> str | None:
    """Return digits said one by one, "三零一" as "301"; None if any character is no digit."""
    if not spoken or any(character not in _DIGITS for character in spoken):
        return None
    return "".join(str(_DIGITS[character]) for character in spoken)


def number(spoken: str) -> int | None:
    """Return the value of a number in digits, Chinese or an English word; None if it is none.

    "十二" is 12, "一百零三" 103, "三零一" 301 (said digit by digit), "一百二" 120.
    """
    if not spoken or len(spoken) > _LONGEST:
        return None
    if spoken.isascii() and spoken.isdigit():
        return int(spoken)
    if spoken in ENGLISH:
        return ENGLISH[spoken]
    if not any(character in _SCALES for character in spoken):
        said = digits(spoken)
        return int(said) if said else None
    return _scaled(spoken)


def _scaled(spoken: str) -> int | None:
    total, pending, scale, zero = 0, 0, 0, False
    for character in spoken:
        if character in _SCALES:
            scale = _SCALES[character]
            if scale == 20:
                total, scale = total + 20, 10
            else:
                total += (pending or 1) * scale
            pending, zero = 0, False
        elif character in _DIGITS:
            value = _DIGITS[character]
            zero = zero or value == 0
            pending = pending * 10 + value if pending else value
        else:
            return None
    if pending and scale >= 100 and not zero and pending < 10:
        pending *= scale // 10  # 一百二 is 120
    return total + pending
