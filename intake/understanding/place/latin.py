"""Places that a text names in pinyin or half translated: Ruijing Jiayuan, Zhangyoufang village."""

# ruff: noqa: E501 (a pattern is read best in one line)

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

from intake.understanding.gazetteer import Gazetteer, Spelling
from intake.understanding.phonetics import HAN, readings
from intake.understanding.place.mention import Mention
from intake.understanding.spoken_text import Heard, Span, cover

_DWELLING = "estate|community|compound|residential (?:community|compound|area|quarter|complex)|complex|neighbou?rhood|residence|residences|housing (?:estate|complex)|xiaoqu"
_YARD = f"family (?:compound|courtyard|yard|quarters|area|building|housing|block|estate)|staff (?:compound|quarters|housing)|dependents' (?:compound|area|yard)|courtyard|yard|quarters|{_DWELLING}"
_DIRECTION = {"东": "east", "西": "west", "南": "south", "北": "north", "中": "(?:central|middle)"}
_ENGLISH = {
    "家属院": _YARD, "家属区": _YARD, "家属楼": f"family building|{_YARD}", "宿舍": f"dorms?|dormitor(?:y|ies)|{_YARD}",
    "大院": _YARD, "院": f"court|garden|{_YARD}", "院坝": _YARD, "小区": _DWELLING, "社区": _DWELLING, "新村": f"new village|village|new estate|{_DWELLING}",
    "花园": f"gardens?|{_DWELLING}", "家园": f"homes?|gardens?|homeland|{_DWELLING}", "嘉园": f"gardens?|homes?|{_DWELLING}",
    "佳苑": f"gardens?|courts?|{_DWELLING}", "佳园": f"gardens?|homes?|{_DWELLING}", "苑": f"gardens?|courts?|park|{_DWELLING}", "园": f"gardens?|courts?|park|{_DWELLING}",
    "庭": f"court|{_DWELLING}", "里": f"lane|li|{_DWELLING}", "坊": f"lane|fang|{_DWELLING}", "湾": f"bay|{_DWELLING}",
    "公寓": f"apartments?|apartment (?:building|block)|apts?|flats|residence|{_DWELLING}", "大厦": "tower|building|mansion|plaza|house", "楼": "building|house|block|lou",
    "村": "village", "庄": "village", "屯": "village", "寨": "village", "乡": "township", "镇": "town",
    "巷": "lane|alley|hutong", "弄": "lane|alley", "胡同": "hutong|lane|alley", "路": "road|rd|avenue|ave", "街": "street|st|road", "大街": "street|avenue|main street|big street|st", "大道": "avenue|boulevard|road|ave", "支路": "branch road|road", "正街": "main street|street",
    "公路": "highway|road", "市场": "market", "菜市场": "(?:food |vegetable |wet )?market", "农贸市场": "(?:farmers'? |food |wet )?market", "医院": "hospital", "人民医院": "people'?s hospital|hospital", "中医院": "(?:tcm|chinese medicine) hospital|hospital",
    "卫生院": "clinic|hospital|health (?:center|centre)|township hospital", "卫生室": "(?:village )?clinic|health (?:room|post|station)", "卫生站": "clinic|health station", "卫生服务站": "clinic|health station|health (?:center|centre)",
    "小学": "primary(?: school)?|elementary(?: school)?|school", "中心小学": "(?:central |center )?(?:primary|elementary)(?: school)?|school", "中学": "(?:middle|high|secondary) school|school", "学校": "school", "幼儿园": "kindergarten|nursery|preschool",
    "公园": "park", "广场": "square|plaza", "桥": "bridge", "食堂": "canteen", "敬老院": "(?:nursing|care|old people's) home", "火车站": "(?:railway |train )?station", "汽车站": "(?:bus |coach )?station", "渡口": "ferry(?: pier)?", "图书馆": "library",
}  # fmt: skip
_ENGLISH |= {
    side + way: f"{word} {english}|{english} {word}"
    for side, word in _DIRECTION.items()
    for way, english in (("路", "(?:road|rd)"), ("街", "(?:street|st)"), ("大街", "(?:street|st)"))
}
_HOMES = frozenset(
    ("小区", "社区", "家属院", "家属区", "新村", "花园", "家园", "嘉园", "佳苑", "公寓", "大厦", "村", "庄", "屯", "宿舍", "大院")
)  # fmt: skip
_ROADS = ("路", "街", "大街", "大道")
_OTHER_KIND = re.compile(
    r"\s(?:(?:north|south|east|west|central|primary|middle|experimental|people's|bus|food|vegetable|parcel)\s){0,2}(?P<word>road|rd|street|st|avenue|lane|alley|hospital|clinic|school|primary|kindergarten|market|supermarket|station|hotel|restaurant|bank|canteen|temple|bridge|district|county|city|province|river|lake|university|college|airport|town|township|lu|jie|qu|xian|shi)\b"
)
_DWELLING_AFTER = re.compile(rf"\s(?:{_YARD}|village|garden|gardens|apartments?)\b")
_TOKEN = re.compile(
    "[a-z\u00e0-\u00f6\u00f8-\u024f\u0300-\u036f\u1e00-\u1eff]+(?:['’\u2018-][a-z\u00e0-\u024f\u0300-\u036f]+)*"
)
_TONES = re.compile(r"(?:[a-z]{1,6}[1-5])+(?![\d.:-])")
_POSSESSIVE = re.compile(r"['’]s$")
_MOST_TOKENS = 9
_LONGEST = 48
_LONGEST_NAME_SYLLABLES = 12
# Pinyin that is English too.
_WORDS = re.compile(
    "dating|danger|women|longer?|linger|panting|canting|landing|handing|lining|manning|banging"
    "|hanging|wanting|linen|gender|ginger|singer|dangle|tongue|shanghai|beijing|china|pinging"
    "|longan|bandage|tuning|sunning|runner|dinner|tangent|mantou"
)
_PLACE_BEFORE = re.compile(
    r"(?:\b(?:in|at|on|near|outside|inside|into|around|of|address(?: is)?:?|lives?|living|(?:no\.?|number)\s?\d{1,4},?|\d{1,4}[a-z]?,?)|[住在到是去回从])\s{0,2}$"
)
_HOME_AFTER = re.compile(
    r"[\s,，]{0,3}(?:building|block|bldg|tower|unit|entrance|no\.?\s?\d|number|flat|room|apartment|apt|house|village|community|compound|estate|#|\d|[一二三四五六七八九十]+[号栋幢单])"
)
_NAME_BEFORE = re.compile(
    r"\b(?:names?(?:'s| is|:)?|called|mr|mrs|ms|miss|madam|dr|granny|grandma|grandpa|grandfather|grandmother|auntie|aunt|uncle|teacher|nurse|mother|father|mum|mom|dad|wife|husband|son|daughter|sister|brother|cousin|neighbou?r|i'm|i am|this is|for|call|caller|contact|ask for|speak to|with|by|and|thanks|regards|tell)[\s.,:;]{1,2}$"
    r"|(?:叫|姓|名字是?|联系人?)[:：\s]{0,2}$"
)
_SURNAME_BEFORE = re.compile(
    r"\b(?:wang|li|zhang|liu|chen|yang|huang|zhao|wu|zhou|xu|sun|ma|zhu|hu|guo|he|gao|lin|luo|zheng"
    r"|liang|xie|song|tang|deng|han|feng|cao|peng|zeng|xiao|tian|dong|yuan|pan|jiang|cai|yu|du|ye"
    r"|cheng|su|wei|lu|ding|ren|shen|yao|cui|zhong|tan|fan|jin|shi|liao|jia|xia|fu|fang|bai|zou"
    r"|meng|xiong|qin|qiu|hou|yan|xue|lei|long|duan|hao|kong|shao|mao|chang|wan|gu|lai|kang|qian"
    r"|lim|ng|lee|wong|chan|teo|goh)\s$"
)
_NAME_AFTER = re.compile(
    r"(?:['’]s\b|,?\s(?:aged?\s)?\d{2}(?=[,.;]|\s(?:years?|yrs|and)\b|$)|\s(?:here|speaking|is|has|was|can|fell|needs|wants|lives|says)\b)"
)


@dataclass(frozen=True, slots=True)
class _Form:
    """A spelling whose beginning is written in pinyin, and the endings left to be translated."""

    spelling: Spelling
    left: tuple[str, ...]
    syllables: int


@dataclass(frozen=True, slots=True)
class _Forms:
    exact: Mapping[str, Sequence[_Form]]
    blurred: Mapping[str, Sequence[_Form]]


_KNOWN: WeakKeyDictionary[Gazetteer, _Forms] = WeakKeyDictionary()


def in_latin(heard: Heard, gazetteer: Gazetteer, taken: Sequence[Span] = ()) -> Iterator[Mention]:
    """Every mention in Latin letters of a place whose name is in Han characters."""
    forms = _KNOWN.get(gazetteer)
    if forms is None:
        forms = _KNOWN[gazetteer] = _all_forms(gazetteer)
    covered = cover(len(heard.text), taken)
    tokens = [one for one in _tokens(heard.text) if not any(covered[one[0] : one[1]])]
    index = 0
    while index < len(tokens):
        found = _at(heard.text, tokens, index, forms)
        if found is not None:
            yield found
            while index < len(tokens) and tokens[index][0] < found.end:
                index += 1
        else:
            index += 1


def _tokens(text: str) -> list[tuple[int, int, str]]:
    found, end = [], 0
    for match in _TOKEN.finditer(text):
        if match.start() < end:
            continue
        toned = _TONES.match(text, match.start())
        start, end = toned.span() if toned else match.span()
        word = re.sub(r"\d", "", toned.group()) if toned else _POSSESSIVE.sub("", match.group())
        if not toned:
            end = start + len(word)
        found.append((start, end, folded(word)))
    return found


def _at(
    text: str, tokens: Sequence[tuple[int, int, str]], first: int, forms: _Forms
) -> Mention | None:
    joined, best = "", None
    for last in range(first, min(first + _MOST_TOKENS, len(tokens))):
        if last > first and not re.fullmatch(
            r"\s{1,2}|-", text[tokens[last - 1][1] : tokens[last][0]]
        ):
            break
        joined += tokens[last][2]
        if len(joined) > _LONGEST:
            break
        span = (tokens[first][0], tokens[last][1])
        count = last - first + 1
        mention = _named(text, span, joined, count, forms.exact, 1.0)
        if mention is None and len(joined) >= 8:
            mention = _named(text, span, blurred(joined), count, forms.blurred, 0.75)
        if mention and (
            best is None or (mention.trust >= best.trust, mention.end) > (True, best.end)
        ):
            best = mention
    return best


def _named(
    text: str,
    span: Span,
    joined: str,
    count: int,
    forms: Mapping[str, Sequence[_Form]],
    trust: float,
) -> Mention | None:
    ends: dict[str, tuple[int, float, Spelling]] = {}
    for form in forms.get(joined, ()):
        end, sure = _end(text, span, form, count, joined)
        if not end:
            continue
        name = form.spelling.place.name
        if name not in ends or (end, sure) > ends[name][:2]:
            ends[name] = (end, sure, form.spelling)
    if not ends:
        return None
    end = max(found[0] for found in ends.values())
    sure = max(found[1] for found in ends.values() if found[0] == end)
    best = [found for found in ends.values() if found[0] == end and found[1] == sure]
    candidates = tuple((found[2].place, 1.0) for found in best)
    return Mention(span[0], end, candidates, exact=trust == 1.0, trust=trust * sure)


def _end(text: str, span: Span, form: _Form, count: int, joined: str) -> tuple[int, float]:
    """Where the name ends that begins with `form`, and how sure it is; (0, 0) if it is none."""
    start, end = span
    if form.left:
        more = _translated(form.left).match(text, end)
        if more:
            return more.end(), 1.0
        if len(form.left) == 1 and form.left[0][:1] in _DIRECTION and form.left[0][1:] in _ROADS:
            side = re.compile(rf"\b{_DIRECTION[form.left[0][0]]} $")
            more = _translated((form.left[0][1:],)).match(text, end)
            if more and side.search(text[max(0, start - 12) : start]):
                return more.end(), 1.0
        at_home = form.spelling.place.kind not in ("road", "facility")
        if not at_home or not set(form.left) <= _HOMES or form.syllables < 2:
            return 0, 0.0
    elsewhere = _OTHER_KIND.match(text, end)
    if elsewhere:
        kind = form.spelling.place.kind
        road = elsewhere["word"] in ("road", "rd", "street", "st", "avenue", "lane", "alley")
        if form.left or kind != ("road" if road else "facility"):
            return 0, 0.0
        return elsewhere.end(), 0.95
    dwelling = _DWELLING_AFTER.match(text, end)
    if dwelling and form.spelling.place.kind in ("road", "facility"):
        return 0, 0.0
    whole = 1.0 if not form.left else 0.85
    if dwelling:
        return dwelling.end(), whole
    if not _is_place(text, span, form, count, joined):
        return 0, 0.0
    return end, whole


def _is_place(text: str, span: Span, form: _Form, count: int, joined: str) -> bool:
    """Whether bare pinyin, without a word such as "village", is a place and no person."""
    start, end = span
    before = text[max(0, start - 24) : start]
    home_before, home_after = _PLACE_BEFORE.search(before), _HOME_AFTER.match(text, end)
    if _WORDS.fullmatch(joined):
        return bool(home_after and home_before)
    if _NAME_BEFORE.search(before):
        return False
    if _SURNAME_BEFORE.search(before):
        return False
    short = form.syllables == 2 or (count > 1 and form.syllables == 3)
    if short and _NAME_AFTER.match(text, end) and not home_before:
        return False
    if form.syllables >= 4 or (form.syllables == 3 and count == 1):
        return True
    return bool(home_before or home_after)


def _all_forms(gazetteer: Gazetteer) -> _Forms:
    exact: dict[str, dict[_Form, None]] = {}
    for spelling in gazetteer.spellings:
        for written, left in _splits(spelling.text):
            for sounds in _sounds(written, spelling):
                form = _Form(spelling, left, len(written))
                exact.setdefault(folded("".join(sounds)), {})[form] = None
    blurry: dict[str, dict[_Form, None]] = {}
    for key, found in exact.items():
        blurry.setdefault(blurred(key), {}).update(found)
    return _Forms(
        {key: tuple(found) for key, found in exact.items()},
        {key: tuple(found) for key, found in blurry.items()},
    )


def _splits(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The beginnings of a name and the endings behind each: 刘楼|村|卫生室."""
    if not re.fullmatch(f"[{HAN}]{{2,{_LONGEST_NAME_SYLLABLES}}}", text):
        return
    open_ends: list[tuple[str, tuple[str, ...]]] = [(text, ())]
    while open_ends:
        rest, left = open_ends.pop()
        yield rest, left
        if len(left) < 2:
            open_ends += [
                (rest[: -len(ending)], (ending, *left))
                for ending in _ENGLISH
                if rest.endswith(ending) and len(rest) - len(ending) >= 2
            ]


def _sounds(written: str, spelling: Spelling) -> Iterator[tuple[str, ...]]:
    """The pinyin of the beginning of a name, and with another reading of one character."""
    usual = tuple(item.sound for item in spelling.spoken[: len(written)])
    yield usual
    for index, character in enumerate(written):
        for other in readings(character)[:3]:
            if other != usual[index]:
                yield (*usual[:index], other, *usual[index + 1 :])


@lru_cache(maxsize=1024)
def _translated(left: tuple[str, ...]) -> re.Pattern[str]:
    words = "".join(rf"[\s-](?:the )?(?:{_ENGLISH[ending]})" for ending in left)
    return re.compile(rf"{words}(?![\w-])")


@lru_cache(maxsize=16384)
def folded(word: str) -> str:
    """Pinyin without tone marks, apostrophes and the dots of ü: "Lǜ'yuàn" as "luyuan"."""
    bare = "".join(
        c for c in unicodedata.normalize("NFD", word.lower()) if c.isascii() and c.isalpha()
    )
    return re.sub("([nl])(?:v|yu(?!an|n|e))", r"\1u", bare)


def blurred(joined: str) -> str:
    """Pinyin without what many people do not tell apart: zh/z, ch/c, sh/s and final n/ng."""
    return re.sub("([zcs])h", r"\1", joined).replace("ng", "n")
