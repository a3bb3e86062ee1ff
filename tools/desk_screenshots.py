"""Pictures of the operators' desk for the documentation: ``python -m tools.desk_screenshots``.

The whole installation runs as a person starts it. The real recogniser and the real assistant handle
the demo's voicemails, and a real browser shows the requests. Invented requests of half a
year fill the demand picture last. Writes docs/images/desk-*.png.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect
from websockets.asyncio.client import connect

from intake.settings import ROOT
from tests.support.browser import browser
from tests.support.demo_stack import Stack, running
from tests.support.webchat import RawPage

SAMPLES = ROOT / "data" / "demo"
IMAGES = ROOT / "docs" / "images"
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
HOMES = (
    {"name": "王秀英", "place": "梧桐里", "unit": "3-2-502", "phone": "13912345678",
     "area": "A01", "resident_group": "独居老人"},
    {"name": "张德福", "place": "松鹤园", "unit": "2-1-603", "area": "A02",
     "resident_group": "高龄老人"},
    {"name": "Helen Brooks", "place": "枫林花园", "unit": "8-602", "area": "A04",
     "language": "en"},
)  # fmt: skip
OURS: dict[str, Any] = {"from": "us"}
TWICE = "audio/v09.amr"  # somebody asks again, and it waits for a person again
PASSWORD = "a house of its own"


async def main() -> None:
    """Every page, in Chinese and in English."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        secret = home / "clinic.secret"
        secret.write_text(PASSWORD)
        async with running(home, **_settings(secret)) as stack:
            for sample in map(json.loads, (SAMPLES / "voicemails.jsonl").open()):
                audio = (SAMPLES / sample["audio"]).read_bytes()
                await stack.leave(audio, **sample.get("form") or {})
            numbers = await _waiting(stack)
            waiting = await _an_ordinary_day(stack, numbers)
            for name, role in (("李敏", "admin"), ("小张", "station")):
                _huying(stack, "operator", "add", name, "--role", role, "--password-file", "-")
            for language, locale in LANGUAGES.items():
                async with browser(locale=locale, width=1280) as context:
                    page = await context.new_page()
                    await _sign_in(page, stack, "李敏")
                    await _shot(page, stack, language, "queue", "/desk")
            for alarm in (await stack.client.get("/api/alarms")).json():
                await stack.client.post(f"/api/alarms/{alarm['id']}/acknowledge")
            for language, locale in LANGUAGES.items():
                async with browser(locale=locale, width=1280) as context:
                    page = await context.new_page()
                    await _sign_in(page, stack, "李敏")
                    await _walk(page, stack, language, waiting)
                async with browser(locale=locale) as context:
                    page = await context.new_page()
                    await _sign_in(page, stack, "小张")
                    await _shot(page, stack, language, "station", "/desk/station")
            _huying(stack, "seed", "--requests", "3000", "--days", "180", "--yes")
            for language, locale in LANGUAGES.items():
                async with browser(locale=locale, width=1280) as context:
                    page = await context.new_page()
                    await _sign_in(page, stack, "李敏")
                    await _shot(page, stack, language, "demand", "/desk/demand")


async def _waiting(stack: Stack) -> list[str]:
    """The numbers that wait for a person, once nothing is being worked on any more."""
    while True:
        found = (await stack.client.get("/api/requests", params={"limit": 200})).json()["requests"]
        if not any(r["status"] in ("received", "transcribed", "understood") for r in found):
            return [r["tracking_number"] for r in found if r["status"] == "needs_review"]
        await asyncio.sleep(0.5)


def _settings(secret: Path) -> dict[str, str]:
    """A number to ring, and a backend where nobody answers, which is given up at once."""
    return {
        "HUYING_HUMAN_PHONE": "010-5555 0100",
        "HUYING_DELIVERING__ATTEMPTS": "1",
        "HUYING_BACKENDS__CLINIC__KIND": "webhook",
        "HUYING_BACKENDS__CLINIC__TITLE": "社区卫生服务中心",
        "HUYING_BACKENDS__CLINIC__URL": "http://127.0.0.1:9/orders",
        "HUYING_BACKENDS__CLINIC__SECRET_FILE": str(secret),
        "HUYING_BACKENDS__CLINIC__ALLOW_NETWORKS": '["127.0.0.0/8"]',
    }


async def _an_ordinary_day(stack: Stack, numbers: list[str]) -> str:
    """Homes, a delivery that fails, someone to ring, someone who wants a person; what still waits.

    Nothing is written to the database directly: each comes about as it does for people.
    """
    for home in HOMES:
        made = (await stack.client.post("/api/households", json=home)).json()
        await stack.client.post(f"/api/households/{made['id']}/link", json={})
    states = [(await stack.client.get(f"/api/requests/{number}")).json() for number in numbers]
    waiting, owed = [str(s["tracking_number"]) for s in states if s["urgency"] != "emergency"][:2]
    again = await stack.leave((SAMPLES / TWICE).read_bytes())
    refused = (await stack.settled(again))["tracking_number"]
    seen = {"If-Match": (await stack.client.get(f"/api/requests/{owed}")).headers["etag"]}
    await stack.client.patch(f"/api/requests/{owed}", json={"phone": "13800138000"}, headers=seen)
    await stack.act(owed, "reject", {"why": "这件事要找区里的服务大厅，电话我们告诉您。"})
    await stack.act(refused, "confirm", {"backend": "clinic"})
    address = f"ws://127.0.0.1:{stack.port}/chat/ws"
    origin = f"http://127.0.0.1:{stack.port}"
    async with connect(address, origin=origin, proxy=None) as socket:  # type: ignore[arg-type]
        resident = RawPage(socket)
        await resident.send(t="hello", token=None, last=0, seen=[])
        for turn, said in enumerate(("我家厨房的水管又漏了", "你们说的我听不明白，找个人跟我说")):
            await resident.say(f"m{turn:07}", said)
            await resident.until("message", within=120, **OURS)
        await stack.until(refused, lambda state: bool(state["reasons"]), seconds=120)
    return waiting


def _huying(stack: Stack, *words: str) -> None:
    huying = str(Path(sys.executable).parent / "huying")
    subprocess.run([huying, *words], env=stack.env, input=f"{PASSWORD}\n", text=True, check=True)


async def _sign_in(page: Page, stack: Stack, name: str) -> None:
    await page.goto(f"http://127.0.0.1:{stack.port}/desk/sign-in")
    await page.fill("[name=name]", name)
    await page.fill("[name=password]", PASSWORD)
    await page.click("main form button")
    await expect(page.locator("header.top")).to_be_visible()


async def _walk(page: Page, stack: Stack, language: str, number: str) -> None:
    await page.set_viewport_size({"width": 1280, "height": 800})
    await _shot(page, stack, language, "request", f"/desk/requests/{number}")
    await page.keyboard.press("?")
    await _picture(page, language, "keys")
    await page.goto(f"http://127.0.0.1:{stack.port}/desk/conversations")
    await page.locator("main a[href*='/desk/conversations/']").first.click()
    await page.wait_for_load_state("load")
    await _picture(page, language, "conversation")
    for name in ("conversations", "tasks", "failures", "households", "settings", "accounts"):
        await _shot(page, stack, language, name, f"/desk/{name}")


async def _shot(page: Page, stack: Stack, language: str, name: str, path: str) -> None:
    await page.goto(f"http://127.0.0.1:{stack.port}{path}", wait_until="load")
    await _picture(page, language, name)


async def _picture(page: Page, language: str, name: str) -> None:
    await page.wait_for_timeout(800)  # what scripts draw: waves, countdowns
    await page.screenshot(path=IMAGES / f"desk-{language}-{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
