"""The window of local time that a Chinese time expression means."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from intake.understanding.numerals import number
from intake.understanding.values import Window
from intake.understanding.when_chinese import Moment
from intake.understanding.when_chinese_patterns import PARTS
from intake.understanding.when_clock import hours, on_the_clock
from intake.understanding.when_days import days_of

_SHORT_UNITS = ("小时", "钟头", "分钟")


def window_of(moment: Moment, received_at: datetime) -> Window | None:
    """Return the window that `moment` means when said at `received_at`; None if it has none.

    Parts of the day as in PARTS; a clock time lasts one hour; a day runs 00:00 to 23:59; "after"
    runs to the end of that part of the day, "before" from `received_at`.
    """
    try:
        return _window(moment, received_at)
    except (OverflowError, ValueError):  # a date that does not exist, such as a 31st of February
        return None


def _window(moment: Moment, now: datetime) -> Window | None:
    if moment.day is not None and moment.day["inunit"] in _SHORT_UNITS:
        return _soon(moment.day, now)
    days = days_of(moment, now, lambda day: _within_day(moment, day, now).end <= now)
    if days is None:
        return None
    first, last = days
    if first != last or not (moment.part or moment.clock):
        start = datetime.combine(first, time())
        window = Window(start, datetime.combine(last, time(23, 59)))
    else:
        window = _within_day(moment, first, now)
    if moment.before:
        by_start = moment.clock or (moment.day is not None and _names_a_month(moment.day))
        end = window.start if by_start else window.end
        return Window(now, end) if end > now else None
    return window


def _names_a_month(day: re.Match[str]) -> bool:
    """腊月前 is before the month begins, 月底前 before it ends."""
    return bool(day["lmonth"] and not day["lday"])


def _soon(match: re.Match[str], now: datetime) -> Window | None:
    amount: float | None = 0.5 if match["in"] == "半" else number(match["in"])
    if not amount or amount > 10_000:
        return None
    amount += 0.5 if match["inhalf"] or match["inhalf2"] else 0
    minutes = amount * (1 if match["inunit"] == "分钟" else 60)
    then = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    if "内" in match["inwhat"] or match["inwhat"] == "里":
        return Window(now, then)
    return Window(then, then + timedelta(hours=1))


def _within_day(moment: Moment, day: date, now: datetime) -> Window:
    part = PARTS.get(moment.part or "", (time(), time(23, 59)))
    if moment.part == "早":
        part = PARTS["早上"]
    if moment.clock is None:
        start, end = datetime.combine(day, part[0]), datetime.combine(day, part[1])
        return Window(start, end)
    said = hours(moment.clock)
    if said is None:
        return Window(datetime.combine(day, part[0]), datetime.combine(day, part[1]))
    start_minutes, end_minutes = on_the_clock(said, moment.part, day, now)
    midnight = datetime.combine(day, time())
    start = midnight + timedelta(minutes=start_minutes)
    if moment.after:
        ends = [p[1] for p in _day_parts(moment) if p[0] <= start.time() < p[1]]
        end = datetime.combine(start.date(), ends[0]) if ends else start + timedelta(hours=2)
        return Window(start, end)
    return Window(start, max(midnight + timedelta(minutes=end_minutes), start))


def _day_parts(moment: Moment) -> Iterator[tuple[time, time]]:
    if moment.part:
        yield PARTS.get(moment.part, PARTS["晚上"])
    for name in ("早上", "上午", "中午", "下午", "晚上"):
        yield PARTS[name]
    yield time(13), time(18)
    yield time(18), time(23, 59)
