"""What an operator does with a request, by keys alone: the page confirms it, the installation does
it, and the resident reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from intake.locale import say
from intake.storage.models import Delivery, Event, OperatorTask, ServiceRequest, StationOrder
from tests.fakes.webhook_receiver import WebhookReceiver
from tests.integration.pipeline.test_pipeline import rows
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk_request import Browsing, Desk, desk_of
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
PATIENT = 60_000
OTHER = {"phone": "13900001111", "place": "望湖苑", "unit": "9-9-909"}


@pytest.fixture
async def desk(open_house: Callable[..., Installation], tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of(open_house(), tmp_path) as found:
        yield found


async def history(desk: Desk, number: str) -> list[tuple[str, str | None, str | None, str | None]]:
    """(kind, to status, who, why) of what operators did, the oldest first."""
    request = await desk.house.request(number)
    async with desk.house.parts.sessions() as session:
        found = await session.scalars(
            select(Event)
            .where(Event.service_request_id == request.id, Event.actor == "operator")
            .order_by(Event.id)
        )
        return [(e.kind, e.to_status, e.who, e.why) for e in found]


async def she_reads(at: Browsing, number: str, code: str, **values: str) -> None:
    """The resident's page says how it stands, in a word and in a sentence."""
    request = await at.desk.house.request(number)
    hers = await at.context.new_page()
    await hers.goto(f"{at.desk.url}/s/{request.status_key}")
    await expect(hers.locator("main")).to_contain_text(say(f"status.{request.status}", "zh"))
    answer = await at.desk.house.client.get(f"/api/s/{request.status_key}")
    assert answer.json()["sentence"] == say(code, "zh", number=number, **values)
    await hers.close()


async def told(page: Page, *words: str) -> None:
    """The bar says what was done, on whatever page comes next."""
    for word in words:
        await expect(page.locator("#done")).to_contain_text(word, timeout=PATIENT)


async def on(at: Browsing, status: str) -> None:
    """The page shows it in this status, its sound ready."""
    shown = at.page.locator("#request #player[data-ready]")
    name = say(f"desk.request.status.{status}", "zh")
    await expect(at.page.locator("#status")).to_have_text(name, timeout=PATIENT)
    await expect(shown).to_be_attached(timeout=PATIENT)


async def test_a_request_goes_to_another_backend_than_the_rules_say(
    open_house: Callable[..., Installation], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("s3cret")
    async with WebhookReceiver(["s3cret"]) as office:
        table = {
            "kind": "webhook",
            "title": "物业公司",
            "url": f"{office.url}/hook",
            "secret_file": str(tmp_path / "secret"),
            "allow_networks": ["127.0.0.0/8"],
        }
        house = open_house(
            backends={"office": table, "station": {"kind": "station", "title": "服务站"}},
            routing={"default": "station", "rules": []},
        )
        async with desk_of(house, tmp_path) as desk, desk.browser() as at:
            number = await desk.waiting()
            page = await at.open(number)
            await expect(page.locator("#goes")).to_contain_text("服务站")
            await at.press("r")
            proposed = page.locator("#ask-route label", has_text="服务站")
            await expect(proposed).to_contain_text("照规则")
            await expect(page.locator("#ask-route input:checked")).to_be_focused()
            assert await page.eval_on_selector("#ask-route input:checked", "e => e.value") == (
                "office"
            )
            await at.press("2", "1", "Enter")
            await told(page, number, "物业公司")
            await desk.until(number, "routed")
            assert [e["tracking_number"] for e in office.events.values()] == [number]
            assert await rows(house, StationOrder) == []
            await she_reads(at, number, "tell.routed", category="居家维修", backend="物业公司")

            # Taken back, it goes where the page says that it goes.
            await at.press("u")
            await at.shown(number)
            await expect(page.locator("#goes")).to_contain_text("服务站")
            await at.press("c")
            await told(page, number, "服务站")
            await desk.until(number, "routed")
            [order] = await rows(house, StationOrder)
            assert order.tracking_number == number
            assert not at.errors
        done = [(d.backend, d.kind) for d in await rows(house, Delivery)]
        assert done == [("office", "submit"), ("office", "cancelled"), ("station", "submit")]


async def test_it_is_cancelled_with_her_reason_and_that_is_undone_from_the_empty_queue(
    desk: Desk,
) -> None:
    number = await desk.waiting()
    async with desk.browser() as at:
        page = await at.open(number)
        await at.press("k")
        await page.keyboard.insert_text("女儿修好了")
        await at.press("Enter")
        await desk.until(number, "cancelled")
        assert (await history(desk, number))[-1] == ("moved", "cancelled", "李敏", "女儿修好了")
        await she_reads(at, number, "tell.cancelled")
        await page.wait_for_url(f"{desk.url}/desk")
        await told(page, number, "已取消")
        assert not await axe(page)
        await at.press("u")
        await at.shown(number)
        await told(page, "已撤销")
        await desk.until(number, "needs_review")
        await she_reads(at, number, "tell.needs_review")
        assert not at.errors


async def test_what_is_done_is_taken_back_or_closed_for_good(desk: Desk) -> None:
    number = await desk.waiting()
    async with desk.browser() as at:
        page = await at.open(number)
        await at.press("d")
        await told(page, number, "已办好")
        await on(at, "done")
        await she_reads(at, number, "tell.done")
        await at.press("u")
        await told(page, "已撤销")
        await on(at, "needs_review")
        await at.press("d")
        await on(at, "done")
        await at.press("o")
        await told(page, number, "待人工")
        await on(at, "needs_review")

        # Closing has no way back, so it asks first.
        await at.press("d")
        await on(at, "done")
        await at.press("f")
        await expect(page.locator("#ask-close")).to_contain_text("不能再打开")
        await at.press("Escape")
        await expect(page.locator("#ask-close")).to_be_hidden()
        assert (await desk.house.request(number)).status == "done"
        await at.press("f", "Enter")
        await told(page, number, "已结案")
        await on(at, "closed")
        await she_reads(at, number, "resident.sentence.closed")
        assert not at.errors
    moves = [(to, who) for kind, to, who, _ in await history(desk, number) if kind == "moved"]
    wanted = ("done", "needs_review", "done", "needs_review", "done", "closed")
    assert moves == [(to, "李敏") for to in wanted]


async def test_a_rejected_one_is_opened_again(desk: Desk) -> None:
    number, _ = await desk.waiting(), await desk.waiting(**OTHER)
    async with desk.browser() as at:
        page = await at.open(number)
        await at.press("x", "4", "Enter")
        await desk.until(number, "rejected")
        why = say("tell.why.mistake", "zh")
        phone = say("phone.unset", "zh")
        await she_reads(at, number, "tell.rejected", why=why, phone=phone)
        await told(page, number, "已拒绝")
        await at.open(number)
        await at.press("o")
        await told(page, number, "待人工")
        await on(at, "needs_review")
        await she_reads(at, number, "tell.needs_review")
    assert [e[:3] for e in await history(desk, number)] == [
        ("moved", "rejected", "李敏"),
        ("moved", "needs_review", "李敏"),
    ]


async def test_it_is_put_aside_until_a_time_and_taken_up_again(desk: Desk) -> None:
    number, _ = await desk.waiting(), await desk.waiting(**OTHER)
    zone = desk.house.settings.zone
    async with desk.browser() as at:
        page = await at.open(number)
        await at.press("h", "3", "Enter")
        await told(page, number, "已搁置")
        until = (await desk.house.request(number)).on_hold_until
        assert until is not None
        tomorrow = datetime.now(zone).date() + timedelta(days=1)
        local = until.astimezone(zone)
        assert (local.hour, local.minute) == (9, 0)
        assert abs((local.date() - tomorrow).days) <= 1
        await at.press("u")
        await at.shown(number)
        assert (await desk.house.request(number)).on_hold_until is None

        # A time of her own: the key opens the field, filled in with tomorrow morning.
        await at.press("h", "4")
        await expect(page.locator("#ask-hold [name=date]")).to_be_focused()
        await at.press("Enter")
        await told(page, number, "已搁置")
        own = (await desk.house.request(number)).on_hold_until
        assert own == until
        await at.open(number)
        await expect(page.locator(".what")).to_contain_text("搁置到")
        await at.press("y")
        await told(page, number, "继续办")
        await expect(page.locator(".what")).not_to_contain_text("搁置到")
        assert (await desk.house.request(number)).on_hold_until is None
        assert not at.errors
    kinds = [kind for kind, _, who, _ in await history(desk, number) if who == "李敏"]
    assert kinds == ["held", "resumed", "held", "resumed"]


async def open_calls(desk: Desk) -> list[OperatorTask]:
    return [task for task in await rows(desk.house, OperatorTask) if task.done_at is None]


async def test_how_a_call_went_is_a_key_and_what_is_owed_is_a_task(desk: Desk) -> None:
    number = await desk.waiting()
    zone = desk.house.settings.zone
    async with desk.browser() as at:
        page = await at.open(number)
        said = page.locator("#say")
        lines = page.locator("#history li", has_text="打了电话")

        async def called(*keys: str) -> None:
            before = await lines.count()
            await at.press("b", *keys)
            await expect(lines).to_have_count(before + 1, timeout=PATIENT)
            await expect(said).to_have_text("已记下。")

        await called("2", "Enter")
        [task] = await open_calls(desk)
        assert (task.kind, task.due_at) == ("call_back", None)

        await called("4", "Enter")  # an hour from now: so she was spoken to, or asked for it
        [task] = await open_calls(desk)
        assert task.due_at is not None
        assert abs(task.due_at - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=10)
        await expect(lines.first).to_contain_text("约好再打")

        await at.press("b", "3", "7")
        await expect(page.locator("#ask-call [name=date]")).to_be_focused()
        await at.press("Enter")
        await expect(lines).to_have_count(3, timeout=PATIENT)
        [task] = await open_calls(desk)
        assert task.due_at is not None
        assert task.due_at.astimezone(zone).hour == 9

        await at.press("b", "1", "Tab")
        await page.keyboard.insert_text("她说不急")
        await at.press("Enter")
        await expect(lines).to_have_count(4, timeout=PATIENT)
        await expect(lines.first).to_contain_text("打通了")
        await expect(lines.first).to_contain_text("她说不急")
        assert await open_calls(desk) == []
        assert not at.errors
        closed = [task.done_by for task in await rows(desk.house, OperatorTask)]
        assert closed == ["李敏"] * 3


async def test_what_could_not_be_sent_is_still_there_with_the_reason(desk: Desk) -> None:
    number, ended = await desk.waiting(), await desk.waiting(**OTHER)
    async with desk.browser() as at:
        page = await at.open(ended)
        await at.press("x", "1", "Enter")
        await desk.until(ended, "rejected")

        await at.open(number)
        await page.route("**/notes", lambda route: route.abort())
        await at.press("n")
        await page.keyboard.insert_text("她下午在家")
        await at.press("Enter")
        wrong = page.locator("#ask-note [role=alert]")
        await expect(wrong).to_contain_text("没有网络")
        await expect(page.locator("#ask-note textarea")).to_have_value("她下午在家")
        await page.unroute("**/notes")
        await at.press("Enter")
        await expect(page.locator(".notes")).to_contain_text("李敏")
        await expect(page.locator(".notes")).to_contain_text("她下午在家")

        for into, why in (
            (ended, "已经结束"),
            (number, "并入它自己"),
            ("9-9999-9", "找不到"),
        ):
            await at.press("m")
            await expect(page.locator("#ask-merge")).to_be_visible()
            await page.locator("#ask-merge [name=into]").focus()
            await at.press("Control+a")
            await page.keyboard.type(into)
            await at.press("Enter")
            wrong = page.locator("#ask-merge [role=alert]")
            await expect(wrong).to_contain_text(why)
            await expect(page.locator("#ask-merge [name=into]")).to_have_value(into)
            assert not await axe(page)
            await at.press("Escape")
        assert (await desk.house.request(number)).status == "needs_review"
        assert not at.errors


async def test_only_a_kind_that_was_chosen_is_split_off(desk: Desk) -> None:
    number = await desk.waiting()
    async with desk.browser() as at:
        page = await at.open(number)
        await at.press("s")
        await page.keyboard.type("qqq")
        await at.press("Enter")
        await expect(page.locator("#ask-split")).to_be_visible()
        assert len(await rows(desk.house, ServiceRequest)) == 1
        await at.press("Control+a")
        await page.keyboard.type("wuye")
        await at.press("Enter", "Enter")
        await told(page, "已拆出")
        twin = await page.locator("#request").get_attribute("data-number")
        assert twin and twin != number
        assert (await desk.house.request(twin)).category == "property_mgmt"


async def help_keys(at: Browsing) -> set[str]:
    """The keys that the help sheet lists under “decide”."""
    await at.press("?")
    sheet = at.page.locator("#keys")
    await expect(sheet).to_be_visible()
    lists = sheet.locator("h3:text-is('决定') + dl dt")
    found = set(await lists.all_inner_texts())
    await at.press("?")
    await expect(sheet).to_be_hidden()
    return found


async def test_a_key_that_can_do_nothing_does_nothing_and_is_not_listed(desk: Desk) -> None:
    number = await desk.waiting()
    async with desk.browser() as at:
        page = await at.open(number)
        assert await help_keys(at) == set("crhxksmdbnj")
        await at.press("d")
        await on(at, "done")
        assert await help_keys(at) == {*"ohsbfnj"}
        await at.press("f", "Enter")
        await on(at, "closed")
        assert await help_keys(at) == set("bnj")
        buttons = page.locator(".acts button[aria-keyshortcuts]")
        listed = [await b.get_attribute("aria-keyshortcuts") for b in await buttons.all()]
        assert set(listed) == set("bnj")
        before = (await desk.house.request(number)).version
        for key in (*"crhyxksmodftul", "1", "8", "Shift+Digit2", "Control+s", "Control+Enter"):
            await at.press(key)
            assert await page.locator("dialog[open]").count() == 0, key
            assert await page.locator("#say.shown").count() == 0, key
        # What a key had begun would be written by the time that this note is.
        await at.press("n")
        await page.keyboard.insert_text("看过了")
        await at.press("Enter")
        await expect(page.locator(".notes")).to_contain_text("看过了")
        request = await desk.house.request(number)
        assert (request.version, request.status) == (before, "closed")
        assert not at.errors


async def test_the_history_says_it_in_words(desk: Desk) -> None:
    number = await desk.waiting()
    for language, words in (
        ("zh-CN", ("转给station", "送到了", "搁置到", "没人接")),
        ("en-GB", ("Sent to station", "delivered", "on hold until", "nobody answered")),
    ):
        async with desk.browser(f"李敏 {language}", locale=language) as at:
            page = await at.open(number)
            if (await desk.house.request(number)).status == "needs_review":
                await at.press("b", "2", "Enter")
                await expect(page.locator("#say")).to_have_class("toast shown")
                await at.press("h", "1", "Enter")
                await told(page, number)
                await at.open(number)
                await at.press("c")
                await desk.until(number, "routed")
            await at.open(number)
            await page.locator("#history summary").focus()
            await at.press("Enter")
            for word in words:
                await expect(page.locator("#history")).to_contain_text(word, ignore_case=True)
            assert "not_reached" not in await page.inner_text("#history")
            assert "submit" not in await page.inner_text("#history")
            assert not await axe(page)
    async with asyncio.timeout(60):
        while not await rows(desk.house, Delivery):
            await asyncio.sleep(0.1)


async def test_what_is_split_off_does_not_follow_where_the_first_was_sent(
    open_house: Callable[..., Installation],
) -> None:
    station = {"kind": "station"}
    house = open_house(
        backends={"station": station, "office": station},
        routing={"default": "station", "rules": []},
    )
    house.ranking = [("home_repair", 0.55), ("property_mgmt", 0.3)]
    number = await house.leave("水管漏水了", phone="13812345678")
    await house.work()
    operator = await house.operator()
    for action, body in (("confirm", {"backend": "office"}), ("reopen", {}), ("split", {})):
        version = (await house.request(number)).version
        answer = await operator.post(
            f"/api/requests/{number}/{action}", json=body, headers={"If-Match": f'"{version}"'}
        )
        assert answer.status_code == 200, answer.text
    first, twin = await rows(house, ServiceRequest)
    assert first.route_to == "office"
    assert twin.route_to is None
