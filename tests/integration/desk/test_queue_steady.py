"""The queue at a bad moment: a wrong clock, a mouse about to click, a silent browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.integration.desk.test_queue import stored
from tests.integration.desk.test_queue_live import SOON, Desk, desk

__all__ = ["desk"]
pytestmark = pytest.mark.asyncio
TEN_MINUTES_AHEAD = "{ const real = Date.now; Date.now = () => real() + 600_000; }"


async def test_a_computers_wrong_clock_makes_nothing_late(desk: Desk) -> None:
    now = datetime.now(UTC)
    await stored(desk.house, text="水管", deadline_at=now + timedelta(minutes=9), received_at=now)
    context = await desk.browser()
    await context.add_init_script(TEN_MINUTES_AHEAD)
    page = await desk.open(context)
    due, since = page.locator("time[data-due]"), page.locator("time[data-since]")
    for one in (due, since):
        await one.evaluate("e => { e.textContent = ''; }")
    await expect(due).to_have_text(re.compile("剩.*[5-8] ?分钟|[5-8] ?分钟.*剩"), timeout=SOON)
    await expect(since).to_have_text(re.compile("不到|[0-3] ?分钟"), timeout=SOON)
    assert "late" not in str(await due.get_attribute("class")).split()


async def test_what_comes_in_does_not_move_the_line_that_is_pressed(desk: Desk) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    pressed = await stored(desk.house, text="先来的", deadline_at=soon)
    page = await desk.open(await desk.browser())
    await page.evaluate(
        "document.addEventListener('htmx:afterRequest',"
        " () => { document.body.dataset.asked = '1'; })"
    )
    line = page.locator(f".line[data-number='{pressed}'] a.go")
    box = await line.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 20, box["y"] + box["height"] / 2)
    await page.mouse.down()
    first = await stored(desk.house, text="更急的", deadline_at=soon - timedelta(minutes=50))
    await expect(page.locator("body")).to_have_attribute("data-asked", "1", timeout=SOON)
    await expect(page.locator(".line")).to_have_count(1)
    await page.mouse.up()
    await page.wait_for_url(f"**/desk/requests/{pressed}")
    await page.goto(f"http://127.0.0.1:{desk.port}/desk")
    await expect(page.locator(".line").first).to_have_attribute("data-number", first)


async def test_what_came_in_meanwhile_appears_when_the_pointer_rests(desk: Desk) -> None:
    await stored(desk.house, text="先来的")
    page = await desk.open(await desk.browser())
    box = await page.locator(".line").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 400, box["y"] + box["height"] - 4)
    second = await stored(desk.house, text="后来的")
    await expect(page.locator(f".line[data-number='{second}']")).to_be_visible(timeout=SOON)


async def test_the_sound_comes_on_by_the_second_key_when_the_first_is_no_gesture(
    desk: Desk,
) -> None:
    page = await desk.open(await desk.browser())
    await expect(page.locator("#sound-on")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await expect(page.locator("#sound-on")).to_be_hidden(timeout=SOON)
