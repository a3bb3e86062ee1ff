"""One request at the desk: heard by its words, corrected by keys, decided, undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from intake.locale import say
from intake.storage.models import AccessLog, Delivery, Event, OperatorTask
from tests.integration.pipeline.test_pipeline import rows
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk
from tests.support.desk_request import Desk, desk_of
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
PATIENT = 60_000
DIALOGS = {"r": "route", "h": "hold", "x": "reject", "k": "cancel", "s": "split", "m": "merge",
           "b": "call", "n": "note"}  # fmt: skip


@pytest.fixture
async def desk(open_house: Callable[..., Installation], tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of(open_house(), tmp_path) as found:
        yield found


async def heard_from(page: Page, second: str) -> None:
    """Wait until the recording plays from this second on."""
    playing = page.locator(f"#player[data-playing='1'][data-from='{second}']")
    await expect(playing).to_be_attached(timeout=PATIENT)


async def on_screen(page: Page, selector: str) -> bool:
    """Is all of it in sight, without scrolling?"""
    return bool(
        await page.eval_on_selector(
            selector,
            "e => { const b = e.getBoundingClientRect();"
            " return b.top >= 0 && b.bottom <= innerHeight && b.right <= innerWidth; }",
        )
    )


async def test_a_voicemail_is_heard_by_its_words_corrected_by_keys_confirmed_and_routed(
    desk: Desk,
) -> None:
    following = await desk.waiting(phone="13900001111", place="兴福里", unit="9-9-909")
    async with desk.browser() as at:
        page = at.page
        await page.goto(f"{desk.url}/desk")
        await expect(page.locator(f"[href='/desk/requests/{following}']")).to_be_visible()
        number = await desk.waiting()
        arrived = page.locator(f"[href='/desk/requests/{number}']")
        await expect(arrived).to_be_visible(timeout=PATIENT)
        await arrived.focus()
        await at.press("Enter")
        await at.shown(number)
        reasons = page.locator(".reasons")
        await expect(reasons).to_contain_text("地点可能是幸福里 或 兴福里")
        assert "home_repair" not in await reasons.inner_text()
        doubtful = page.locator(".word.doubtful")
        await expect(doubtful).to_have_text("幸福里")
        assert "0.41" in str(await doubtful.get_attribute("title"))

        await doubtful.click()
        await heard_from(page, "3.3")
        await expect(page.locator(".word.now")).to_be_visible(timeout=PATIENT)
        await at.press("Space", "v", "Home", "ArrowRight", "ArrowRight", "Enter")
        await heard_from(page, "1.0")

        # In the words' focus a Space still pauses; the evidence of a field is heard with one key.
        await at.press("Space", "2")
        marked = page.locator("#said .evidence")
        await expect(marked).to_have_text("幸福里")
        await at.press("F2")
        await heard_from(page, "3.1")
        await page.keyboard.type("wanghu")
        await expect(page.locator("#f-place-choices li")).to_have_text(["望湖苑 B2"])
        await at.press("Enter", "Shift+Digit1")
        await expect(page.locator("#f-place")).to_have_value("望湖苑")
        await expect(page.locator("#f-category")).to_have_value("物业服务")
        await expect(page.locator("#unsaved")).to_contain_text("2")
        await at.press("c")
        await at.shown(following)
        assert not at.errors
        request = await desk.until(number, "routed")
        hers = await at.context.new_page()
        await hers.goto(f"{desk.url}/s/{request.status_key}")
        await expect(hers.locator("main")).to_contain_text(say("status.routed", "zh"))
    assert (request.place, request.area, request.category) == ("望湖苑", "B2", "property_mgmt")
    assert request.decided_by == "李敏"
    assert {"place", "category"} <= set(request.corrected)


async def test_two_operators_see_each_other_and_cannot_overwrite_each_other(desk: Desk) -> None:
    number = await desk.waiting()
    async with desk.browser("李敏") as li, desk.browser("周立") as zhou:
        page, other = await li.open(number), await zhou.open(number)
        await expect(page.locator("#lookers")).to_contain_text("周立", timeout=PATIENT)
        await expect(other.locator("#lookers")).to_contain_text("李敏", timeout=PATIENT)

        # He types; she saves the same field and another one before he does.
        await zhou.press("3")
        await other.keyboard.type("5-1-101")
        await zhou.press("Enter", "5")
        await other.keyboard.type("王强")
        await zhou.press("Enter")
        await li.press("3")
        await page.keyboard.type("3-2-502")
        await li.press("Enter", "Control+s")
        await expect(page.locator("#f-unit[data-value='3-2-502']")).to_be_visible(timeout=PATIENT)
        await expect(other.locator("#changed")).to_contain_text("李敏", timeout=PATIENT)

        await zhou.press("c")
        await expect(other.locator("#f-unit")).to_have_value("3-2-502", timeout=PATIENT)
        assert (await desk.house.request(number)).status == "needs_review"
        await expect(other.locator("#f-person")).to_have_value("王强")
        await expect(other.locator(".undecided")).to_contain_text("5-1-101")
        await expect(other.locator("#done")).to_contain_text("李敏")

        # While the two differ nothing goes out; she decides, here for what she typed.
        await zhou.press("c")
        await expect(other.locator("#say")).to_be_visible()
        assert (await desk.house.request(number)).unit == "3-2-502"
        await zhou.press("Enter", "Shift+Digit3")
        await expect(other.locator("#f-unit")).to_have_value("5-1-101")
        await zhou.press("c")
        request = await desk.until(number, "routed")
        assert (request.unit, request.person) == ("5-1-101", "王强")


async def test_a_merge_is_undone_after_the_page_moved_on(desk: Desk) -> None:
    first = await desk.waiting()
    again = await desk.waiting()
    third = await desk.waiting(phone="13900001111", place="望湖苑", unit="9-9-909")
    async with desk.browser() as at:
        page = await at.open(again)
        await expect(page.locator(f".alike li[data-number='{first}']")).to_contain_text("同一地点")
        await at.press("m")
        await expect(page.locator("#ask-merge")).to_be_visible()
        await at.press("Enter")
        await desk.until(again, "merged")
        await expect(page.locator(f"#request:not([data-number='{again}'])")).to_be_attached(
            timeout=PATIENT
        )
        assert await page.locator("#request").get_attribute("data-number") in (first, third)
        await expect(page.locator("#done")).to_contain_text("已合并")
        await at.press("u")
        await at.shown(again)
        request = await desk.until(again, "needs_review")
        assert request.merged_into_id is None


async def test_what_was_confirmed_by_mistake_is_taken_back_and_cancelled_there(desk: Desk) -> None:
    number, _ = await desk.waiting(), await desk.waiting(phone="13900001111", place="望湖苑")
    async with desk.browser() as at:
        page = await at.open(number)
        await at.press("c")
        await expect(page.locator("#done")).to_contain_text(number, timeout=PATIENT)
        await desk.until(number, "routed")
        await at.press("u")
        await desk.until(number, "needs_review")
        await at.shown(number)
    async with asyncio.timeout(60):
        while "cancelled" not in [d.kind for d in await rows(desk.house, Delivery)]:
            await asyncio.sleep(0.1)


async def test_everything_else_is_decided_by_keys(desk: Desk) -> None:
    held, rejected, split = [await desk.waiting(phone=f"1390000111{n}") for n in range(3)]
    async with desk.browser() as at:
        page = await at.open(held)
        await at.press("h", "1", "Enter")
        await expect(page.locator(f"#request:not([data-number='{held}'])")).to_be_attached(
            timeout=PATIENT
        )
        until = (await desk.house.request(held)).on_hold_until
        assert until is not None and until > datetime.now(UTC) + timedelta(minutes=50)

        await at.open(rejected)
        await at.press("x", "1", "Enter")
        request = await desk.until(rejected, "rejected")
        assert "12345" in (request.rejected_because or "")
        # The page goes on by itself; opening another one before would cut that off.
        await expect(page.locator(f"#request:not([data-number='{rejected}'])")).to_be_attached(
            timeout=PATIENT
        )

        await at.open(split)
        await at.press("n")
        await page.keyboard.type("她说下午在家")
        await at.press("Control+Enter")
        await expect(page.locator(".notes")).to_contain_text("她说下午在家", timeout=PATIENT)
        await at.press("b", "2", "Enter")
        await expect(page.locator("#history")).to_contain_text("打了电话", timeout=PATIENT)
        assert [t for t in await rows(desk.house, OperatorTask) if t.kind == "call_back"]
        await at.press("s")
        await page.keyboard.type("wuye")
        await expect(page.locator("#split-category-choices li").first).to_have_text("物业服务")
        await at.press("Enter")
        await at.press("Control+Enter")
        await expect(page.locator("#done")).to_contain_text("已拆出", timeout=PATIENT)
        twin = await page.locator("#request").get_attribute("data-number")
        assert twin and twin != split
        assert (await desk.house.request(twin)).category == "property_mgmt"
    events = [e.kind for e in await rows(desk.house, Event)]
    assert {"held", "noted", "called", "split"} <= set(events)


async def test_all_that_is_needed_is_in_sight_and_said_in_both_languages(desk: Desk) -> None:
    number = await desk.waiting()
    await desk.waiting()
    for language, said in (("zh-CN", "不太确定 0.41"), ("en-GB", "not sure")):
        async with desk.browser(f"operator {language}", locale=language) as at:
            page = await at.open(number)
            for part in (".reasons", "#player", "#said", "#f-text", ".acts", ".alike"):
                assert await on_screen(page, part), (language, part)
            await expect(page.locator("#fields")).to_contain_text(said.split(" 0")[0])
            assert not await axe(page)
            await at.press("?")
            await expect(page.locator("#keys")).to_be_visible()
            assert not await axe(page)
            await at.press("?")
            await expect(page.locator("#keys")).to_be_hidden()
            for key, name in DIALOGS.items():
                await at.press(key)
                await expect(page.locator(f"#ask-{name}")).to_be_visible()
                assert not await axe(page), name
                await at.press("Escape")
                await expect(page.locator(f"#ask-{name}")).to_be_hidden()
            assert not at.errors


async def test_where_it_goes_and_what_resembles_it_follow_what_is_typed(desk: Desk) -> None:
    """Before anything is saved."""
    twin = await desk.waiting()
    number = await desk.waiting(phone="13900001111", place="望湖苑", unit="9-9-909")
    async with desk.browser() as at:
        page = await at.open(number)
        await expect(page.locator(f".alike li[data-number='{twin}']")).to_have_count(0)
        await at.press("6")
        await page.keyboard.type("13812345678")
        await at.press("Enter", "2")
        await page.keyboard.type("xfl")
        await expect(page.locator("#f-place-choices li").first).to_have_text("幸福里 A1")
        await at.press("Enter")
        await expect(page.locator(f".alike li[data-number='{twin}']")).to_be_visible(
            timeout=PATIENT
        )
    request = await desk.house.request(number)
    assert (request.place, request.version) == ("望湖苑", request.version)


async def test_a_time_in_words_is_counted_from_when_she_spoke(desk: Desk) -> None:
    number = await desk.waiting()
    zone = desk.house.settings.zone
    async with desk.browser() as at:
        page = await at.open(number)
        await at.press("4")
        await page.keyboard.insert_text("后天下午三点")
        await expect(page.locator("#f-when-choices li")).not_to_have_count(0, timeout=PATIENT)
        await at.press("Enter", "Control+Enter")
        request = await desk.until(number, "confirmed", "routed")
    assert request.when_start is not None
    wanted = request.received_at.astimezone(zone) + timedelta(days=2)
    start = request.when_start.astimezone(zone)
    assert (start.date(), start.hour) == (wanted.date(), 15)
    assert request.when_text == "后天下午三点"


async def test_a_nul_byte_in_what_is_typed_asks_nothing_of_the_database(desk: Desk) -> None:
    number = await desk.waiting()
    client = await at_the_desk(desk.house)
    for path in ("/desk/requests", "/api/requests"):
        answer = await client.get(f"{path}/{number}/outlook?place=%00&phone=1%00")
        assert answer.status_code == 200, answer.text


async def test_every_look_and_change_stands_in_the_access_log(desk: Desk) -> None:
    number = await desk.waiting()
    async with desk.browser() as at:
        await at.open(number)
        await at.press("c")
        await desk.until(number, "routed")
    actions = {log.action for log in await rows(desk.house, AccessLog)}
    assert {"read", "hear", "confirm"} <= actions


async def test_a_supervisor_erases_it_and_sees_what_is_left(desk: Desk) -> None:
    number = await desk.waiting()
    async with desk.browser("周立", role="supervisor") as at:
        page = await at.open(number)
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await page.click("#history summary")
        await page.click("#erase")
        await expect(page.locator(".what")).to_contain_text("已抹除", timeout=PATIENT)
        assert "幸福里" not in await page.inner_text("main")
        assert not at.errors
    left = await desk.house.request(number)
    assert (left.status, left.text, left.phone, left.erased_by) == ("cancelled", None, None, "周立")
