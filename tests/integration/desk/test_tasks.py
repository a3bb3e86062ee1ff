"""Call-backs: who left only a phone number is rung, and what came of it is written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect
from sqlalchemy import select, update

from intake import service_requests
from intake.lifecycle import Actor, Status
from intake.service_requests import Author
from intake.storage.models import Event, OperatorTask, ServiceRequest
from intake.web.api.tasks import named_time
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk, at_the_screen
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
PHONE = "13812345678"


async def routed(house: Installation, **form: str) -> str:
    """A voicemail that a backend has."""
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    number = await house.leave(
        "帮我理个发", place="幸福里", unit="3-2-501", phone=PHONE, name="王", **form
    )
    await house.work()
    assert (await house.request(number)).status == "routed"
    return number


async def becomes(
    house: Installation, number: str, to: Status, actor: Actor = Actor.BACKEND
) -> None:
    request = await house.request(number)
    async with house.parts.sessions.begin() as session:
        locked = await service_requests.lock(session, request.id)
        if to is Status.ACCEPTED:
            locked.assignee = "小张"
        await service_requests.advance(session, locked, to, Author(actor, "小张"))
    await house.work()


async def tasks(house: Installation) -> list[OperatorTask]:
    async with house.parts.sessions() as session:
        return list(await session.scalars(select(OperatorTask).order_by(OperatorTask.id)))


async def test_whoever_left_only_a_phone_number_is_rung_when_there_is_news(
    house: Installation,
) -> None:
    number = await routed(house)
    assert await tasks(house) == []
    await becomes(house, number, Status.ACCEPTED)
    [task] = await tasks(house)
    assert (task.kind, number in task.sentence) == ("call_back", True)
    await becomes(house, number, Status.DONE)
    assert len(await tasks(house)) == 1  # one call tells the latest
    desk = await at_the_desk(house)
    [listed] = (await desk.get("/api/tasks")).json()
    assert listed["phone"] == "138****5678"
    assert "办好了" in listed["say"]
    shown = (await desk.get("/desk/tasks")).text
    assert f'href="tel:{PHONE}"' in shown and listed["say"] in shown


async def test_nobody_is_rung_who_did_it_herself_or_left_no_number(house: Installation) -> None:
    number = await routed(house)
    await becomes(house, number, Status.CANCELLED, Actor.RESIDENT)
    other = await routed(house)
    async with house.parts.sessions.begin() as session:
        await session.execute(
            update(ServiceRequest).where(ServiceRequest.tracking_number == other).values(phone=None)
        )
    await becomes(house, other, Status.ACCEPTED)
    assert await tasks(house) == []


async def test_not_reached_comes_back_later_and_reached_leaves_the_list(
    house: Installation,
) -> None:
    number = await routed(house)
    await becomes(house, number, Status.REJECTED, Actor.OPERATOR)
    [task] = await tasks(house)
    desk = await at_the_desk(house)
    assert (await desk.post(f"/api/tasks/{task.id}/again", json={})).status_code == 422
    put_off = await desk.post(f"/api/tasks/{task.id}/again", json={"when": "hour"})
    due = datetime.fromisoformat(put_off.json()["due_at"])
    assert timedelta(minutes=55) < due - datetime.now(UTC) < timedelta(minutes=65)
    [listed] = (await desk.get("/api/tasks")).json()
    assert (listed["due"], listed["tries"]) == (False, 1)
    reached = await desk.post(
        f"/api/tasks/{task.id}/done", json={"outcome": "reached", "note": "她知道了"}
    )
    assert reached.status_code == 200
    assert (await desk.get("/api/tasks")).json() == []
    late = await desk.post(f"/api/tasks/{task.id}/done", json={})
    assert (late.status_code, late.json()["code"]) == (409, "move_not_allowed")
    async with house.parts.sessions() as session:
        events = list(await session.scalars(select(Event).where(Event.kind.startswith("task_"))))
    assert [(e.kind, e.who) for e in events] == [("task_again", "李敏"), ("task_done", "李敏")]
    assert events[-1].why == "她知道了"


async def test_named_times_lie_ahead() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    noon = datetime(2026, 3, 4, 12, 0, tzinfo=zone)
    named: dict[str, Any] = {
        w: named_time(w, noon, zone) for w in ("hour", "afternoon", "tomorrow")
    }
    assert named["hour"] == noon + timedelta(hours=1)
    assert named["afternoon"] == noon.replace(hour=15)
    assert named["tomorrow"] == noon.replace(day=5, hour=9, minute=30)
    evening = noon.replace(hour=20)
    assert named_time("afternoon", evening, zone) == noon.replace(day=5, hour=15)


async def test_the_list_is_worked_off_by_keyboard(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house()
    for _ in range(2):
        await becomes(house, await routed(house), Status.ACCEPTED)
    async with at_the_screen(house) as (desk, url):
        page = await desk.new_page()
        await page.goto(f"{url}/desk/tasks")
        due, later = page.locator("#due li"), page.locator("#later li")
        await expect(due).to_have_count(2)
        assert await axe(page) == []
        await due.first.get_by_role("button", name="没接，明天再打").press("Enter")
        await expect(later).to_have_count(1, timeout=30_000)
        await expect(due).to_have_count(1)
        await due.get_by_role("button", name="联系上了").press("Enter")
        await expect(page.locator("#due")).to_contain_text("没有要办的", timeout=30_000)
    assert [task.outcome for task in await tasks(house)] == [None, "reached"]


@pytest.mark.parametrize("task_id", [0, 77, -(2**70), 2**70])
async def test_a_task_that_is_none_is_not_found(house: Installation, task_id: int) -> None:
    desk = await at_the_desk(house)
    assert (await desk.post(f"/api/tasks/{task_id}/done", json={})).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "9999-12-31T23:59:59-12:00"},
        {"at": "2026-03-04T10:00:00"},
        {"when": "hour", "at": "2026-03-04T10:00:00Z"},
        {"when": "moon"},
        {"when": "hour", "note": "\x00"},
    ],
)
async def test_a_time_that_nobody_means_is_refused(
    house: Installation, body: dict[str, str]
) -> None:
    await becomes(house, await routed(house), Status.REJECTED, Actor.OPERATOR)
    [task] = await tasks(house)
    desk = await at_the_desk(house)
    assert (await desk.post(f"/api/tasks/{task.id}/again", json=body)).status_code == 422
