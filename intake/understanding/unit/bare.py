"""Numbers beside a place without any word: 明湖大厦2006, 北渔里23, 14 缆绳巷."""

import re

from intake.understanding.numerals import NUMERAL
from intake.understanding.spoken_text import Heard
from intake.understanding.unit.digits import ENGLISH_WORD, english, room_digits, small
from intake.understanding.unit.pieces import NOT_ROOM, Mention
from intake.understanding.unit.sound import as_digits

_ROOM = re.compile(
    rf"[\s,，的]{{0,2}}(?:{NUMERAL}[层楼][\s,，]{{0,2}})?"
    rf"(\d{{3,4}}|(?!一二三)[零一二三四五六七八九幺]{{3,4}})(?:室|{NOT_ROOM})(?![零一二三四五六七八九.])"
)
_RUNG = ("110", "114", "119", "120", "122", "12345")
_CALLED = re.compile(r"\s?(?:[也都又就已没]|[叫打来说到派]|的?车|热线|急救)")
_GUESSED = re.compile(r"[\s,，的]{0,2}([零一二三四五六七八九幺\d]{2,3})(\S)(?=[\s,，。]|$)")
_HOUSE = re.compile(
    r"[\s,，]{0,2}(?:门牌号?码?[是:：]?\s?)?(\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]{2,3})"
    r"(?=$|[,，。;；!！?？、]|\.\D|\s(?!\s?(?:[个人位点月日号路块元斤岁次年天份只条把盏根棵辆台间家户处段层级步座栋楼套扇名头口袋盒瓶种件回遍趟分秒米里多几]|years|people|yuan)))"
)
_HOUSE_BEFORE = re.compile(
    r"(?:^|[,.]\s?|\b(?:at|in|on|to|outside|is|of|from|near|address)\s)"
    rf"(\d{{1,4}}|{ENGLISH_WORD}(?:[\s-]{ENGLISH_WORD}){{0,3}})\s$"
)
_LONE = re.compile(
    r"[^。.!！?？;；\d零一二两三四五六七八九幺十百电机姓名钱块]{0,20}?(?:[一二三四五六七八九十\d]{1,2}[楼层][\s,，]{0,2})?(?<=[\s,，楼层])(\d{3,4}|[一二三四五六七八九幺][零一二三四五六七八九幺]{2,3})(?=[,，。.;；!！]|$)"
    r"(?![,，]\s?[\d零一二三四五六七八九幺]{3,})"
)
_LAST = re.compile(r"(?<!\d)[\s,，](?!1(?:20|19|10)\D)(\d{3,4})[。.!！]?\s*$")


def bare_room(text: str, place_end: int | None) -> Mention | None:
    """A room of three or four digits directly behind the place."""
    match = _ROOM.match(text, place_end) if place_end is not None else None
    room = room_digits(match[1]) if match else None
    if match and room in _RUNG and _CALLED.match(text, match.end()):
        return None
    return Mention(match.start(1), match.end(), {"r": room}) if match and room else None


def guessed_room(heard: Heard, place_end: int | None) -> Mention | None:
    """A room of two or three digits and a word that sounds like the last one: 明湖公寓五零起."""
    if place_end is None or not heard.spoken:
        return None
    match = _GUESSED.match(heard.text, place_end)
    last = as_digits(heard, match.start(2)) if match else ()
    room = room_digits(match[1] + last[0]) if match and last and last[0] != "十" else None
    return Mention(match.start(1), match.end(), {"r": room}, False) if match and room else None


def lone_room(text: str, start: int) -> str | None:
    """A room that stands alone a few words behind its building: 9号楼，靠锅炉房那栋，502; or at the
    end of the text."""
    match = _LONE.match(text, start) or _LAST.search(text, max(start, len(text) - 12))
    return room_digits(match[1]) if match else None


def bare_house(text: str, place_start: int | None, place_end: int | None) -> Mention | None:
    """A house number of up to three digits behind the place, or in English before it."""
    match = _HOUSE.match(text, place_end) if place_end is not None else None
    if match is None and place_start is not None:
        begin = max(0, place_start - 32)
        match = _HOUSE_BEFORE.search(text[begin:place_start])
        if match:
            number = english(match[1])
            start, end = begin + match.start(1), begin + match.end(1)
            return Mention(start, end, {"b": number}) if number else None
    number = small(match[1], 999) if match else None
    return Mention(match.start(1), match.end(1), {"b": number}) if match and number else None
