"""The resident's page in a real browser, against the real house: press, speak, press."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from speech import probe
from tests.integration.house import House
from tests.integration.resident_house import (
    BadNetwork,
    arrived,
    as_microphone,
    living_with,
    number_on,
    phone,
    press,
    said_by,
    silence,
    speak,
)

pytestmark = pytest.mark.asyncio
Open = Callable[..., House]
WORDS = "我家厨房的下水道堵了，我住在梧桐里三号楼二单元五零二，电话幺三八一二三四五六七八。"


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample voicemail for the microphone."""
    return as_microphone(tmp_path_factory.mktemp("microphone"))


async def test_what_she_says_without_a_network_goes_by_itself_when_it_is_back(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        page = await used.open()
        await speak(page, 2)
        await used.context.set_offline(True)
        await expect(page.locator("#clock")).to_have_text("0:04")
        await page.click("#button")
        await expect(page.locator("#fate")).to_contain_text("还没有送到")
        assert not await arrived(house)
        await used.context.set_offline(False)
        number = await number_on(page)
        (recording,) = await arrived(house)
        assert recording.sha256.hex() == await said_by(page)
        assert (await house.request(number)).channel == "page"


async def test_a_tab_closed_in_the_middle_loses_no_more_than_the_last_moment(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        page = await used.open()
        await speak(page, 5)
        await page.close()
        assert not await arrived(house)
        page = await used.open()
        number = await number_on(page)
        assert await house.request(number)
        (recording,) = await arrived(house)
        assert (recording.duration_seconds or 0) > 3.5


async def test_a_server_that_is_started_again_in_the_middle_gets_it_once(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        page = await used.open()
        await speak(page, 3)
        await served.stop()
        await expect(page.locator("#clock")).to_have_text("0:05")
        await served.start()
        await page.click("#button")
        await number_on(page)
        (recording,) = await arrived(house)
        assert recording.sha256.hex() == await said_by(page)


async def test_a_slow_network_that_cuts_every_connection_gets_it_over_once(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        BadNetwork(served.port) as network,
        phone(tmp_path, network.port, voice) as used,
    ):
        page = await used.open()
        await speak(page, 6)
        await page.click("#button")
        await number_on(page)
        (recording,) = await arrived(house)
        assert recording.sha256.hex() == await said_by(page)
        assert network.cuts >= 3


async def test_silence_never_ends_a_recording(open_house: Open, tmp_path: Path) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port, silence(tmp_path)) as used,
    ):
        page = await used.open()
        await press(page)
        await page.click("#button")  # a trembling finger
        await expect(page.locator("#hint")).to_contain_text("没听到声音", timeout=15_000)
        assert await page.get_attribute("body", "data-state") == "recording"
        await page.click("#button")
        await number_on(page)
        assert len(await arrived(house)) == 1


async def test_she_is_warned_before_the_limit_and_nothing_is_lost_at_it(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False, limits={"max_seconds": 8}) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        page = await used.open()
        await press(page)
        await expect(page.locator("#hint")).to_contain_text("还可以说 3 秒", timeout=10_000)
        assert any("还可以说 3 秒" in words for words in await page.evaluate("__said"))
        await number_on(page)
        (recording,) = await arrived(house)
        assert recording.sha256.hex() == await said_by(page)


async def test_a_browser_without_mediarecorder_makes_wav(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        await used.context.add_init_script("delete window.MediaRecorder")
        page = await used.open()
        await speak(page, 4)
        await page.click("#button")
        await number_on(page)
        (recording,) = await arrived(house)
        info = probe(house.parts.blobs.path(recording.blob_key))
        assert info.codec == "pcm_s16le"
        assert 3.5 < (info.duration_seconds or recording.duration_seconds or 0) < 7


async def test_a_phone_that_gives_no_microphone_offers_its_own_recorder(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port) as used,
    ):
        await used.context.add_init_script(
            "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no'))"
        )
        page = await used.open()
        await page.click("#button")
        await expect(page.locator("#why")).to_contain_text("手机自己的录音")
        assert await page.get_attribute("#input", "capture") is not None
        await page.set_input_files("#input", voice)
        await number_on(page)
        (recording,) = await arrived(house)
        assert recording.size_bytes == voice.stat().st_size
