"""Pictures of the operators' desk for the documentation: ``python -m tools.desk_screenshots``.

The whole house runs as a person starts it, hears the demo's voicemails with the real recogniser
and the real assistant, and a real browser looks at what came of them. Invented requests of half a
year fill the demand picture last. Writes docs/images/desk-*.png.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Page, expect

from intake.settings import ROOT
from tests.e2e.stack import Stack, running
from tests.integration.browser import browser

SAMPLES = ROOT / "data" / "demo"
IMAGES = ROOT / "docs" / "images"
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
PASSWORD = "a house of its own"


async def main() -> None:
    """Every page, in Chinese and in English."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        async with running(home) as stack:
            for sample in map(json.loads, (SAMPLES / "voicemails.jsonl").open()):
                audio = (SAMPLES / sample["audio"]).read_bytes()
                await stack.leave(audio, **sample.get("form") or {})
            numbers = await _waiting(stack)
            for name, role in (("李敏", "admin"), ("小张", "station")):
                _huying(stack, "operator", "add", name, "--role", role, "--password-file", "-")
            for language, locale in LANGUAGES.items():
                async with browser(home / language, locale=locale, width=1280) as context:
                    page = await context.new_page()
                    await _sign_in(page, stack, "李敏")
                    await _walk(page, stack, language, numbers)
                async with browser(home / f"{language}-phone", locale=locale) as context:
                    page = await context.new_page()
                    await _sign_in(page, stack, "小张")
                    await _shot(page, stack, language, "station", "/desk/station")
            _huying(stack, "seed", "--requests", "3000", "--days", "180", "--yes")
            for language, locale in LANGUAGES.items():
                async with browser(home / f"{language}-2", locale=locale, width=1280) as context:
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


def _huying(stack: Stack, *words: str) -> None:
    huying = str(Path(sys.executable).parent / "huying")
    subprocess.run([huying, *words], env=stack.env, input=f"{PASSWORD}\n", text=True, check=True)


async def _sign_in(page: Page, stack: Stack, name: str) -> None:
    await page.goto(f"http://127.0.0.1:{stack.port}/desk/sign-in")
    await page.fill("[name=name]", name)
    await page.fill("[name=password]", PASSWORD)
    await page.click("main form button")
    await expect(page.locator("header.top")).to_be_visible()


async def _walk(page: Page, stack: Stack, language: str, numbers: list[str]) -> None:
    await page.set_viewport_size({"width": 1280, "height": 800})
    await _shot(page, stack, language, "queue", "/desk")
    await _shot(page, stack, language, "request", f"/desk/requests/{numbers[0]}")
    await page.keyboard.press("?")
    await _picture(page, language, "keys")
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
