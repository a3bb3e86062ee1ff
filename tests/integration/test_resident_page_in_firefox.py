"""The resident's page in another maker's browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from speech import probe
from tests.integration.firefox import firefox, tab
from tests.integration.house import House
from tests.integration.resident_house import arrived, living_with

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(firefox() is None, reason="no Firefox (Debian: firefox-esr)"),
]


async def test_press_speak_press_works_in_firefox(
    open_house: Callable[..., House], tmp_path: Path
) -> None:
    async with (
        living_with(open_house) as (house, served),
        tab(tmp_path / "firefox") as page,
    ):
        house.ears.says = "我家厨房的下水道堵了，我住在梧桐里三号楼二单元五零二。"
        await page.open(f"http://127.0.0.1:{served.port}/")
        state = "document.body.getAttribute('data-state')"
        await page.click("#button")
        await page.until(state, "recording")
        await page.until("document.getElementById('clock').textContent", "0:03")
        await page.click("#button")
        await page.until(state, "result")
        number = await page.run("document.getElementById('number').textContent")
        await page.until("!document.getElementById('answers').hidden")
        await page.click("#wrong")
        await page.until("document.getElementById('answer').textContent.includes('亲自听')")
        await page.until("document.querySelectorAll('#mine li').length", 1)
        assert (await house.request(number)).status == "needs_review"
        (recording,) = await arrived(house)
        info = probe(house.parts.blobs.path(recording.blob_key))
        assert info.codec == "opus"
        assert await page.run("navigator.serviceWorker.ready.then((r) => !!r.active)")
