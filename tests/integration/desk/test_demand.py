"""The demand picture agrees with the database."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from intake.service_requests import statistics
from intake.service_requests.statistics import StatisticsQuery
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk, at_the_screen
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
ZONE = "Asia/Shanghai"
FIRST = datetime(2026, 3, 1, tzinfo=ZoneInfo(ZONE))
DAYS = 40
EVIL = '=HYPERLINK("http://x","东片")'
STATUSES = ("needs_review", "routed", "done", "closed", "rejected", "cancelled", "merged")
INSERT = """
    INSERT INTO service_requests
        (tracking_number, status_key, status_key_hash, status, channel, category, area,
         household_id, decided_by, corrected, received_at, routed_at, deadline_at)
    VALUES (CAST(:number AS text), CAST(:number AS text),
            sha256(convert_to(CAST(:number AS text), 'UTF8')), :status, :channel, :category,
            :area, :household, :decided_by, CAST(:corrected AS jsonb), :received_at, :routed_at,
            :deadline_at)
    RETURNING id
"""
MOVED = """
    INSERT INTO events (service_request_id, kind, to_status, actor, version, created_at)
    VALUES (:id, 'moved', :to, 'operator', 2, :at)
"""


async def seed(house: Installation, count: int = 400) -> None:
    """Requests of all sorts, some of them on the very edge of a day of the residents' clock."""
    dice = random.Random(7)
    async with house.parts.sessions.begin() as session:
        homes: list[int | None] = [None]
        for group in ("独居", "低保", None):
            homes.append(
                await session.scalar(
                    text("INSERT INTO households (resident_group) VALUES (:g) RETURNING id"),
                    {"g": group},
                )
            )
        for number in range(count):
            received = FIRST + timedelta(minutes=dice.randrange(DAYS * 24 * 60))
            if number % 10 == 0:
                received = FIRST + timedelta(days=dice.randrange(DAYS)) - timedelta(seconds=1)
            status = dice.choice(STATUSES)
            decided = dice.choice(["rule", "李敏", None])
            wait = timedelta(seconds=dice.randrange(1, 90_000))
            found = await session.scalar(
                text(INSERT),
                {
                    "number": f"t-{number}",
                    "status": status,
                    "channel": dice.choice(["page", "webchat"]),
                    "category": dice.choice(["meal", "errand", "legal_aid", "query_status", None]),
                    "area": dice.choice(["东片", "西片", EVIL, None]),
                    "household": dice.choice(homes),
                    "decided_by": decided,
                    "corrected": dice.choice(["[]", '["place"]', '["place", "phone"]']),
                    "received_at": received,
                    "routed_at": received + wait if status in ("routed", "done") else None,
                    "deadline_at": dice.choice([None, received + wait, datetime.now(UTC) + wait]),
                },
            )
            if decided:
                for again in (0, 500):  # a second decision does not count
                    at = received + wait / 2 + timedelta(seconds=again)
                    await session.execute(text(MOVED), {"id": found, "to": "confirmed", "at": at})
            if status in ("done", "closed"):
                at = received + wait * 2
                await session.execute(text(MOVED), {"id": found, "to": "done", "at": at})


def asked(**filters: Any) -> StatisticsQuery:
    last = (FIRST + timedelta(days=DAYS - 1)).date()
    return StatisticsQuery(FIRST.date(), last, ZONE, **filters)


async def one(house: Installation, statement: str, **values: Any) -> Any:
    async with house.parts.sessions() as session:
        return (await session.execute(text(statement), values)).all()


COUNTED = (
    "FROM service_requests WHERE status <> 'merged'"
    " AND (received_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN '2026-03-01' AND '2026-04-09'"
)


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize("split", ["area", "field", "resident_group"])
async def test_every_number_is_what_plain_sql_says(
    house: Installation, unit: Any, split: Any
) -> None:
    await seed(house)
    async with house.parts.sessions() as session:
        found = await statistics.picture(session, asked(unit=unit), split, house.parts.catalogue)
    [(total,)] = await one(house, f"SELECT count(*) {COUNTED}")
    assert found.total == total > 200
    for sums in (found.areas, found.fields, found.groups, found.grid):
        assert sum(sums.values()) == total
    assert sum(map(sum, found.over_time.values())) == total
    areas = await one(house, f"SELECT coalesce(area, ''), count(*) {COUNTED} GROUP BY 1")
    assert found.areas == dict(map(tuple, areas))
    meals = await one(
        house,
        f"SELECT coalesce(area, ''), count(*) {COUNTED}"
        " AND category IN ('meal', 'errand') GROUP BY 1",
    )
    assert {a: n for (a, f), n in found.grid.items() if f == "daily_life"} == dict(
        map(tuple, meals)
    )
    [(alone,)] = await one(
        house,
        f"SELECT count(*) {COUNTED} AND household_id IN"
        " (SELECT id FROM households WHERE resident_group = '独居')",
    )
    assert found.groups["独居"] == alone
    steps = await one(
        house,
        f"SELECT date_trunc('{unit}', received_at AT TIME ZONE 'Asia/Shanghai')::date AS step,"
        f" count(*) {COUNTED} GROUP BY 1",
    )
    shown = {
        step: sum(line[place] for line in found.over_time.values())
        for place, step in enumerate(found.steps)
    }
    assert {step: n for step, n in shown.items() if n} == dict(map(tuple, steps))
    [(rule, decided)] = await one(
        house,
        "SELECT count(*) FILTER (WHERE decided_by = 'rule' AND status <> 'rejected'),"
        f" count(*) FILTER (WHERE decided_by IS NOT NULL OR status = 'rejected') {COUNTED}",
    )
    assert (found.by_rule, found.decided) == (rule, decided)
    [(late,)] = await one(
        house,
        f"SELECT count(*) {COUNTED} AND deadline_at < now()"
        " AND status IN ('needs_review', 'routed')",
    )
    assert found.late == sum(found.late_in.values()) == late > 0
    [(place, phone)] = await one(
        house,
        "SELECT count(*) FILTER (WHERE corrected ? 'place'),"
        f" count(*) FILTER (WHERE corrected ? 'phone') {COUNTED}",
    )
    assert found.corrected == {"place": place, "phone": phone}


async def test_waiting_times_are_those_of_the_first_decision(house: Installation) -> None:
    await seed(house)
    async with house.parts.sessions() as session:
        found = await statistics.picture(session, asked(), "field", house.parts.catalogue)
    waits: dict[str, list[float]] = {"decided": [], "routed": [], "done": []}
    for request_id, received, routed in await one(
        house, f"SELECT id, received_at, routed_at {COUNTED}"
    ):
        events = await one(
            house,
            "SELECT to_status, created_at FROM events WHERE service_request_id = :id ORDER BY id",
            id=request_id,
        )
        if routed:
            waits["routed"].append((routed - received).total_seconds())
        for name, status in (("decided", "confirmed"), ("done", "done")):
            first = [at for to, at in events if to == status][:1]
            waits[name] += [(at - received).total_seconds() for at in first]
    for name, seconds in waits.items():
        seconds.sort()
        middle = (seconds[(len(seconds) - 1) // 2] + seconds[len(seconds) // 2]) / 2
        assert found.waiting[name].count == len(seconds) > 20
        assert found.waiting[name].median == pytest.approx(middle)
        at = 0.9 * (len(seconds) - 1)
        low = seconds[int(at)]
        p90 = low + (seconds[min(int(at) + 1, len(seconds) - 1)] - low) * (at % 1)
        assert found.waiting[name].p90 == pytest.approx(p90)


async def test_filters_take_a_part_and_the_parts_are_the_whole(house: Installation) -> None:
    await seed(house)
    async with house.parts.sessions() as session:
        everything = await statistics.picture(session, asked(), "area", house.parts.catalogue)
        for name, counts in (
            ("area", everything.areas),
            ("field", everything.fields),
            ("resident_group", everything.groups),
        ):
            for value, count in counts.items():
                part = await statistics.picture(
                    session, asked(**{name: value}), "area", house.parts.catalogue
                )
                assert part.total == count, (name, value)


async def test_the_csv_sums_to_the_total_and_calculates_nothing(house: Installation) -> None:
    await seed(house)
    desk = await at_the_desk(house)
    period = "start=2026-03-01&end=2026-04-09"
    answer = await desk.get(f"/api/demand/csv?{period}&lang=en")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    figures = (await desk.get(f"/api/demand?{period}")).json()
    assert sum(int(row["Requests"]) for row in rows) == figures["total"]
    assert {row["Area"] for row in rows} == {"东片", "西片", "not known", "'" + EVIL}
    chinese = await desk.get(f"/api/demand/csv?{period}&lang=zh")
    assert "片区,服务领域,居民群体,诉求数" in chinese.text


@pytest.mark.parametrize(
    "query", ["start=2026-03-02&end=2026-03-01", "start=1000-01-01", "end=9999-12-31", "unit=hour"]
)
async def test_a_period_that_is_none_is_refused(house: Installation, query: str) -> None:
    desk = await at_the_desk(house)
    assert (await desk.get(f"/api/demand?{query}")).status_code == 422


async def test_a_long_period_is_counted_in_longer_steps() -> None:
    decade = StatisticsQuery(FIRST.date(), (FIRST + timedelta(days=3600)).date(), ZONE)
    assert (decade.fitting(), len(decade.steps())) == ("month", 119)
    year = StatisticsQuery(FIRST.date(), (FIRST + timedelta(days=364)).date(), ZONE)
    assert year.fitting() == "week"


async def test_the_page_shows_the_same_numbers_on_screen_and_on_paper(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house()
    await seed(house, 120)
    async with at_the_screen(house, reduced_motion="reduce") as (desk, url):
        page = await desk.new_page()
        await page.goto(f"{url}/desk/demand?start=2026-03-01&end=2026-04-09")
        [(total,)] = await one(house, f"SELECT count(*) {COUNTED}")
        assert await page.inner_text("#total") == str(total)
        assert await axe(page) == []
        await page.click("summary")
        for table in ("#steps", "#grid"):
            last = page.locator(f"{table} tfoot td").last
            shown = await page.locator(f"{table} tfoot td.number").all_inner_texts()
            assert str(total) in shown, await last.inner_text()
        bars = await page.locator("svg rect title").evaluate_all(
            "all => all.map(e => Number(e.textContent.split(': ')[1]))"
        )
        assert sum(bars) == total
        await page.select_option("select[name=area]", "东片")
        await page.get_by_role("button", name="查看").press("Enter")
        await page.wait_for_url("**area=*")
        [(part,)] = await one(house, f"SELECT count(*) {COUNTED} AND area = '东片'")
        assert await page.inner_text("#total") == str(part)
        await page.emulate_media(media="print")
        assert not await page.locator("form.filters").is_visible()
        assert await page.locator("#grid").is_visible()
