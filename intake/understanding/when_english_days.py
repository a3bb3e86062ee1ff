"""The days that an English time expression names."""

import re
from datetime import date, datetime, timedelta

from intake.understanding.numerals import ENGLISH
from intake.understanding.values import Window
from intake.understanding.when_days import Days, day_of_month
from intake.understanding.when_english_patterns import MONTHS, ORDINALS, WEEKDAYS

_EVES = {"christmas eve": (12, 24), "christmas day": (12, 25), "christmas": (12, 25),
         "boxing day": (12, 26), "new year's eve": (12, 31), "new years eve": (12, 31),
         "new year's day": (1, 1), "new years day": (1, 1)}  # fmt: skip


def value(word: str) -> int:
    """The value of a number in digits, a number word or an ordinal; a is 1."""
    digits = re.match(r"\d+", word)
    if digits:
        return int(digits.group())
    return ENGLISH.get(word) or ORDINALS.get(word) or {"couple of": 2, "few": 3}.get(word, 1)


def days_of(match: re.Match[str], now: datetime) -> Days:
    """Return the first and the last day; raises ValueError for a date that does not exist."""
    today = now.date()
    for reads in (_relative, _weekday, _week, _dated):
        found = reads(match, today)
        if found:
            return found
    if match["in"] is None:
        return None
    unit = match["unit"]
    days = value(match["in"]) * (14 if unit.startswith("fortnight") else
                                 7 if unit.startswith("week") else 1)  # fmt: skip
    within = match["how"] != "in" or "next" in match.group()
    last = today + timedelta(days=days)
    return (today if within else last), last


def soon(match: re.Match[str], now: datetime) -> Window | None:
    """The window of "in an hour", "within the hour"; None for days and weeks."""
    unit, said = match["unit"], match["in"]
    if unit.startswith(("day", "week", "fortnight")):
        return None
    amount = 0.5 if said.startswith("half") else float(value(said))
    amount += 0.5 if "and a half" in match.group() else 0
    minutes = amount * (1 if unit.startswith("min") else 60)
    then = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    if match["how"] != "in" or "next" in match.group():
        return Window(now, then)
    return Window(then, then + timedelta(hours=1))


def _relative(match: re.Match[str], today: date) -> Days:
    if match["rel"]:
        ahead = {"tomorrow": 1, "day after tomorrow": 2, "day after": 2}.get(match["rel"], 0)
        return (today + timedelta(days=ahead),) * 2
    if match["weekrel"]:
        days = 7 if match["weektoday"] == "a week" else 14
        return (today + timedelta(days=days + (match["weekrel"] == "tomorrow")),) * 2
    return None


def _weekday(match: re.Match[str], today: date) -> Days:
    name = match["weekday"] or match["aheadday"]
    if not name:
        return None
    monday = today - timedelta(days=today.weekday())
    day = monday + timedelta(days=WEEKDAYS.index(name))
    after = match["week2"] or ""
    if match["nextday"] or "next" in after:
        return (day + timedelta(weeks=1),) * 2
    day += timedelta(weeks=1 if day < today else 0)
    if match["ahead"]:
        day += timedelta(weeks=1 if match["ahead"] == "a week" else 2)
    elif after.strip(" ,"):
        day += timedelta(weeks=2 if "fortnight" in after else 1)
    return day, day


def _week(match: re.Match[str], today: date) -> Days:
    if not match["week"]:
        return None
    following = (match["next"] or "").strip() in ("next", "following")
    monday = today - timedelta(days=today.weekday())
    first = monday + timedelta(weeks=1 if following else 0)
    if match["week"] == "weekend":
        return max(first + timedelta(days=5), today), first + timedelta(days=6)
    return (first if following else today), first + timedelta(days=6)


def _dated(match: re.Match[str], today: date) -> Days:
    if match["eve"]:
        month, dom = _EVES[match["eve"]]
    elif match["month"] or match["month2"]:
        month = [m[:3] for m in MONTHS].index((match["month"] or match["month2"])[:3]) + 1
        dom = value(match["dom"] or match["dom2"])
    elif match["bare"]:
        return day_of_month(value(match["bare"]), today)
    else:
        return None
    day = date(today.year, month, dom)
    return (day if day >= today else date(today.year + 1, month, dom),) * 2
