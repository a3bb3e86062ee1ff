"""The window of time in which help is wanted, from an English message."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.understanding.spoken_text import Span, cover
from intake.understanding.values import Field, Window
from intake.understanding.when_english_days import days_of, soon
from intake.understanding.when_english_hours import is_clock, window
from intake.understanding.when_english_patterns import (
    ARRIVAL_BEFORE,
    ASKED_BEFORE,
    AWAY_AFTER,
    AWAY_BEFORE,
    CANCEL,
    CLOCK,
    CORRECTION,
    DAY,
    HAPPENED,
    PART,
    PAST,
    REQUEST,
    STATED_BEFORE,
    STILL_TO_COME,
)

_REACH = 90
_TOLD_AFTER = re.compile(
    r"\s?(?:night |morning |afternoon |evening )?(?:(?:was|were|arrived|came|went|turned)\b"
    r"|(?:she|he|they) (?:has|have)\b(?! (?:an? |the )?(?:appointment|hospital|clinic|dentist"
    r"|doctor|scan|check|time|free|nothing)))"
)
_ON_DUTY = re.compile(
    r"\b(?:on duty|in the office|at (?:the |your )?(?:office|station|cent(?:re|er)|desk)|open"
    r"|closed)\b[^.!?]{0,12}$"
)
_MOVED = re.compile(r"\b(?:move|change|switch|reschedule|shift|put back)d?\b[^.!?]{0,25}from $")


@dataclass(frozen=True, slots=True)
class _Said:
    """A word of time with the words before and after it in its sentence."""

    match: re.Match[str]
    before: str
    after: str

    @property
    def sentence(self) -> str:
        return self.before + self.match.group() + self.after


def find_english(text: str, received_at: datetime, taken: Sequence[Span]) -> Field[Window] | None:
    """Return the window in which help is wanted; None when the message names none that is ahead.

    `text` is in lower case, `received_at` local and naive; `taken` spans are not read as times.
    """
    if not re.search("[a-z]{3}", text):
        return None
    covered = cover(len(text), taken)
    said = [_said(text, m) for m in DAY.finditer(text) if not any(covered[m.start() : m.end()])]
    days = _corrected(text, [day for day in _without_weeks(said) if _is_wished(day)])
    clocks = [_said(text, m) for m in CLOCK.finditer(text)
              if is_clock(m, text) and not any(covered[m.start() : m.end()])]  # fmt: skip
    clocks = [c for c in clocks if not _stated(c) and not _inside(c, said)]
    if not days and (said or not clocks):  # an hour alone says nothing if its day is not wished
        return None
    day = max(days, key=_asks, default=None) if days else None
    if day is not None and days:
        day = [d for d in days if _asks(d) == _asks(day)][-1]
    clock = _of_sentence(day, clocks)
    parts = [_said(text, m) for m in PART.finditer(text) if not _is_past(_said(text, m))]
    part = _of_sentence(day or clock, parts)
    found = _window(day, part, clock, received_at)
    if found is None or found.end <= received_at:
        return None
    either = _either(text, days, part, clock, received_at)
    others = [w for w in (_window(d, part, clock, received_at) for d in days) if w]
    rivals = tuple(w for w in others if w != found and w.end > received_at)
    spans = [s.match.span() for s in (day, clock) if s]
    start, end = min(s for s, _ in spans), max(e for _, e in spans)
    start += len(text[start:end]) - len(text[start:end].lstrip())
    told = not any(REQUEST.search(s.sentence) for s in (day, clock) if s)
    return Field(
        either or found,
        (start, end),
        0.6 if told else 0.8,
        () if either else rivals[:3],
        ambiguous=bool(rivals) and not either,
    )


def _said(text: str, match: re.Match[str]) -> _Said:
    start = match.start() + len(match.group()) - len(match.group().lstrip())
    before = text[max(0, start - _REACH) : start]
    after = text[match.end() : match.end() + _REACH]
    ends = re.split(r"[!?;\n]|\.(?!\d|m\b)", after, maxsplit=1)
    rest = after[: len(ends[0]) + 1]
    return _Said(match, re.split(r"[!?;\n]|(?<!a\.m)(?<!p\.m)\.(?=\s)", before)[-1], rest)


def _is_past(said: _Said) -> bool:
    return bool(PAST.search(said.before))


def _is_wished(day: _Said) -> bool:
    asks = bool(REQUEST.search(day.sentence))
    if _is_past(day) or _stated(day) or _away(day):
        return False
    if not asks and (
        day.match["every"]
        or ASKED_BEFORE.search(day.before + day.match.group().lstrip())
        or re.search(r"\b(?:what time|when)\b", day.before)
        or ARRIVAL_BEFORE.search(day.before)
    ):
        return False
    if not asks and (_TOLD_AFTER.match(day.after) or _ON_DUTY.search(day.before)):
        return False
    return not _happened(day)


def _stated(said: _Said) -> bool:
    return bool(STATED_BEFORE.search(said.before)) and not CANCEL.search(said.sentence)


def _away(said: _Said) -> bool:
    return bool(AWAY_AFTER.search(said.after) or AWAY_BEFORE.search(said.before))


def _happened(day: _Said) -> bool:
    match = day.match
    if match["nextday"] or match["rel"] or match["in"]:
        return False
    verb = HAPPENED.search(day.before[-60:])
    if verb is None:
        return False
    clause = re.split(r"\bwho\b|\bthat\b|\bwhich\b", day.before)[-1]
    return not STILL_TO_COME.search(clause)


def _without_weeks(days: list[_Said]) -> list[_Said]:
    """Leave out "this coming week" right after the weekday that lies in it."""
    kept: list[_Said] = []
    for day in days:
        near = kept and day.match.start() - kept[-1].match.end() <= 14
        if day.match["week"] == "week" and near and kept[-1].match["weekday"]:
            continue
        kept.append(day)
    return kept


def _corrected(text: str, days: list[_Said]) -> list[_Said]:
    for index in range(len(days) - 1, 0, -1):
        between = text[days[index - 1].match.end() : days[index].match.start()]
        moved = between.strip() == "to" and _MOVED.search(days[index - 1].before)
        if moved or (len(between) <= 30 and CORRECTION.search(between)):
            return days[index:]
    return days


def _asks(day: _Said) -> int:
    clause = re.split(r"[,:]| so | but ", day.before)[-1] + re.split(r"[,:]", day.after)[0]
    return bool(REQUEST.search(clause)) + bool(REQUEST.search(day.sentence))


def _inside(clock: _Said, days: Sequence[_Said]) -> bool:
    """Whether the number of a clock time is that of a date, such as 3 december."""
    start, end = clock.match.span()
    return any(d.match.start() < end - 1 and start < d.match.end() - 1
               and d.match.end() >= end - 1 for d in days)  # fmt: skip


def _of_sentence(day: _Said | None, found: Sequence[_Said]) -> _Said | None:
    """The hour or part of the day that belongs to `day`: of its sentence, or the only one."""
    if day is None:
        return found[-1] if found else None
    low = day.match.start() - len(day.before)
    high = day.match.end() + len(day.after)
    near = [f for f in found if low <= f.match.start() and f.match.end() <= high]
    if near:
        at = day.match.start()
        return min(near, key=lambda f: abs(f.match.start() - at))
    return found[0] if len(found) == 1 else None


def _window(
    day: _Said | None, part: _Said | None, clock: _Said | None, now: datetime
) -> Window | None:
    match = day.match if day else None
    if match is not None and match["unit"] is not None:
        short = soon(match, now)
        if short is not None:
            return short
    try:
        days = days_of(match, now) if match is not None else (now.date(), now.date())
    except (ValueError, OverflowError):  # a date that does not exist
        return None
    if days is None:
        return None
    name = part.match["part"] if part else None
    if match is not None and match["rel"] == "tonight":
        name = "tonight"
    found = window(days, name, clock.match if clock else None)
    weekday = match is not None and match["weekday"]
    if found.end <= now and weekday:
        found = Window(found.start + timedelta(weeks=1), found.end + timedelta(weeks=1))
    before = match is not None and match["before"]
    if before or (clock is not None and clock.match["how"] in ("before", "by")):
        return Window(now, found.end if before else found.start) if found.end > now else None
    return found


def _either(
    text: str, days: Sequence[_Said], part: _Said | None, clock: _Said | None, now: datetime
) -> Window | None:
    """The window of "Saturday or Sunday"."""
    if len(days) != 2 or clock is not None:
        return None
    one, other = days
    if not re.fullmatch(
        r" ?(?:or|and|to|till|-)? ?(?:on )?", text[one.match.end() : other.match.start()]
    ):
        return None
    first, last = _window(one, part, None, now), _window(other, part, None, now)
    if first is None or last is None or last.start - first.start > timedelta(days=6):
        return None
    adjoin = last.start - first.start == timedelta(days=1)
    to = re.search(r"to|till|-", text[one.match.end() : other.match.start()])
    return Window(first.start, last.end) if last.end > first.start and (adjoin or to) else None
