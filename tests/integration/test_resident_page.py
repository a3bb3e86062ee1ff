"""The resident's page in a real browser, against the real house: press, speak, press."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from intake import households
from intake import service_requests as requests
from intake.lifecycle import Actor, Status
from intake.models import Event
from intake.service_requests import By
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


async def household(house: House, name: str) -> tuple[int, str]:
    """A household with a link: its id and the link's token."""
    async with house.parts.sessions.begin() as session:
        home = await households.save(session, None, {"name": name, "place": "梧桐里"})
        token = await households.make_link(
            session, home, house.parts.link_secrets[0], end_earlier=False
        )
        return home.id, token


async def done(house: House, number: str) -> None:
    """Pretend that a backend has done it."""
    async with house.parts.sessions.begin() as session:
        request = await requests.lock(session, (await house.request(number)).id)
        request.status = Status.ACCEPTED.value
        await requests.advance(session, request, Status.DONE, By(Actor.OPERATOR))


async def test_press_speak_press_and_she_is_told_her_number_and_what_was_understood(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        house.ears.says = WORDS
        house.ranking = [("home_repair", 0.99), ("meal", 0.01)]
        page = await used.open()
        await speak(page, 3)
        await page.click("#button")
        number = await number_on(page)
        request = await house.request(number)
        said = await page.evaluate("__said")
        spelled = "，".join(digit for digit in number if digit.isdigit())
        assert said[0] == f"own: 收到了，请放心。您的编号是，{spelled}。"
        await expect(page.locator("#heard")).to_contain_text("居家维修", timeout=20_000)
        heard = await page.inner_text("#heard")
        assert "三号楼二单元五零二" in heard and "5678" in heard and "138" not in heard
        said = await page.evaluate("__said")
        assert said[-1].startswith(f"own: {heard}") and "不对" in said[-1]
        await page.click("#right")
        await expect(page.locator("#answer")).to_contain_text("谢谢您")
        await expect(page.locator("#answers")).to_be_hidden()
        await expect(page.locator("#mine li")).to_contain_text([number])
        (recording,) = await arrived(house)
        assert recording.sha256.hex() == await said_by(page)
        assert request.channel == "page" and request.language == "zh"
        async with house.parts.sessions() as session:
            kinds = [e.kind for e in await session.scalars(select(Event).order_by(Event.id))]
        assert "resident_right" in kinds


async def test_not_right_brings_a_person_and_never_asks_her_to_do_it_again(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        house.ears.says = WORDS
        page = await used.open()
        await speak(page, 2)
        await page.click("#button")
        number = await number_on(page)
        await page.click("#wrong", timeout=20_000)
        await expect(page.locator("#answer")).to_have_text("好的。工作人员会亲自听您说的话。")
        assert "亲自听" in (await page.evaluate("__said"))[-1]
        await expect(page.locator("#mine li")).to_contain_text(["工作人员"])
        request = await house.request(number)
        assert request.status == "needs_review"
        assert "resident_says_wrong" in [reason["code"] for reason in request.reasons]


async def test_without_a_voice_the_recorded_prompts_say_the_digits(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (_, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        page = await used.open(voice=False)
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url.rpartition("/")[2].partition(".")[0]))
        await speak(page, 1)
        await page.click("#button")
        number = await number_on(page)
        digits = [f"digit-{digit}" for digit in number if digit.isdigit()]
        wanted = list(dict.fromkeys(["received", "number", *digits, "wait"]))
        async with asyncio.timeout(30):
            while "wait" not in asked:
                await asyncio.sleep(0.1)
        # A digit said twice is loaded once.
        assert [name for name in asked if name in wanted] == wanted


async def test_the_page_opens_without_a_network_and_what_she_says_is_kept(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        page = await used.open()
        kept = "['/', document.scripts[0].src, document.querySelector('[rel=stylesheet]').href]"
        await page.wait_for_function(
            f"Promise.all({kept}.map((url) => caches.match(url))).then((all) => all.every(Boolean))"
        )
        await page.close()
        await served.stop()
        page = await used.open()
        await speak(page, 2)
        await page.click("#button")
        await expect(page.locator("#fate")).to_contain_text("还没有送到")
        spoken = await said_by(page)
        worker = await used.context.new_cdp_session(page)
        registered: list[dict[str, str]] = []
        worker.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda e: registered.extend(e["registrations"]),
        )
        await worker.send("ServiceWorker.enable")
        await expect(page.locator("#another")).to_be_visible()
        other = await used.context.new_page()
        woken = await used.context.new_cdp_session(other)
        await woken.send("ServiceWorker.enable")
        await page.close()
        await served.start()
        # The browser tells the worker that the network is back; no page is open to do it.
        await woken.send(
            "ServiceWorker.dispatchSyncEvent",
            {
                "origin": used.url,
                "registrationId": registered[-1]["registrationId"],
                "tag": "send",
                "lastChance": False,
            },
        )
        async with asyncio.timeout(30):
            while not (recordings := await arrived(house)):
                await asyncio.sleep(0.2)
        assert [recording.sha256.hex() for recording in recordings] == [spoken]


async def test_without_scripts_the_phones_own_recorder_and_a_form_do_it(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port, java_script_enabled=False) as used,
    ):
        page = await used.context.new_page()
        await page.goto(used.url)
        await page.set_input_files("#input", voice)
        await page.get_by_role("button", name="送出").click()
        await page.wait_for_url("**/s/*")
        await expect(page.locator("h1")).to_contain_text("您的请求")
        assert len(await arrived(house)) == 1


async def test_a_household_link_greets_by_name_and_a_script_in_it_is_text(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    name = "李奶奶<img src=x onerror=alert(1)><script>alert(2)</script>"
    async with (
        living_with(open_house) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        house.ears.says = "<script>alert(3)</script>" + WORDS
        home, token = await household(house, name)
        page = await used.open(f"/h/{token}")
        alarmed: list[str] = []
        page.on("dialog", lambda d: alarmed.append(d.message))
        await expect(page.locator("#hello")).to_contain_text(name)
        await speak(page, 2)
        await page.click("#button")
        number = await number_on(page)
        await expect(page.locator("#mine li")).to_contain_text([number])
        await expect(page.locator("#mine-title")).to_have_text("这一家说过的事")
        assert (await house.request(number)).household_id == home
        family = await used.open(f"/h/{token}")
        await expect(family.locator("#mine li")).to_contain_text([number])
        async with house.parts.sessions.begin() as session:
            await households.end_link(session, await households.lock(session, home))
        await family.reload()
        await expect(family.locator("#link")).to_contain_text("这个链接已经不能用了")
        await expect(family.locator("#hello")).to_contain_text("您好！")
        assert await family.is_visible("#button")
        assert not alarmed


async def test_what_was_done_is_rated_with_a_face(
    open_house: Open, tmp_path: Path, voice: Path
) -> None:
    async with (
        living_with(open_house, works=False) as (house, served),
        phone(tmp_path, served.port, voice) as used,
    ):
        page = await used.open()
        await speak(page, 1)
        await page.click("#button")
        number = await number_on(page)
        await done(house, number)
        await page.reload()
        await page.get_by_role("button", name="不满意").click()
        await expect(page.locator("#mine li")).to_contain_text(["谢谢您"])
        await page.reload()
        face = page.get_by_role("button", name="不满意")
        await expect(face).to_have_attribute("aria-pressed", "true")


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
