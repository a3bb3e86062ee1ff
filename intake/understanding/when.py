"""When help is wanted: a window of local time, counted from when the message was left."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from intake.understanding.phonetics import HAN, fuzzy, syllables
from intake.understanding.spoken_text import Heard, Lexicon, Span, cover
from intake.understanding.values import Field, Window
from intake.understanding.when_chinese import Moment, find_moments
from intake.understanding.when_chinese_patterns import PARTS
from intake.understanding.when_english import find_english
from intake.understanding.when_role import Role, roles
from intake.understanding.when_several import Several
from intake.understanding.when_window import window_of

_WORDS = Lexicon(
    (
        "明天", "明儿", "后天", "大后天", "今天", "今儿", "后晌", "腊月", "正月", "星期", "礼拜",
        "上午", "下午", "早上", "晚上", "傍晚", "中午", "不对", "吃过晚饭", "吃完晚饭", "月底", "周末",
        "下礼拜", "下星期", "打明儿起", "礼拜一", "礼拜二", "礼拜三", "礼拜四", "礼拜五", "礼拜六",
        *(f"{which}周{day}" for which in ("", "下", "这", "每") for day in "一二三四五六日"),
        *(f"下{week}{day}" for week in ("礼拜", "星期") for day in "一二三四五六天"),
        "星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期天", "礼拜天",
    ),
    genuine=frozenset(("商务", "名儿", "李白", "兴起", "津贴", "周莫", "名填", "星期以", "礼拜以", "星期已", "礼拜已")),
    fold_from=3,
)  # fmt: skip
# The only words of two syllables that are recognised with an accent too (min tian).
_BLURRED = Lexicon(("明天", "上午", "后晌"), genuine=frozenset(("商务",)), fold_from=2)
_HOURS = {
    fuzzy(item.sound): "一二两三四五六七八九十"[item.start]
    for item in syllables("一二两三四五六七八九十")
}
_NUMERALS = frozenset("0123456789一二两三四五六七八九十")
_CORRECTION = re.compile(
    "不对|错了|等[等下哈]|说错|不是|改成|改到|[推挪延换调]到|改为|换成|不行(?!就|的话|再)|算了|还是|sorry|no wait|actually"
)
_WANTED_BEFORE = re.compile(
    "(?:约|预约|订|定|想|要|得|打算|麻烦|请|希望|最好|能不能|可以|从|打|自|等|在|就|派)[^,，。!！?？]{0,8}$"
)
_WANTED_AFTER = re.compile(
    "(?:来|去|送|接|约|上门|陪|行|可以|中不|成不|有空|在家|有人|方便|用车|走|出院|复查|开始|起|"
    "安排|过来|合适|到就|就(?:行|成|中)|该|闲着|都行|哪个?钟点|给我|帮|能|想|要|得|需要|打扫|做|看|见|取|拿|办|修|换|剪|理发|吧|不约|不用|取消|退)"
)
_ABOUT_NOW = re.compile(
    "(?:就剩|还剩|还在|到现在|停到|停了|断顿|断了|没(?:有|人|来|电|水)|开始(?:突|吵|闹)|坏了|吃完|真好|不歇|不转|"
    "老(?:睡|是|有)|上不上班|开不开门|开门|上班|几点|(?<!随便)(?<!不管)什么时候|是不是|会不会|放假|吗[,，。?？\\s]|就满|满[一二三四五六七八九十]|唱到|打麻将|跳|吵|闹|"
    "想哭|差点|已经|刚才|过生日|受不了|没法|做饭差点|理发的|能涨|托管|收人|睡不着|了[,，。!！?？]|了$)"
)
_SENTENCE = re.compile("[^。!！?？;；\n]{0,14}")
_TODAY = re.compile("今[天儿日]个?")
_SERVICE = re.compile(
    "来|送|上门|接|陪|能不能|能来|派|过来|修|取|行不行|方便|有空|在家|帮|买|捎|拿(?![起着不])|配|订|留|约"
)
_PAST_BEFORE = re.compile(
    "(?:(?<![一二三四五六日天点半刻号午晚上早年月\\d分钟])以前|从前|上回|上次|去年|前年|当年|昨天|前天|原来|(?<![周期拜])一到|每到|都是|老是|说好|报的)[^。!！?？]{0,12}$"
)
# Words for the past, which also cover the clause after them: 以前有个小姑娘，礼拜天来陪我.
_USED_TO = re.compile(
    "(?:(?<![一二三四五六日天点半刻号午晚上早年月\\d分钟])以前|从前|过去|那时候|那会儿|当年)[^。!！?？]{0,13}$"
)
# How long, or since when, something has gone on: 到后半夜两点, 从早晨起来就没水.
_SINCE = re.compile(
    "(?:起来?|开始|到现在|以来)?[^,，。]{0,4}(?:就|一直|都)[^,，。]{0,4}(?:没|不|停|断|坏|响|吵|疼|漏|堵)"
)
_THAT_DAY = re.compile("(?:就|到|在)那天|那天(?:来|上门|派|修|接|行|过来)")
# Somebody wants help at such a time only if a day or an hour is said too.
_NOT_ALONE = frozenset(
    [
        "白天",
        "大白天",
        "白日里",
        "半夜",
        "夜里",
        "大半夜",
        "后半夜",
        "凌晨",
        "深夜",
        "三更半夜",
        "夜间",
    ]
)
_NIGHT = re.compile("半夜|夜里|凌晨")
_IS = re.compile("(?<![就要都还也只])是(?:不是)?(?:在)?$")
_IS_IT = re.compile("[^,，。]{0,4}(?:吗|么|嘛|对吧|是吧|\\?|？)")


def read_when(
    heard: Heard,
    received_at: datetime,
    *,
    arranged: bool = True,
    taken: Sequence[Span] = (),
) -> Field[Window] | None:
    """Return the window in which help is wanted; None when none is said, or any time will do.

    `received_at` is local, naive. Times in the past, times that are only asked about and times of
    the problem itself are left out; a correction ("明天，不对，后天") replaces what came before it.
    `arranged`: somebody comes at an agreed time in this category, so a time is more likely one that
    is wanted. `taken` spans (house numbers, telephone numbers) are not read as times.
    """
    if _is_english(heard.text):
        return find_english(heard.text, received_at, taken)
    view = _clock_words(heard, _WORDS.respell(heard))
    covered = cover(len(view), taken)
    moments = [m for m in find_moments(view) if not any(covered[m.start : m.end])]
    found = roles(view, moments) if moments else []
    scored = [
        (m, _wanted(view, m, role, received_at, arranged))
        for m, role in zip(moments, found, strict=True)
    ]
    usable = [
        m
        for (m, score), role in zip(scored, found, strict=True)
        if score > -2 or (role is Role.EXCLUDED and (m.part or m.clock) and not m.is_past)
    ]
    scored = _after_corrections(view, _without_busy(scored, found))
    wanted = [(m, score) for m, score in scored if score > 0]
    if not wanted:
        return None
    best = max(range(len(wanted)), key=lambda i: (wanted[i][1], -i))
    moment, score = _completed(wanted[best][0], usable), wanted[best][1]
    listed = Several(view, usable, received_at).window(moment)
    window = listed or window_of(moment, received_at)
    if window is None or window.end <= received_at:
        return None
    completed = [(_completed(m, usable), s) for m, s in wanted]
    rivals = tuple(
        other
        for other in (
            window_of(m, received_at) for m, s in completed if s >= score - 0.5 and not _daily(m)
        )
        if other and other.end > received_at and not _near(other, window)
    )
    if listed:
        rivals = ()
    return Field(
        window,
        (moment.start, moment.end),
        round(max(0.0, min(0.95, 0.55 + 0.12 * score)), 2),
        rivals[:3],
        ambiguous=bool(rivals),
    )


def _clock_words(heard: Heard, view: str) -> str:
    """Respell words that sound like a clock time: 十甸 is 十点, 下午伞点 is 下午三点."""
    if not heard.spoken:
        return view
    blurred = _BLURRED.respell(heard)
    spelled = [b if b != t else v for v, b, t in zip(view, blurred, heard.text, strict=True)]
    for item in heard.syllables:
        if item.sound == "dian" and item.start and spelled[item.start] not in "店电":
            before = spelled[item.start - 1]
            if before in _NUMERALS:
                spelled[item.start] = "点"
    for at, item in enumerate(heard.syllables):
        following = "".join(spelled[item.end : item.end + 1])
        said = "".join(spelled[max(0, item.start - 2) : item.start])
        if following == "点" and said in PARTS and spelled[item.start] not in _NUMERALS:
            spelled[item.start] = _HOURS.get(heard.folded[at], spelled[item.start])
    return "".join(spelled)


def _is_english(text: str) -> bool:
    """Whether the text is mostly in Latin letters; a Chinese place name in it changes nothing."""
    letters = len(re.findall("[a-z]", text))
    return letters > 3 * len(re.findall(f"[{HAN}]", text))


def overlap(one: Window, other: Window) -> float:
    """Return the intersection over union of two windows, 0..1."""
    shared = (min(one.end, other.end) - max(one.start, other.start)).total_seconds()
    union = (max(one.end, other.end) - min(one.start, other.start)).total_seconds()
    return max(0.0, shared) / union if union > 0 else float(one == other)


def _daily(moment: Moment) -> bool:
    return moment.day is not None and bool(moment.day["every"])


def _near(one: Window, other: Window) -> bool:
    inside = one.start >= other.start and one.end <= other.end
    around = other.start >= one.start and other.end <= one.end
    return inside or around or overlap(one, other) > 0.3


def _wanted(view: str, moment: Moment, role: Role, now: datetime, arranged: bool) -> float:
    """Score how likely help is wanted at this time: above 0 it is, at -2 and below never."""
    if moment.is_past or role in (Role.EXCLUDED, Role.OTHER):
        return -3.0
    before = view[max(0, moment.start - 14) : moment.start]
    after = view[moment.end : moment.end + 16]
    window = window_of(moment, now)
    if window is None or window.end <= now:
        return -2.0 if window else -1.0
    nearby = re.split("[,，]", before)[-1] if moment.day is not None else before
    if _PAST_BEFORE.search(nearby) or (_IS.search(before) and _IS_IT.match(after)):
        return -2.0
    if _USED_TO.search(before):
        return -2.0
    said = view[moment.start : moment.end]
    until = before.endswith("到") and _NIGHT.search(said)
    if until or (re.search("[从打自]$", before) and _SINCE.match(after)):
        return -2.0
    if said == "年底" and re.match("了|快到|将近", after):
        return -2.0  # 年底了: the time of year, not a wish
    score = 0.5 * bool(moment.part) + 0.7 * bool(moment.clock) + 0.8 * bool(moment.day) - 0.2
    sentence = _SENTENCE.match(after)
    rest = sentence.group() if sentence else ""
    hoped, stated = _WANTED_AFTER.search(rest), _ABOUT_NOW.search(rest)
    first = not moment.before and stated and (not hoped or stated.start() <= hoped.start())
    score += -2.2 if first else 1.0 if hoped else 0.0
    score += 0.6 if _WANTED_BEFORE.search(before) else 0.0
    if _TODAY.fullmatch(view[moment.start : moment.end]) and not _SERVICE.search(rest):
        score -= 2.0
    if moment.recurs and not hoped:
        score -= 0.6
    score -= {Role.TOLD: 1.7, Role.BUSY: 0.9}.get(role, 0.0)
    if moment.day is None and moment.clock is None:
        score -= 2.0 if moment.part in _NOT_ALONE else 1.0
    if moment.day is not None and _THAT_DAY.search(rest):
        score += 1.0
    if not arranged:
        score -= 1.6
    return score


def _without_busy(
    scored: list[tuple[Moment, float]], found: list[Role]
) -> list[tuple[Moment, float]]:
    """Leave out the times at which the sender has something to do, if another time is wished."""
    free = any(s > 0 and r is Role.OPEN for (_, s), r in zip(scored, found, strict=True))
    return [
        (m, -3.0 if free and r is Role.BUSY else s) for (m, s), r in zip(scored, found, strict=True)
    ]


def _after_corrections(view: str, scored: list[tuple[Moment, float]]) -> list[tuple[Moment, float]]:
    for index in range(len(scored) - 1, 0, -1):
        between = view[scored[index - 1][0].end : scored[index][0].start]
        if len(between) <= 20 and _CORRECTION.search(between) and scored[index][1] > -2:
            taken_back = [(m, -3.0) for m, _ in scored[:index]]
            return taken_back + scored[index:]
    return scored


def _completed(moment: Moment, others: Sequence[Moment]) -> Moment:
    """Fill in the day, or the part of the day, that was said elsewhere."""
    if moment.day is None:
        days = [m for m in others if m.day is not None and m is not moment and not m.is_past]
        if days:
            return moment.with_day(days[-1])
    if moment.day is not None and moment.part is None and moment.clock is None:
        parts = [m for m in others if (m.day is None or m.day["every"]) and (m.part or m.clock)]
        if parts and not moment.before:
            said = next((m for m in reversed(parts) if m.clock), parts[0])
            return replace(
                moment, part=said.part, clock=said.clock, before=said.before, after=said.after
            )
    return moment
