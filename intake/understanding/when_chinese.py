"""Time expressions in spoken Chinese, found and turned into windows of local time."""

# ruff: noqa: E501 (Han characters count double; a pattern is read best in one line)

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from borax.calendars.lunardate import LunarDate  # type: ignore[import-untyped]

from intake.understanding.numerals import NUMERAL, number
from intake.understanding.values import Window

# Hours from, to; the conventions are the caseworkers': a part of the day is when somebody comes.
PARTS: dict[str, tuple[time, time]] = {}
for _names, _from, _to in (
    ("凌晨 后半夜", "00:00", "05:00"),
    ("大清早 一大早 清早 清晨 大早上 早上 早晨 早起 一早 早", "07:00", "09:00"),
    ("上午 头晌 前半晌 前晌 午前", "09:00", "12:00"),
    ("中午 晌午 正午 大中午 午饭 晌午头", "11:00", "13:00"),
    ("下午 后晌 午后 后半晌 过晌 下半晌", "14:00", "18:00"),
    ("傍晚 擦黑 擦黑儿 傍黑 黄昏 天黑前 傍黑儿", "17:00", "19:00"),
    ("吃过晚饭 吃完晚饭 晚饭后 晚饭以后 吃了晚饭", "18:30", "20:30"),
    ("吃过午饭 吃完午饭 午饭后 午饭以后 吃了午饭", "12:30", "14:30"),
    ("吃过早饭 吃完早饭 早饭后 早饭以后 吃了早饭", "08:00", "10:00"),
    ("晚上 晚间 今晚 夜里 夜间 半夜 晚 黑夜 后黑", "18:00", "21:00"),
):  # fmt: skip
    for _name in _names.split():
        PARTS[_name] = (time.fromisoformat(_from), time.fromisoformat(_to))
_AFTERNOON = ("下午", "后晌", "午后", "后半晌", "过晌", "下半晌", "傍", "擦", "黄昏", "晚", "夜", "黑", "吃过晚", "吃完晚", "吃了晚", "半夜", "今晚")  # fmt: skip
_DAYS = {
    "大前天": -3, "前天": -2, "前儿": -2, "昨天": -1, "昨儿": -1, "昨日": -1, "昨": -1,
    "今天": 0, "今儿": 0, "今日": 0, "当天": 0, "今": 0, "明天": 1, "明儿": 1, "明日": 1, "明": 1,
    "后天": 2, "后儿": 2, "大后天": 3, "大后儿": 3,
}  # fmt: skip
_WEEKDAYS = {**{c: i for i, c in enumerate("一二三四五六日")}, "天": 6, "七": 6,
             **{str(i + 1): i for i in range(7)}}  # fmt: skip
_HOLIDAYS = {
    "元旦": (1, 1), "妇女节": (3, 8), "清明": (4, 5), "五一": (5, 1), "劳动节": (5, 1),
    "儿童节": (6, 1), "国庆": (10, 1), "十一": (10, 1), "圣诞": (12, 25),
}  # fmt: skip
_LUNAR_HOLIDAYS = {
    "元宵": (1, 15), "端午": (5, 5), "中秋": (8, 15), "重阳": (9, 9), "腊八": (12, 8),
    "小年": (12, 23), "春节": (1, 1), "大年初一": (1, 1),
}  # fmt: skip
_LUNAR_MONTHS = {"正": 1, "冬": 11, "腊": 12, **{c: i for i, c in enumerate("一二三四五六七八九十", 1)},
                 "十一": 11, "十二": 12}  # fmt: skip
_NOT_A_DAY = "(?!\\s?[楼院线门桌店床车机栋单座口房室路弄码大小]|[^,，。]{1,3}号楼)"
_AFTER = "(?:以后|之后|过后|后(?![天晌儿半])|往后)"
_BEFORE = "(?:以前|之前|前(?![天头面儿晌半])|为止)"
_PART = "|".join(sorted((p for p in PARTS if len(p) > 1), key=len, reverse=True))

_DAY = re.compile(
    "(?P<rel>大前天|大后[天儿]|[前昨今明后][天儿]|[昨今明]日|当天|[昨今明](?=[早晚]|上午|下午|中午))个?"
    r"|(?P<which>每个?|下下个?|下个?|上上个?|上个?|这个?|本)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天七末1-7])(?![个天次岁]|\d)"
    r"|(?P<weeks>下下个?|下个?|上个?|这个?|本)(?:周|星期|礼拜)(?P<within>[以之]?内|里)?"
    rf"|(?P<lunar>农历|阴历|旧历)?(?P<lmonth>正|冬|腊|(?:(?<=农历)|(?<=阴历)|(?<=旧历))[一二三四五六七八九十]{{1,2}})月(?:初?(?P<lday>{NUMERAL}))?"
    r"|(?P<lholiday>大年三十|年三十|除夕|大年初一|春节|元宵|端午|中秋|重阳|腊八|小年)节?(?!快乐)"
    rf"|(?:(?P<year>\d{{4}}|[零一二三四五六七八九]{{4}})\s?年)?\s?(?P<month>\d{{1,2}}|[一二三四五六七八九十]{{1,2}})\s?月(?:份)?\s?(?P<day>\d{{1,2}}|[一二三四五六七八九十廿]{{1,3}})\s?[号日]?"
    + _NOT_A_DAY +
    r"|(?P<mperiod>这个?|本|下个?)?月(?P<mpart>底|末|初|中旬|中)|(?P<months>这个|本|下个|下)月(?P<mwithin>[以之]?内|里)?(?!\s?\d)|年底|年前"
    rf"|(?<![\d一二三四五六七八九十第-])(?P<dom>\d{{1,2}}|[一二三四五六七八九十廿]{{1,3}})[号日]{_NOT_A_DAY}(?=[^,，。]|$)"
    rf"|(?P<elapses>再过|过)?(?P<in>{NUMERAL}|半)个?(?P<inunit>天|周|星期|礼拜|月|小时|钟头|分钟)(?P<inwhat>以后|之后|后|[以之]?内|里|(?(elapses)(?<=小时|钟头|分钟)|(?!)))"
    rf"|过(?P<past>{NUMERAL})天"
    r"|(?P<holiday>元旦|国庆|五一|劳动节|妇女节|儿童节|清明|圣诞)节?(?:那天|当天)?"
    r"|(?P<every>每天)"
)  # fmt: skip
_HOUR = r"(?:\d{1,2}|[零一二两三四五六七八九十]{1,3})"
_MINUTES = r"(?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<minute>\d{1,2}|[零一二三四五六七八九十]{2,3}|[五十])\s?分?)?"
_CLOCK = re.compile(
    rf"(?<![\d.第-])(?P<hour>{_HOUR})\s?(?:点(?![了心菜儿子滴赞评击拨名]|[一二两三四五六七八九十\d]?(?:[个样只把条件斤]))钟?|[:：](?=\d\d(?!\d)))\s?"
    + _MINUTES +
    rf"(?:钟|整)?(?:多|来钟|左右|前后)?\s?(?:(?:到|至|[-—~])\s?(?P<part2>{_PART})?(?P<hour2>{_HOUR})\s?点钟?(?P<half2>半)?)?"
    rf"|(?<![\d.第-])(?P<from>\d{{1,2}}|[一二两三四五六七八九十]{{1,2}})\s?(?:到|至|[-—~])\s?(?P<to>{_HOUR})\s?点钟?(?P<tohalf>半)?"
)  # fmt: skip
_PART_RE = re.compile(
    f"(?:{_PART})|(?<=[今明昨])[早晚](?![餐饭])|早(?=\\s?(?:{_HOUR})点)|晚(?=\\s?(?:{_HOUR})点)"
)
_TWO_HOURS = {"一二": (1, 2), "两三": (2, 3), "二三": (2, 3), "三四": (3, 4), "四五": (4, 5), "五六": (5, 6),
              "六七": (6, 7), "七八": (7, 8), "八九": (8, 9), "九十": (9, 10)}  # fmt: skip
_GAP = re.compile(
    "[\\s,，、的那个大概约就在是吧呢啊嗯左右]{0,4}(?:当天|那天|一天)?[\\s,，的]{0,2}$"
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
            return _DAYS[day["rel"]] < 0
        return (day["which"] or day["weeks"] or "").startswith("上")

    def with_day(self, other: "Moment") -> "Moment":
        """Take over the day that was said elsewhere."""
        return replace(self, day=other.day, before=self.before or (other.before and not self.clock))


def find_moments(view: str) -> list[Moment]:
    """Return the time expressions of `view` (plain text), in order, without overlaps."""
    pieces: list[Moment] = []
    for match in _DAY.finditer(view):
        if match.group():
            pieces.append(Moment(*match.span(), day=match))
    for match in _PART_RE.finditer(view):
        pieces.append(Moment(*match.span(), part=match.group()))
    for match in _CLOCK.finditer(view):
        if _hours(match) is not None:
            pieces.append(Moment(*match.span(), clock=match))
    pieces.sort(key=lambda piece: (piece.start, -piece.end))
    joined: list[Moment] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and piece.start < last.end:
            continue
        if last and _GAP.fullmatch(view[last.end : piece.start]) and _fits(last, piece):
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
    """一点不热: a little, not one o'clock."""
    alone = moment.day is None and moment.part is None
    return (
        alone
        and view[moment.start : moment.end] in ("一点", "有点", "两点")
        and not re.match("钟|半|左右|以?[前后]|到|来|去|送", view[moment.end : moment.end + 2])
    )


def _bounded(moment: Moment, view: str) -> Moment:
    after = re.compile(f"\\s?(?:{_AFTER})").match(view, moment.end)
    before = re.compile(f"\\s?(?:{_BEFORE})").match(view, moment.end)
    end = (after or before or moment).end if not (after or before) else (after or before).end()  # type: ignore[union-attr]
    return replace(moment, end=end, after=bool(after), before=bool(before))


def window_of(moment: Moment, received_at: datetime) -> Window | None:
    """Return the window that `moment` means when said at `received_at`; None if it has none.

    Parts of the day as in PARTS; a clock time lasts one hour; a day runs 00:00 to 23:59; "after"
    runs to the end of that part of the day, "before" from `received_at`.
    """
    try:
        return _window(moment, received_at)
    except (OverflowError, ValueError):  # a 31st of February, a year no calendar has
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
        day = today + timedelta(days=_DAYS[match["rel"]])
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
    index = 5 if named == "末" else _WEEKDAYS[named]
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
        month, day = _LUNAR_HOLIDAYS[holiday]
        return _lunar_after(today, month, day, 0)
    if match["lmonth"] and match["lday"]:
        month = _LUNAR_MONTHS[match["lmonth"]]
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
        month, dom = _HOLIDAYS[match["holiday"]]
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
    if said in _TWO_HOURS:
        first, last = _TWO_HOURS[said]
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
    if part.startswith(_AFTERNOON):
        late_night = part.startswith(("夜", "半夜", "后半夜")) and start < 6 * 60
        if (start < half_day and not late_night) or (
            part.startswith(("晚", "夜", "半夜", "今晚")) and start == half_day
        ):
            start += half_day
    elif part.startswith(("中午", "晌午", "正午")):
        start += half_day if start < 3 * 60 else 0
    elif not part and start < half_day:
        at = datetime.combine(day, time()) + timedelta(minutes=start)
        # Nobody asks for a visit at three in the night, nor for one that is already over.
        if start < 7 * 60 or at < now:
            start += half_day
    end = start + length
    if length <= 0:
        end = start + length + half_day
    return start, end
