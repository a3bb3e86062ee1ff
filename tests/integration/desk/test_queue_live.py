"""The queue in a browser: what comes in appears, emergencies ring, operators see each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect
from sqlalchemy import delete, select, text, update

from intake import service_requests
from intake.storage.models import Alarm, OperatorSession, ServiceRequest
from intake.web.cookies import COOKIE
from intake.web.desk import events
from tests.integration.desk.test_operators_api import in_review
from tests.integration.desk.test_queue import stored
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import desk_browser, signed_in
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served

pytestmark = pytest.mark.asyncio
SOON = 45_000  # ms
COUNTS_TONES = """
  window.tones = 0;
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () { window.tones++; return make.call(this); };
"""


class Desk:
    """An installation on a port, and browsers at its desk."""

    def __init__(self, house: Installation, port: int, folder: Path, stack: AsyncExitStack) -> None:
        self.house, self.port, self.folder, self.stack = house, port, folder, stack
        self.served = Served(house.app, port)

    async def browser(self, name: str = "李敏") -> BrowserContext:
        opened = desk_browser(self.house, self.port, name=name)
        context = await self.stack.enter_async_context(opened)
        await context.add_init_script(COUNTS_TONES)
        return context

    async def open(self, context: BrowserContext, path: str = "/desk") -> Page:
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{self.port}{path}")
        await expect(page.locator("body")).to_have_attribute("data-live", "yes", timeout=SOON)
        return page


@pytest.fixture
async def desk(house: Installation, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        made = Desk(house, free_ports(1), tmp_path, stack)
        await made.served.start()
        stack.push_async_callback(made.served.stop)
        yield made


async def ring(house: Installation, number: str) -> None:
    """An alarm as the worker raises it."""
    found = await house.request(number)
    async with house.parts.sessions.begin() as session:
        request = await service_requests.lock(session, found.id)
        request.urgency = "emergency"
        request.version += 1
        await service_requests.raise_alarm(session, request)


async def test_a_voicemail_appears_in_the_open_queue_and_the_place_is_kept(desk: Desk) -> None:
    first = [await stored(desk.house, text=f"第{n}件") for n in range(12)]
    page = await desk.open(await desk.browser())
    for _ in range(10):
        await page.keyboard.press("j")
    await expect(page.locator(f"#r-{first[9]}")).to_be_focused()
    await page.evaluate("window.same = true")
    top = await page.evaluate("document.activeElement.getBoundingClientRect().top")
    soon = datetime.now(UTC) + timedelta(minutes=12, seconds=30)
    fresh = await stored(desk.house, text="刚来的", deadline_at=soon)
    line = page.locator(f'.line[data-number="{fresh}"]')
    await expect(line).to_be_visible(timeout=SOON)
    await expect(line.locator("[data-due]")).to_have_text("还剩 12 分钟")
    await expect(page.locator("#say")).to_have_text("来了 1 个请求")
    await expect(page.locator(f"#r-{first[9]}")).to_be_focused()
    assert await page.evaluate("window.same") is True  # not loaded anew
    moved = await page.evaluate("document.activeElement.getBoundingClientRect().top")
    scrolled = await page.evaluate("scrollY")
    assert scrolled == 0 or abs(moved - top) < 3

    left = await in_review(desk.house)
    await expect(page.locator(f'.line[data-number="{left}"]')).to_be_visible(timeout=SOON)
    await expect(page.locator("#tab-waiting b")).to_have_text("14")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/requests/{first[9]}")


async def test_an_emergency_stands_first_and_rings_until_somebody_takes_it(desk: Desk) -> None:
    await stored(desk.house, text="灯泡坏了", deadline_at=datetime.now(UTC))
    danger = await stored(desk.house, text="有人晕倒了")
    page = await desk.open(await desk.browser())
    bar = page.locator("#sound-on")
    await expect(bar).to_be_visible()
    await expect(bar).to_have_text("警报声音没有打开：按这里打开")
    await ring(desk.house, danger)
    await expect(page.locator(".alarms .line").first).to_have_attribute(
        "data-number", danger, timeout=SOON
    )
    await expect(page.locator("#alarm-bar a")).to_contain_text(danger, timeout=SOON)
    assert await page.evaluate("tones") == 0
    await bar.click()
    await expect(bar).to_be_hidden()
    async with asyncio.timeout(45):
        while await page.evaluate("tones") < 8:  # it repeats
            await asyncio.sleep(0.1)
    assert not await axe(page)
    await page.locator(".alarms .take").click()
    await expect(page.locator(".alarms")).to_have_count(0, timeout=SOON)
    await expect(page.locator("body")).to_have_attribute("data-ringing", "0", timeout=SOON)
    async with desk.house.parts.sessions() as session:
        taken = await session.scalar(select(Alarm.acknowledged_by))
    assert taken == "李敏"
    await expect(page.locator("#lines .line").first).to_have_attribute("data-number", danger)
    rung = await page.evaluate("tones")
    await page.wait_for_timeout(4000)
    assert await page.evaluate("tones") == rung


async def test_what_may_be_danger_stands_first_with_a_soft_sound_and_no_alarm(desk: Desk) -> None:
    late = await stored(desk.house, text="灯泡坏了", deadline_at=datetime.now(UTC))
    page = await desk.open(await desk.browser())
    await page.click("#sound-on")
    await expect(page.locator("#sound-on")).to_be_hidden()
    perhaps = await stored(desk.house, text="他不说话", urgency="urgent", listen_first=True)
    line = page.locator(f'.line.listen[data-number="{perhaps}"]')
    await expect(line).to_contain_text("先听", timeout=SOON)
    await expect(page.locator("#say")).to_have_text(f"新的可能有危险，请先听：{perhaps}")
    first = page.locator("#lines .line").first
    assert await first.get_attribute("data-number") == perhaps != late
    assert await page.evaluate("window.tones") == 2
    await expect(page.locator("body")).to_have_attribute("data-ringing", "0")
    assert not await axe(page)


async def test_two_operators_see_each_other_looking_and_leaving(desk: Desk) -> None:
    number = await stored(desk.house, text="两个人看同一件")
    queue = await desk.open(await desk.browser())
    line = queue.locator(f'.line[data-number="{number}"]')
    async with await _token(desk, "周立") as other:
        path = f"/api/requests/{number}/looking"
        await other.post(path, json={})
        await expect(line.locator(".looking")).to_have_text("周立正在看", timeout=SOON)
        await other.post(path, json={"leaving": True})
        await expect(line.locator(".looking")).to_have_count(0, timeout=SOON)


async def test_words_and_filters_stand_in_an_address_that_can_be_shared(desk: Desk) -> None:
    repair = await stored(desk.house, text="水管漏水", area="东城", category="home_repair")
    meal = await stored(desk.house, text="想订盒饭", area="西城", category="meal")
    context = await desk.browser()
    page = await desk.open(context)
    await page.keyboard.press("/")
    await page.keyboard.type("漏水")
    await page.keyboard.press("Enter")
    await expect(page.locator("#lines .line")).to_have_count(1, timeout=SOON)
    await expect(page.locator("#lines .line")).to_have_attribute("data-number", repair)
    assert page.url.endswith("/desk?q=%E6%BC%8F%E6%B0%B4")
    again = await desk.open(context, page.url.removeprefix(f"http://127.0.0.1:{desk.port}"))
    await expect(again.locator("#lines .line")).to_have_count(1)
    await again.goto(f"http://127.0.0.1:{desk.port}/desk")
    await again.select_option('[name="area"]', "西城")
    await again.wait_for_url("**/desk?area=*")
    await expect(again.locator("#lines .line")).to_have_attribute("data-number", meal)
    assert not await axe(again)


async def test_pages_are_turned_by_a_link(desk: Desk) -> None:
    for n in range(52):
        await stored(desk.house, text=f"第{n}件")
    page = await desk.open(await desk.browser())
    await expect(page.locator("#lines .line")).to_have_count(50)
    await page.click("#following")
    await expect(page.locator("#lines .line")).to_have_count(2)
    await page.click("#first")
    await expect(page.locator("#lines .line")).to_have_count(50)


async def test_a_page_that_was_cut_off_looks_again(desk: Desk) -> None:
    await stored(desk.house, text="第一件")
    page = await desk.open(await desk.browser())
    await desk.served.stop()
    await expect(page.locator("body")).not_to_have_attribute("data-live", "yes", timeout=SOON)
    missed = await stored(desk.house, text="断线时来的")
    await desk.served.start()
    line = page.locator(f'.line[data-number="{missed}"]')
    await expect(line).to_be_visible(timeout=SOON)


async def test_one_browser_holds_one_stream_for_all_its_pages(desk: Desk) -> None:
    number = await stored(desk.house, text="看两页")
    context = await desk.browser()
    one, two = await desk.open(context), await context.new_page()
    await two.goto(f"http://127.0.0.1:{desk.port}/desk")
    async with desk.house.parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await desk.house.request(number)).id)
        request.status, request.version = "routed", request.version + 1
    for page in (one, two):
        await expect(page.locator(f'.line[data-number="{number}"]')).to_have_count(0, timeout=SOON)
    assert len(desk.house.app.state.desks.pages) == 1


async def test_a_session_that_ends_ends_its_stream(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "CHECK_SECONDS", 0.2)
    page = await desk.open(await desk.browser())
    async with desk.house.parts.sessions.begin() as session:
        await session.execute(delete(OperatorSession))
    await page.wait_for_url("**/desk/sign-in?next=%2Fdesk", timeout=SOON)
    async with asyncio.timeout(30):
        while desk.house.app.state.desks.pages:
            await asyncio.sleep(0.05)


async def test_events_name_what_changed_and_nothing_personal(desk: Desk) -> None:
    number = await stored(desk.house)
    found = await desk.house.request(number)
    heard: list[str] = []
    async with (
        await _token(desk, "李敏") as client,
        client.stream("GET", "/desk/events", timeout=60) as stream,
    ):
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        async with asyncio.timeout(60):
            async for line in lines:
                heard.append(line)
                if line == "event: hello":
                    break
            while not any("huying-desk" in name for name in await _listeners(desk.house)):
                await asyncio.sleep(0.05)
            async with desk.house.parts.sessions.begin() as session:
                changed = update(ServiceRequest).where(ServiceRequest.id == found.id)
                await session.execute(changed.values(person="李奶奶", text="救命"))
            async for line in lines:
                heard.append(line)
                if "tracking" in line or number in line:
                    break
    said = "\n".join(heard)
    assert f'"number":"{number}"' in said.replace(" ", "")
    assert "event: request" in said
    assert "李奶奶" not in said and "救命" not in said


async def test_too_many_pages_are_refused_and_strangers_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PER_OPERATOR", 0)
    async with await _token(desk, "李敏") as client:
        assert (await client.get("/desk/events")).status_code == 429
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{desk.port}") as stranger:
        assert (await stranger.get("/desk/events")).status_code == 401


async def _token(desk: Desk, name: str) -> httpx.AsyncClient:
    who = await signed_in(desk.house, name=name)
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{desk.port}",
        cookies={COOKIE: who.token},
        headers={"X-CSRF-Token": who.csrf},
        timeout=30,
    )


async def _listeners(house: Installation) -> list[str]:
    async with house.parts.sessions() as session:
        found = await session.scalars(
            text(
                "SELECT application_name FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
        )
        return list(found)
