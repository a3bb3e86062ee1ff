"""Finds time expressions in spoken Chinese and turns them into windows of local time."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from borax.calendars.lunardate import LunarDate  # type: ignore[import-untyped]

from intake.understanding.numerals import number
from intake.understanding.values import Window
from intake.understanding.when_chinese_patterns import (
    AFTER,
    AFTERNOON,
    BEFORE,
    CLOCK,
    DAY,
    DAYS,
    GAP,
    HOLIDAYS,
    LUNAR_HOLIDAYS,
    LUNAR_MONTHS,
    PART_RE,
    PARTS,
    TWO_HOURS,
    WEEKDAYS,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One time expression: match objects of its day, part of the day and clock time."""

    start: int
    end: int
    day: re.Match[str] | None = None
    part: str | None = None
    clock: re.Match[str] | None = None
    before: bool = False
    after: bool = False

    @property
    def is_past(self) -> bool:
        """Whether the words themselves name a past day."""
        day = self.day
        if day is None:
            return False
        if day["rel"]:
            return DAYS[day["rel"]] < 0
        return (day["which"] or day["weeks"] or "").startswith("上")

    def with_day(self, other: "Moment") -> "Moment":
        """This moment on the day that was said elsewhere in the text."""
        return replace(self, day=other.day, before=self.before or (other.before and not self.clock))


def find_moments(view: str) -> list[Moment]:
    """Return the time expressions of `view` (as `simplified.plain` writes it), in order, without
    overlaps."""
    pieces: list[Moment] = []
    for match in DAY.finditer(view):
        if match.group():
            pieces.append(Moment(*match.span(), day=match))
    for match in PART_RE.finditer(view):
        pieces.append(Moment(*match.span(), part=match.group()))
    for match in CLOCK.finditer(view):
        if _hours(match) is not None:
            pieces.append(Moment(*match.span(), clock=match))
    pieces.sort(key=lambda piece: (piece.start, -piece.end))
    joined: list[Moment] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and piece.start < last.end:
            continue
        if last and GAP.fullmatch(view[last.end : piece.start]) and _fits(last, piece):
            joined[-1] = Moment(
                last.start, piece.end, last.day or piece.day, last.part or piece.part,
                last.clock or piece.clock,
            )  # fmt: skip
        else:
            joined.append(piece)
    return [_bounded(moment, view) for moment in joined if not _a_little(moment, view)]


def _fits(last: Moment, piece: Moment) -> bool:
    if piece.day:
        return False
    if piece.part:
        return last.part is None and last.clock is None
    return last.clock is None


def _a_little(moment: Moment, view: str) -> bool:
    """Whether 一点 means "a little" (一点不热), not one o'clock."""
    alone = moment.day is None and moment.part is None
    return (
        alone
        and view[moment.start : moment.end] in ("一点", "有点", "两点")
        and not re.match("钟|半|左右|以?[前后]|到|来|去|送", view[moment.end : moment.end + 2])
    )


def _bounded(moment: Moment, view: str) -> Moment:
    after = re.compile(f"\\s?(?:{AFTER})").match(view, moment.end)
    before = re.compile(f"\\s?(?:{BEFORE})").match(view, moment.end)
    end = (after or before or moment).end if not (after or before) else (after or before).end()  # type: ignore[union-attr]
    return replace(moment, end=end, after=bool(after), before=bool(before))


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
    if moment.day is not None and moment.day["inunit"] in ("小时", "钟头", "分钟"):
        return _soon(moment.day, now)
    days = _days(moment, now)
    if days is None:
        return None
    first, last = days
    if first != last or not (moment.part or moment.clock):
        start = datetime.combine(first, time())
        window = Window(start, datetime.combine(last, time(23, 59)))
    else:
        window = _within_day(moment, first, now)
    if moment.before:
        end = window.start if moment.clock else window.end
        return Window(now, end) if end > now else None
    return window


def _soon(match: re.Match[str], now: datetime) -> Window | None:
    amount = 0.5 if match["in"] == "半" else number(match["in"])
    if not amount or amount > 10_000:
        return None
    minutes = amount * (1 if match["inunit"] == "分钟" else 60)
    then = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    if "内" in match["inwhat"] or match["inwhat"] == "里":
        return Window(now, then)
    return Window(then, then + timedelta(hours=1))


def _days(moment: Moment, now: datetime) -> tuple[date, date] | None:
    today = now.date()
    match = moment.day
    if match is None:
        day = today
        if (moment.clock or moment.part) and not moment.before:
            window = _within_day(moment, today, now)
            if window.end <= now:
                day = today + timedelta(days=1)
        return day, day
    for reads in _READERS:
        found = reads(match, today, moment, now)
        if found:
            return found
    return None


Days = tuple[date, date] | None


def _relative(match: re.Match[str], today: date, moment: Moment, now: datetime) -> Days:
    if match["rel"]:
        day = today + timedelta(days=DAYS[match["rel"]])
        return day, day
    if match["every"]:
        window = _within_day(moment, today, now)
        day = today if window.end > now else today + timedelta(days=1)
        return day, day
    return None


def _weekday(match: re.Match[str], today: date, moment: Moment, now: datetime) -> Days:
    named, which = match["weekday"], match["which"] or match["weeks"] or ""
    if not named and not match["weeks"]:
        return None
    monday = today - timedelta(days=today.weekday())
    weeks = {"下下": 2, "下": 1, "上": -1, "上上": -2}.get(which.rstrip("个"), 0)
    if not named:
        first = monday + timedelta(weeks=weeks)
        return (today if weeks == 0 else first), first + timedelta(days=6)
    index = 5 if named == "末" else WEEKDAYS[named]
    day = monday + timedelta(weeks=weeks, days=index)
    if named == "末":
        return max(day, today) if weeks == 0 else day, day + timedelta(days=1)
    if which.rstrip("个") in ("", "每") and day <= today:
        ended = day < today or _within_day(moment, day, now).end <= now
        day += timedelta(weeks=1 if ended else 0)
    return day, day


def _lunar(match: re.Match[str], today: date, moment: Moment, now: datetime) -> Days:
    holiday = match["lholiday"]
    if holiday in ("大年三十", "年三十", "除夕"):
        return _lunar_after(today, 1, 1, -1)
    if holiday:
        month, day = LUNAR_HOLIDAYS[holiday]
        return _lunar_after(today, month, day, 0)
    if match["lmonth"] and match["lday"]:
        month = LUNAR_MONTHS[match["lmonth"]]
        value = number(match["lday"])
        return _lunar_after(today, month, value, 0) if value and value <= 30 else None
    return None


def _lunar_after(today: date, month: int, day: int, shift: int) -> Days:
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            solar = LunarDate(year, month, day).to_solar_date() + timedelta(days=shift)
        except ValueError:  # that month has 29 days
            continue
        if solar >= today:
            return solar, solar
    return None


def _dated(match: re.Match[str], today: date, moment: Moment, now: datetime) -> Days:
    if match["holiday"]:
        month, dom = HOLIDAYS[match["holiday"]]
    elif match["month"]:
        month, dom = number(match["month"]) or 0, number(match["day"]) or 0
    else:
        return None
    if match["year"]:
        said = number(match["year"]) or 0
        day = date(said, month, dom)
    else:
        day = date(today.year, month, dom)
        if day < today:
            day = date(today.year + 1, month, dom)
    return day, day


def _day_of_month(match: re.Match[str], today: date, moment: Moment, now: datetime) -> Days:
    if not match["dom"]:
        return None
    dom = number(match["dom"]) or 0
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


def _period(match: re.Match[str], today: date, moment: Moment, now: datetime) -> Days:
    if match.group() in ("年底", "年前"):
        if match.group() == "年底":
            return date(today.year, 12, 25), date(today.year, 12, 31)
        return _year_end(today)
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


def _year_end(today: date) -> Days:
    eve = _lunar_after(today, 1, 1, -1)
    return (today, eve[1]) if eve else None


def _distance(match: re.Match[str], today: date, moment: Moment, now: datetime) -> Days:
    said, unit = match["in"] or match["past"], match["inunit"] or "天"
    if not said:
        return None
    # 两三天 is up to three, not twenty-three.
    amount = number(said[-1] if len(said) == 2 and "十" not in said and said.isalpha() else said)
    if amount is None or amount > 1000:
        return None
    days = amount * {"天": 1, "月": 30}.get(unit, 7)
    day = today + timedelta(days=days)
    within = "内" in (match["inwhat"] or "") or match["inwhat"] == "里"
    return (today if within else day), day


_READERS: tuple[Callable[[re.Match[str], date, Moment, datetime], Days], ...] = (
    _relative, _weekday, _lunar, _dated, _day_of_month, _period, _distance,
)  # fmt: skip


def _within_day(moment: Moment, day: date, now: datetime) -> Window:
    part = PARTS.get(moment.part or "", (time(), time(23, 59)))
    if moment.part == "早":
        part = PARTS["早上"]
    if moment.clock is None:
        start, end = datetime.combine(day, part[0]), datetime.combine(day, part[1])
        return Window(start, end)
    hours = _hours(moment.clock)
    if hours is None:
        return Window(datetime.combine(day, part[0]), datetime.combine(day, part[1]))
    start_minutes, end_minutes = _on_the_clock(hours, moment, day, now)
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


def _hours(clock: re.Match[str]) -> tuple[int, int] | None:
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
    minute = 30 if clock["half"] else 0
    if clock["quarter"]:
        minute = 15 * (number(clock["quarter"]) or 0)
    if clock["minute"]:
        minute = number(clock["minute"]) or 0
    if minute > 59:
        return None
    start = hour * 60 + minute
    if clock["hour2"]:
        last = number(clock["hour2"])
        if last is None or last > 24:
            return None
        return start, last * 60 + (30 if clock["half2"] else 0)
    return start, start + 60


def _on_the_clock(
    hours: tuple[int, int], moment: Moment, day: date, now: datetime
) -> tuple[int, int]:
    start, end = hours
    part, half_day = moment.part or "", 12 * 60
    length = end - start
    if part.startswith(AFTERNOON):
        late_night = part.startswith(("夜", "半夜", "后半夜")) and start < 6 * 60
        if (start < half_day and not late_night) or (
            part.startswith(("晚", "夜", "半夜", "今晚")) and start == half_day
        ):
            start += half_day
    elif part.startswith(("中午", "晌午", "正午")):
        start += half_day if start < 3 * 60 else 0
    elif not part and start < half_day:
        at = datetime.combine(day, time()) + timedelta(minutes=start)
        # Without a part of the day: nobody wants a visit at three in the night or in the past.
        if start < 7 * 60 or at < now:
            start += half_day
    end = start + length
    if length <= 0:
        end = start + length + half_day
    return start, end
