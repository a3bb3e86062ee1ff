"""Times as people say them: "11月3日周二下午2点到6点", "Tuesday 3 November 14:00–18:00"."""

from __future__ import annotations

from datetime import datetime, timedelta

from intake.understanding.values import Window

WEEKDAYS = "一二三四五六日"


DAY_PARTS = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
"""(the hour until which it lasts, what it is called)"""


def window(when: Window, language: str | None) -> str:
    """A stretch of time as people say it: "11月3日周二下午2点到6点", "Tuesday … 14:00–18:00"."""
    start, end = when.start, when.end
    day = _day(start, language)
    from_midnight, to_midnight = (start.hour, start.minute) == (0, 0), end.hour == 23
    if start.date() != end.date():
        last = _day(end, language)
        if language == "en":
            return f"{day} {start:%H:%M} – {last} {end:%H:%M}"
        first = day if from_midnight else day + _clock(start)
        return f"{first}到{last if to_midnight else last + _clock(end)}"
    if from_midnight and to_midnight:
        return day
    if language == "en":
        return f"{day} {start:%H:%M}–{end:%H:%M}"
    if to_midnight:
        return f"{day}{_clock(start)}以后"
    same = _part(start) == _part(end - timedelta(minutes=1))  # 下午2点到6点, though 6 is evening
    return f"{day}{_clock(start)}到{_clock(end, part=not same)}"


def spoken(value: Window | str, language: str | None) -> str:
    """A field's value as people say it: a stretch of time as `window`, a text as it is."""
    return window(value, language) if isinstance(value, Window) else value


def at(moment: datetime, language: str | None) -> str:
    """A moment on the residents' clock as people say it: "11月3日周二下午2点"."""
    day = _day(moment, language)
    return f"{day} {moment:%H:%M}" if language == "en" else day + _clock(moment)


def _part(moment: datetime) -> str:
    return next(name for until, name in DAY_PARTS if moment.hour < until)


def _clock(moment: datetime, *, part: bool = True) -> str:
    """晚上7点半: the part of the day, and the hour as it is said."""
    hour = moment.hour if moment.hour <= 12 else moment.hour - 12
    minutes = {0: "", 30: "半"}.get(moment.minute, f"{moment.minute}分")
    return f"{_part(moment) if part else ''}{hour}点{minutes}"


def _day(moment: datetime, language: str | None) -> str:
    if language == "en":
        return f"{moment:%A} {moment.day} {moment:%B}"
    return f"{moment.month}月{moment.day}日周{WEEKDAYS[moment.weekday()]}"
