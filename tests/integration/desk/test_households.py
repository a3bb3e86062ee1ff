"""Homes at the desk: made, found, changed, their links made and ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import select, update

from intake.storage.models import AccessLog, Household, ServiceRequest
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk, at_the_screen
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
HOME = {"name": "王奶奶", "place": "幸福里", "unit": "3-2-501", "phone": "13812345678"}


async def test_a_household_is_made_given_a_link_and_the_link_is_ended(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    house = open_house()
    async with at_the_screen(house) as (desk, url):
        page = await desk.new_page()
        await page.goto(f"{url}/desk/households")
        await page.locator("#new summary").press("Enter")
        for name, value in HOME.items():
            await page.fill(f"#new input[name={name}]", value)
        assert await axe(page) == []
        await page.press("#new input[name=phone]", "Enter")
        await page.wait_for_url("**/desk/households/1")
        assert await page.input_value("input[name=phone]") == HOME["phone"]
        await page.get_by_role("button", name="生成链接").press("Enter")
        link = page.locator("#url input")
        await expect(link).to_have_value(re.compile(r"^http://127\.0\.0\.1:\d+/h/.+"))
        token = (await link.input_value()).rsplit("/", 1)[1]
        assert (await house.client.get(f"/h/{token}")).status_code == 200
        await page.fill("input[name=resident_group]", "独居")
        await page.get_by_role("button", name="保存").press("Enter")
        await expect(page.locator("#link")).to_contain_text("打印贴纸")
        assert await axe(page) == []
        page.on("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="收回链接").press("Enter")
        await expect(page.locator("#link")).to_contain_text("没有链接")
        await page.goto(f"{url}/desk/households?text=独居")
        await expect(page.locator("#homes tbody tr")).to_have_count(1)
        assert "138****5678" in await page.inner_text("#homes")
        assert HOME["phone"] not in await page.content()
        assert await axe(page) == []
    async with house.parts.sessions() as session:
        home = (await session.scalars(select(Household))).one()
        seen = list(await session.scalars(select(AccessLog.action)))
    assert (home.resident_group, home.link_revoked_at is None) == ("独居", False)
    assert {"households", "household 1: make", "household 1: read", "household 1: end link"} <= {
        *seen
    }


async def test_a_household_shows_what_it_asked_for(house: Installation) -> None:
    number = await house.leave("帮我买点米")
    other = await house.leave("帮我买点油")
    desk = await at_the_desk(house)
    home = (await desk.post("/api/households", json=HOME)).json()["id"]
    async with house.parts.sessions.begin() as session:
        mine = ServiceRequest.tracking_number == number
        await session.execute(update(ServiceRequest).where(mine).values(household_id=home))
    shown = (await desk.get(f"/desk/households/{home}")).text
    assert f"/desk/requests/{number}" in shown and other not in shown


async def test_long_lists_go_on_and_what_is_none_is_not_found(house: Installation) -> None:
    async with house.parts.sessions.begin() as session:
        session.add_all([Household(name=f"户{n}") for n in range(60)])
    desk = await at_the_desk(house)
    first = (await desk.get("/desk/households")).text
    assert "户49<" in first and "户50<" not in first and "after=50" in first
    assert "户59<" in (await desk.get("/desk/households?after=50")).text
    assert (await desk.get("/desk/households/99")).status_code == 404
    assert (await desk.get("/desk/households?text=%00%25")).status_code == 200
