"""Names with a title or with 老 and 小: 王阿姨, 战大娘, 老修, 老孙头, 大杜."""

import re
from collections.abc import Iterator

from intake.understanding.name_lists import COMPOUND, TITLES, WORD_SURNAMES
from intake.understanding.names import is_given, is_surname, is_word, name_chance
from intake.understanding.person.orthography import surname_at
from intake.understanding.person.roles import rank_of
from intake.understanding.person.scene import CALLER, NEEDS, Candidate, Scene
from intake.understanding.person.scene import H as _H
from intake.understanding.person.words import (
    KIN_TITLES,
    NOT_BIG,
    NOT_LITTLE,
    NOT_NAMES,
    OFFICIALS,
    PROFESSIONS,
    TITLE_WORDS,
)

# Said of somebody who may be in need: 黄老师今天写春联，笔拿不住; 老汪进去洗澡，一声不应.
_HELPLESS_NOW = (
    "(?:正|在|下着|好好的?|今天|今早|今晚|早上|昨晚|昨天|前天|刚才|刚刚|刚|现在|这会儿?|突然|忽然|进去|自己|躺|摔|跌|"
    "倒在|坐在|喊不|叫不|咋叫|怎么叫|在屋|在家|[好两三四五几]天|一个人)"
)
_TITLED = re.compile(f"(?P<name>{'|'.join(COMPOUND)}|{_H})(?P<title>{TITLES})(?!们)")
_OLD = re.compile(
    f"(?<!{_H}家)老(?P<name>欧阳|上官|司马|诸葛|{_H})(?P<more>头儿?(?![发疼晕痛上])|汉|太|爷子)?(?=[\\s,，。.!！?？、\x00(（]|$|\\d|啊|呀|哦|哈|嘛|就|家(?:[\\s,，。.!！?？]|$)|说的|同志|也|一个|这里|这边|哈|{_HELPLESS_NOW})"
)
_SMALL = re.compile(
    f"(?P<cue>叫我|喊我|称呼我|我是|我就是|我叫|叫|孙女儿?|孙子|外孙女?|女儿|闺女|儿子|外甥女?|侄女|女婿|儿媳妇?|的|^|[\\s,，。\x00])(?P<name>[小大阿](?:欧阳|{_H}))(?=[\\s,，。.!！?？、]|$|\\d|就行|就好|就可以|即可|吧|啊|哈|啦|呀|哦)"
)
_CLOSING = re.compile(
    "[\\s,，。.!！?？、;；:：)）\x00]|$|三天|[一二两几]天|电话|手机|\\d|家|想|要|在|的|一个人|屋头|腿|耳|眼|说的"
)
_FOUND_BY = re.compile("(?:^|[\\s,，。\x00])(?:请|就|来|就说)?(?:找|寻|喊|叫|问|打听)$")
_OWN = re.compile(
    "(?:我是|俺是|我系|叫我|喊我|我叫|我就是|称呼我|我这边是|这里是)(?:[^,，。]{0,14}的)?(?:你|你们|恁)?$"
)
_HELPLESS_SOON = re.compile(
    "[^,，]{0,6}(?:(?<![今昨明])天没|没开门|没出门|没露面|没下楼|摔|晕|瘫|不应|两天|一个人|喘|倒|嘴|说话|讲话|疼|痛|扭|崴|发烧|骨折|住院|腿|腰)"
)
_AT_PLACE = re.compile(
    "(?:[\x00\\d号室楼户元院区村里苑路街弄巷边岁层厦庄园]|独居|不好|不便|预约|登记)的(?:那个)?$"
)
_AT_HOME = re.compile("[\x00\\d号室房户门楼幢栋院里的](?:的)?(?:独居的?|那个|那位)?$")


_IN_NEED = re.compile(
    "拿不住|歪|说不出|不说话|醒|喊不|叫不|拍门|敲门|不吱声|不应|没人应|起不来|没开门|没动静|没露面|没出门|喘|晕|摔|跌|抽搐|"
    "吐血|动不了|昏|躺"
)
_NOW = re.compile(_HELPLESS_NOW)
_WITH_OLD = frozenset(
    ("太太", "大爷", "大娘", "大妈", "大叔", "大婶", "大伯", "大嫂", "奶奶", "爷爷", "婆婆", "阿姨")
)
_ADDRESS_BEFORE = re.compile("(?:[\x00\\d号室户楼巷村庄弄里]|家)的?$")
_OF_FAMILY = re.compile(
    f"(?P<name>{_H})家(?:奶奶|爷爷|大爷|大妈|大娘|大叔|阿婆|阿公|阿姨|婆婆|老太太?|老爷子)"
)
# 要我老聂的命; 4栋2门303老邓家的饭.
_ONESELF = re.compile(
    f"(?:[我俺]老(?P<me>{_H})(?=的|这|一|[\\s,，。!！]))|(?<=\x00)老(?P<house>{_H})(?=家的)"
)
# Whom to ask for, behind a number or a home: 座机6240518，找黎师傅.
_ASKED_FOR = re.compile("[\x00\\d][\\s,，。]{1,2}(?:请|就说?)?找$")
_NOT_SENT = re.compile(
    "(?:别|不要|甭|莫|不想|不愿|除了)(?:再|又|给我)?(?:派|叫|让|找|来|换|安排|请|要)?$"
)
_LEFT_TITLES = frozenset("太公姑舅婆")
"""Titles that end words as well: only with nothing behind them, or for somebody to help."""


def titled_names(scene: Scene) -> Iterator[Candidate]:
    """Every surname with a title."""
    for match in _TITLED.finditer(scene.masked):
        yield from _titled(scene, match)
    for match in _OLD.finditer(scene.masked):
        yield from _old(scene, match)
    for match in _SMALL.finditer(scene.masked):
        yield from _small(scene, match)
    for match in _OF_FAMILY.finditer(scene.masked):
        rank = rank_of(scene, *match.span())
        if is_surname(match["name"]) and scene.edge(match.start() - 1) and rank:
            yield Candidate(scene.field(match.group(), match.span(), 0.87), rank)
    for match in _ONESELF.finditer(scene.masked):
        surname = match["me"] or match["house"]
        if f"老{surname}" not in NOT_NAMES and is_surname(surname):
            span = match.end() - 2, match.end()
            yield Candidate(scene.field(f"老{surname}", span, 0.8), CALLER)


def _unwanted(scene: Scene, start: int) -> bool:
    """Whether this person is not to come: 别派老吴."""
    return bool(_NOT_SENT.search(scene.masked[max(0, start - 8) : start]))


def _titled(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    said, title, start = match["name"], match["title"], match.start("name")
    if _unwanted(scene, start):
        return
    before = scene.masked[max(0, start - 12) : start]
    if title in OFFICIALS and not _OWN.search(before):
        return
    if before.endswith("老") and title in _WITH_OLD and _is_old(said):
        yield from _old_titled(scene, match)
        return
    closing = _CLOSING.match(scene.masked, match.end())
    helpless = bool(_HELPLESS_SOON.match(scene.after(match.end()))) or (
        scene.edge(start - 1) and _is_in_need(scene, match.end())
    )
    own = bool(_OWN.search(before) or _ASKED_FOR.search(before))
    for length in (3, 2) if len(title) > 1 else ():
        full = scene.masked[start + 1 - length : start + 1] if start + 1 >= length else ""
        if (
            len(full) == length
            and name_chance(full) >= (0.7 if length == 3 else 0.6)
            and (length == 3 or scene.edge(start - 2))
        ):
            rank = rank_of(scene, start + 1 - length, match.end())
            apart = scene.edge(start - length) and scene.edge(match.end())
            if rank and (title not in PROFESSIONS or own or apart):
                yield Candidate(
                    scene.field(full, (start + 1 - length, start + 1), 0.85), rank, True
                )
            return
    if said == "房" and before.endswith(("门", "厨", "病", "客", "库", "机", "平", "住")):
        return
    if said + title == "康师傅" and not own:
        return  # a brand of noodles
    if said in TITLE_WORDS or said + title in NOT_NAMES or is_word(said + title):
        return
    if before.endswith(("老", "小", "个", "位", "些", "阿")) and title not in (
        "阿姨",
        "大爷",
        "大妈",
    ):
        return
    exact = is_surname(said)
    surname = said if exact else surname_at(scene.heard, start)
    if surname is None or (not exact and not closing):
        return
    free = (
        own
        or scene.edge(start - 1)
        or (scene.heard.spoken and exact and match.end() >= len(scene.masked.rstrip("。.,!? ")))
        or bool(_AT_HOME.search(before))
        or (len(title) == 1 and bool(closing) and bool(_ADDRESS_BEFORE.search(before)))
        or bool(
            re.search(
                "[我俺你她他帮给替为找]$|先生$|老公$|邻居$|对门$|隔壁$|楼[上下]$|老伴$|妈$|爸$|奶$|爷$",
                before,
            )
        )
    )
    if is_word(before[-1:] + said) and not own and not scene.edge(start - 1):
        return
    if not free and (
        said in WORD_SURNAMES or is_word(before[-1:] + said) or scene.edge(start) or len(title) == 1
    ):
        return
    kin = re.search(
        "(?:我先生|老公|我爱人|我老伴|我妈|我爸|我奶奶|我爷爷|我太太|我岳父|我岳母)$", before
    )
    if (len(title) == 1 or title in PROFESSIONS) and not (
        closing or own or kin or rank_of(scene, start, match.end()) == NEEDS or helpless
    ):
        return
    if said in "和向对给从连都有时" and not own and not scene.edge(match.end()):
        return
    if (
        len(title) == 1
        and said in WORD_SURNAMES
        and not ((scene.edge(start - 1) or own or _ADDRESS_BEFORE.search(before)) and closing)
    ):
        return
    rank = rank_of(scene, start, match.end())
    if not rank or (title in _LEFT_TITLES and not (scene.edge(match.end()) or rank == NEEDS)):
        return
    if helpless and (scene.emergency or title in PROFESSIONS):
        rank = NEEDS
    if title in PROFESSIONS and not own:
        at_home = (
            re.search("[\x00\\d]的?$", before)
            or scene.edge(start - 1)
            or (scene.heard.spoken and exact and match.end() >= len(scene.masked.rstrip("。.,!? ")))
            or rank == NEEDS
            or re.search("先生$|我爱人$|我妈$|我爸$", before)
        )
        if (
            not kin
            and not helpless
            and (
                not at_home
                or not (
                    scene.edge(match.end())
                    or rank == NEEDS
                    or scene.masked[match.end()] in "家要想瘫在的"
                )
            )
        ):
            return
    confidence = 0.85 if exact else 0.55
    if title in KIN_TITLES and not closing:
        confidence -= 0.3
    if (
        title in PROFESSIONS
        and not own
        and rank == CALLER
        and not re.search("[\x00\\d]", before[-2:])
    ):
        confidence -= 0.1 if _signs(scene, start, match.end()) else 0.3
    if not free:
        if rank != NEEDS and not helpless:
            return
        confidence -= 0.15
    written = scene.text[match.start("title") : match.end()]
    title = written if "孃" in written or "嬢" in written else title.replace("师父", "师傅")
    value = surname + title
    yield Candidate(
        scene.field(value, (start, match.end()), 0.92 if own and exact else confidence),
        NEEDS if kin else rank,
    )


def _is_old(surname: str) -> bool:
    return is_surname(surname) and f"老{surname}" not in NOT_NAMES


def _is_in_need(scene: Scene, end: int) -> bool:
    """Whether it is told what has befallen the person named before `end`."""
    told = scene.plain[end : end + 50]
    return bool(_NOW.match(told) and (scene.emergency or _IN_NEED.search(told)))


def _old_titled(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    """老孙太太, 老李大爷: 老 belongs to the name."""
    start, end = match.start() - 1, match.end()
    at_edge = scene.edge(start - 1) or _ADDRESS_BEFORE.search(
        scene.masked[max(0, start - 6) : start]
    )
    needs = bool(_HELPLESS_SOON.match(scene.after(end))) or _is_in_need(scene, end)
    rank = rank_of(scene, start, end)
    called = needs and re.search("[叫喊敲]$", scene.before(start, 2))
    if called or (rank and (at_edge or rank == NEEDS)):
        value = scene.plain[start:end]
        yield Candidate(scene.field(value, (start, end), 0.85), NEEDS if needs else rank)


def _signs(scene: Scene, start: int, end: int) -> bool:
    """Whether nothing else is said between two marks, away from the greeting at the beginning."""
    return scene.edge(start - 1) and scene.edge(end) and start > 0


def _old(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    start = match.start()
    before = scene.before(start)
    if _unwanted(scene, start):
        return
    if _NOW.match(scene.plain, match.end()) and not _is_in_need(scene, match.end()):
        return
    if match.group()[:2] in NOT_NAMES or (match["more"] or "") in ("汉", "太", "爷子"):
        return
    found = _FOUND_BY.search(scene.masked[max(0, start - 6) : start])
    own = bool(_OWN.search(before))
    rank = CALLER if found or own else rank_of(scene, start, match.end())
    if not rank or before.endswith(
        ("养", "古", "到", "变", "衰", "苍", "月", "敬", "爱", "防", "怕", "显", "个")
    ):
        return
    if (
        before.endswith("的")
        and not own
        and not _AT_PLACE.search(scene.masked[max(0, start - 8) : start])
        and not (rank == NEEDS and re.search("(?:对门|隔壁|楼[上下])的$", before))
    ):
        return
    said = match["name"]
    surname = said if said in COMPOUND else surname_at(scene.heard, match.start("name"))
    if surname:
        sure = is_surname(said)
        value = "老" + surname + ("头" if match["more"] else "")
        confidence = (0.9 if own else 0.82) if sure else 0.6
        yield Candidate(scene.field(value, (start, match.end()), confidence), rank)


def _small(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    said, (start, end) = match["name"], match.span("name")
    cue = match["cue"]
    if cue == "的" and not re.search("[\x00\\d号室]$", scene.masked[max(0, start - 2) : start - 1]):
        return
    if (
        said[0] == "阿"
        and cue != "叫"
        and is_given(said[1:])
        and (scene.edge(end) or scene.masked[end] in "啦呀啊哦")
        and said not in NOT_LITTLE
    ):
        own = cue in ("叫我", "喊我", "称呼我", "我是", "我就是", "我叫")
        if own or (scene.edge(start - 1) and rank_of(scene, start, end)):
            yield Candidate(scene.field(said, (start, end), 0.8 if own else 0.65), CALLER)
        return
    if not is_surname(said[1:]) or said in NOT_LITTLE or said in NOT_BIG:
        return
    kin = re.fullmatch("孙女儿?|孙子|外孙女?|女儿|闺女|儿子|外甥女?|侄女|女婿|儿媳妇?", cue)
    if cue in ("叫我", "喊我", "称呼我", "我是", "我就是", "我叫"):
        yield Candidate(scene.field(said, (start, end), 0.85), CALLER)
    elif cue == "叫" and scene.masked[end : end + 1] == "就":
        yield Candidate(scene.field(said, (start, end), 0.8), CALLER)
    elif kin and scene.edge(match.start() - 1) and rank_of(scene, match.start(), end):
        yield Candidate(scene.field(said, (start, end), 0.7), CALLER)
    elif (
        not kin
        and cue != "叫"
        and scene.edge(end)
        and said[0] != "大"
        and rank_of(scene, start, end)
    ):
        beside = scene.masked[start - 1 : start] == "\x00" or end >= len(
            scene.masked.rstrip("。.!！ ")
        )
        if said[1:] not in WORD_SURNAMES and (beside or cue == "的") and start > 0:
            yield Candidate(scene.field(said, (start, end), 0.7), CALLER)
