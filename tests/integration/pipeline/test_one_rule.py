"""A rule is the same by whichever way its occasion comes: the outcomes are compared."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from intake import service_requests
from intake.lifecycle import Actor, Status
from intake.locale import reason
from intake.service_requests import Author
from intake.storage.models import Alarm, Delivery, Event, OperatorTask, Recording, ServiceRequest
from tests.conftest import wav_of
from tests.support.chat import Chat
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
FORM = {"place": "幸福里", "unit": "3-2-501", "phone": "13812345678"}
NEED = "幸福里三号楼二单元501的灯坏了"
DANGER = "救命，我摔倒了起不来了"
OPERATOR = Author(Actor.OPERATOR, "Ms Li")
Say = Callable[[ServiceRequest], Awaitable[Any]]


async def outcome(house: Installation, number: str, since: int) -> dict[str, Any]:
    """What became of a request after its event ``since``, without what differs by its name."""
    request = await house.request(number)
    async with house.parts.sessions() as session:
        about = request.id
        events = await session.scalars(
            select(Event)
            .where(Event.service_request_id == about, Event.id > since)
            .order_by(Event.id)
        )
        tasks = await session.scalars(
            select(OperatorTask).where(OperatorTask.service_request_id == about)
        )
        deliveries = await session.scalars(
            select(Delivery.kind).where(Delivery.service_request_id == about).order_by(Delivery.id)
        )
        return {
            "status": request.status,
            "says": request.resident_says,
            "rating": request.rating,
            "reasons": [why["code"] for why in request.reasons],
            "events": [(e.kind, e.from_status, e.to_status, e.actor, e.why) for e in events],
            "tasks": [(task.kind, task.sentence.replace(number, "№")) for task in tasks],
            "deliveries": list(deliveries),
        }


async def last_event(house: Installation) -> int:
    async with house.parts.sessions() as session:
        return (await session.scalars(select(Event.id).order_by(Event.id.desc()))).first() or 0


async def in_writing(chat: Chat) -> list[ServiceRequest]:
    """The requests that came in writing, the oldest first."""
    return [request for request in await chat.requests() if request.channel == "webchat"]


def by_link(house: Installation, path: str) -> Say:
    async def say(request: ServiceRequest) -> int:
        answer = await house.client.post(path.format(key=request.status_key))
        return answer.status_code

    return say


@pytest.mark.parametrize("twice", [False, True])
async def test_not_right_is_one_rule_by_the_link_and_by_the_page(
    house: Installation, twice: bool
) -> None:
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    found = []
    for path in ("/s/{key}/not_right", "/api/s/{key}/not-right"):
        number = await house.leave("我要理发", **FORM)
        unread = await house.request(number)
        assert await by_link(house, path)(unread) == 409
        assert (await house.request(number)).version == unread.version
        await house.work()
        since = await last_event(house)
        for _ in range(2 if twice else 1):
            assert await by_link(house, path)(unread) == 200
        found.append(await outcome(house, number, since))
        await moved(house, number, Status.CANCELLED)
        assert await by_link(house, path)(unread) == 409
    assert found[0] == found[1]
    assert found[0]["status"] == "needs_review" and found[0]["says"] == "not_right"
    assert found[0]["reasons"] == ["resident_says_wrong"]
    assert [kind for kind, *_ in found[0]["events"]] == ["resident_not_right", "moved"]


@pytest.mark.parametrize("path", ["/s/{key}/not_right", "/api/s/{key}/not-right"])
async def test_not_right_counts_again_after_an_operator_sent_it_on(
    house: Installation, path: str
) -> None:
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    number = await house.leave("我要理发", **FORM)
    await house.work()
    request = await house.request(number)
    for _ in range(2):
        assert await by_link(house, path)(request) == 200
        assert (await house.request(number)).status == "needs_review"
        await moved(house, number, Status.CONFIRMED)
        await house.work()
        assert (await house.request(number)).status == "routed"


async def moved(house: Installation, number: str, to: Status) -> None:
    request = await house.request(number)
    async with house.parts.sessions.begin() as session:
        locked = await service_requests.lock(session, request.id)
        await service_requests.advance(session, locked, to, OPERATOR)


@pytest.mark.parametrize(
    ("points", "words", "status", "tasks"),
    [
        (1, "太差了", "done", [("low_rating", "№: 1/5 — 太差了")]),
        (5, "5分", "closed", []),
    ],
)
async def test_a_rating_is_one_rule_in_the_chat_and_on_the_page(
    chat: Chat, points: int, words: str, status: str, tasks: list[Any]
) -> None:
    async def written(request: ServiceRequest) -> None:
        await chat.says(words, who="written")

    async def pressed(request: ServiceRequest) -> None:
        body = {"value": points, "comment": words}
        path = f"/api/s/{request.status_key}/rating"
        assert (await chat.client.post(path, json=body)).status_code == 200

    one, other = [await _done_and(chat, who, act) for who, act in _who(written, pressed)]
    assert one == other
    assert (one["rating"], one["status"], one["tasks"]) == (points, status, tasks)
    assert one["events"][0] == ("rated", None, None, "resident", words)


async def test_not_fixed_is_one_rule_in_the_chat_and_by_the_link(chat: Chat) -> None:
    async def written(request: ServiceRequest) -> None:
        await chat.says("没修好，还是坏的", who="written")

    one, other = [
        await _done_and(chat, who, act)
        for who, act in _who(written, by_link(chat, "/s/{key}/not_fixed"))
    ]
    assert one == other
    assert (one["status"], one["deliveries"]) == ("routed", ["submit", "changed"])


def _who(written: Say, pressed: Say) -> list[tuple[str, Say]]:
    return [("written", written), ("pressed", pressed)]


async def _done_and(chat: Chat, who: str, act: Say) -> dict[str, Any]:
    """A request of ``who`` that is done; what becomes of it by ``act``."""
    await chat.says(NEED, who=who)
    await chat.says("对", who=who)
    request = (await chat.requests())[-1]
    await chat.becomes(request.tracking_number, Status.DONE)
    await chat.work(hurry=False)
    since = await last_event(chat)
    await act(request)
    found = await outcome(chat, request.tracking_number, since)
    return found


async def test_an_emergency_is_one_rule_by_whichever_way_it_shows(chat: Chat) -> None:
    ways = [_heard, _written, _by_an_operator, _by_merging, _by_the_rest, _split_off]
    found = {}
    for way in ways:
        request = await chat.request(await way(chat))
        assert request.deadline_at is not None, way.__name__
        async with chat.parts.sessions() as session:
            alarm = select(Alarm.id).where(Alarm.service_request_id == request.id)
            alarms = list(await session.scalars(alarm))
        found[way.__name__] = (
            request.urgency,
            request.deadline_at - request.received_at,
            request.on_hold_until,
            len(alarms),
        )
    assert set(found.values()) == {("emergency", timedelta(minutes=3), None, 1)}, found


async def _heard(chat: Chat) -> str:
    number = await chat.leave(DANGER)
    await chat.work(hurry=False)
    return number


async def _written(chat: Chat) -> str:
    """It was a quarter of an hour ago that she began to write of something else."""
    began = datetime.now(UTC) - timedelta(minutes=15)
    await chat.says("家里水管漏了", received_at=began)
    [draft] = await in_writing(chat)
    await chat.says(DANGER)
    return draft.tracking_number


async def _held(chat: Chat) -> ServiceRequest:
    """One that waits in review and was put aside."""
    number = await chat.leave("嗯那个什么")
    await chat.work(hurry=False)
    request = await chat.request(number)
    assert request.status == "needs_review"
    async with chat.parts.sessions.begin() as session:
        locked = await service_requests.lock(session, request.id)
        await service_requests.hold(session, locked, datetime.now(UTC) + timedelta(1), OPERATOR)
    return await chat.request(number)


async def _by_an_operator(chat: Chat) -> str:
    held = await _held(chat)
    async with chat.parts.sessions.begin() as session:
        locked = await service_requests.lock(session, held.id)
        changes = {"urgency": "emergency"}
        await service_requests.correct(session, locked, changes, OPERATOR, chat.parts)
    return held.tracking_number


async def _by_merging(chat: Chat) -> str:
    held = await _held(chat)
    danger = await chat.request(await _heard(chat))
    async with chat.parts.sessions.begin() as session:
        locked = await service_requests.lock(session, danger.id)
        into = await service_requests.lock(session, held.id)
        await service_requests.merge(session, locked, into, OPERATOR)
    return held.tracking_number


async def _by_the_rest(chat: Chat) -> str:
    """The rest of its recording comes, and the danger is in it."""
    held = await _held(chat)
    content = wav_of([0.2 * math.sin(n / 5) for n in range(8000)])
    writer = chat.parts.blobs.writer()
    writer.write(content)
    await writer.finish(lambda path: path)
    recording = Recording(blob_key=writer.key, sha256=writer.sha256, size_bytes=writer.size)
    chat.ears.says = DANGER
    async with chat.parts.sessions.begin() as session:
        locked = await service_requests.lock(session, held.id)
        why = reason("rest_arrived")
        await service_requests.hear_whole(session, locked, recording, why, Author(Actor.DOOR))
    await chat.work(hurry=False)
    return held.tracking_number


async def _split_off(chat: Chat) -> str:
    held = await _held(chat)
    async with chat.parts.sessions.begin() as session:
        locked = await service_requests.lock(session, held.id)
        fields = {"urgency": "emergency"}
        twin = await service_requests.split(session, locked, fields, OPERATOR, chat.parts)
        return twin.tracking_number


PLACES = [("幸福里", "东片"), ("幸福小区", "东片"), ("安康里", "西片"), ("别的地方", None)]


@pytest.mark.parametrize(("place", "area"), PLACES)
async def test_a_place_brings_its_area_by_whichever_way_it_comes(
    chat: Chat, place: str, area: str | None
) -> None:
    async def said(number: str) -> tuple[str | None, str | None]:
        request = await chat.request(number)
        return request.place, request.area

    # By a sender's form, although another place is heard.
    number = await chat.leave("安康里的灯坏了", place=place)
    await chat.work(hurry=False)
    assert await said(number) == (place, area)

    # By an operator, in the preview, when it is corrected and when another need is split off.
    desk = await chat.operator()
    number = await chat.leave("安康里的灯坏了")
    await chat.work(hurry=False)
    path = f"/api/requests/{number}"
    shown = (await desk.get(f"{path}/outlook", params={"place": place})).json()
    assert shown["area"] == area
    for method, part in (("POST", "/split"), ("PATCH", "")):
        seen = {"If-Match": f'"{(await chat.request(number)).version}"'}
        answer = await desk.request(method, path + part, json={"place": place}, headers=seen)
        assert answer.status_code == 200, answer.text
    into = next(e for e in answer.json()["events"] if e["kind"] == "split")["changes"]["into"]
    assert await said(number) == await said(into) == (place, area)

    # By the resident, for a request that was filed, and in an emergency.
    if area is not None:
        await chat.says(NEED if area == "西片" else "安康里三号楼二单元501的灯坏了")
        await chat.says("对")
        filed = (await in_writing(chat))[-1]
        await chat.says(f"改成{place}")
        assert (await said(filed.tracking_number))[1] == area
        await chat.says(f"{DANGER}，我在{place}", who="another")
        danger = (await in_writing(chat))[-1]
        assert (danger.urgency, danger.area) == ("emergency", area)
