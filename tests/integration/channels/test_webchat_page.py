"""The chat's page in a real browser, against an installation."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from intake.storage.models import Recording
from speech import probe
from tests.conftest import wav_of
from tests.fakes.http_server import Answer, Asked, HttpServer
from tests.support.browser import browser
from tests.support.webchat import chatting

pytestmark = pytest.mark.asyncio
Open = Callable[..., Any]

# Contrast as WCAG 2.2 counts it, of every text against the first background behind it.
CONTRAST = """() => {
  const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => {
    v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor;
    if (c !== "rgba(0, 0, 0, 0)") return c; } return "rgb(255, 255, 255)"; };
  const out = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.matches(".unseen, script, template")) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    out.push({ text: e.textContent.trim().slice(0, 30), ratio: (a + 0.05) / (b + 0.05),
      size: parseFloat(getComputedStyle(e).fontSize) });
  }
  return out;
}"""
TARGETS = """() => [...document.querySelectorAll("a, button, textarea, label.pick")]
  .filter((e) => e.checkVisibility() && !e.matches(".unseen"))
  .map((e) => { const box = e.getBoundingClientRect();
    return { name: e.textContent.trim() || e.id, width: box.width, height: box.height }; })"""


async def say(page: Page, words: str) -> None:
    await page.fill("#text", words)
    await page.press("#text", "Enter")


async def spoken(page: Page) -> list[tuple[str, str]]:
    """(who, words) of the whole log, from top to bottom, without the greeting."""
    found = await page.eval_on_selector_all(
        "#log > div", "all => all.map(e => [e.className, e.querySelector('.words').textContent])"
    )
    return [(who.split()[0], words) for who, words in found]


async def test_a_conversation_goes_on_over_a_lost_connection_with_every_message_once(
    open_house: Open, tmp_path: Path
) -> None:
    async with chatting(open_house) as (chat, served), browser() as context:
        page = await context.new_page()
        await page.goto(f"{chat.url}/chat")
        await say(page, "我想订午饭")
        await expect(page.locator("#log")).to_contain_text("听到：我想订午饭")
        chat.may_answer.clear()
        await say(page, "明天中午")
        await expect(page.locator("#typing")).not_to_be_empty()
        while len(await chat.stored("in")) < 2:
            await asyncio.sleep(0.05)
        await served.stop()
        chat.may_answer.set()  # it is answered while nobody is connected
        await say(page, "要软一点的")
        await say(page, "不要辣")
        await expect(page.locator("#offline")).to_be_visible()
        await expect(page.locator("#offline a[href='tel:120']")).to_be_visible()
        waiting = page.locator(".visitor", has_text="等待送出")
        await expect(waiting).to_have_count(2)
        await served.start()
        await expect(page.locator("#log")).to_contain_text("听到：不要辣", timeout=30_000)
        await expect(page.locator("#offline")).to_be_hidden()
        await expect(waiting).to_have_count(0)
        hers = ["我想订午饭", "明天中午", "要软一点的", "不要辣"]
        assert await chat.stored("in") == hers
        assert chat.told == hers
        shown = await spoken(page)
        assert [words for who, words in shown if who == "visitor"] == hers
        assert sorted(words for who, words in shown if who == "us") == sorted(
            f"听到：{words}" for words in hers
        )
        await page.reload()
        await expect(page.locator("#log")).to_contain_text("听到：不要辣")
        assert await spoken(page) == shown


async def test_what_waits_survives_a_closed_page(open_house: Open, tmp_path: Path) -> None:
    async with chatting(open_house) as (chat, served), browser() as context:
        page = await context.new_page()
        await page.goto(f"{chat.url}/chat")
        await say(page, "一")
        await expect(page.locator("#log")).to_contain_text("听到：一")
        await served.stop()
        await say(page, "二")
        await page.close()
        await served.start()
        page = await context.new_page()
        await page.goto(f"{chat.url}/chat")
        await expect(page.locator("#log")).to_contain_text("听到：二")
        assert chat.told == ["一", "二"]
        assert [w for who, w in await spoken(page) if who == "visitor"] == ["一", "二"]


async def test_a_voice_message_from_the_microphone_is_kept_heard_and_answered(
    open_house: Open, tmp_path: Path
) -> None:
    microphone = tmp_path / "microphone.wav"
    microphone.write_bytes(wav_of([0.3 * math.sin(n / 6) for n in range(48_000)], 48_000))
    async with (
        chatting(open_house) as (chat, _),
        browser(microphone=microphone) as context,
    ):
        chat.house.ears.says = "我想订明天的午饭"
        page = await context.new_page()
        await page.goto(f"{chat.url}/chat")
        await page.click("#speak")
        await expect(page.locator("#speak")).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("#speak")).to_contain_text("2 秒")
        await page.click("#speak")
        await expect(page.locator("#log")).to_contain_text("听到：我想订明天的午饭")
        await expect(page.locator(".visitor .words")).to_have_text("语音留言：我想订明天的午饭")
        async with chat.house.parts.sessions() as session:
            (recording,) = (await session.scalars(select(Recording))).all()
        info = probe(chat.house.parts.blobs.path(recording.blob_key))
        assert info.codec == "opus"
        assert info.duration_seconds is None or info.duration_seconds > 1


async def test_danger_shows_whom_to_ring_as_buttons(open_house: Open, tmp_path: Path) -> None:
    async with (
        chatting(open_house, works=False) as (chat, _),
        browser() as context,
    ):
        page = await context.new_page()
        await page.goto(f"{chat.url}/chat")
        await say(page, "救命，家里着火了")
        answer = page.locator(".us.emergency")
        for number in ("120", "119", "110"):
            await expect(answer.locator(f"a[href='tel:{number}']")).to_be_visible()


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
async def test_everything_can_be_read_and_hit(
    open_house: Open, tmp_path: Path, locale: str
) -> None:
    async with (
        chatting(open_house, works=False) as (chat, _),
        browser(locale=locale, width=360) as context,
    ):
        page = await context.new_page()
        wrong: list[str] = []
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: wrong.append(str(e)))
        await page.goto(f"{chat.url}/chat")
        await say(page, "救命，家里着火了")
        await expect(page.locator(".us.emergency")).to_be_visible()
        await page.evaluate("document.getElementById('offline').hidden = false")
        for size in ("18px", "20px", "25px", "30px"):
            if size == "18px":
                await page.click("#smaller")
            else:
                await page.click("#larger")
            assert await page.evaluate("getComputedStyle(document.body).fontSize") == size
            texts = await page.evaluate(CONTRAST)
            assert len(texts) > 10
            assert not [t for t in texts if t["ratio"] < 7 or t["size"] < 18]
            targets = await page.evaluate(TARGETS)
            assert len(targets) > 7
            assert not [t for t in targets if t["width"] < 60 or t["height"] < 60]
            wide = "document.documentElement.scrollWidth <= innerWidth"
            assert await page.evaluate(wide), "something stands out at the side"
        assert await page.get_attribute("html", "lang") == locale[:2]
        assert not wrong


async def test_it_can_be_used_with_the_keyboard_alone(open_house: Open, tmp_path: Path) -> None:
    async with chatting(open_house) as (chat, _), browser() as context:
        page = await context.new_page()
        await page.goto(f"{chat.url}/chat")
        for _ in range(12):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.id") == "text":
                break
        await page.keyboard.type("修灯")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        log = page.get_by_role("log")
        await expect(log).to_contain_text("听到：修灯")
        assert await log.get_attribute("aria-live") == "polite"


class Site(HttpServer):
    """Somebody's site with our script tag."""

    script = ""

    async def work(self, asked: Asked) -> Answer:
        body = f"<!doctype html><title>x</title><h1>x</h1><script src='{self.script}'></script>"
        return Answer(200, body.encode(), {"Content-Type": "text/html; charset=utf-8"})


@pytest.mark.parametrize("known", [True, False])
async def test_another_site_shows_the_chat_only_if_the_settings_name_it(
    open_house: Open, tmp_path: Path, known: bool
) -> None:
    async with Site() as site:
        options = {"allowed_origins": [site.url]} if known else {}
        async with (
            chatting(open_house, webchat=options) as (chat, _),
            browser(width=900) as context,
        ):
            site.script = f"{chat.url}/chat.js"
            page = await context.new_page()
            await page.goto(site.url)
            await page.click("button")
            frame = page.frame_locator("iframe")
            if known:
                await frame.locator("#text").fill("修灯")
                await frame.locator("#send").click()
                await expect(frame.locator("#log")).to_contain_text("听到：修灯")
                await frame.locator("#text").press("Escape")
                await expect(page.locator("iframe")).to_be_hidden()
                assert await page.evaluate("document.activeElement.tagName") == "BUTTON"
            else:
                await page.wait_for_timeout(1500)
                assert await frame.locator("#text").count() == 0
                assert not await chat.stored("in")
