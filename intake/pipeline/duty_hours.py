"""Who is on duty, and when working time is: weekdays, holidays, make-up workdays.

Pure: no clock, no settings, no database. China's holidays, with the working weekends that
pay for them (调休), are those of the State Council's yearly notice as the library `holidays`
carries it. The notice for a year comes out in the November before; until a release of the
library has it, that year counts with the days that the law fixes and ordinary weekends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any, TypeVar

import holidays

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)
_DAY = 24 * 60

Contact = TypeVar("Contact")


def read_hours(text: str) -> list[tuple[int, int]]:
    """Read ``"08:30-12:00, 14:00-18:00"`` as spans of minutes since midnight.

    ``24:00`` ends a day; a span whose end is not after its start runs into the next day
    (``"20:00-06:00"``) and then ends past 1440. Raises ValueError with a sentence.
    """
    spans = []
    for part in text.split(","):
        match = _HOURS.fullmatch(part.strip())
        if match is None:
            raise ValueError(f'{part.strip()!r} is no span of hours; write "08:30-18:00"')
        h1, m1, h2, m2 = map(int, match.groups())
        begin, end = h1 * 60 + m1, h2 * 60 + m2
        if m1 > 59 or m2 > 59 or begin >= _DAY or end > _DAY:
            raise ValueError(f"{part.strip()!r}: hours run from 00:00 to 24:00")
        spans.append((begin, end if end > begin else end + _DAY))
    return sorted(spans)


def check_hours(hours: Mapping[str, str]) -> None:
    """Raise ValueError that names the first wrong weekday or span of a table of duty hours."""
    for day, text in hours.items():
        if day not in WEEKDAYS:
            raise ValueError(f"{day!r} is no weekday; write one of {', '.join(WEEKDAYS)}")
        read_hours(text)


def is_holiday(day: date, country: str = "CN") -> bool:
    """A day off by law or by the yearly notice, or a weekend day between two of them."""
    return _named(day, country) or (
        _is_weekend(day, country)
        and all(_named(_beyond_weekend(day, country, step), country) for step in (-1, 1))
    )


def is_makeup_workday(day: date, country: str = "CN") -> bool:
    """A weekend day on which the country works (调休)."""
    return day in getattr(_calendar(country, day.year), "weekend_workdays", ())


def working_spans(
    day: date, hours: Mapping[str, str], country: str | None = "CN"
) -> list[tuple[int, int]]:
    """The working time that begins on ``day``, in minutes since its midnight.

    A holiday has none, also where duty hours name its weekday. A make-up workday without
    hours of its own takes those of the first weekday that has any: on such a Sunday the office
    works as on a Monday. ``country`` None: every week is like the other.
    """
    if country and is_holiday(day, country):
        return []
    text = hours.get(WEEKDAYS[day.weekday()])
    if text is None and country and is_makeup_workday(day, country):
        text = next((hours[name] for name in WEEKDAYS[:5] if name in hours), None)
    return read_hours(text) if text else []


def in_duty_hours(
    now: datetime, hours: Mapping[str, str], timezone: tzinfo, country: str | None = "CN"
) -> bool:
    """Is it working time at this aware moment?"""
    return any(
        begin <= now < end
        for begin, end in _working_time(now - timedelta(days=2), now, hours, timezone, country)
    )


def on_duty(
    contacts: Sequence[Contact],
    hours: Mapping[str, str],
    now: datetime,
    timezone: tzinfo,
    *,
    off_duty: Sequence[Contact] = (),
    country: str | None = "CN",
) -> list[Contact]:
    """Whom to call now, in this order; never empty while anybody is known.

    In duty hours ``contacts``; outside them ``off_duty``, or, where nobody is named for the
    night, the same people: an emergency wakes somebody. The other list follows as a last
    resort, without those already in the first.
    """
    first, then = list(contacts), list(off_duty)
    if then and not in_duty_hours(now, hours, timezone, country):
        first, then = then, first
    return first + [contact for contact in then if contact not in first]


def _working_time(
    start: datetime,
    until: datetime,
    hours: Mapping[str, str],
    zone: tzinfo,
    country: str | None,
) -> Iterator[tuple[datetime, datetime]]:
    """Spans of working time from the day before ``start`` (nights run over) to ``until``, in
    UTC, in order, each beginning no earlier than the one before it ended."""
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = until.astimezone(zone).date()
    done = datetime.min.replace(tzinfo=UTC)
    while day <= last:
        for begin, end in working_spans(day, hours, country):
            opens = max(_at(day, begin, zone), done)
            done = max(_at(day, end, zone), done)
            if opens < done:
                yield opens, done
        day += timedelta(days=1)


def _at(day: date, minutes: int, zone: tzinfo) -> datetime:
    days, rest = divmod(minutes, _DAY)
    clock = time(rest // 60, rest % 60)
    return datetime.combine(day + timedelta(days=days), clock, zone).astimezone(UTC)


def _named(day: date, country: str) -> bool:
    return day in _calendar(country, day.year)


def _is_weekend(day: date, country: str) -> bool:
    calendar = _calendar(country, day.year)
    return day.weekday() in calendar.weekend and not is_makeup_workday(day, country)


def _beyond_weekend(day: date, country: str, step: int) -> date:
    day += timedelta(days=step)
    while _is_weekend(day, country) and not _named(day, country):
        day += timedelta(days=step)
    return day


@lru_cache(maxsize=64)
def _calendar(country: str, year: int) -> Any:
    return holidays.country_holidays(country, years=year)
