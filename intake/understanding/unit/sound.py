"""Respells what a recogniser made of the digits around a house number: 石号楼 for 十号楼."""

import itertools
import re

from intake.understanding.numerals import digits, number
from intake.understanding.phonetics import fuzzy
from intake.understanding.spoken_text import Heard, Lexicon

_WORDS = Lexicon(("号楼", "号罗", "单元"), fold_from=2)
_SOUNDS_LIKE = {
    "ling": "零", "yao": "一", "yi": "一", "er": "二", "liang": "二", "san": "三", "si": "四",
    "wu": "五", "liu": "六", "qi": "七", "ba": "八", "jiu": "九", "shi": "十",
}  # fmt: skip
_FOLDED = {fuzzy(sound): digit for sound, digit in _SOUNDS_LIKE.items()}
_NUMERALS = frozenset("0123456789零一二两三四五六七八九十百千幺")
# These sound like digits, but are meant as written before a house number: 我是三号楼,
# 住院部就5号楼.
_OWN_WORDS = frozenset("乙是就而把吧以已有无师事使市式室似始世亦也")
_BUILDING_NUMBER = re.compile("[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]")
_MARKER = re.compile("号楼|[栋幢洞]|单元|(?<=[一二三四五六七八九])门(?=[幺腰要妖零])")
_NUMBER = "[\\d零一二两三四五六七八九十幺]"
# What follows a marker of a home: an entrance or a room.
_GOES_ON = re.compile(f"[\\s,，]?(?:{_NUMBER}{{1,2}}[\\s,，]?[单门]|{_NUMBER}{{3,4}})")
_NUMBER_NEXT = re.compile(f"[\\s,，]?{_NUMBER}")
# The markers of a home by the sounds of their syllables, and what must follow one that is only
# heard: 实动一单元304, 巴东一单人一零四, 九毫罗二零五, 十九毫元.
_MARKER_SOUNDS = (
    (("dan", frozenset(("ren", "yun", "wan", "yan", "yuan"))), "单元", _NUMBER_NEXT),
    (("hao", frozenset(("lou", "luo", "le", "lu", "lao"))), "号楼", _NUMBER_NEXT),
    (("hao", frozenset(("yuan",))), "号院", re.compile("(?![\u3400-\u9fff])")),
    (("dong", None), "栋", _GOES_ON),
    (("zuo", None), "座", _GOES_ON),
    (("gang", None), "杠", _NUMBER_NEXT),
    (("gao", None), "杠", _NUMBER_NEXT),
)
# What numbers are heard as right before 栋, and nowhere else: 自动三单元 is 四栋三单元.
_BEFORE_BLOCK = {"zi": "四", "ci": "四", "you": "六", "niu": "六", "pa": "八", "xi": "七"}
# 甲 of a building: 假四号楼.
_STEM_HEARD = re.compile("[假驾价嫁](?=[一二三四五六七八九十\\d]{1,3}(?:号楼|[栋幢]))")
_FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾", "一二三四五六七八九十")
# Alone before a marker, or several in a row: 陆 and 伍 are surnames too.
_FORMAL_NUMBER = re.compile(
    "[壹贰叁肆伍陆柒捌玖拾]{1,4}(?=号|栋|幢|单元)|[壹贰叁肆伍陆柒捌玖拾零〇]{3,4}"
)


def mend(heard: Heard) -> tuple[str, set[int]]:
    """Return the text with words around a house number respelled as the digits that they sound
    like, and the offsets of the digits that were so guessed."""
    spelled = _WORDS.respell(heard).replace("号罗", "号楼")
    if heard.spoken:
        spelled = _STEM_HEARD.sub("甲", _with_markers(heard, spelled))
    view = list(_FORMAL_NUMBER.sub(lambda found: found[0].translate(_FORMAL), spelled))
    guessed: set[int] = set()
    for match in _MARKER.finditer("".join(view)):
        if not _mend_before(heard, view, guessed, match.start()) and match.group() == "洞":
            continue
        _mend_after(heard, view, guessed, match.end())
    return "".join(view), guessed


def _with_markers(heard: Heard, text: str) -> str:
    """The text with words between numbers respelled as the markers of a home they sound like."""
    view = list(text)
    for (first, second), marker, follows in _MARKER_SOUNDS:
        for at, item in enumerate(heard.syllables):
            end = item.end if second is None else item.end + 1
            after = heard.syllables[at + 1] if at + 1 < len(heard.syllables) else None
            fits = item.sound == first and (
                second is None
                or (after is not None and after.start == item.end and after.sound in second)
            )
            numbered = bool(fits and item.start and as_digits(heard, item.start - 1))
            if marker == "栋" and fits and item.start and not numbered:
                numbered = _number_before(heard, view, item.start - 1)
            if numbered and follows.match("".join(view[end : end + 6])):
                view[item.start : end] = marker
    return "".join(view)


def _number_before(heard: Heard, view: list[str], index: int) -> bool:
    """Whether the character at `index` is what a number is heard as; the number is put there."""
    at = heard.at.get(index)
    number = _BEFORE_BLOCK.get(heard.syllables[at].sound) if at is not None else None
    if number is not None:
        view[index] = number
    return number is not None


def _mend_before(heard: Heard, view: list[str], guessed: set[int], marker: int) -> bool:
    begin = marker
    while begin > max(0, marker - 3) and as_digits(heard, begin - 1):
        begin -= 1
    if all(view[offset] in _NUMERALS for offset in range(begin, marker)):
        return begin < marker
    for start in range(begin, marker):
        choices = itertools.product(*(as_digits(heard, i) for i in range(start, marker)))
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
        choices = [digit for digit in as_digits(heard, index) if digit != "十"]
        if not choices:
            break
        spelled.append((index, choices[0]))
    real = [index for index, _ in spelled if view[index] in _NUMERALS]
    # 60亿 is how a recogniser that likes large numbers writes 六零一.
    # So does the word for one: 腰五零腰.
    while (
        len(spelled) > 3 and spelled[-1][0] not in real and not _ends_in_one(heard, spelled[-1][0])
    ):
        spelled.pop()
        guessed.add(spelled[-1][0])  # a digit more may have been said
    if len(spelled) not in (3, 4) or not real:
        return
    for index, digit in spelled:
        if view[index] not in _NUMERALS:
            arabic = view[real[0]].isdigit()
            view[index] = str(number(digit)) if arabic else digit
            guessed.add(index)


def _ends_in_one(heard: Heard, index: int) -> bool:
    at = heard.at.get(index)
    said = heard.syllables[at].sound if at is not None else ""
    return heard.text[index] == "亿" or said == "yao"


def as_digits(heard: Heard, index: int) -> tuple[str, ...]:
    """Return what digits one character may stand for, the likeliest first; () for none.

    十 and 四 are one sound in half of the country.
    """
    character = heard.text[index]
    if character in _NUMERALS:
        value = digits(character)
        return ("零一二三四五六七八九"[int(value)],) if value else ("十",) * (character == "十")
    before = heard.text[max(0, index - 2) : index].rstrip(" ,，")[-1:]
    after_block = character in "而儿" and before in ("栋", "幢", "洞", "楼")
    if not heard.spoken or index not in heard.at or (character in _OWN_WORDS and not after_block):
        return ()
    at = heard.at[index]
    if heard.folded[at] == "s-i":
        return ("十", "四") if heard.syllables[at].sound == "shi" else ("四", "十")
    digit = _SOUNDS_LIKE.get(heard.syllables[at].sound) or _FOLDED.get(heard.folded[at])
    return (digit,) if digit else ()
