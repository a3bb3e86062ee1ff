"""A desk on a port with requests that wait for a person, and an operator's browser before it."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, expect

from intake.storage.models import Place, ServiceRequest
from speech import Transcript, Word
from tests.conftest import wav_of
from tests.support.desk import desk_browser
from tests.support.installation import FakeRecogniser, Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served, at_work

SECONDS = 10.0
Said = Sequence[tuple[str, float, float, float]]
SAID: Said = (
    ("师傅", 0.0, 0.4, 0.98),
    ("您好，", 0.4, 0.9, 0.97),
    ("我家", 1.0, 1.3, 0.95),
    ("水管", 1.3, 1.8, 0.96),
    ("漏水", 1.8, 2.3, 0.97),
    ("了。", 2.3, 2.5, 0.99),
    ("我住", 3.0, 3.3, 0.98),
    ("幸福里", 3.3, 4.0, 0.41),
    ("三号楼", 4.0, 4.6, 0.93),
    ("二单元", 4.6, 5.2, 0.94),
    ("五零一，", 5.2, 6.0, 0.92),
    ("电话", 6.0, 6.4, 0.97),
    ("一三八一二三四五六七八。", 6.4, 9.0, 0.88),
)
PLACES = [("幸福里", "A1", ["幸福里小区"]), ("兴福里", "A2", []), ("望湖苑", "B2", [])]
UNSURE = [("home_repair", 0.55), ("property_mgmt", 0.3)]
SURE = [("home_repair", 0.97), ("property_mgmt", 0.02)]


class Hears(FakeRecogniser):
    """Hears the words it is given, in their times."""

    said: Said = SAID

    def transcribe(self, path: Path, language: str | None = None) -> Transcript:
        words = tuple(Word(*word) for word in self.said)
        text = "".join(word.text for word in words)
        others = (text.replace("幸福里", "兴福里"),)
        return Transcript(text, "zh", "test", "test", words, SECONDS, 9.0, 0.9, (), others)


class Desk:
    """An installation on a port, with a worker at work."""

    def __init__(self, house: Installation, ears: Hears, port: int, folder: Path) -> None:
        self.house, self.ears, self.port, self.folder = house, ears, port, folder
        self.url = f"http://127.0.0.1:{port}"
        self._sound = wav_of([0.2 * math.sin(n / 9) for n in range(int(SECONDS * 8000))], 8000)

    async def waiting(
        self,
        ranking: list[tuple[str, float]] | None = None,
        said: Said = SAID,
        **form: str,
    ) -> str:
        """A voicemail that waits for a person; its number."""
        number = await self.leave(ranking, said, **form)
        await self.until(number, "needs_review")
        return number

    async def leave(
        self,
        ranking: list[tuple[str, float]] | None = None,
        said: Said = SAID,
        **form: str,
    ) -> str:
        """A voicemail comes in."""
        self.house.ranking = ranking or UNSURE
        self.ears.said = said
        answer = await self.house.client.post(
            "/api/voicemails", files={"audio": ("a.wav", self._sound)}, data=form
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["tracking_number"])

    async def until(self, number: str, *statuses: str) -> ServiceRequest:
        """The request, once it has one of the statuses."""
        async with asyncio.timeout(60):
            while (request := await self.house.request(number)).status not in statuses:
                await asyncio.sleep(0.1)
        return request

    @contextlib.asynccontextmanager
    async def browser(self, name: str | None = None, **options: Any) -> AsyncIterator[Browsing]:
        """An operator's browser, 1280 × 800."""
        async with desk_browser(self.house, self.port, name=name, **options) as context:
            page = await context.new_page()
            await page.set_viewport_size({"width": 1280, "height": 800})
            yield Browsing(self, context, page)


class Browsing:
    """One operator before the screen."""

    def __init__(self, desk: Desk, context: BrowserContext, page: Page) -> None:
        self.desk, self.context, self.page = desk, context, page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def open(self, number: str) -> Page:
        """A request on the screen, its sound ready."""
        await self.page.goto(f"{self.desk.url}/desk/requests/{number}")
        await self.shown(number)
        return self.page

    async def shown(self, number: str) -> None:
        """Wait until this request is on the screen, its sound ready."""
        here = self.page.locator(f"#request[data-number='{number}'] #player[data-ready]")
        await expect(here).to_be_attached(timeout=60_000)

    async def press(self, *keys: str) -> None:
        """Keys, one after the other."""
        for key in keys:
            await self.page.keyboard.press(key)


@contextlib.asynccontextmanager
async def desk_of(house: Installation, folder: Path) -> AsyncIterator[Desk]:
    """The installation as a desk with three places, at work on a port."""
    ears = Hears()
    house.ears = house.parts.transcriber = ears
    async with house.parts.sessions.begin() as session:
        session.add_all(
            Place(name=name, kind="community", area=area, aliases=aliases)
            for name, area, aliases in PLACES
        )
    port = free_ports(1)
    async with Served(house.app, port), at_work(house):
        yield Desk(house, ears, port, folder)
