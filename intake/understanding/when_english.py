"""The window of time in which help is wanted, from an English message."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from intake.understanding.numerals import ENGLISH
from intake.understanding.spoken_text import Span, cover
from intake.understanding.values import Field, Window

_PARTS = {
    "early morning": ("07:00", "09:00"), "morning": ("09:00", "12:00"), "noon": ("11:00", "13:00"),
    "lunchtime": ("11:00", "13:00"), "midday": ("11:00", "13:00"), "afternoon": ("14:00", "18:00"),
    "evening": ("18:00", "21:00"), "tonight": ("18:00", "21:00"), "night": ("18:00", "21:00"),
}  # fmt: skip
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()  # noqa: SIM905
_MONTHS = tuple(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)
_NUMBER = "|".join(["\\d{1,2}", *sorted(ENGLISH, key=len, reverse=True)])
_PHRASE = re.compile(
    r"\b(?P<before>before|by|until|no later than)?\s{0,3}(?:on |this |coming ){0,3}"
    r"(?:(?P<rel>day after tomorrow|today|tomorrow|tonight)|(?P<next>next )?(?P<week>week(?:end)?)"
    rf"|(?P<nextday>next )?(?P<weekday>{'|'.join(_WEEKDAYS)})"
    rf"|(?P<month>{'|'.join(_MONTHS)}) (?P<dom>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"|in (?P<in>{_NUMBER}|a) (?P<unit>days?|weeks?|hours?))\b"
)
_PART = re.compile(rf"\b(?:in the |this |at )?(?P<part>{'|'.join(_PARTS)})\b")
_CLOCK = re.compile(
    rf"\b(?P<how>at|after|before|by|from|between|around|about)? ?(?P<hour>{_NUMBER})(?::(?P<minute>\d\d))?\s{{0,3}}"
    rf"(?P<half>o'?clock)?\s{{0,3}}(?P<half_day>a\.?m\.?|p\.?m\.?)?(?:\s{{0,3}}(?:to|and|-|till|until)\s{{0,3}}(?P<hour2>{_NUMBER})\s{{0,3}}"
    r"(?:o'?clock)?\s{0,3}(?P<half_day2>a\.?m\.?|p\.?m\.?)?)?(?!\w|-?\d)"
)
_PAST = re.compile(r"\b(?:since|last|was|were|ago|yesterday)\b[^.!?]{0,20}$")
# "who brought my groceries on Tuesday": a verb in the past just before the day.
_HAPPENED = re.compile(
    r"\b(?:brought|came|did|went|gave|took|made|told|said|helped|fixed|carried|delivered|cleaned|visited|"
    r"drove|sent|left|called|rang|started|stopped|broke|had|did(?:n't| not)|promised|[a-z]{3,}ed)\b[^.!?,;]{0,40}$"
)
_STILL_TO_COME = re.compile(
    r"\b(?:would|could|will|want|need|like|please|can|booked|scheduled|planned|to)\b|'d\b|'ll\b"
)
_ASKED = re.compile(r"\b(?:what time|when (?:will|does|is|do))\b[^.!?]{0,40}$")


def find_english(text: str, received_at: datetime, taken: Sequence[Span]) -> Field[Window] | None:
    """Return the window in which help is wanted; None when the message names none that is ahead.

    `text` is in lower case, `received_at` local and naive; `taken` spans are not read as times.
    """
    if not re.search("[a-z]{3}", text):
        return None
    covered = cover(len(text), taken)
    free = [m for m in _PHRASE.finditer(text) if not any(covered[m.start() : m.end()])]
    free = [m for m in free if not _PAST.search(text[max(0, m.start() - 30) : m.start()])]
    free = [m for m in free if not _ASKED.search(text[max(0, m.start() - 60) : m.start()])]
    free = [m for m in free if not _happened(text, m)]
    parts = [
        m
        for m in _PART.finditer(text)
        if not _PAST.search(text[max(0, m.start() - 30) : m.start()])
    ]
    clocks = [
        m for m in _CLOCK.finditer(text) if _is_clock(m) and not any(covered[m.start() : m.end()])
    ]
    if not free and not clocks:
        return None
    day_match = free[-1] if free else None
    days = _days(day_match, received_at) if day_match else (received_at.date(),) * 2
    if days is None:
        return None
    part = parts[-1]["part"] if parts else None
    spans = [m.span() for m in (day_match, clocks[-1] if clocks else None) if m]
    evidence = (min(s for s, _ in spans), max(e for _, e in spans))
    window = _window(days, part, clocks[-1] if clocks else None)
    if day_match is not None and day_match["before"]:
        window = Window(received_at, window.end)
    if window.end <= received_at:
        return None
    return Field(window, evidence, 0.8)


def _happened(text: str, day: re.Match[str]) -> bool:
    if not day["weekday"] or day["nextday"]:
        return False
    verb = _HAPPENED.search(text[max(0, day.start() - 60) : day.start()])
    if verb is None:
        return False
    sentence = re.split(r"[.!?;]|\bwho\b|\bthat\b|\bwhich\b", text[: day.start()][-90:])[-1]
    return not _STILL_TO_COME.search(sentence)


def _is_clock(match: re.Match[str]) -> bool:
    hour = _value(match["hour"])
    said = match["minute"] or match["half"] or match["half_day"] or match["half_day2"]
    return bool(said or match["how"] in ("at", "after", "between")) and 0 < hour <= 24


def _value(word: str) -> int:
    return int(word) if word.isdigit() else ENGLISH.get(word, 1)


def _days(match: re.Match[str], now: datetime) -> tuple[date, date] | None:
    today = now.date()
    monday = today - timedelta(days=today.weekday())
    if match["rel"]:
        ahead = {"tomorrow": 1, "day after tomorrow": 2}.get(match["rel"], 0)
        return (today + timedelta(days=ahead),) * 2
    if match["weekday"]:
        index = _WEEKDAYS.index(match["weekday"])
        day = monday + timedelta(days=index, weeks=1 if match["nextday"] else 0)
        return (day + timedelta(weeks=1 if day < today else 0),) * 2
    if match["week"]:
        first = monday + timedelta(weeks=1 if match["next"] else 0)
        if match["week"] == "weekend":
            return first + timedelta(days=5), first + timedelta(days=6)
        return (first if match["next"] else today), first + timedelta(days=6)
    if match["month"]:
        try:
            day = date(today.year, _MONTHS.index(match["month"]) + 1, int(match["dom"]))
        except ValueError:
            return None
        return (day if day >= today else day.replace(year=today.year + 1),) * 2
    amount = _value(match["in"]) * (7 if match["unit"].startswith("week") else 1)
    if match["unit"].startswith("hour"):
        amount = 0
    return (today + timedelta(days=amount),) * 2


def _window(days: tuple[date, date], part: str | None, clock: re.Match[str] | None) -> Window:
    first, last = days
    bounds = _PARTS.get(part or "", ("00:00", "23:59"))
    start = datetime.combine(first, time.fromisoformat(bounds[0]))
    end = datetime.combine(last, time.fromisoformat(bounds[1]))
    if clock is None:
        return Window(start, end)
    hour = _value(clock["hour"])
    half_day = clock["half_day"] or clock["half_day2"] or ""
    late = half_day.startswith("p") or (
        not half_day and part in ("afternoon", "evening", "tonight")
    )
    late = late or (not half_day and part is None and hour < 7)
    hour = hour % 12 + 12 if late else hour
    begin = datetime.combine(first, time()) + timedelta(
        hours=hour, minutes=int(clock["minute"] or 0)
    )
    if clock["hour2"]:
        length = (_value(clock["hour2"]) - _value(clock["hour"])) % 12
        return Window(begin, begin + timedelta(hours=length or 1))
    if clock["how"] == "after":
        ends = [time.fromisoformat(b[1]) for b in _PARTS.values()]
        later = [e for e in sorted(ends) if e > begin.time()]
        return (
            Window(begin, datetime.combine(first, end.time() if part else later[0]))
            if (part or later)
            else Window(begin, begin + timedelta(hours=2))
        )
    return Window(begin, begin + timedelta(hours=1))
