"""The dates of festivals and of the 24 solar terms."""

from datetime import date, timedelta

from borax.calendars.lunardate import LunarDate, TermUtils  # type: ignore[import-untyped]

FIXED = {
    "元旦": (1, 1), "情人节": (2, 14), "妇女节": (3, 8), "植树节": (3, 12), "五一": (5, 1),
    "劳动节": (5, 1), "青年节": (5, 4), "儿童节": (6, 1),
    "建军节": (8, 1), "教师节": (9, 10), "国庆": (10, 1), "双十一": (11, 11), "双十二": (12, 12),
    "平安夜": (12, 24), "圣诞": (12, 25), "跨年夜": (12, 31),
}  # fmt: skip
LUNAR = {
    "元宵": (1, 15), "端午": (5, 5), "端阳": (5, 5), "七夕": (7, 7), "中元": (7, 15),
    "中秋": (8, 15), "八月节": (8, 15), "重阳": (9, 9), "腊八": (12, 8), "小年": (12, 23),
    "春节": (1, 1), "大年初一": (1, 1), "除夕": (1, 0), "年三十": (1, 0), "大年三十": (1, 0),
    "大年夜": (1, 0), "年夜": (1, 0),
}  # fmt: skip
"""Lunar month and day; day 0 is the eve of the month."""
# Month, which Sunday of it.
_SUNDAYS = {"母亲节": (5, 2), "父亲节": (6, 3)}
# Lesser and greater snow and the rain are also weather, so those words name no day.
TERMS = (
    "小寒", "大寒", "立春", "惊蛰", "春分", "清明", "谷雨", "立夏",
    "芒种", "夏至", "小暑", "大暑", "立秋", "处暑", "白露", "秋分",
    "寒露", "霜降", "立冬", "冬至",
)  # fmt: skip
NAMES = (*FIXED, *LUNAR, *_SUNDAYS, *TERMS)


def next_festival(name: str, today: date) -> date | None:
    """Return the day of the festival `name`, today or later."""
    if name in LUNAR:
        month, day = LUNAR[name]
        return next_lunar(today, month, day)
    for year in (today.year, today.year + 1):
        day_of_year = _in_year(name, year)
        if day_of_year is not None and day_of_year >= today:
            return day_of_year
    return None


def next_lunar(today: date, month: int, day: int) -> date | None:
    """Return the next day that is the `day`-th of the lunar `month`; day 0 is the eve before."""
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            solar: date = LunarDate(year, month, day or 1).to_solar_date()
        except ValueError:  # that month has 29 days
            continue
        solar -= timedelta(days=0 if day else 1)
        if solar >= today:
            return solar
    return None


def _in_year(name: str, year: int) -> date | None:
    if name in FIXED:
        return date(year, *FIXED[name])
    if name in _SUNDAYS:
        month, which = _SUNDAYS[name]
        first = date(year, month, 1)
        return first + timedelta(days=6 - first.weekday() + 7 * (which - 1))
    if name in TERMS and 1900 < year < 2100:  # the calendar ends there
        day: date = TermUtils.day_start_from_term(year, name)
        return day
    return None
