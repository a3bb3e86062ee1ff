"""The station's board on a volunteer's phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import select, update

from intake.storage.models import AccessLog, ServiceRequest, StationOrder
from intake.web.cookies import COOKIE
from tests.integration.resident.test_page_accessibility import STANDS_OUT, axe
from tests.support.browser import browser
from tests.support.desk import at_the_desk, signed_in
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served

pytestmark = pytest.mark.asyncio
SOON = 30_000


async def ordered(house: Installation, area: str | None = None) -> str:
    """A request that is open on the board."""
    house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    number = await house.leave("帮我理个发", place="幸福里", unit="3-2-501", phone="13812345678")
    await house.work()
    async with house.parts.sessions.begin() as session:
        order = (
            await session.scalars(
                select(StationOrder).where(StationOrder.tracking_number == number)
            )
        ).one()
        where = {**order.payload["where"], "area": area}
        order.payload = {**order.payload, "where": where}
    return number


async def test_on_a_phone_an_order_is_accepted_with_name_and_time_heard_and_done(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house()
    number = await ordered(house, "东片")
    await ordered(house, "西片")
    key = (await house.request(number)).status_key
    port = free_ports(1)
    who = await signed_in(house, "station")
    url = f"http://127.0.0.1:{port}"
    async with Served(house.app, port), browser() as phone:
        await phone.add_cookies([{"name": COOKIE, "value": who.token, "url": url}])
        page = await phone.new_page()
        await page.goto(f"{url}/desk/station")
        await expect(page.locator("#opened li.card")).to_have_count(2)
        assert await axe(page) == []
        stands_out = await page.evaluate(STANDS_OUT)
        assert [e for e in stands_out if 'class="skip"' not in e] == []
        size = await page.locator("#opened .where").first.evaluate(
            "e => parseFloat(getComputedStyle(e).fontSize)"
        )
        assert size >= 18
        await page.select_option("#near select", "东片")
        await page.wait_for_url("**area=*")
        await page.goto(f"{url}/desk/station")  # the area is kept
        card = page.locator("#opened li.card")
        await expect(card).to_have_count(1)
        await expect(card.locator("a[href='tel:13812345678']")).to_be_visible()
        await card.get_by_text("我来").click()
        await card.locator("input[name=name]").fill("王师傅")
        await card.get_by_text("明天上午9点").click()
        await card.get_by_role("button", name="接下").click()
        mine = page.locator("#mine li.card")
        await expect(mine).to_contain_text("上午9点到", timeout=SOON)
        told = (await house.client.get(f"/api/s/{key}")).json()["sentence"]
        assert "王师傅" in told and "上午9点来" in told
        await page.reload()  # the name is kept: it is still hers
        await mine.get_by_role("button", name="办好了").click()
        await expect(mine).to_have_count(0, timeout=SOON)
        assert (await house.client.get(f"/api/s/{key}")).json()["status"] == "done"
        assert await axe(page) == []


async def test_what_could_not_be_done_goes_back_with_its_reason(house: Installation) -> None:
    number = await ordered(house)
    station = await at_the_desk(house, "station")
    [order] = (await station.get("/api/station/orders")).json()
    at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    taken = await station.post(
        f"/api/station/orders/{order['id']}/accept",
        json={"name": "小张", "comes_at": at},
        headers={"If-Match": str(order["version"])},
    )
    assert datetime.fromisoformat(taken.json()["comes_at"]) == datetime.fromisoformat(at)
    assert (await house.request(number)).comes_at is not None
    refused = await station.post(
        f"/api/station/orders/{order['id']}/could-not",
        json={"why": "家里没人"},
        headers={"If-Match": str(taken.json()["version"])},
    )
    assert refused.status_code == 200
    request = await house.request(number)
    assert (request.status, request.comes_at) == ("needs_review", None)
    assert "家里没人" in request.reasons[-1]["zh"]


async def test_a_time_without_a_zone_is_refused(house: Installation) -> None:
    await ordered(house)
    station = await at_the_desk(house, "station")
    [order] = (await station.get("/api/station/orders")).json()
    refused = await station.post(
        f"/api/station/orders/{order['id']}/accept",
        json={"name": "小张", "comes_at": "2026-03-04T10:00:00"},
        headers={"If-Match": str(order["version"])},
    )
    assert refused.status_code == 422


async def test_the_board_is_all_that_a_station_account_sees(house: Installation) -> None:
    await ordered(house, "东片")
    station = await at_the_desk(house, "station")
    shown = await station.get("/desk/station")
    assert shown.status_code == 200 and "/desk/conversations" not in shown.text
    for path in ("conversations", "tasks", "failures", "demand", "households"):
        assert (await station.get(f"/desk/{path}")).status_code == 403, path
    elsewhere = await station.get("/api/station/orders?area=西片")
    assert elsewhere.json() == []
    async with house.parts.sessions() as session:
        assert "station" in list(await session.scalars(select(AccessLog.action)))


async def test_an_erased_order_leaves_nothing_on_the_board(house: Installation) -> None:
    await ordered(house)
    async with house.parts.sessions.begin() as session:
        await session.execute(update(StationOrder).values(payload={}, status="done"))
        await session.execute(update(ServiceRequest).values(phone=None))
    station = await at_the_desk(house, "station")
    shown = await station.get("/desk/station")
    assert shown.status_code == 200 and "幸福里" not in shown.text
