"""Working time and who is on duty. Days after the State Council's notice for 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.pipeline.duty_hours import (
    check_hours,
    in_duty_hours,
    is_holiday,
    is_makeup_workday,
    on_duty,
    read_hours,
    working_spans,
)

ZONE = ZoneInfo("Asia/Shanghai")
WEEK = {day: "08:30-12:00, 14:00-18:00" for day in ("mon", "tue", "wed", "thu", "fri")}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize("day", ["2026-02-14", "2026-02-28", "2026-09-20", "2026-10-10"])
def test_make_up_workdays_of_2026_are_worked(day: str) -> None:
    assert is_makeup_workday(date.fromisoformat(day))
    assert working_spans(date.fromisoformat(day), WEEK) == [(510, 720), (840, 1080)]


@pytest.mark.parametrize("day", ["2026-02-17", "2026-02-20", "2026-10-04", "2026-10-07"])
def test_holidays_and_bridge_days_of_2026_are_free(day: str) -> None:
    assert is_holiday(date.fromisoformat(day))
    always = {day: "00:00-24:00" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    assert working_spans(date.fromisoformat(day), always) == []
    assert working_spans(date.fromisoformat(day), always, None) == [(0, 1440)]


@pytest.mark.parametrize("day", ["2027-01-01", "2027-02-08", "2027-05-03", "2027-10-01"])
def test_the_days_that_the_law_fixes_are_known_before_the_notice(day: str) -> None:
    assert is_holiday(date.fromisoformat(day))


def test_an_ordinary_weekend_is_no_holiday() -> None:
    assert not is_holiday(date(2026, 11, 21))
    assert working_spans(date(2026, 11, 21), WEEK) == []


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("2026-11-23T08:29:59", False),
        ("2026-11-23T08:30", True),
        ("2026-11-23T12:00", False),
        ("2026-11-23T17:59", True),
        ("2026-11-22T10:00", False),
        ("2026-10-10T10:00", True),
        ("2026-10-01T10:00", False),
    ],
)
def test_duty_hours_begin_and_end_to_the_minute(moment: str, working: bool) -> None:
    assert in_duty_hours(at(moment), WEEK, ZONE) is working
    assert in_duty_hours(at(moment).astimezone(UTC), WEEK, ZONE) is working


def test_a_night_shift_belongs_to_the_evening_on_which_it_begins() -> None:
    night = {"mon": "20:00-06:00"}
    assert in_duty_hours(at("2026-11-24T05:59"), night, ZONE)
    assert not in_duty_hours(at("2026-11-24T06:00"), night, ZONE)
    assert not in_duty_hours(at("2026-11-23T05:00"), night, ZONE)


def test_by_day_the_day_people_are_called_first_and_by_night_the_night_people() -> None:
    day, night = ["li", "wang"], ["zhou", "li"]
    noon, midnight = at("2026-11-23T10:00"), at("2026-11-23T23:00")
    assert on_duty(day, WEEK, noon, ZONE, off_duty=night) == ["li", "wang", "zhou"]
    assert on_duty(day, WEEK, midnight, ZONE, off_duty=night) == ["zhou", "li", "wang"]
    assert on_duty(day, WEEK, midnight, ZONE) == day


@given(moment=st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1), timezones=st.just(ZONE)))
def test_it_is_working_time_in_the_spans_of_the_day_and_at_no_other_time(moment: datetime) -> None:
    minute = moment.hour * 60 + moment.minute
    spans = working_spans(moment.date(), WEEK)
    assert in_duty_hours(moment, WEEK, ZONE) is any(begin <= minute < end for begin, end in spans)
    assert in_duty_hours(moment.astimezone(UTC), {}, ZONE) is False


@pytest.mark.parametrize("text", ["", "8-18", "08:60-18:00", "25:00-26:00", "08:00", "24:00-08:00"])
def test_hours_that_make_no_sense_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        read_hours(text)


def test_a_weekday_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="monday"):
        check_hours({"monday": "08:00-18:00"})
    check_hours(WEEK)


def test_a_day_lasts_until_midnight() -> None:
    whole = {"mon": "00:00-24:00"}
    assert in_duty_hours(at("2026-11-23T23:59:59"), whole, ZONE)
    assert not in_duty_hours(at("2026-11-23T23:59:59") + timedelta(seconds=1), whole, ZONE)
