"""What somebody would try who means harm, and slips that must not stop others' work."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from intake.accounts import operators, passwords
from intake.backends import Report
from intake.catalogue.places import tidy
from intake.lifecycle import Status
from intake.pipeline.deliver import heard
from intake.storage.models import (
    Alarm,
    Event,
    Operator,
    OperatorSession,
    OperatorTask,
    ServiceRequest,
)
from intake.web.api.statistics import harmless
from intake.web.desk import events
from intake.web.desk.clock import Clock
from tests.integration.desk.test_operators_api import act, in_review
from tests.integration.desk.test_queue import stored
from tests.support.desk import at_the_desk, signed_in
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
AT_THE_END = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


async def test_whoever_may_see_only_the_board_hears_no_more_of_requests(
    house: Installation,
) -> None:
    who = await signed_in(house, name="李敏")
    async with house.parts.sessions.begin() as session:
        assert await events.is_signed_in(session, house.parts, who)
        await session.execute(update(Operator).values(role="station"))
    async with house.parts.sessions() as session:
        assert not await events.is_signed_in(session, house.parts, who)


async def test_an_error_of_the_database_does_not_repeat_what_was_said(house: Installation) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with house.parts.sessions.begin() as session:
            await session.execute(
                text("SELECT 1 / (length(:said) - length(:said))"), {"said": "李奶奶 13912345678"}
            )
    assert "ZeroDivisionError" in str(failed.value) or "division" in str(failed.value)
    assert "13912345678" not in str(failed.value)


async def test_numbers_below_all_numbers_are_not_found(house: Installation) -> None:
    desk = await at_the_desk(house, "admin")
    for method, path in (
        ("GET", "/api/conversations/{}"),
        ("GET", "/api/conversations/{}/attachments"),
        ("POST", "/api/alarms/{}/acknowledge"),
        ("POST", "/api/edits/{}/undo"),
        ("DELETE", "/api/places/{}"),
        ("GET", "/desk/conversations/{}"),
        ("GET", "/api/households/{}"),
    ):
        for number in (-(10**30), -1, 10**30):
            answer = await desk.request(method, path.format(number), headers={"If-Match": '"1"'})
            told = (method, path, number, answer.text)
            assert answer.status_code in (404, 412) or answer.json() == [], told


async def test_a_time_at_the_end_of_all_years_does_not_take_the_list_from_everybody(
    house: Installation,
) -> None:
    number = await stored(house, on_hold_until=AT_THE_END, deadline_at=AT_THE_END)
    found = await house.request(number)
    async with house.parts.sessions.begin() as session:
        session.add(
            OperatorTask(
                service_request_id=found.id, kind="call_back", sentence="?", due_at=AT_THE_END
            )
        )
    desk = await at_the_desk(house)
    for path in ("/desk/tasks", "/desk?tab=on_hold", "/desk"):
        assert (await desk.get(path)).status_code == 200, path
    assert Clock.of(ZoneInfo("Asia/Shanghai"), "en").at(AT_THE_END) == "9999-12-31 23:59"


async def test_nobody_is_called_what_the_machine_is_called_in_the_figures(
    house: Installation,
) -> None:
    desk = await at_the_desk(house, "admin")
    for name in ("rule", "Rule", "command line", "-", "restore"):
        assert (await desk.post("/api/operators", json={"name": name})).status_code == 422, name


async def test_no_cell_begins_a_formula_in_full_width_either() -> None:
    for sign in "=+-@＝＋－＠":
        assert harmless(f"{sign}1+1").startswith("'"), sign
        assert tidy(f"{sign}幸福里", "community", "A01", [])[2] is not None, sign
        assert tidy("幸福里", "community", f"{sign}A01", [])[2] is not None, sign
    assert harmless("幸福里") == "幸福里" and harmless(12) == 12


async def test_a_split_off_emergency_rings_and_has_its_time(house: Installation) -> None:
    number = await in_review(house)
    desk = await at_the_desk(house)
    answer = await act(desk, number, "split", {"urgency": "emergency", "category": "errand"})
    assert answer.status_code == 200, answer.text
    into = next(e for e in answer.json()["events"] if e["kind"] == "split")["changes"]["into"]
    twin = await house.request(into)
    async with house.parts.sessions() as session:
        assert await session.scalar(select(Alarm.id).where(Alarm.service_request_id == twin.id))
    assert twin.deadline_at == twin.received_at + timedelta(minutes=3)
    second = await act(desk, number, "split", {"category": "errand"})
    into = [e for e in second.json()["events"] if e["kind"] == "split"][-1]["changes"]["into"]
    assert (await house.request(into)).deadline_at is not None


async def test_who_had_its_page_open_writes_nothing_into_an_erased_request(
    house: Installation,
) -> None:
    number = await in_review(house)
    desk = await at_the_desk(house, "supervisor")
    gone = await act(desk, number, "erase", {"why": "asked"})
    assert gone.is_success, gone.text
    said = "李奶奶 13912345678"
    for path, body in (
        ("notes", {"text": said}),
        ("calls", {"outcome": "reached", "note": said}),
        ("calls", {"outcome": "not_reached", "note": said}),
    ):
        answer = await desk.post(f"/api/requests/{number}/{path}", json=body)
        assert answer.status_code == 409, (path, answer.text)
    assert (await act(desk, number, "split", {"text": said})).status_code == 409
    found = await house.request(number)
    async with house.parts.sessions() as session:
        whys = await session.scalars(select(Event.why).where(Event.service_request_id == found.id))
        assert not [why for why in whys if why and "13912345678" in why]
        assert await session.scalar(select(func.count(ServiceRequest.id))) == 1


async def test_a_report_that_comes_after_an_erase_writes_nothing_into_the_erased_request(
    house: Installation,
) -> None:
    number = await in_review(house)
    await act(await at_the_desk(house, "supervisor"), number, "erase", {"why": "asked"})
    late = Report(Status.DONE, external_id="王阿姨-502", who="王师傅", note="王阿姨家修好了")
    async with house.parts.sessions.begin() as session:
        gone = await session.scalar(select(ServiceRequest).with_for_update())
        assert gone is not None
        assert not await heard(session, gone, "station", late)
        assert (gone.external_id, gone.assignee) == (None, None)


async def test_times_that_nobody_means_are_refused_wherever_one_is_typed(
    house: Installation,
) -> None:
    number = await in_review(house)
    desk = await at_the_desk(house)
    version = (await desk.get(f"/api/requests/{number}")).headers["etag"]
    for when in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"):
        rung = await desk.post(
            f"/api/requests/{number}/calls", json={"outcome": "again", "again_at": when}
        )
        held = await act(desk, number, "hold", {"until": when}, version)
        meant = await desk.patch(
            f"/api/requests/{number}", json={"when_start": when}, headers={"If-Match": version}
        )
        assert [a.status_code for a in (rung, held, meant)] == [422, 422, 422], when
    assert (await desk.get(f"/api/requests/{number}")).headers["etag"] == version


async def test_what_was_put_aside_and_becomes_an_emergency_waits_in_sight(
    house: Installation,
) -> None:
    desk = await at_the_desk(house)
    until = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    held, into, danger = [await in_review(house) for _ in range(3)]
    for number in (held, into):
        assert (await act(desk, number, "hold", {"until": until})).status_code == 200
    version = (await desk.get(f"/api/requests/{held}")).headers["etag"]
    risen = await desk.patch(
        f"/api/requests/{held}", json={"urgency": "emergency"}, headers={"If-Match": version}
    )
    assert risen.status_code == 200, risen.text
    version = (await desk.get(f"/api/requests/{danger}")).headers["etag"]
    await desk.patch(
        f"/api/requests/{danger}", json={"urgency": "emergency"}, headers={"If-Match": version}
    )
    assert (await act(desk, danger, "merge", {"into": into})).status_code == 200
    waiting = await desk.get("/api/requests", params={"group": "waiting"})
    first = [line["tracking_number"] for line in waiting.json()["requests"]]
    assert set(first) == {held, into}


async def test_a_stolen_session_does_not_outlive_a_reset_that_comes_at_the_same_moment(
    house: Installation,
) -> None:
    kept = await passwords.hash_beside("三棵梧桐树 七只喜鹊飞")
    async with house.parts.sessions.begin() as session:
        await operators.add(session, "李敏", "operator", kept)
    body = {"current": "三棵梧桐树 七只喜鹊飞", "password": "八条小河边 九座木桥旁"}
    for path, sent in (("/desk/sign-out-everywhere", {}), ("/desk/password", body)):
        thief = await at_the_desk(house, name="李敏")
        async with house.parts.sessions.begin() as session:
            operator = await operators.find(session, "李敏")  # locked, as the administrator does
            trying = asyncio.create_task(thief.post(path, json=sent))
            async with asyncio.timeout(60):
                while not trying.done() and not await _waits_for_a_lock(house):
                    await asyncio.sleep(0.05)
            await operators.set_password(session, operator, kept, starts=False)
        answer = await trying
        assert answer.status_code == 401, (path, answer.text)
        async with house.parts.sessions() as session:
            assert await session.scalar(select(func.count(OperatorSession.id))) == 0, path
            stored_hash = await session.scalar(select(Operator.password_hash))
            assert stored_hash == kept, path


async def _waits_for_a_lock(house: Installation) -> bool:
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with house.parts.sessions() as session:
        return bool(await session.scalar(waits))
