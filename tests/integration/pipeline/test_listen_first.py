"""What may be danger comes before all but emergencies, and calls people if nobody opens it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from intake.service_requests.deadlines import EMERGENCY
from intake.storage.models import Alarm
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
FORM = {"place": "幸福里", "unit": "3-2-501", "phone": "13812345678"}
PERHAPS = 0.45


async def alarms(house: Installation) -> list[Alarm]:
    async with house.parts.sessions() as session:
        return list(await session.scalars(select(Alarm)))


async def left(house: Installation, danger: float = PERHAPS) -> str:
    """A voicemail that may be about danger, understood and waiting for a person."""
    house.danger = danger
    number = await house.leave("他坐在那里不说话，也不吃东西", **FORM)
    await house.work(hurry=False)
    return number


async def change(house: Installation, number: str, **fields: Any) -> None:
    desk = await house.operator()
    version = (await desk.get(f"/api/requests/{number}")).headers["etag"]
    answer = await desk.patch(f"/api/requests/{number}", json=fields, headers={"If-Match": version})
    assert answer.status_code == 200, answer.text


async def test_it_waits_for_a_person_and_is_as_pressing_as_an_emergency(
    house: Installation,
) -> None:
    request = await house.request(await left(house))
    assert (request.status, request.urgency, request.listen_first) == (
        "needs_review",
        "urgent",
        True,
    )
    assert request.deadline_at == request.received_at + EMERGENCY
    assert not await alarms(house)


async def test_what_nobody_opens_in_time_calls_the_people_on_duty(house: Installation) -> None:
    number = await left(house)
    await house.work()  # the time is over
    (alarm,) = await alarms(house)
    request = await house.request(number)
    assert alarm.service_request_id == request.id
    assert request.urgency == "urgent"  # a person decides what it is


async def test_what_somebody_has_opened_calls_nobody(house: Installation) -> None:
    number = await left(house)
    desk = await house.operator()
    assert (await desk.get(f"/api/requests/{number}")).status_code == 200
    await house.work()
    assert not await alarms(house)


@pytest.mark.parametrize("danger", [0.0, 0.05])
async def test_what_is_no_danger_is_marked_by_nothing(house: Installation, danger: float) -> None:
    number = await left(house, danger)
    await house.work()
    assert not (await house.request(number)).listen_first
    assert not await alarms(house)


async def test_a_person_who_says_how_urgent_it_is_ends_the_mark(house: Installation) -> None:
    number = await left(house)
    await change(house, number, urgency="normal")
    request = await house.request(number)
    assert not request.listen_first
    assert request.deadline_at is not None
    assert request.deadline_at - request.received_at > timedelta(hours=1)


async def test_what_was_decided_is_marked_no_longer(house: Installation) -> None:
    number = await left(house)
    desk = await house.operator()
    version = (await desk.get(f"/api/requests/{number}")).headers["etag"]
    answer = await desk.post(
        f"/api/requests/{number}/confirm", json={}, headers={"If-Match": version}
    )
    assert answer.status_code == 200, answer.text
    assert not (await house.request(number)).listen_first
