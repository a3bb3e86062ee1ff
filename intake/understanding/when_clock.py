"""Clock times as said, and where on the day's clock they are."""

import re
from datetime import date, datetime, time, timedelta

from intake.understanding.numerals import number
from intake.understanding.when_chinese_patterns import AFTERNOON, NIGHT, TWO_HOURS

_NOON = 12 * 60


def hours(clock: re.Match[str]) -> tuple[int, int] | None:
    """Return start and end in minutes on the clock face, as said, before 下午 is applied."""
    if clock["from"]:
        first, last = number(clock["from"]), number(clock["to"])
        if first is None or last is None or not (0 <= first <= 24 and 0 <= last <= 24):
            return None
        return first * 60, last * 60 + (30 if clock["tohalf"] else 0)
    said = clock["hour"]
    if said in TWO_HOURS:
        first, last = TWO_HOURS[said]
        return first * 60, (last + 1) * 60
    hour = number(said)
    if hour is None or hour > 24:
        return None
    minute = _minute(clock)
    if minute > 59:
        return None
    start = max(0, hour * 60 + minute - _short(clock))
    if not clock["hour2"]:
        return start, start + 60
    last = number(clock["hour2"])
    if last is None or last > 24:
        return None
    return start, last * 60 + (30 if clock["half2"] else int(clock["minute2"] or 0) % 60)


def _minute(clock: re.Match[str]) -> int:
    if clock["half"]:
        return 30
    if clock["quarter"]:
        return 15 * (number(clock["quarter"]) or 0)
    return (number(clock["minute"]) or 0) if clock["minute"] else 0


def _short(clock: re.Match[str]) -> int:
    """The minutes that are lacking: 差一刻九点."""
    said = clock["short"]
    if not said:
        return 0
    return 15 if said == "一刻" else min(59, number(said.removesuffix("分")) or 0)


def on_the_clock(
    said: tuple[int, int], part: str | None, day: date, now: datetime
) -> tuple[int, int]:
    """Return start and end of `said` in minutes from the midnight at which `day` begins."""
    start, end = said
    length = end - start
    start = _start(start, part or "", day, now)
    end = start + length
    if length <= 0:
        end = start + length + _NOON
    return start, end


def _start(start: int, part: str, day: date, now: datetime) -> int:
    if part.startswith(("凌晨", "五更")):
        return start - _NOON if start >= _NOON else start
    if part.startswith(NIGHT) and (start < 5 * 60 or _NOON <= start < 13 * 60):
        small = start % _NOON
        # Said at night, it is still ahead; else the night that follows the day.
        night = datetime.combine(day, time()) + timedelta(minutes=small)
        if part.startswith(("后半夜", "下半夜")):
            return small
        return small if day == now.date() and now < night else small + 2 * _NOON
    if part.startswith(AFTERNOON):
        return start + _NOON if start < _NOON else start
    if part.startswith(("中午", "晌午", "正午")):
        return start + _NOON if start < 3 * 60 else start
    if part or start >= _NOON:
        return start
    if start < 60:  # 零点: the midnight with which the day begins, or tonight's
        at = datetime.combine(day, time()) + timedelta(minutes=start)
        return start if at > now else start + 2 * _NOON
    at = datetime.combine(day, time()) + timedelta(minutes=start)
    # Without a part of the day: nobody wants a visit at three in the night or in the past.
    return start + _NOON if start < 7 * 60 or at < now else start
