"""The days that a Chinese time expression names."""

import itertools
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from intake.understanding.numerals import number
from intake.understanding.when_chinese import Moment
from intake.understanding.when_chinese_patterns import (
    DAYS,
    LUNAR_MONTHS,
    PAIRS,
    WEEKDAYS,
)
from intake.understanding.when_festivals import next_festival, next_lunar

Days = tuple[date, date] | None
Ended = Callable[[date], bool]
"""Whether the part of that day, or the hour on it, that the expression names is over."""

_SOON = timedelta(days=75)


def days_of(moment: Moment, now: datetime, ended: Ended) -> Days:
    """Return the first and the last day that `moment` names; None if it names none that exists."""
    today = now.date()
    match = moment.day
    if match is None:
        later = (moment.clock or moment.part) and not moment.before and ended(today)
        day = today + timedelta(days=1 if later else 0)
        return day, day
    for reads in _READERS:
        found = reads(match, today, ended)
        if found:
            return found
    return None


def _relative(match: re.Match[str], today: date, ended: Ended) -> Days:
    if match["pair"]:
        first, last = PAIRS[match["pair"]]
        return today + timedelta(days=first), today + timedelta(days=last)
    if match["rel"]:
        day = today + timedelta(days=DAYS[match["rel"]])
        return day, day
    if match["every"]:
        day = today + timedelta(days=1 if ended(today) else 0)
        return day, day
    return None


def _weekday(match: re.Match[str], today: date, ended: Ended) -> Days:
    named, which = match["weekday"], match["which"] or match["weeks"] or ""
    if not named and not match["weeks"]:
        return None
    monday = today - timedelta(days=today.weekday())
    weeks = _weeks(which)
    if not named:
        first = monday + timedelta(weeks=weeks)
        return (today if weeks == 0 else first), first + timedelta(days=6)
    index = 5 if named == "末" else WEEKDAYS[named]
    day = monday + timedelta(weeks=weeks, days=index)
    if named == "末":
        return max(day, today) if weeks == 0 else day, day + timedelta(days=1)
    if (which == "" or which.startswith("每")) and day <= today:
        day += timedelta(weeks=1 if day < today or ended(day) else 0)
    return day, day


def _weeks(which: str) -> int:
    which = which.rstrip("个").replace("一", "")
    return {"下下": 2, "下": 1, "上": -1, "上上": -2}.get(which, 0)


def _several(match: re.Match[str], today: date, ended: Ended) -> Days:
    """The first of several weekdays (逢一三五), or all of them where they follow each other."""
    named = match["several"] or match["bare"]
    if not named:
        return None
    monday = today - timedelta(days=today.weekday())
    weeks = 1 if (match["swhich"] or "").startswith("下") else 0
    days = sorted(monday + timedelta(days=WEEKDAYS[c], weeks=weeks) for c in named)
    coming = [d if d > today or (d == today and not ended(d)) else d + timedelta(weeks=1)
              for d in days]  # fmt: skip
    recurs = match.group().startswith(("逢", "每")) or match["bare"]
    adjoining = all(b - a == timedelta(days=1) for a, b in itertools.pairwise(coming))
    if adjoining and not recurs:
        return coming[0], coming[-1]
    first = min(coming)
    return first, first


def _lunar(match: re.Match[str], today: date, ended: Ended) -> Days:
    day = None
    if match["festival"]:
        day = next_festival(match["festival"], today)
    elif match["newyear"]:
        value = number(match["newyear"])
        day = next_lunar(today, 1, value) if value and value <= 15 else None
    elif match["lmonth"] and match["lday"]:
        value = number(match["lday"])
        month = LUNAR_MONTHS[match["lmonth"]]
        day = next_lunar(today, month, value) if value and value <= 30 else None
    elif match["lmonth"]:
        month = LUNAR_MONTHS[match["lmonth"]]
        first = next_lunar(today, month, 1)
        return (first, first + timedelta(days=28)) if first else None
    return (day, day) if day else None


def _dated(match: re.Match[str], today: date, ended: Ended) -> Days:
    if match["mrel"]:
        first = today.replace(day=1)
        if match["mrel"].startswith("下"):
            first = (first + timedelta(days=32)).replace(day=1)
        day = first.replace(day=number(match["mdom"]) or 0)
    elif match["iso"]:
        year, month, dom = (int(part) for part in re.split("[-/.]", match["iso"]))
        day = date(year, month, dom)
    elif match["compact"]:
        said = match["compact"]
        day = date(int(said[:4]), int(said[4:6]), int(said[6:]))
    elif match["nmonth"]:
        day = _next(today, int(match["nmonth"]), int(match["nday"]))
        if match["nsoft"] and day - today > _SOON:
            return None
    elif match["month"]:
        month, dom = number(match["month"]) or 0, number(match["day"]) or 0
        day = date(number(match["year"]) or 0, month, dom) if match["year"] else (
            _next(today, month, dom)
        )  # fmt: skip
    else:
        return None
    return day, day


def _next(today: date, month: int, dom: int) -> date:
    day = date(today.year, month, dom)
    return day if day >= today else date(today.year + 1, month, dom)


def _day_of_month(match: re.Match[str], today: date, ended: Ended) -> Days:
    return day_of_month(number(match["dom"]) or 0, today) if match["dom"] else None


def day_of_month(dom: int, today: date) -> Days:
    """The next day with this number, today included; None for a number that no month has."""
    month = today.replace(day=1)
    for _ in range(3):
        try:
            day = month.replace(day=dom)
        except ValueError:
            day = None
        if day and day >= today:
            return day, day
        month = (month + timedelta(days=32)).replace(day=1)
    return None


def _period(match: re.Match[str], today: date, ended: Ended) -> Days:
    if match.group() == "年底":
        return date(today.year, 12, 25), date(today.year, 12, 31)
    if match.group() == "年前":
        eve = next_lunar(today, 1, 0)
        return (today, eve) if eve else None
    if not match["mpart"] and not match["months"]:
        return None
    following = (match["mperiod"] or match["months"] or "").startswith("下")
    first = today.replace(day=1)
    if following:
        first = (first + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    part = match["mpart"]
    if part in ("底", "末"):
        return max(last - timedelta(days=4), first), last
    if part == "初":
        return first, first + timedelta(days=6)
    if part:
        return first + timedelta(days=10), first + timedelta(days=19)
    return max(first, today), last


def _distance(match: re.Match[str], today: date, ended: Ended) -> Days:
    said, unit = match["in"] or match["past"] or match["aheadn"], match["inunit"] or "天"
    unit = match["aheadunit"] or unit
    if not said or said == "半":
        return None
    # 两三天 is up to three, not twenty-three.
    amount = number(said[-1] if len(said) == 2 and "十" not in said and said.isalpha() else said)
    if amount is None or amount > 1000:
        return None
    halves = 0.5 if match["inhalf"] or match["inhalf2"] else 0.0
    days = int((amount + halves) * {"天": 1, "月": 30}.get(unit, 7))
    day = today + timedelta(days=days)
    within = match["aheadn"] or "内" in (match["inwhat"] or "") or match["inwhat"] == "里"
    return (today if within else day), day


_READERS: tuple[Callable[[re.Match[str], date, Ended], Days], ...] = (
    _relative, _several, _weekday, _lunar, _dated, _day_of_month, _period, _distance,
)  # fmt: skip
