"""The resident's page in other makers' browsers: Firefox, and WebKit, which iPhones have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from speech import probe
from tests.support import firefox, webkit
from tests.support.installation import Installation
from tests.support.resident_page import VOICEMAIL, arrived, living_with

pytestmark = pytest.mark.asyncio
Open = Callable[..., Installation]
WORDS = "我家厨房的下水道堵了，我住在梧桐里三号楼二单元五零二。"
STATE = "document.body.getAttribute('data-state')"
has_firefox = pytest.mark.skipif(
    firefox.firefox() is None, reason="no Firefox (Debian: firefox-esr)"
)
has_webkit = pytest.mark.skipif(
    webkit.browser() is None, reason="no WebKit (Debian: webkit2gtk-driver, xvfb)"
)


async def press_speak_press(page: Any) -> None:
    await page.click("#button")
    await page.until(STATE, "recording")
    await page.until("document.getElementById('clock').textContent >= '0:03'")
    await page.click("#button")


async def is_told_and_says_not_right(page: Any, house: Installation) -> str:
    """To the end; the codec of what arrived."""
    await page.until(STATE, "result")
    number = await page.run("document.getElementById('number').textContent")
    await page.until("!document.getElementById('answers').hidden")
    await page.click("#wrong")
    await page.until("document.getElementById('answer').textContent.includes('亲自听')")
    await page.until("document.querySelectorAll('#mine li').length", 1)
    assert (await house.request(number)).status == "needs_review"
    (recording,) = await arrived(house)
    return probe(house.parts.blobs.path(recording.blob_key)).codec


@has_firefox
async def test_press_speak_press_works_in_firefox(open_house: Open, tmp_path: Path) -> None:
    async with (
        living_with(open_house) as (house, served),
        firefox.tab(tmp_path / "firefox") as page,
    ):
        house.ears.says = WORDS
        await page.open(f"http://127.0.0.1:{served.port}/")
        await press_speak_press(page)
        assert await is_told_and_says_not_right(page, house) == "opus"
        assert await page.run("navigator.serviceWorker.ready.then((r) => !!r.active)")


@has_webkit
async def test_press_speak_press_works_in_webkit(open_house: Open, tmp_path: Path) -> None:
    async with (
        living_with(open_house) as (house, served),
        webkit.tab(tmp_path / "webkit") as page,
    ):
        house.ears.says = WORDS
        await page.open(f"http://127.0.0.1:{served.port}/?lang=zh")
        await page.give_sound()
        await press_speak_press(page)
        assert await is_told_and_says_not_right(page, house) in ("aac", "opus", "pcm_s16le")


@has_webkit
async def test_the_phones_own_recorder_works_in_webkit(open_house: Open, tmp_path: Path) -> None:
    async with (
        living_with(open_house) as (house, served),
        webkit.tab(tmp_path / "webkit") as page,
    ):
        house.ears.says = WORDS
        await page.open(f"http://127.0.0.1:{served.port}/?lang=zh")
        await page.click("#button")  # this WebKit has no microphone, and says so
        await page.until("!document.getElementById('file').hidden")
        await page.choose_file("#input", VOICEMAIL)
        assert await is_told_and_says_not_right(page, house) == "opus"
