"""Names that a word announces: 我叫…, 她叫…, 姓…, 联系人：…, 我妈王桂芳."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections.abc import Iterator

from intake.understanding.name_lists import COMPOUND, NEVER_IN_NAMES, SELDOM_IN_NAMES
from intake.understanding.names import is_given, is_surname, name_chance, seldom_name, surname_of
from intake.understanding.person.orthography import name_length, respelled, surname_at
from intake.understanding.person.roles import is_gone, is_reported, rank_of
from intake.understanding.person.scene import CALLER, NEEDS, OTHER, Candidate, Scene
from intake.understanding.person.scene import H as _H
from intake.understanding.person.words import CHILDREN, ELDERS

_STOP = "(?=[\\s,，。.!！?？、;；:：]|$|\\d)"
_ME = "(?:我|俺|咱|本人|阿拉)"
_KIN = f"(?:{ELDERS}|{CHILDREN}|病人|患者|他|她|它)"
_CALLED = re.compile(
    f"(?P<who>{_KIN}|{_ME}|报名的|人|您|收件人|)(?:的)?(?:名字|大名|全名)?(?P<cue>名叫|叫做|叫作|叫|教|的名字是)(?=(?P<name>{_H}{{2,4}}))"
)
_ANNOUNCED = re.compile(
    f"(?P<cue>名字(?:叫|是|写)?|姓名(?:叫|是|写)?|本人|我这边是|这里是|我就是|我是|俺是|我系|叫我|喊我|称呼我|"
    f"(?:登记人(?:写的)?|联系人|收件人|收饭人|报名人|申请人|用餐人|住户|户主|业主|租户|机主|署名|患者|病人|老人)(?:就?是|叫|姓名)?|"
    f"(?:(?:单子|本子|名字|表|卡|条子)上?(?:写|记|登记|备注|留)的?|(?:写|登记|记|留|报)的名字?|备注|写(?=[^,，。]{2, 4}的名))(?:的?是|在|一下)?)[:：,，\\s]{{0,3}}(?=(?P<name>{_H}{{2,4}}))"
)
_OF_KIN = re.compile(
    f"(?P<kin>{ELDERS}|{CHILDREN}|我先生|我爱人|我太太)[,，(（:：是\\s]{{0,2}}(?=(?P<name>{_H}{{2,4}}))"
)
_SOMEBODYS = re.compile(
    f"(?:我是|俺是)(?P<name>{_H}{{2,4}}?)(?:家的?|的|他|她)?(?:女儿|闺女|儿子|媳妇|老伴|爱人|丈夫|妻子|外甥|侄|孙|女婿|邻居|护工|弟弟|妹妹|姐姐|哥哥|家属)"
)
_HEARD_SURNAME = (
    # 姓 is often heard as one of these when a short surname follows.
    "(?<![高庆个急任男女])[性幸兴](?=[^\\s,，。](?:[,，。!！?？\\s]|$|手机|电话|\\d))"
    "|(?<=太太|爷子|老人|老头)[心信新](?=[^\\s,，。](?:[,，。\\s]|$))"
    "|(?<![微短写发来收相关放小中手细])[心信新](?=[^\\s,，。](?:手机|电话))"
)
_SURNAME = re.compile(
    f"(?:(?<![住百贵同复改尊老])姓|(?<=[免复])贵?姓|复兴(?=欧阳|上官|司马|诸葛|司徒)|{_HEARD_SURNAME})"
    f"(?P<name>(?:{'|'.join(COMPOUND)})|{_H})(?!名|什么|啥|别|氏|的(?:那|师傅|老板|司机|保安|大夫|医生|护士|小伙|女的|男的|邻居|人家|答应|有几|开|修|送|说|房东|经理|太))"
)
# 免贵姓秦,秦桂英: the surname again, with the given name.
_IN_FULL = re.compile(f"[\\s,，。]{{0,2}}(?:我?叫|名)?(?P<name>{_H}{{2,3}}){_STOP}")
# 姓李，不对，是黎明的黎; 姓戚，亲戚的戚.
_SPELLED = re.compile(
    f"[\\s,，。]{{0,2}}(?P<not>[^。]{{0,3}}(?:不对|不是|错了)[^。是]{{0,8}})?(?:是|就是)?(?:{_H}{{1,3}}的)(?P<surname>{_H})(?={_H}{{0,1}}[\\s,，。.]|$)"
)
_ON_BEHALF = re.compile(
    f"(?:(?:[给帮替为代]|(?<=[,，])是)(?:我|俺|咱)?(?:们|家)?(?:的)?(?:(?:{ELDERS})|邻居|对门的?|隔壁的?|楼[上下]的?|老乡|朋友|同事|战友|老?姐妹|"
    f"住户|老人)|病人|患者|产妇)(?P<name>{_H}{{3}})(?=[\\s,，。.!！?？、;；:：]|$|(?P<goes>订|约|申请|预|报|买|问|取|送|要|想|修|请|找|办|领|开|说|讲))"
)
_CALL_ME = re.compile(f"[叫喊](?:我|俺)(?P<name>{_H}{{2,4}}?)(?:就(?:行|好|成|可以|得)|即可)")
_FOR_HER = re.compile(
    f"[给帮替](?P<name>{_H}{{3}})(?=订|约|申请|预约|报名|买|取|送|修|请|找|办|领|开)"
)
_TITLE_NEXT = re.compile(
    "大夫|医生|师傅|师父|护士|护工|警官|民警|支书|书记|主任|经理|队长|站长|会计|律师|老师|老板|教授|院长|校长|局长|科长|"
    "村长|镇长|所长|店长|班长|组长|厂长|楼长|社工|保安|司机|大爷|大妈|大娘|大叔|大婶|大姐|大哥|大嫂|奶奶|爷爷|阿姨|阿婆|"
    "阿公|阿伯|先生|女士|小姐|太太|同学|同志|教练|工头"
)
# Where several are told of, a surname that they share is nobody's: 两边都姓李.
_SHARED = re.compile("(?:都|也|全|全都)(?:是)?$")
_OURS = re.compile(
    f"(?:我们?|俺们?|{ELDERS}|夫妻俩?|两口子|老两口|他|她)(?:家|自己)?(?:两口子|夫妻俩?|老两口)?(?:都|也|全|全都)(?:是)?$"
)
_OFFICE = re.compile(
    "(?:楼长|站长|书记|主任|社工|网格员|保安|师傅|大夫|医生|护士|经理|老板|房东|司机|中介|老师)(?:就|也|是)?$"
)
_NO_SURNAME = frozenset("名什啥别氏啊的吗呢吧了是不也都和有这那我你他")


def said_names(scene: Scene) -> Iterator[Candidate]:
    """Every name after a word that announces one."""
    for match in _CALLED.finditer(scene.plain):
        yield from _called(scene, match)
    for match in _ANNOUNCED.finditer(scene.plain):
        yield from _announced(scene, match)
    for match in _OF_KIN.finditer(scene.plain):
        yield from _of_kin(scene, match)
    for match in _SOMEBODYS.finditer(scene.plain):
        if name_chance(match["name"]) >= 0.6 or (
            len(match["name"]) == 3 and name_chance(match["name"]) >= 0.5
        ):
            yield Candidate(scene.field(match["name"], match.span("name"), 0.8), NEEDS, True)
    for match in _ON_BEHALF.finditer(scene.plain):
        yield from _on_behalf(scene, match)
    for match in _SURNAME.finditer(scene.plain):
        yield from _surname(scene, match)
    for match in _CALL_ME.finditer(scene.plain):
        if surname_of(match["name"]) and not _is_title(scene, match.start("name")):
            yield Candidate(scene.field(match["name"], match.span("name"), 0.8), CALLER, True)
    for match in _FOR_HER.finditer(scene.masked):
        if name_chance(match["name"]) >= 0.8:
            yield Candidate(scene.field(match["name"], match.span("name"), 0.8), NEEDS, True)


def _called(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    start, who = match.start("name"), match["who"]
    if match["cue"] == "教" and not scene.heard.spoken:
        return
    if scene.covered[start] or _is_title(scene, start) or match["name"][:1] in "我你他她了我们":
        return
    if match["name"][:2] in ("孙子", "孙女", "儿子", "女儿"):
        return
    length = name_length(scene, start, sure=bool(who))
    said = scene.plain[start : start + length]
    if (
        length < 2
        or _of_relation(scene, start + length)
        or is_gone(scene, start + length, kin=True)
    ):
        return
    never = (
        NEVER_IN_NAMES - SELDOM_IN_NAMES if who and scene.edge(start + length) else NEVER_IN_NAMES
    )
    known = bool(surname_of(said)) and not any(c in never for c in said[1:])
    if not who and (
        name_chance(said) < 0.6 or scene.before(match.start(), 2)[-1:] in list("来喊我能就要")
    ):
        return
    if not known and not scene.heard.spoken and not _odd_name(scene, said, start + length):
        return
    name = respelled(scene.heard, start, length) if known or scene.heard.spoken else said
    if name is None or (
        scene.heard.spoken and not known and any(c in NEVER_IN_NAMES for c in said[1:])
    ):
        return
    helped = bool(re.fullmatch(f"(?:{ELDERS})|病人|患者|他|她|它", who))
    rank = NEEDS if helped else CALLER
    if re.fullmatch(CHILDREN, who):
        rank = OTHER if re.search("[找打问]$|电话$", scene.before(match.start(), 6)) else CALLER
    yield Candidate(
        scene.field(name, (start, start + length), 0.95 if helped else 0.92 if who else 0.85),
        rank,
        True,
    )


def _odd_name(scene: Scene, said: str, end: int) -> bool:
    """小芳, 次仁: no surname, but nothing else follows and no function word is in it."""
    alone = scene.edge(end)
    return (
        alone and all(is_given(c) for c in said[-2:]) and not any(c in NEVER_IN_NAMES for c in said)
    )


def _is_title(scene: Scene, start: int) -> bool:
    """叫老齐, 叫王阿姨 are read with the titles; 叫赵大夫 is a doctor that somebody wants."""
    if _TITLE_NEXT.match(scene.plain, start + 1):
        return True
    return bool(
        re.match(
            f"[老小]{_H}(?![{''.join(sorted('芳红英兰梅云燕明军华'))}])",
            scene.plain[start : start + 3],
        )
    ) and is_surname(scene.plain[start + 1 : start + 2])


def _of_relation(scene: Scene, end: int) -> bool:
    return bool(
        re.match(
            "的(?:妈|爸|女儿|儿子|闺女|老伴|爱人|媳妇|奶奶|爷爷|家属)", scene.plain[end : end + 4]
        )
    )


def _announced(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    start = match.start("name")
    cue = match["cue"]
    apart = match.group()[len(cue) :].strip() in (",", "，")
    if scene.covered[start] or _is_title(scene, start) or (apart and not cue.startswith("名字")):
        return
    length = name_length(scene, start, sure=False)
    said = scene.plain[start : start + length]
    helped = re.search(f"(?:{ELDERS}|他|她)(?:的)?$", scene.before(match.start(), 6))
    helped = helped or re.match("患者|病人|老人|用餐人|收饭人", cue)
    plain = cue.startswith(
        (
            "名字",
            "姓名",
            "联系",
            "收",
            "报名",
            "申请",
            "用餐",
            "住户",
            "户主",
            "业主",
            "租户",
            "机主",
            "署名",
            "本人",
        )
    )
    alone = (
        scene.edge(start + length)
        or scene.plain[start + length : start + length + 1] in "，就的哪呀啊呐哈嘞咧哟"
    )
    chance = name_chance(said) or (seldom_name(said) if alone else 0.0)
    least = 0.45 if plain and alone else 0.55 if alone else 0.65
    if re.match(
        "(?:[一二三四五六七八九十\\d]{1,4}(?:号|栋|幢)|小区|大厦|厦|[路街巷村镇县区院厂场])",
        scene.plain[start + length : start + length + 6],
    ):
        return
    if (
        not plain
        and not alone
        and cue in ("我是", "俺是", "我系")
        and scene.plain[start + length] not in "我家住在今要想,，哪呀啊呐哈"
    ):
        return
    if length >= 2 and chance >= least and not _of_relation(scene, start + length):
        name = respelled(scene.heard, start, length)
        if name:
            rank = NEEDS if helped else CALLER
            yield Candidate(scene.field(name, (start, start + length), 0.9), rank, True)
    elif (
        cue in ("本人", "名字叫", "姓名")
        and alone
        and 2 <= length <= 3
        and _odd_name(scene, said, start + length)
    ):
        yield Candidate(scene.field(said, (start, start + length), 0.75), CALLER, True)


def _of_kin(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    start = match.start("name")
    if scene.covered[start]:
        return
    length = name_length(scene, start, sure=False)
    if length == 3 and re.match(
        "[读念上][一二三四五六七八九幼小初高大]", scene.plain[start + 2 :][:2]
    ):
        length = 2  # 孙子马睿读二年级
    said = scene.plain[start : start + length]
    end = start + length
    chance = name_chance(said)
    pupil = re.match(
        "[读上念]?[一二三四五六七八九]年级|[读上念]?[初高][一二三]|[读上念][幼小初高大中]|\\d",
        scene.plain[end : end + 4],
    )
    if _is_title(scene, start):
        return
    least = 0.29 if pupil and re.fullmatch(CHILDREN, match["kin"]) else 0.7 if length == 3 else 0.6
    if chance < least or rank_of(scene, match.start(), end, kin=True) == 0:
        return
    if length == 2 and not scene.edge(end) and scene.plain[end] not in "的要想" and not pupil:
        return
    rank, confidence = NEEDS, 0.9
    if re.fullmatch(CHILDREN, match["kin"]):
        contact = re.search("(?:[找打问]|电话|联系人?)[:：是]?$", scene.before(match.start(), 8))
        rank, confidence = (OTHER, 0.6) if contact else (CALLER, 0.7)
    name = respelled(scene.heard, start, length)
    if name:
        yield Candidate(scene.field(name, (start, end), confidence), rank, True)


def _on_behalf(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    """替邻居阎玉香约个陪诊."""
    start, end = match.span("name")
    said = match["name"]
    if scene.covered[start] or _is_title(scene, start) or match["goes"] in ("说", "讲"):
        return
    if re.match(ELDERS, said):
        return
    if max(name_chance(said), seldom_name(said)) >= 0.6 and not is_gone(scene, end, kin=True):
        name = respelled(scene.heard, start, len(said))
        if name:
            yield Candidate(scene.field(name, (start, end), 0.85), NEEDS, True)


def _surname(scene: Scene, match: re.Match[str]) -> Iterator[Candidate]:
    own = (
        scene.before(match.start(), 2)[-1:] in list("我俺贵免")
        or match.group().startswith(("免", "复"))
        or re.search("(?:我|俺)(?:们|家)?(?:就)?[是住在][^。]{0,20}$", scene.before(match.start()))
        or re.match("(?:家[在住]|住在?)", scene.before(match.start(), 30).lstrip(" ,，"))
    )
    if _SHARED.search(scene.before(match.start(), 3)) and (
        not _OURS.search(scene.before(match.start(), 14))
        or re.search("两[边家户]|双方|他们|咱俩", scene.before(match.start(), 14))
    ):
        return
    if (
        (not own and is_reported(scene, match.start()))
        or match["name"] in _NO_SURNAME
        or (not own and _OFFICE.search(scene.before(match.start(), 6)))
        or re.search("是不是$|是否$", scene.before(match.start(), 4))
    ):
        return
    if not scene.heard.spoken and not re.match("[免复]?贵?姓", match.group()):
        return
    said, (start, end) = match["name"], match.span("name")
    value = said if said in COMPOUND else surname_at(scene.heard, start)
    if value is None:
        # A rare surname is taken as it is written where nothing else can be meant.
        if scene.heard.spoken or not (scene.edge(end) or scene.plain[end] == "的"):
            return
        value = said
    rank = (
        NEEDS
        if re.search(f"(?:{ELDERS}|他|她)(?:就|都)?$", scene.before(match.start(), 6))
        else CALLER
    )
    full = _IN_FULL.match(scene.plain, end)
    if full and surname_at(scene.heard, full.start("name")) == value:
        name = respelled(scene.heard, full.start("name"), len(full["name"]))
        if name and not any(character in NEVER_IN_NAMES for character in name[1:]):
            yield Candidate(scene.field(name, full.span("name"), 0.85), rank, True)
    if spelled := _SPELLED.match(scene.plain, end):
        named = spelled["surname"]
        if is_surname(named) and (spelled["not"] or _alike(scene, spelled.start("surname"), start)):
            value = named
    yield Candidate(scene.field(value, (start, end), 0.8), rank)


def _alike(scene: Scene, one: int, other: int) -> bool:
    heard = scene.heard
    return heard.folded[heard.at[one]] == heard.folded[heard.at[other]]
