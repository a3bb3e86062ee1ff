"""A time that is told over several messages: the day in one, the time of day in another."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from intake.understanding import remarks
from intake.understanding.spoken_text import Heard
from intake.understanding.values import Field, Window
from intake.understanding.when import names_day, read_when


def same_day(old: Field[Window], new: Field[Window], text: str) -> Field[Window]:
    """A new time of day on the known day, or the known time of day on a new day.

    `new` unchanged where the two can't be combined. `text`: the message of `new`.
    """
    if not names_day(text):
        if not (_one_day(old.value) and _one_day(new.value)):
            return new
        if new.value.start.date() != old.value.start.date():
            new = on_known_day(old, text) or new  # 八点半走, told in the evening for tomorrow
        return replace(new, value=_moved(_like(old.value, new.value, text), old.value.start.date()))
    new = replace(new, value=_in_week(old.value, new.value, text))
    keeps = _KEEPS.search(text) or _whole_day(new.value)
    if keeps and _one_day(old.value) and _one_day(new.value) and not _whole_day(old.value):
        return replace(new, value=_moved(old.value, new.value.start.date()))
    return new


def on_known_day(old: Field[Window], text: str) -> Field[Window] | None:
    """The time of day in `text`, a message that names no day, on the one day that is known.

    None where the day is not known or the message tells no time of day.
    """
    if names_day(text) or not _one_day(old.value):
        return None
    morning = datetime.combine(old.value.start.date(), time())
    for clause in reversed(_CLAUSE.split(text)):
        part = _ONLY_PART.fullmatch(clause.strip())
        said = f"今天{part['part']}" if part else clause
        told = read_when(Heard.of(said), morning) if part or _CLOCK.search(clause) else None
        if told is not None and told.value.start.date() == old.value.start.date():
            return replace(told, evidence=None)
    return None


_CLAUSE = re.compile("[,，。;；!！?？\n]+")
_KEEPS = re.compile(
    "(?:钟点|时间|点儿?|时辰|几点)(?:都|也|还)?(?:没[动变改]|不[动变改]|照[旧原]|一样)"
    "|还?(?:是|按)?(?:那个|原来的?|同样的?|这个)(?:钟?点|时间|时候|时辰)|same time|same hour"
)
_WEEKDAY = re.compile("(?<![下这上每本个])(?:周|星期|礼拜)[一二三四五六日天]")
_CLOCK = re.compile("[\\d一二两三四五六七八九十][点:：]|\\d\\s?[ap]\\.?m\\b", re.I)
# A part of the day and nothing else, which says no time as long as no day is known: 就下午吧.
_ONLY_PART = re.compile(
    "(?:那|就|在|要|还是|放在?|定在?){0,3}(?P<part>[上下中]午|早上|早晨|清早|傍晚|晚上|头晌|后晌)(?:吧|呗|来|行|都行|可以|好了?){0,2}"
)
_PART_OF_DAY = re.compile("[早晚晨夜晌]|[上下中]午|傍|凌|[ap]\\.?m\\b|morning|noon|evening|tonight")


def _one_day(window: Window) -> bool:
    return window.start.date() == window.end.date()


def _moved(window: Window, day: date) -> Window:
    days = day - window.start.date()
    return Window(window.start + days, window.end + days)


def _like(old: Window, new: Window, text: str) -> Window:
    """八点 after 晚上 is eight in the evening: the half of the day that was known, unless said."""
    half = timedelta(hours=12)
    if _whole_day(old) or _PART_OF_DAY.search(text):
        return new
    for later in (half, -half):
        start = (new.start + later).time()
        if old.start.time() <= start < old.end.time() and not (
            old.start.time() <= new.start.time() < old.end.time()
        ):
            other = Window(new.start + later, new.end + later)
            return other if _one_day(other) else new
    return new


def _in_week(old: Window, new: Window, text: str) -> Window:
    """周三 after 下周 is the Wednesday of that week; 挪到周四 the Thursday of the week known."""
    week = timedelta(weeks=1)
    if _one_day(old) and _WEEKDAY.search(text) and (_KEEPS.search(text) or remarks.moves(text)):
        monday = old.start.date() - timedelta(days=old.start.weekday())
        later = (monday - new.start.date() + timedelta(days=new.start.weekday())).days
        if later > 0:
            return Window(new.start + timedelta(days=later), new.end + timedelta(days=later))
    inside = old.start <= new.start + week <= old.end and new.start < old.start
    several = old.end - old.start > timedelta(days=1)
    if several and inside and _WEEKDAY.search(text):
        return Window(new.start + week, new.end + week)
    return new


def _whole_day(window: Window) -> bool:
    start, end = window.start, window.end
    same = start.date() == end.date()
    return same and (start.hour, start.minute, end.hour, end.minute) == (0, 0, 23, 59)
