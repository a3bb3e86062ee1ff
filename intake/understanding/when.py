"""When help is wanted: a window of local time, counted from when the message was left."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from intake.understanding.denial import CORRECTION
from intake.understanding.phonetics import HAN, fuzzy, syllables
from intake.understanding.spoken_text import Heard, Lexicon, Span, cover
from intake.understanding.values import Field, Window
from intake.understanding.when_chinese import Moment, find_moments
from intake.understanding.when_chinese_patterns import PARTS
from intake.understanding.when_english import find_english
from intake.understanding.when_english_patterns import DAY as ENGLISH_DAY
from intake.understanding.when_role import Role, roles
from intake.understanding.when_several import Several
from intake.understanding.when_window import window_of
from intake.understanding.when_wish import wanted as wish

_WORDS = Lexicon(
    (
        "明天", "明儿", "后天", "大后天", "今天", "今儿", "后晌", "腊月", "正月", "星期", "礼拜",
        "上午", "下午", "早上", "晚上", "傍晚", "中午", "不对", "吃过晚饭", "吃完晚饭", "月底", "周末",
        "下礼拜", "下星期", "打明儿起", "礼拜一", "礼拜二", "礼拜三", "礼拜四", "礼拜五", "礼拜六",
        *(f"{which}周{day}" for which in ("", "下", "这", "每") for day in "一二三四五六日"),
        *(f"下{week}{day}" for week in ("礼拜", "星期") for day in "一二三四五六天"),
        "星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期天", "礼拜天",
    ),
    genuine=frozenset(("商务", "名儿", "李白", "兴起", "津贴", "周莫", "名填", "打后天", "星期以", "礼拜以", "星期已", "礼拜已")),
    fold_from=3,
)  # fmt: skip
# The only words of two syllables that are recognised with an accent too (min tian).
_BLURRED = Lexicon(("明天", "上午", "后晌"), genuine=frozenset(("商务",)), fold_from=2)
_HOURS = {
    fuzzy(item.sound): "一二两三四五六七八九十"[item.start]
    for item in syllables("一二两三四五六七八九十")
}
_WEEKDAYS = "一二三四五六天"
_LIKE_LI = frozenset(("li", "bi", "ni", "yi", "di", "mi", "lei"))
"""What the first syllable of 礼拜 is heard as."""
_NUMERALS = frozenset("0123456789一二两三四五六七八九十")
# At least four words of up to four characters, with spaces between them.
_SPACED = re.compile(
    f"(?:[{HAN}\\d,，。.?？!！:：-]{{1,4}}+ +){{3,}}+[{HAN}\\d,，。.?？!！:：-]*+ *"
)
# 不行 takes a time back that stands before it; of other things it says something else.
_INSTEAD = re.compile(
    "等[等下哈]|不是|[推挪延换调]到|不行(?!就|的话|再)|算了|改(?=周|星期|礼拜|明|后|下|大后)"
)


_RATHER = re.compile("[吧，,。了]还是$")


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
    if _SPACED.fullmatch(heard.text):
        return _without_spaces(heard, received_at, arranged=arranged, taken=taken)
    view = _clock_words(heard, _WORDS.respell(heard))
    covered = cover(len(view), taken)
    moments = [
        m
        for m in find_moments(view)
        if not any(covered[m.start : m.end]) and not _is_amount(view, m)
    ]
    found = roles(view, moments) if moments else []
    scored = [
        (m, wish(view, m, role, received_at, arranged))
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
    # 周日之前来就行，他天天在家: what is so every day says no day.
    wanted = [(m, score) for m, score in wanted if not _daily(m)] or wanted
    best = max(range(len(wanted)), key=lambda i: (wanted[i][1], -i))
    excluded = [m for m, role in zip(moments, found, strict=True) if role is Role.EXCLUDED]
    moment, score = _completed(wanted[best][0], usable, excluded), wanted[best][1]
    if _daily(moment) and not (moment.part or moment.clock):
        return None  # 要个天天能来的: no appointment
    several = Several(view, usable, received_at)
    listed = several.window(moment)
    window = listed or window_of(moment, received_at)
    if window is None or window.end <= received_at:
        return None
    if moment.day is not None and moment.part and not moment.clock:
        window = several.through_parts(moment, window)
    completed = [(_completed(m, usable, excluded), s) for m, s in wanted]
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


def _without_spaces(
    heard: Heard, received_at: datetime, *, arranged: bool, taken: Sequence[Span]
) -> Field[Window] | None:
    """Read a text in which each word stands alone, as some who learn the language write it."""
    text = heard.text
    kept = [i for i, character in enumerate(text) if character != " "]
    close = Heard.of("".join(text[i] for i in kept), spoken=heard.spoken)
    spans = [(bisect_left(kept, start), bisect_left(kept, end)) for start, end in taken]
    found = read_when(close, received_at, arranged=arranged, taken=spans)
    if found is None or found.evidence is None:
        return found
    start, end = found.evidence
    return replace(found, evidence=(kept[start], kept[end - 1] + 1))


def _clock_words(heard: Heard, view: str) -> str:
    """Respell words that sound like a clock time: 十甸 is 十点, 下午伞点 is 下午三点."""
    if not heard.spoken:
        return view
    blurred = _BLURRED.respell(heard)
    spelled = [b if b != t else v for v, b, t in zip(view, blurred, heard.text, strict=True)]
    for item in heard.syllables:
        week = item.sound == "bai" and "".join(spelled[item.end : item.end + 1]) in tuple(_WEEKDAYS)
        if week and item.start and heard.at.get(item.start - 1) is not None:
            one = heard.syllables[heard.at[item.start - 1]]
            if one.sound in _LIKE_LI:
                spelled[one.start : item.end] = "礼拜"
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


def names_day(text: str) -> bool:
    """Whether the text names a day or a moment from now on, and not only a time of day."""
    view = Heard.of(text).text
    if any(moment.day is not None and not _daily(moment) for moment in find_moments(view)):
        return True
    return any(match.group().strip() for match in ENGLISH_DAY.finditer(view))


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


def _is_amount(view: str, moment: Moment) -> bool:
    """Whether it is part of an amount or of how long something was: 一百五一天, 三年前, 躺过四十天."""
    said, before = view[moment.start : moment.end], view[max(0, moment.start - 2) : moment.start]
    if said in ("五一", "六一", "七一", "八一", "十一"):
        return bool(re.search("[百千万零\\d一二三四五六七八九块元]$", before))
    if said.endswith("点") and view.startswith("水", moment.end):
        return True  # 三点水那个河
    if said == "年前":
        return before[-1:] in tuple("一二三四五六七八九十几多两半0123456789")
    if said.endswith("点") and view[moment.end : moment.end + 1] == "几":
        return True  # 血糖9点几
    return said.startswith("过") and before[-1:] in tuple("躺住睡病吃干做打走待呆歇用当坐练请")


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
        instead = CORRECTION.search(between) or _INSTEAD.search(between)
        # 还是后天吧 takes back; 挪到16号了，还是上午 says that the hours are as before.
        rather = scored[index][0].day is not None and _RATHER.search(between)
        if len(between) <= 20 and (instead or rather) and scored[index][1] > -2:
            taken_back = [(m, -3.0) for m, _ in scored[:index]]
            return taken_back + scored[index:]
    return scored


def _completed(moment: Moment, others: Sequence[Moment], excluded: Sequence[Moment] = ()) -> Moment:
    """Fill in the day, or the part of the day, that was said elsewhere.

    `excluded`: times of `others` of which only the day counts: 明天上午不行，下午.
    """
    if moment.day is None:
        days = [m for m in others if m.day is not None and m is not moment and not m.is_past]
        if days:
            return moment.with_day(days[-1])
    if moment.day is not None and moment.part is None and moment.clock is None:
        parts = [
            m
            for m in others
            if (m.day is None or m.day["every"]) and (m.part or m.clock) and m not in excluded
        ]
        if parts and not moment.before:
            said = next((m for m in reversed(parts) if m.clock), parts[0])
            return replace(
                moment, part=said.part, clock=said.clock, before=said.before, after=said.after
            )
    return moment
