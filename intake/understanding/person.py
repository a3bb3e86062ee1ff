"""Who needs help, as said: a name, a surname, or a name with a title (老李, 王阿姨)."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections.abc import Iterator, Sequence

from intake.understanding.names import (
    COMPOUND,
    GIVEN,
    TITLES,
    common_given_like,
    given_like,
    is_surname,
    surname_like,
)
from intake.understanding.person_words import KIN_TITLES, NEVER_IN_NAMES, NOT_NAMES, TITLE_WORDS
from intake.understanding.phonetics import HAN
from intake.understanding.spoken_text import Heard, Span, cover
from intake.understanding.values import Field

_H = f"[{HAN}]"
_STOP = "(?=[\\s,，。.!！?？、;；:：]|$|\\d)"
_KIN = (
    "我妈妈?|我爸爸?|妈妈|爸爸|母亲|父亲|婆婆|公公|老伴儿?|老头子?|老太太|老爷子|老人家?|奶奶|爷爷|姥姥|姥爷|病人|患者|孩子|"
    "孙子|孙女|儿子|女儿|闺女|丈母娘|岳母|岳父|他|她|它"
)
_NAMED = re.compile(
    f"(?P<cue>(?P<needs>{_KIN})(?:的)?(?:名字)?(?:叫|教)(?:做)?|我(?:名字)?(?:叫|教|名叫)|名字(?:叫|是)|本人|我是|叫我|"
    f"(?:姓名|联系人|业主|住户|户主)(?:是|叫)?[:：\\s]{{0,3}})(?P<name>{_H}{{2,4}})"
)
_HEARD_SURNAME = (
    # 姓 is often heard as one of these when a short surname follows.
    "(?<![高庆个急任男女])[性幸兴](?=[^\\s,，。](?:[,，。!！?？\\s]|$|手机|电话|\\d))"
    "|(?<=太太|爷子|老人|老头)[心信新](?=[^\\s,，。](?:[,，。\\s]|$))"
    "|(?<![微短写发来收相关放小中手细])[心信新](?=[^\\s,，。](?:手机|电话))"
)
_SURNAME = re.compile(
    f"(?:(?:我|他|她|它|免贵|复|老太太|老爷子|老人|都)?(?<!住)姓|复兴(?=欧阳|上官|司马|诸葛|司徒)|{_HEARD_SURNAME})"
    f"(?P<name>(?:{'|'.join(COMPOUND)})|{_H})(?!名|什么|啥|别)"
)
# 免贵姓秦,秦桂英: the surname again, with the given name.
_IN_FULL = re.compile(f"[\\s,，。]{{0,2}}(?:我?叫)?(?P<name>{_H}{{2,3}}){_STOP}")
_OWNER = re.compile(f"[\\s,，]{{0,2}}的?(?P<name>{_H}{{3}}){_STOP}")
_OLD = re.compile(f"(?<!{_H}家)老(?P<name>{_H})(?=[\\s,，。.!！?？]|$|\\d|啊|呀|就)")
_TITLED = re.compile(f"(?P<name>{'|'.join(COMPOUND)}|{_H})(?:{TITLES})(?!们)")
_LOOSE = re.compile(f"(?:^|(?<=[\\s,，。;；\\d]))(?P<name>{_H}{{2,3}}){_STOP}")
_WORKER = re.compile(
    "(?:来|修|送|派|那个?|昨天|上回|上次)[^。!！?？]{0,14}(?:师傅|小伙|护士|志愿者|保洁|阿姨)[^。!！?？]{0,6}$"
)
_OTHER = re.compile("(?:对门儿?|隔壁|楼上|楼下|邻居家|跟|和|找|让|喊|给|告诉)的?$")
_ENGLISH = re.compile(
    r"(?:my name is|my name's|this is|i'm|i am|called|name:?)\s{1,3}(?P<name>(?:mr|mrs|ms|miss|dr)\.? [A-Z][a-z]+|[A-Z][a-z]+(?: [A-Z][a-z]+)?)",
    re.IGNORECASE,
)
# Signed with a full name: "…sign up? Grace Lin, 13699887766".
_ENGLISH_SIGNED = re.compile(
    r"(?:^|[.!?]\s{1,3})(?P<name>[A-Z][a-z]{1,15} [A-Z][a-z]{1,15})[\s,.]{1,3}(?=\(?\+?\d{6,})"
)
_ENGLISH_TITLED = re.compile(r"\b(?P<name>(?:Mr|Mrs|Ms|Miss|Dr)\.? [A-Z][a-z]+)")


def read_person(text: str, heard: Heard, taken: Sequence[Span] = ()) -> Field[str] | None:
    """Return the name of the person who needs help, else of the caller; None when nobody is named.

    `text` is the original (English names keep their capitals), `taken` are the spans of places,
    units and numbers. Names of workers who came before are left out.
    """
    found = sorted(_found(text, heard, taken), key=lambda field: -field.confidence)
    if not found:
        return None
    first = found[0]
    others = tuple(dict.fromkeys(f.value for f in found[1:] if f.value != first.value))[:3]
    return Field(first.value, first.evidence, first.confidence, others, note=first.note)


def _found(text: str, heard: Heard, taken: Sequence[Span]) -> Iterator[Field[str]]:
    plain = heard.text
    covered = cover(len(plain), taken)
    for match in _NAMED.finditer(plain):
        yield from _named(match, heard)
    for match in _SURNAME.finditer(plain):
        if _WORKER.search(plain[max(0, match.start() - 30) : match.start()]):
            continue
        yield from _surname(match, heard)
    for match in _TITLED.finditer(plain):
        if not covered[match.start()]:
            yield from _titled(match, heard)
    for match in _OLD.finditer(plain):
        if not covered[match.start()]:
            yield from _old(match, heard)
    beside = {stop for _, stop in taken} | {start for start, _ in taken}
    for match in _LOOSE.finditer(plain):
        start, end = match.span("name")
        near = any(edge in beside for edge in (start - 1, start, end, end + 1))
        if not covered[start] and _looks_like_name(match["name"], near=near):
            value = _respelled(heard, start, end - start) or match["name"]
            yield _field(value, (start, end), match["name"], 0.7)
        elif near and not covered[start] and (name := _wholly_by_sound(heard, start, end)):
            yield _field(name, (start, end), match["name"], 0.65)
    for _, stop in taken:
        owner = _OWNER.match(plain, stop)
        value = _respelled(heard, owner.start("name"), 3) if owner else None
        if owner is None or all(c in NEVER_IN_NAMES for c in owner["name"][1:]):
            continue  # 201,马上来
        if value and value[0] == plain[owner.start("name")] and _usual(value):
            yield _field(value, owner.span("name"), owner["name"], 0.75)
    for pattern, confidence in (
        (_ENGLISH, 0.85),
        (_ENGLISH_TITLED, 0.8),
        (_ENGLISH_SIGNED, 0.7),
    ):
        for match in pattern.finditer(text):
            if match["name"][0].isupper():
                yield Field(match["name"], match.span("name"), confidence)


def _looks_like_name(name: str, *, near: bool = False) -> bool:
    """Whether the text may be a name; `near` a number or an address a rarer name counts too."""
    rest = name[2:] if name[:2] in COMPOUND else name[1:]
    surname = name[:2] if name[:2] in COMPOUND else name[0]
    if not is_surname(surname) or not rest or (len(name) == 2 and len(rest) == 1):
        return False
    if near and name[:2] not in NOT_NAMES:
        return not any(character in NEVER_IN_NAMES for character in name)
    return _usual(name)


def _usual(name: str) -> bool:
    rest = name[2:] if name[:2] in COMPOUND else name[1:]
    return all(character in GIVEN for character in rest)


def _named(match: re.Match[str], heard: Heard) -> Iterator[Field[str]]:
    name, start = match["name"], match.start("name")
    after = heard.text[match.end() :][:1]
    titled = re.match(f"(?:老{_H}|(?:{'|'.join(COMPOUND)}|{_H})(?:{TITLES}))", name + after)
    if titled and (match["cue"] in ("我是", "叫我") or titled.group().startswith("老")):
        value = titled.group()
        surname = value[1] if value.startswith("老") else value[0]
        usual = _surname_at(heard, start + value.index(surname))
        if value[:2] not in NOT_NAMES and usual and surname not in "你的":
            yield _field(value.replace(surname, usual, 1), (start, start + len(value)), value, 0.9)
        return
    if match["cue"] in ("我是", "叫我", "本人") and not _looks_like_name(name[:3]):
        return
    if match["cue"].startswith(("业主", "住户", "户主")) and not is_surname(name[0]):
        return  # 业主交了钱 tells what the owners did, it names nobody
    length = _name_length(heard.text, start, len(name))
    said = heard.text[start : start + length]
    if length < 2:
        return
    known = _respelled(heard, start, length)
    if known:
        yield _field(known, (start, start + length), said, 0.95 if match["needs"] else 0.92)


def _name_length(text: str, start: int, longest: int) -> int:
    """The length of the name at `start`: two or three characters, four with a double surname."""
    most = 4 if text[start : start + 2] in COMPOUND else 3
    longest = min(longest, most)
    following = text[start + longest : start + longest + 1]
    if longest == 3 and following and following not in " ,，。.!！?？、;；0123456789的":
        third = text[start + 2]
        return 3 if third in GIVEN or text[start + 3] in "八九七六我他她今住电手岁" else 2
    return longest


def _respelled(heard: Heard, start: int, length: int) -> str | None:
    text = heard.text
    if text[start : start + 2] in COMPOUND:
        return text[start : start + length]
    surname = _surname_at(heard, start)
    if surname is None:
        return None
    if not heard.spoken:
        return surname + text[start + 1 : start + length] if surname == text[start] else None
    pair = [heard.at.get(index) for index in (start + 1, start + 2)] if length == 3 else []
    if len(pair) == 2 and pair[0] is not None and pair[1] is not None:
        one, other = heard.syllables[pair[0]].sound, heard.syllables[pair[1]].sound
        if common := common_given_like((one, other)):
            return surname + common
    given = ""
    for index in range(start + 1, start + length):
        at = heard.at.get(index)
        spoken = heard.syllables[at] if at is not None else None
        # 贵 ends a man's name (富贵), but before another character it is nearly always 桂 (桂兰).
        as_written = text[index] in GIVEN and (text[index] != "贵" or index == start + length - 1)
        usual = spoken and not as_written and given_like(text[index], spoken.sound, spoken.tone)
        given += usual or text[index]
    return surname + given


def _wholly_by_sound(heard: Heard, start: int, end: int) -> str | None:
    """201,言语美: a surname and a common given name, though none of it is written so."""
    at = [heard.at.get(index) for index in range(start, end)]
    if not heard.spoken or len(at) != 3 or None in at:
        return None
    surname = _surname_at(heard, start)
    _, one, other = (heard.syllables[index].sound for index in at if index is not None)
    given = common_given_like((one, other))
    return surname + given if surname and given else None


def _surname_at(heard: Heard, index: int) -> str | None:
    at = heard.at.get(index)
    if is_surname(heard.text[index]):
        return heard.text[index]
    if at is None or not heard.spoken:
        return None
    return surname_like(heard.text[index], heard.syllables[at].sound, heard.syllables[at].tone)


def _surname(match: re.Match[str], heard: Heard) -> Iterator[Field[str]]:
    said = match["name"]
    value = said if said in COMPOUND else _surname_at(heard, match.start("name"))
    if value is None:
        return
    start, end = match.span("name")
    full = _IN_FULL.match(heard.text, end)
    if full and _surname_at(heard, full.start("name")) == value:
        name = _respelled(heard, full.start("name"), len(full["name"]))
        if name and not any(character in NEVER_IN_NAMES for character in name):
            yield _field(name, full.span("name"), full["name"], 0.85)
    yield _field(value, (start, end), said, 0.8)


def _titled(match: re.Match[str], heard: Heard) -> Iterator[Field[str]]:
    said, start = match["name"], match.start("name")
    title = match.group()[len(said) :]
    before = heard.text[max(0, start - 14) : start]
    if said in TITLE_WORDS or _WORKER.search(before) or _OTHER.search(before):
        return
    if before.endswith(("老", "小", "张老", "个", "的小")) and title not in (
        "阿姨",
        "大爷",
        "大妈",
    ):
        return
    exact = is_surname(said)
    surname = said if exact else _surname_at(heard, start)
    closing = re.match("[\\s,，。.!！?？]|$|三天|[一二两几]天|电话|\\d", heard.text[match.end() :])
    if surname is None or (not exact and not closing):
        return
    confidence = 0.85 if exact else 0.55
    if title in KIN_TITLES and not closing:
        confidence -= 0.3
    value = surname + title.replace("师父", "师傅")
    yield _field(value, match.span(), match.group(), confidence)


def _old(match: re.Match[str], heard: Heard) -> Iterator[Field[str]]:
    said, start = match["name"], match.start()
    before = heard.text[max(0, start - 6) : start]
    if match.group() in NOT_NAMES or _OTHER.search(before):
        return
    surname = _surname_at(heard, match.start("name"))
    if surname:
        certain = is_surname(said)
        yield _field("老" + surname, match.span(), match.group(), 0.82 if certain else 0.6)


def _field(value: str, span: Span, said: str, confidence: float) -> Field[str]:
    if value == said:
        return Field(value, span, confidence)
    return Field(value, span, round(confidence - 0.15, 2), (said,), note="by_sound")
