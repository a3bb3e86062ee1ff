"""Pictures of the resident's page for the documentation: ``python -m tools.screenshots``.

An installation on an embedded database serves the page to a real browser of a phone's size; only
what the recogniser heard and the classifier's choice are given. Writes docs/images/page-*.png.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect
from sqlalchemy import select

from intake import service_requests
from intake.accounts import households
from intake.lifecycle import Actor, Status
from intake.processes import postgres
from intake.service_requests import Author
from intake.settings import ROOT, Settings, load
from intake.storage.migrations import migrate
from intake.storage.models import Place
from intake.understanding.gazetteer import Gazetteer
from tests.support.installation import Installation
from tests.support.resident_page import Phone, as_microphone, living_with, number_on, phone, speak

PLACES = ROOT / "data" / "demo" / "places.csv"
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 390, 844
WORDS = {
    "zh": "您好，我家厨房的下水道堵了。我住在梧桐里三号楼二单元五零二，明天上午家里有人，"
    "我的电话是幺三八一二三四五六七八。",
    "en": "Hello, the kitchen sink is blocked. I live in Wutongli, building three, unit two, "
    "room 502. Somebody is at home tomorrow morning.",
}
DANGER = {
    "zh": "快来人啊，我家的煤气漏了，我头晕得厉害！",
    "en": "Please help us! My husband fell down in the bathroom, he can't breathe!",
}
NAMES = {"zh": "李奶奶", "en": "Mrs Li"}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}


async def main() -> None:
    """All screens, in both languages, in the usual and the largest text."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        with postgres.running(load(env={"HUYING_HOME": folder}), keep=False) as url:
            migrate(url)
            microphone = as_microphone(home)
            for language in LOCALES:
                await _in_language(language, url, home, microphone)


async def _in_language(language: str, url: str, home: Path, microphone: Path) -> None:
    opened: list[Installation] = []

    def open_house(**tables: Any) -> Installation:
        base = {"home": home / language, "database_url": url, "hearing": {"engine": "canned"}}
        opened.append(Installation(Settings.model_validate({**base, **tables})))
        return opened[-1]

    async with living_with(open_house) as (house, served):
        house.ranking = [("home_repair", 0.99), ("meal", 0.01)]
        async with phone(served.port, microphone, locale=LOCALES[language]) as used:
            await _walk(used, house, language)
    for one in opened:
        await one.close()


async def _walk(used: Phone, house: Installation, language: str) -> None:
    async with house.parts.sessions.begin() as session:
        if await session.scalar(select(Place.id).limit(1)) is None:
            for place in Gazetteer.from_csv(PLACES).places.values():
                session.add(
                    Place(
                        name=place.name,
                        kind=place.kind,
                        area=place.area or None,
                        aliases=list(place.aliases),
                    )
                )
        home = await households.save(
            session, None, {"name": NAMES[language], "place": "梧桐里", "language": language}
        )
        token = await households.make_link(
            session, home, house.parts.link_secrets[0], end_earlier=False
        )
    house.ears.says = WORDS[language]
    page = await used.open(f"/h/{token}")
    await page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    await expect(page.locator("#hello")).to_contain_text(NAMES[language])
    await _both(page, language, "ready")
    await speak(page, 3)
    await _both(page, language, "listening")
    await page.click("#button")
    number = await number_on(page)
    await expect(page.locator("#right")).to_be_visible(timeout=20_000)
    await _both(page, language, "right")
    await page.click("#wrong")
    await expect(page.locator("#mine li")).to_have_count(1)
    await _both(page, language, "person")
    async with house.parts.sessions.begin() as session:
        request = await service_requests.lock(session, (await house.request(number)).id)
        request.status = Status.ACCEPTED.value
        await service_requests.advance(session, request, Status.DONE, Author(Actor.OPERATOR))
    await page.reload()
    await expect(page.locator(".faces")).to_be_visible()
    await page.evaluate("document.getElementById('mine').scrollIntoView()")
    await _both(page, language, "faces")
    await page.evaluate("scrollTo(0, 0)")
    await used.context.set_offline(True)
    await speak(page, 1)
    await page.click("#button")
    await expect(page.locator("#another")).to_be_visible()
    await expect(page.locator("#sending[data-fate=kept_waiting]")).to_be_visible()
    await _both(page, language, "offline")
    await used.context.set_offline(False)
    await number_on(page)
    await page.click("#more")
    house.ears.says = DANGER[language]
    await page.evaluate("scrollTo(0, 0)")
    await speak(page, 1)
    await page.click("#button")
    await number_on(page)
    await expect(page.locator("#emergency")).to_be_visible(timeout=20_000)
    await _both(page, language, "danger")


async def _both(page: Page, language: str, name: str) -> None:
    await page.screenshot(path=IMAGES / f"page-{language}-{name}.png")
    for _ in range(2):
        await page.click("#larger")
    await page.screenshot(path=IMAGES / f"page-{language}-{name}-large.png")
    for _ in range(2):
        await page.click("#smaller")


if __name__ == "__main__":
    asyncio.run(main())
