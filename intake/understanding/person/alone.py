"""Names without any word around them: "…，隋桂兰", "3单元603毕玉梅", "宫淑珍，石硼2号楼…"."""

import re
from collections.abc import Iterator

from intake.understanding.name_lists import COMPOUND, NEVER_IN_NAMES, PLACE_ENDS, WORD_SURNAMES
from intake.understanding.names import (
    common_surname,
    is_surname,
    is_word,
    name_chance,
    seldom_name,
    unlisted_name,
)
from intake.understanding.person.orthography import respelled, wholly_by_sound
from intake.understanding.person.scene import CALLER, TAKEN, Candidate, Scene
from intake.understanding.person.words import CHILDREN, ELDERS, NOT_NAMES

_LEAD = re.compile(
    "(?:室|房|号房?|户|屋|门|[东西南北中]户|左手|右手|(?:后|前|底)楼|三层阁|[东西]厢房|栋|幢|单元|楼|的|儿|住户|户主|业主|居民|联系人|患者|病人|老人|报名人?|登记|退休工人|退休|领班|班长|组长|工友|代表|队长|会长|楼长|家长|同学|学生|教师|独居老人|老党员|家属|报修人|落款|署名|陪护|代办人|经办人|投诉人|反映人|求助人|留言人|咨询人|客户|用户|房主|屋主|机主|用餐人|收饭人|申请人|报名人|联系|谢谢|多谢|麻烦了|拜托|你好|您好|我|俺|是|这里是|这里)+"
)
_TAIL = re.compile(
    "(?:呀|啊|哈|哦|谨启|谨上|顿首|拜上|敬上|敬启|上|留言?|收|本人|说的|家里|家的|家|谢谢|多谢|谢谢了|在家|电话|手机|联系电话|的电话|女|男|报修|报名|预约|老人|同志)$"
)
_OWNER_GOES_ON = re.compile("家|电话|手机|要|想|在|报修|收|的|说|今年|\\d")
_LONGEST = 10
_NUMBERED = re.compile("[\\d一二三四五六七八九十]{1,4}(?:号|栋|幢|座|单元|楼)")
_AGE = re.compile(
    "[\\s,，(（]{1,2}(?:今年|虚岁|刚满|属[鼠牛虎兔龙蛇马羊猴鸡狗猪]|独居|[男女](?=[\\s,，])|"
    "[一-十]{2,3}岁?(?=[\\s,，。.)）]|$)|\\d{2}岁?(?=[\\s,，。.)）]|$))"
).match
# 普自明，我外公: whose relative it is, right behind the name.
_RELATED = re.compile(
    f"[\\s,，(（]{{1,2}}(?:是|就是)?(?:我|俺|咱)们?(?:家)?(?:{ELDERS}|{CHILDREN})(?=[\\s,，。.)）]|$)"
).match
# What may stand between a home and a surname: 1座 东户 韩.
_AT_HOME = re.compile(
    "(?:[\x00\\d]|[东西南北中左右前后]户|[\\d一二三四五六七八九十前后底]楼|[前后]院|[左右]手|老太太|老头子?|住户|户主|业主)"
    "[\\s,，。.]{1,2}$"
)


def names_alone(scene: Scene) -> Iterator[Candidate]:
    """Every run of Han characters that is nothing but a name, and names right behind an address."""
    last = scene.runs[-1][1] if scene.runs else 0
    for begin, stop in scene.runs:
        taken_before = begin > 0 and _taken_beside(scene, begin - 1, -1)
        if stop - begin <= _LONGEST:
            start, end = _core(scene, begin, stop)
            yield from _name(scene, start, end, begin, stop, last)
        if taken_before and stop - begin > 3:
            yield from _owner(scene, begin, stop)


def _taken_beside(scene: Scene, index: int, step: int) -> bool:
    """Whether an address or a number is at `index`, or behind one mark there."""
    for at in (index, index + step, index + 2 * step):
        if not 0 <= at < len(scene.masked):
            return False
        if scene.masked[at] == TAKEN or scene.masked[at].isdigit():
            return True
        if scene.masked[at] not in " ,，。.、:：;；\n(（号室楼户栋幢院座附之":
            return False
    return False


def _core(scene: Scene, begin: int, stop: int) -> tuple[int, int]:
    said = scene.plain[begin:stop]
    if name_chance(said) > 0:
        return begin, stop
    lead = _LEAD.match(said)
    if lead and len(said) - lead.end() >= 2:
        begin += lead.end()
    tail = _TAIL.search(scene.plain[begin:stop])
    if tail and tail.start() >= 2:
        stop = begin + tail.start()
    return begin, stop


def _name(
    scene: Scene, start: int, end: int, begin: int, stop: int, last: int
) -> Iterator[Candidate]:
    said = scene.plain[start:end]
    near = _taken_beside(scene, begin - 1, -1) or _taken_beside(scene, stop, 1)
    outer = begin == scene.runs[0][0] or stop == last
    listed = scene.plain[begin - 1 : begin] == "、" or scene.plain[stop : stop + 1] == "、"
    if scene.covered[start] or said in scene.places or said[:2] in NOT_NAMES:
        return
    if _NUMBERED.match(scene.plain, stop) and said[-1] in PLACE_ENDS:
        return
    if len(said) == 1:
        signed = stop == last and (
            (near and scene.masked[start - 1 : start] in (" ", ",", "。", TAKEN))
            or bool(_AT_HOME.search(scene.masked[max(0, start - 8) : start]))
        )
        known = is_surname(said) and (
            common_surname(said) or said in "方石白金温常安段雷高黄林江万马成叶何梁毛向谢康"
        )
        if signed and known and start > 0 and not listed and not scene.heard.spoken:
            yield Candidate(scene.field(said, (start, end), 0.6))
        return
    chance = name_chance(said)
    double = said[:2] in COMPOUND
    if said[-1] in PLACE_ENDS and scene.masked[stop : stop + 1].isdigit():
        return
    if scene.heard.spoken and said[0] in WORD_SURNAMES and chance < 0.84:
        chance = 0.0
    least = 0.62 if near else 0.64 if outer else 0.75
    if len(said) == 3 and near and not is_word(said):
        least = 0.5
    if len(said) == 2 and not double:
        least = (0.44 if outer else 0.6) if near and scene.edge(begin - 1) else 2.0
        first = begin == scene.runs[0][0] and begin == 0 and scene.edge(stop)
        closing = stop == last and scene.plain[begin - 1 : begin] in tuple("。！？!?")
        written = not scene.heard.spoken and not is_word(said)
        if (first or closing) and written:
            least = min(least, 0.44)
        if said[0] in WORD_SURNAMES:
            least = 0.29 if first and near and written else 2.0
    if listed:
        least = max(least, 0.9)
    if chance >= least:
        value = respelled(scene.heard, start, end - start) or said
        confidence = 0.85 if near and chance >= 0.8 else 0.75 if near or chance >= 0.85 else 0.7
        if len(said) == 2 and not double:
            confidence = 0.6 if near else 0.55
        yield Candidate(scene.field(value, (start, end), confidence), CALLER, True)
    elif (near or outer) and (name := wholly_by_sound(scene.heard, start, end)):
        yield Candidate(scene.field(name, (start, end), 0.65), CALLER, True)
    elif (
        not (scene.heard.spoken or listed)
        and _is_signed(scene, start, end, near=near)
        and (seldom := seldom_name(said) or unlisted_name(said))
    ):
        yield Candidate(scene.field(said, (start, end), seldom), CALLER, True)


def _is_signed(scene: Scene, start: int, end: int, *, near: bool) -> bool:
    """Whether this is where people write their name: beside a home or a number, before an age, or
    after the last full stop."""
    if near or _AGE(scene.plain, end) or _RELATED(scene.plain, end):
        return True
    closed = not scene.plain[end:].strip(" 。.!！~")
    return closed and bool(
        re.search("[。.!！?？\n]\\s{0,2}$", scene.plain[max(0, start - 3) : start])
    )


def _owner(scene: Scene, begin: int, stop: int) -> Iterator[Candidate]:
    """201王桂兰家没水: the owner right behind the address, and the sentence goes on."""
    lead = _LEAD.match(scene.plain[begin : begin + 6])
    start = begin + (lead.end() if lead else 0)
    for length in (4, 3):
        said = scene.plain[start : start + length]
        if len(said) < length or start + length > stop or (length == 4) != (said[:2] in COMPOUND):
            continue
        goes_on = _OWNER_GOES_ON.match(scene.masked, start + length) or scene.edge(start + length)
        # 302的袁桂珍查出来: after 的 a usual name needs no more.
        usual = scene.plain[start - 1] == "的" and name_chance(said) >= 0.9
        value = respelled(scene.heard, start, length)
        if not (goes_on or usual) or value is None or scene.plain[start] != value[0]:
            return
        if all(c in NEVER_IN_NAMES for c in said[1:]):
            return  # 201,马上来
        if name_chance(value) >= 0.8:
            yield Candidate(scene.field(value, (start, start + length), 0.75), CALLER, True)
        return
