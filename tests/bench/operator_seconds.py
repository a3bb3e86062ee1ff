"""The seconds an operator needs for a request, at the pace of a human hand, in a real browser.

Paces are those of the keystroke-level model (Card, Moran and Newell, "The Psychology of
Human-Computer Interaction", 1983, chapter 8): 0.28 s a key of an average typist, 1.1 s to point
with a mouse, 0.2 s a click, 1.35 s to prepare mentally; and 0.3 s for the eyes to take in one
field (a fixation of 0.23 s and a cycle of thought). Chinese is typed in pinyin: each letter and the
choice of the word are keys. Waiting for the page is part of the time, as it really was.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pypinyin import lazy_pinyin

from intake.processes import postgres
from intake.settings import Settings, load
from intake.storage import migrations
from tests.support.desk_request import SAID, SURE, Browsing, Desk, Said, desk_of
from tests.support.installation import Installation

KEY, POINT, CLICK, THINK, FIELD = 0.28, 1.1, 0.2, 1.35, 0.3
GOALS = {"clear": 5.0, "two wrong, others at hand": 20.0, "two wrong, typed": 20.0}
ROUNDS = 3
# Both about one home, so that a neighbour with the same words is no duplicate.
DOUBTFUL = [("home_repair", 0.55), ("housekeeping", 0.3)]
DIGITS = "零一二三四五六七八九"


@dataclass
class Hand:
    """A person before the screen; what she does takes as long as it takes people."""

    at: Browsing
    keys: int = 0
    clicks: int = 0
    listened: float = 0.0

    async def think(self) -> None:
        await asyncio.sleep(THINK)

    async def look(self) -> None:
        """Her eyes go over the fields that hold something, and the reasons."""
        page = self.at.page
        filled = await page.eval_on_selector_all(
            "#fields input:not([type=datetime-local]), #fields select, .reasons li",
            "all => all.filter((e) => e.value || e.matches('li')).length",
        )
        await asyncio.sleep(filled * FIELD)

    async def press(self, *names: str) -> None:
        """Keys; one with Shift or Ctrl is two."""
        for name in names:
            strokes = len(name.split("+"))
            self.keys += strokes
            await asyncio.sleep(strokes * KEY)
            await self.at.page.keyboard.press(name)

    async def type(self, letters: str) -> None:
        """Letters and digits as they are."""
        await self.press(*letters)

    async def type_chinese(self, words: str) -> None:
        """In pinyin, and a key to choose."""
        strokes = len("".join(lazy_pinyin(words))) + 1
        self.keys += strokes
        await asyncio.sleep(strokes * KEY)
        await self.at.page.keyboard.insert_text(words)

    async def listen(self, seconds: float) -> None:
        """She hears so much of the recording."""
        self.listened += seconds
        await asyncio.sleep(seconds)


async def clear(hand: Hand) -> None:
    """All is sure: she reads the fields and agrees."""
    await hand.look()
    await hand.think()
    await hand.press("c")


async def at_hand(hand: Hand) -> None:
    """Kind and place are wrong and what is right is offered: she hears the place, takes both."""
    await hand.look()
    await hand.think()
    await hand.press("Shift+Digit1")
    await hand.think()
    await hand.press("2", "F2")
    await hand.listen(1.0)
    await hand.press("Escape", "Shift+Digit2")
    await hand.think()
    await hand.press("c")


async def typed(hand: Hand) -> None:
    """Place and time are wrong and nothing is offered: she hears both, types both."""
    await hand.look()
    await hand.think()
    await hand.press("2", "F2")
    await hand.listen(1.0)
    await hand.type("why")
    await hand.at.page.locator("#f-place-choices li").first.wait_for()
    await hand.press("Enter")
    await hand.think()
    await hand.press("4", "F2")
    await hand.listen(1.0)
    await hand.type_chinese("后天下午")
    await hand.at.page.locator("#f-when-choices li").first.wait_for()
    await hand.press("Enter")
    await hand.think()
    await hand.press("c")


TASKS: dict[str, tuple[list[tuple[str, float]], str, Callable[[Hand], Awaitable[None]]]] = {
    "clear": (SURE, "望湖苑", clear),
    "two wrong, others at hand": (DOUBTFUL, "幸福里", at_hand),
    "two wrong, typed": (SURE, "幸福里", typed),
}


def spoken(place: str, n: int) -> Said:
    """A voicemail of a home and a phone number of its own: else it would be a duplicate."""
    room = "".join(DIGITS[int(d)] for d in f"{n + 1}01")
    phone = "".join(DIGITS[int(d)] for d in f"138{random.Random(n).randrange(10**8):08}")
    return (
        *SAID[:6],
        ("明天上午", 2.5, 3.0, 0.96),
        ("我住", 3.0, 3.3, 0.98),
        (place, 3.3, 4.0, 0.95),
        (f"{DIGITS[n % 8 + 1]}号楼", 4.0, 4.6, 0.93),
        ("二单元", 4.6, 5.2, 0.94),
        (f"{room}，", 5.2, 6.0, 0.92),
        ("电话", 6.0, 6.4, 0.97),
        (f"{phone}。", 6.4, 9.0, 0.5),
    )


def measure() -> dict[str, dict[str, Any]]:
    """For each task the seconds until the next request is on the screen (median of `ROUNDS`), of
    them listening; keys and clicks."""
    with tempfile.TemporaryDirectory(prefix="huying-bench-") as name:
        settings = load(env={"HUYING_HOME": name, "HUYING_HEARING__ENGINE": "canned"})
        with postgres.running(settings) as url:
            migrations.migrate(url)
            ready = settings.model_copy(update={"database_url": url})
            return asyncio.run(_measure(ready, Path(name)))


async def _measure(settings: Settings, folder: Path) -> dict[str, dict[str, Any]]:
    house = Installation(settings)
    found: dict[str, dict[str, Any]] = {}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(house.close)
        desk = await stack.enter_async_context(desk_of(house, folder))
        at = await stack.enter_async_context(desk.browser())
        homes = itertools.count()
        await desk.waiting(SURE, spoken("兴福里", next(homes)))  # what comes after each
        for name, (ranking, place, work) in TASKS.items():
            rounds = [
                await _one(desk, at, ranking, spoken(place, next(homes)), work)
                for _ in range(ROUNDS)
            ]
            found[name] = sorted(rounds, key=lambda row: row["seconds"])[ROUNDS // 2]
    return found


async def _one(
    desk: Desk,
    at: Browsing,
    ranking: list[tuple[str, float]],
    heard: Said,
    work: Callable[[Hand], Awaitable[None]],
) -> dict[str, Any]:
    number = await desk.waiting(ranking, heard)
    await at.open(number)
    hand = Hand(at)
    began = time.monotonic()
    await work(hand)
    await at.page.wait_for_url(lambda url: number not in url, wait_until="commit")
    await at.page.locator("#fields").wait_for()
    seconds = time.monotonic() - began
    await desk.until(number, "confirmed", "routed")
    return {
        "seconds": seconds,
        "listened": hand.listened,
        "keys": hand.keys,
        "clicks": hand.clicks,
    }
