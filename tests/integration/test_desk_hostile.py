"""What somebody would try who means harm, and slips that must not stop others' work."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from intake.editing.places import tidy
from intake.models import Operator, OperatorTask
from intake.web.demand import harmless
from intake.web.desk import events
from intake.web.desk.clock import Clock
from tests.integration.desk_house import at_the_desk, signed_in
from tests.integration.house import House
from tests.integration.test_desk_queue import stored

pytestmark = pytest.mark.asyncio
AT_THE_END = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


async def test_whoever_may_see_only_the_board_hears_no_more_of_requests(house: House) -> None:
    who = await signed_in(house, name="李敏")
    async with house.parts.sessions.begin() as session:
        assert await events.is_signed_in(session, house.parts, who)
        await session.execute(update(Operator).values(role="station"))
    async with house.parts.sessions() as session:
        assert not await events.is_signed_in(session, house.parts, who)


async def test_an_error_of_the_database_does_not_repeat_what_was_said(house: House) -> None:
    with pytest.raises(DBAPIError) as failed:
        async with house.parts.sessions.begin() as session:
            await session.execute(
                text("SELECT 1 / (length(:said) - length(:said))"), {"said": "李奶奶 13912345678"}
            )
    assert "ZeroDivisionError" in str(failed.value) or "division" in str(failed.value)
    assert "13912345678" not in str(failed.value)


async def test_numbers_below_all_numbers_are_not_found(house: House) -> None:
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
    house: House,
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


async def test_nobody_is_called_what_the_machine_is_called_in_the_figures(house: House) -> None:
    desk = await at_the_desk(house, "admin")
    for name in ("rule", "Rule", "command line", "-", "restore"):
        assert (await desk.post("/api/operators", json={"name": name})).status_code == 422, name


async def test_no_cell_begins_a_formula_in_full_width_either() -> None:
    for sign in "=+-@＝＋－＠":
        assert harmless(f"{sign}1+1").startswith("'"), sign
        assert tidy(f"{sign}幸福里", "community", "A01", [])[2] is not None, sign
        assert tidy("幸福里", "community", f"{sign}A01", [])[2] is not None, sign
    assert harmless("幸福里") == "幸福里" and harmless(12) == 12
