"""Clock times in English, and the window on a day that they mean."""

import re
from datetime import date, datetime, time, timedelta

from intake.understanding.numerals import ENGLISH
from intake.understanding.values import Window
from intake.understanding.when_english_days import value
from intake.understanding.when_english_patterns import PARTS

_NO_CLOCK = re.compile(
    r"\s?(?:time|of|point|stage|end|year|month|week|day|floor|flat|block|or two|hundred|thousand)"
)
_LATE = ("afternoon", "evening", "tonight", "night")


def is_clock(match: re.Match[str], text: str) -> bool:
    """Whether the number is a time of the day."""
    if match["named"] or match["base"]:
        return match["base"] is None or 0 < value(match["base"]) <= 12
    hour = value(match["hour"])
    said = match["minute"] or match["tens"] or match["half"] or match["half_day"]
    led = match["how"] in ("at", "after", "between", "before", "by")
    if not said and not match["half_day2"]:
        if not led or _NO_CLOCK.match(text, match.end()):
            return False
        if match["how"] in ("before", "by") and hour > 12:
            return False
    return 0 < hour <= 24 and int(match["minute"] or 0) < 60


def window(days: tuple[date, date], part: str | None, clock: re.Match[str] | None) -> Window:
    """Return the window of a part of the day or a clock time on the first of `days`."""
    first, last = days
    bounds = PARTS.get(part or "", ("00:00", "23:59"))
    start = datetime.combine(first, time.fromisoformat(bounds[0]))
    end = datetime.combine(last, time.fromisoformat(bounds[1]))
    if clock is None:
        return Window(start, end)
    minutes = _minutes(clock, part)
    begin = datetime.combine(first, time()) + timedelta(minutes=minutes)
    if clock["named2"]:
        return Window(begin, max(datetime.combine(begin.date(), time(12)), begin))
    if clock["hour2"]:
        until = value(clock["hour2"]) * 60 + int(clock["minute2"] or 0)
        length = (until - minutes) % 720
        return Window(begin, begin + timedelta(minutes=length or 60))
    if clock["how"] == "after":
        ends = sorted(time.fromisoformat(b[1]) for b in PARTS.values())
        later = [e for e in ends if e > begin.time()]
        if part and end > begin:
            return Window(begin, datetime.combine(first, end.time()))
        return Window(begin, datetime.combine(first, later[0]) if later else begin
                      + timedelta(hours=2))  # fmt: skip
    return Window(begin, begin + timedelta(hours=1))


def _minutes(clock: re.Match[str], part: str | None) -> int:
    """The beginning in minutes from the day's midnight."""
    if clock["named"]:
        return 12 * 60 if clock["named"] == "noon" else 24 * 60
    if clock["base"]:
        hour, minute = value(clock["base"]), _offset(clock)
    else:
        hour, minute = value(clock["hour"]), int(clock["minute"] or 0)
        minute = minute or _tens(clock["tens"] or "")
    half_day = clock["half_day"] or clock["half_day2"] or ""
    at_night = part in ("tonight", "night")
    if (
        (half_day.startswith("a") or (at_night and not half_day)) and at_night and (hour % 12 < 5)
    ):  # the small hours after that night
        return 24 * 60 + hour % 12 * 60 + minute
    late = half_day.startswith("p") or (not half_day and (part in _LATE))
    late = late or (not half_day and part is None and hour < 7)
    if late:
        hour = hour % 12 + 12
    elif half_day and hour == 12:
        hour = 0
    return hour * 60 + minute


def _offset(clock: re.Match[str]) -> int:
    said = clock["to"].removeprefix("a ").replace("-", " ")
    minutes = {"half": 30, "quarter": 15, "twenty five": 25}.get(said) or ENGLISH.get(said, 0)
    return -minutes if clock["side"] == "to" else minutes


def _tens(said: str) -> int:
    if said.isdigit():
        return int(said) % 60
    tens = {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
    return tens.get(said) or ENGLISH.get(said.removeprefix("oh "), 0) % 60
