"""A home is erased at the desk, with all of its requests; figures stay true."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect
from sqlalchemy import func, select, text, update

from intake.lifecycle import Actor
from intake.privacy import erase_household, external_data
from intake.privacy.erase_request import FEWEST_HOMES, erase
from intake.service_requests import Author, statistics
from intake.service_requests.statistics import SPLITS
from intake.storage.models import AccessLog, Delivery, DeliveryAttempt, Household, ServiceRequest
from tests.integration.desk.test_demand import asked, seed
from tests.integration.privacy.test_erase import found_in_database
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk, desk_browser
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served

pytestmark = pytest.mark.asyncio
NAME, PHONE, MARK = "欧阳菊香", "13911223344", "紫罗兰花盆"
SAID = f"麻烦帮我买一个{MARK}送来"
BY = Author(Actor.OPERATOR, "Ms Li")


async def home_with(house: Installation, *said: str, **details: str) -> int:
    """A home whose requests these are; its id."""
    async with house.parts.sessions.begin() as session:
        home = Household(name=NAME, phone=PHONE, **details)
        session.add(home)
        await session.flush()
        made = home.id
    for words in said:
        number = await house.leave(words, phone=PHONE, name=NAME)
        async with house.parts.sessions.begin() as session:
            mine = ServiceRequest.tracking_number == number
            await session.execute(update(ServiceRequest).where(mine).values(household_id=made))
    await house.work(hurry=False)
    return made


async def order(desk: httpx.AsyncClient, home: int, requests: int, **more: Any) -> httpx.Response:
    return await desk.post(f"/api/households/{home}/erase", json={"requests": requests, **more})


async def test_a_household_is_erased_with_all_of_its_requests_and_nobody_elses(
    house: Installation,
) -> None:
    home = await home_with(house, SAID, SAID, SAID)
    other = await home_with(house, "帮我买点米")
    desk = await at_the_desk(house, "supervisor")
    seen = (await desk.get(f"/api/households/{home}/erasure")).json()
    assert {**seen, "open": None} == {
        "requests": 3, "open": None, "emergencies": 0, "recordings": 3, "conversations": 0,
        "erasing": None,
    }  # fmt: skip
    link = (await desk.post(f"/api/households/{home}/link", json={})).json()["token"]
    begun = await order(desk, home, 3)
    assert begun.status_code == 202 and begun.json()["erasing"]["total"] == 3
    assert (await house.client.get(f"/api/h/{link}")).status_code == 404
    assert (await desk.post(f"/api/households/{home}/link", json={})).status_code == 409
    twice = await order(desk, home, 3)
    assert (twice.status_code, twice.json()["code"]) == (409, "being_erased")
    await house.work()
    assert (await desk.get(f"/api/households/{home}/erasure")).status_code == 404
    assert (await desk.get(f"/desk/households/{home}")).status_code == 404
    assert not found_in_database(house.settings.database_url, MARK)
    assert len([path for path in house.settings.recordings_dir.rglob("*") if path.is_file()]) == 1
    async with house.parts.sessions() as session:
        left = (await session.scalars(select(ServiceRequest).order_by(ServiceRequest.id))).all()
        actions = list(await session.scalars(select(AccessLog.action).order_by(AccessLog.id)))
    assert [row.erased_by for row in left] == ["周立"] * 3 + [None]
    assert [row.household_id for row in left] == [None] * 3 + [other]
    assert actions.count("erase") == 3
    assert actions.index(f"household {home}: order erase") < actions.index("erase")
    assert actions[-1] == f"household {home}: erase"


async def test_what_the_person_was_told_must_still_be_so(house: Installation) -> None:
    home = await home_with(house, SAID, SAID)
    desk = await at_the_desk(house, "supervisor")
    stale = await order(desk, home, 1)
    assert (stale.status_code, stale.json()["code"]) == (409, "has_changed")
    assert (await desk.post(f"/api/households/{home}/erase", json={})).status_code == 422
    assert (await order(desk, home + 1, 0)).status_code == 404
    await house.work()
    async with house.parts.sessions() as session:
        assert not await session.scalar(
            select(func.count()).where(ServiceRequest.erased_at.is_not(None))
        )


async def test_an_emergency_that_opens_meanwhile_stops_it_and_is_told(house: Installation) -> None:
    home = await home_with(house, SAID, SAID)
    desk = await at_the_desk(house, "supervisor")
    assert (await order(desk, home, 2)).status_code == 202
    number = await house.leave("我摔倒了起不来，快来人")
    async with house.parts.sessions.begin() as session:
        mine = ServiceRequest.tracking_number == number
        await session.execute(
            update(ServiceRequest).where(mine).values(household_id=home, urgency="emergency")
        )
    await house.work(hurry=False)
    told = (await desk.get(f"/api/households/{home}/erasure")).json()
    assert (told["requests"], told["emergencies"]) == (1, 1)
    assert told["erasing"]["stopped"] == "open_emergency"
    assert "删除停下了：有紧急诉求" in (await desk.get(f"/desk/households/{home}")).text
    refused = await order(desk, home, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "open_emergency")
    assert (await order(desk, home, 1, force=True)).status_code == 202
    await house.work()
    assert (await desk.get(f"/api/households/{home}/erasure")).status_code == 404


async def test_what_is_being_handed_over_is_erased_a_little_later(house: Installation) -> None:
    home = await home_with(house, SAID)
    async with house.parts.sessions.begin() as session:
        request = await session.scalar(select(ServiceRequest.id))
        delivery = Delivery(service_request_id=request, backend="far", idempotency_key="k")
        session.add(delivery)
        await session.flush()
        session.add(DeliveryAttempt(delivery_id=delivery.id, number=1))
        delivery_id = delivery.id
    desk = await at_the_desk(house, "supervisor")
    assert (await order(desk, home, 1)).status_code == 202
    await house.work(hurry=False)
    told = (await desk.get(f"/api/households/{home}/erasure")).json()
    assert told["requests"] == 1 and told["erasing"]["stopped"] is None
    async with house.parts.sessions.begin() as session:
        tries = update(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery_id)
        await session.execute(tries.values(finished_at=func.now()))
    await house.work()
    assert (await desk.get(f"/api/households/{home}/erasure")).status_code == 404


async def test_a_supervisor_erases_a_household_in_the_browser(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house()
    home = await home_with(house, SAID, SAID)
    port = free_ports(1)
    url = f"http://127.0.0.1:{port}/desk/households/{home}"
    operator = await at_the_desk(house)
    assert 'id="erase"' not in (await operator.get(f"/desk/households/{home}")).text
    async with (
        Served(house.app, port),
        desk_browser(house, port, "supervisor") as desk,
    ):
        page = await desk.new_page()
        await page.goto(url)
        assert await axe(page) == []
        await expect(page.locator("#erase li").first).to_contain_text("2 件")
        asked_for: list[str] = []

        async def no(dialog: Any) -> None:
            asked_for.append(dialog.message)
            await dialog.dismiss()

        page.once("dialog", no)
        await page.get_by_role("button", name="删除这一户").press("Enter")
        assert NAME in asked_for[0] and "2 件诉求和 2 段录音" in asked_for[0]
        page.once("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="删除这一户").press("Enter")
        await expect(page.locator("#left")).to_have_text("还剩 2 件（共 2 件）", timeout=30_000)
        assert await axe(page) == []
        await house.work()
        await expect(page.locator("[role=status]", has_text="都已删除")).to_be_visible(
            timeout=30_000
        )
        assert page.url.endswith("/desk/households?gone=true")
        assert NAME not in await page.content()


async def fill_group(house: Installation, group: str, count: int, area: str | None = None) -> None:
    async with house.parts.sessions.begin() as session:
        session.add_all([Household(resident_group=group, area=area) for _ in range(count)])


async def figures(house: Installation) -> list[Any]:
    catalogue = house.parts.catalogue
    async with house.parts.sessions() as session:
        found: list[Any] = [await statistics.cells(session, asked(), catalogue)]
        for split in SPLITS:
            found.append(await statistics.picture(session, asked(), split, catalogue))
        return found


async def erase_ended(house: Installation, group: str) -> int:
    """Erase all ended requests of a group; how many."""
    ids = text(
        "SELECT r.id FROM service_requests AS r JOIN households AS h ON h.id = r.household_id"
        " WHERE h.resident_group = :group AND r.status <> ALL('{needs_review,routed}')"
    )
    async with house.parts.sessions.begin() as session:
        found = list(await session.scalars(ids, {"group": group}))
        left = [await erase(session, one, BY, why="asked") for one in found]
    for leftover in filter(None, left):
        await external_data.remove(house.settings, house.parts.sessions, leftover)
    return len(found)


async def test_the_demand_picture_is_the_same_after_an_erase(house: Installation) -> None:
    await seed(house, 200)
    await fill_group(house, "独居", FEWEST_HOMES - 1)
    before = await figures(house)
    assert before[1].groups["独居"] > 10
    assert await erase_ended(house, "独居") > 10
    assert await figures(house) == before
    async with house.parts.sessions.begin() as session:
        await session.execute(text("DELETE FROM households WHERE resident_group = '独居'"))
        known = await statistics.known(session)
    assert "独居" in known["resident_group"]


async def test_a_group_of_few_households_does_not_stay_in_an_erased_request(
    house: Installation,
) -> None:
    await seed(house, 200)
    await fill_group(house, "独居", FEWEST_HOMES - 2)
    before = await figures(house)
    erased = await erase_ended(house, "独居")
    after = await figures(house)
    async with house.parts.sessions() as session:
        kept = await session.scalars(select(ServiceRequest.resident_group).distinct())
        assert list(kept) == [None]
        gone = await session.scalar(
            select(func.count()).where(
                ServiceRequest.erased_at.is_not(None), ServiceRequest.status != "merged"
            )
        )
    assert 0 < gone <= erased
    assert after[1].groups["独居"] == before[1].groups["独居"] - gone
    assert after[1].groups[""] == before[1].groups[""] + gone
    assert (after[1].total, after[1].areas) == (before[1].total, before[1].areas)


async def test_the_area_of_an_erased_request_narrows_down_who_can_be_meant(
    house: Installation,
) -> None:
    await fill_group(house, "残疾", FEWEST_HOMES, "西片")
    seen = {}
    for area in ("东片", "西片"):
        home = await home_with(house, SAID, resident_group="残疾", area=area)
        async with house.parts.sessions.begin() as session:
            mine = ServiceRequest.household_id == home
            await session.execute(update(ServiceRequest).where(mine).values(area=area))
            request = await session.scalar(select(ServiceRequest.id).where(mine))
            assert request is not None
            await erase(session, request, BY, why="asked", force=True)
            tombstone = await session.get_one(ServiceRequest, request)
            seen[area] = tombstone.resident_group
    assert seen == {"东片": None, "西片": "残疾"}


async def test_the_order_goes_into_no_export_with_a_name(house: Installation) -> None:
    home = await home_with(house, SAID)
    async with house.parts.sessions.begin() as session:
        await erase_household.begin(session, home, BY, why="asked", force=True, seen=1)
    desk = await at_the_desk(house, "admin")
    exported = await desk.get(f"/api/households/{home}/export")
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        told = archive.read("household.json").decode()
    assert '"erasing": "staff"' in told and "Ms Li" not in told
