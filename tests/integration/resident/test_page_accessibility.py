"""The resident's page for weak eyes, keyboards, screen readers and small data plans."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from intake.settings import ROOT
from tests.integration.channels.test_webchat_page import CONTRAST, TARGETS
from tests.support.resident_page import Visiting, number_on, press, speak, until_clock, visit, voice

__all__ = ["visit", "voice"]  # fixtures
pytestmark = pytest.mark.asyncio
AXE = ROOT / "page" / "node_modules" / "axe-core" / "axe.min.js"
DANGER = "快来人啊，我家的煤气漏了，我住在梧桐里六号楼三零二。"
PAGE_BYTES = 100_000
OFFLINE = {"zh-CN": "还没有送到", "en-GB": "Not with us yet"}
SIZES = ("18px", "22px", "26px", "30px")
OVERLAP = """() => {
  const box = (e) => e.getBoundingClientRect();
  const button = box(document.getElementById("button"));
  return { top: button.top, bottom: button.bottom,
    phone: box(document.querySelector("footer")).top,
    smallest: Math.min(button.width, button.height) };
}"""
STANDS_OUT = """() => [...document.querySelectorAll("body *")].filter((e) => {
  if (!e.checkVisibility() || e.matches(".unseen, .pick input, svg, svg *")) return false;
  const box = e.getBoundingClientRect();
  return box.right > innerWidth + 1 || box.left < -1
    || (e.clientWidth && e.scrollWidth > e.clientWidth + 1);
}).map((e) => e.outerHTML.slice(0, 150))"""


async def axe(page: Page) -> list[Any]:
    """What axe-core finds, all rules of WCAG 2.2 A, AA, AAA and its best practices."""
    # Evaluated, not added as a script: the page's own policy forbids strange scripts.
    if not await page.evaluate("typeof window.axe === 'object'"):
        await page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = await page.evaluate(
        "(tags) => axe.run(document, { runOnly: tags }).then((r) => r.violations.map((v) =>"
        " [v.id, v.help, v.nodes.map((n) => n.html.slice(0, 120))]))",
        tags,
    )
    return list(found)


async def fits(page: Page) -> None:
    """Everything in sight can be read and hit, and nothing stands out at the side."""
    texts = await page.evaluate(CONTRAST)
    assert len(texts) >= 5
    assert not [t for t in texts if t["ratio"] < 7 or t["size"] < 18]
    targets = await page.evaluate(TARGETS)
    assert len(targets) >= 4
    assert not [t for t in targets if t["width"] < 60 or t["height"] < 60]
    assert not await page.evaluate(STANDS_OUT)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def in_every_size(page: Page) -> None:
    """The four sizes, from the smallest to the largest; axe-core at the usual and the largest."""
    while await page.is_enabled("#smaller"):
        await page.click("#smaller")
    for size in SIZES:
        assert await page.evaluate("getComputedStyle(document.body).fontSize") == size
        await fits(page)
        if size in (SIZES[1], SIZES[-1]):
            assert not await axe(page), size
        if size != SIZES[-1]:
            await page.click("#larger")
    for _ in range(2):
        await page.click("#smaller")


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
async def test_every_screen_can_be_read_and_hit_in_every_size(visit: Visiting, locale: str) -> None:
    at = await visit(works=True, browser={"locale": locale})
    house, used = at.house, at.used
    house.ears.says = DANGER
    page = await used.open()
    await page.set_viewport_size({"width": 360, "height": 740})
    assert await page.get_attribute("html", "lang") == locale[:2]
    await in_every_size(page)
    await speak(page, 1)
    await in_every_size(page)
    await page.click("#button")
    await number_on(page)
    await expect(page.locator("#emergency")).to_be_visible(timeout=60_000)
    for number in ("120", "119", "110"):
        await expect(page.locator(f"a[href='tel:{number}']")).to_be_visible()
    await expect(page.locator("#mine li")).to_have_count(1)
    await in_every_size(page)
    await page.click("#more")
    await used.context.set_offline(True)
    await speak(page, 1)
    await page.click("#button")
    await expect(page.locator("#fate")).to_contain_text(OFFLINE[locale])
    await in_every_size(page)


async def test_the_button_is_wholly_in_sight_at_every_size_and_stays_where_it_is(
    visit: Visiting,
) -> None:
    used = (await visit()).used
    page = await used.open()
    for width, height in ((360, 740), (390, 844), (412, 915), (768, 1024)):
        await page.set_viewport_size({"width": width, "height": height})
        for change in ("#smaller", "#larger", "#larger", "#larger"):
            if await page.is_enabled(change):
                await page.click(change)
            at = await page.evaluate(OVERLAP)
            assert at["top"] >= 0 and at["bottom"] <= at["phone"], (width, change, at)
            assert at["smallest"] >= 180
        for _ in range(2):
            await page.click("#smaller")
    before = await page.evaluate(OVERLAP)
    await press(page)
    after = await page.evaluate(OVERLAP)
    assert abs(before["top"] - after["top"]) < 1


async def test_it_can_be_used_with_the_keyboard_alone(visit: Visiting) -> None:
    at = await visit(works=True)
    house, used = at.house, at.used
    house.ears.says = "我家厨房的下水道堵了，我住在梧桐里三号楼二单元五零二。"
    page = await used.open()

    async def tab_to(wanted: str) -> list[str]:
        passed = []
        for _ in range(15):
            await page.keyboard.press("Tab")
            passed.append(await page.evaluate("document.activeElement.id"))
            outline = "getComputedStyle(document.activeElement).outlineWidth"
            assert await page.evaluate(outline) == "5px"
            if passed[-1] == wanted:
                return passed
        raise AssertionError(f"{wanted} can't be reached: {passed}")

    assert await tab_to("button") == ["smaller", "larger", "", "button"]
    await page.keyboard.press("Space")
    await expect(page.locator("body")).to_have_attribute("data-state", "recording")
    await until_clock(page, 2)
    await page.keyboard.press("Enter")
    await number_on(page)
    assert await page.evaluate("document.activeElement.id") == "got"
    await expect(page.locator("#right")).to_be_visible(timeout=60_000)
    assert await tab_to("right") == ["right"]
    await page.keyboard.press("Enter")
    await expect(page.locator("#answer")).to_contain_text("谢谢您")
    assert await page.evaluate("document.activeElement.id") == "answer"
    await tab_to("more")
    await page.keyboard.press("Space")
    await expect(page.locator("#button")).to_be_focused()


async def test_nothing_moves_for_those_who_ask_for_stillness(visit: Visiting) -> None:
    used = (await visit()).used
    page = await used.open()
    await press(page)
    moving = (
        "document.getAnimations().length + [...document.querySelectorAll('*')].filter("
        "(e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    )
    assert await page.evaluate(moving) == 1
    await page.emulate_media(reduced_motion="reduce")
    assert await page.evaluate(moving) == 0


async def test_what_loads_before_the_first_press_is_less_than_100_kilobytes(
    visit: Visiting, capsys: pytest.CaptureFixture[str]
) -> None:
    used = (await visit()).used
    page = await used.context.new_page()
    client = await used.context.new_cdp_session(page)
    await client.send("Network.enable")
    weights: dict[str, float] = {}
    urls: dict[str, str] = {}
    client.on(
        "Network.requestWillBeSent",
        lambda e: urls.update({e["requestId"]: e["request"]["url"]}),
    )
    client.on(
        "Network.loadingFinished",
        lambda e: weights.update({e["requestId"]: e["encodedDataLength"]}),
    )
    served_bytes = [0]
    await page.goto(used.url, wait_until="networkidle")
    worker = "navigator.serviceWorker.ready.then((r) => r.active.scriptURL)"
    assert str(await page.evaluate(worker)).endswith("/sw.js")
    # What the worker loads is seen by no page: its own script, and the page once more.
    again = await used.context.request.get(f"{used.url}/sw.js")
    served_bytes[0] += int(again.headers["content-length"])
    served_bytes[0] += int((await used.context.request.get(used.url)).headers["content-length"])
    total = sum(weights.values()) + served_bytes[0]
    with capsys.disabled():
        print()
        for request, weight in weights.items():
            print(f"  {weight:8.0f}  {urls[request].removeprefix(used.url)}")
        print(f"  {served_bytes[0]:8.0f}  /sw.js and the copy that it keeps")
        print(f"  {total:8.0f}  bytes before the first press, of {PAGE_BYTES} allowed")
    assert 20_000 < total < PAGE_BYTES
