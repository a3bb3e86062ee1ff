"""The resident's page in a real browser, against an installation: press, speak, press."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from intake.accounts import households
from intake.storage.models import Event
from speech import probe
from tests.support.resident_page import (
    SECONDS_OF_PAGE,
    Visiting,
    arrived,
    done,
    household,
    kept_by_worker,
    left,
    number_on,
    press,
    said_by,
    silence,
    speak,
    until_clock,
    visit,
    voice,
)

__all__ = ["visit", "voice"]  # fixtures
pytestmark = pytest.mark.asyncio
WORDS = "我家厨房的下水道堵了，我住在梧桐里三号楼二单元五零二，电话幺三八一二三四五六七八。"


async def test_press_speak_press_and_she_is_told_her_number_and_what_was_understood(
    visit: Visiting,
) -> None:
    at = await visit(works=True)
    house, used = at.house, at.used
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
    await expect(page.locator("#heard")).to_contain_text("居家维修", timeout=60_000)
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


async def test_not_right_brings_a_person_and_never_asks_her_to_do_it_again(visit: Visiting) -> None:
    at = await visit(works=True)
    house, used = at.house, at.used
    house.ears.says = WORDS
    page = await used.open()
    await speak(page, 2)
    await page.click("#button")
    number = await number_on(page)
    await page.click("#wrong", timeout=60_000)
    await expect(page.locator("#answer")).to_have_text("好的。工作人员会亲自听您说的话。")
    assert "亲自听" in (await page.evaluate("__said"))[-1]
    await expect(page.locator("#mine li")).to_contain_text(["工作人员"])
    request = await house.request(number)
    assert request.status == "needs_review"
    assert "resident_says_wrong" in [reason["code"] for reason in request.reasons]


async def test_the_page_opens_without_a_network_and_what_she_says_is_kept(visit: Visiting) -> None:
    at = await visit()
    house, served, used = at.house, at.served, at.used
    page = await used.open()
    await kept_by_worker(page)
    await page.close()
    await served.stop()
    page = await used.open()
    await speak(page, 2)
    await page.click("#button")
    await expect(page.locator("#fate")).to_contain_text("还没有送到")
    await expect(page.locator("#safe")).to_have_text("您说的话存好了")
    spoken = await said_by(page)
    wake = await left(used, page)
    await served.start()
    await wake()
    async with asyncio.timeout(60):
        while not (recordings := await arrived(house)):
            await asyncio.sleep(0.2)
    assert [recording.sha256.hex() for recording in recordings] == [spoken]


async def test_without_scripts_the_phones_own_recorder_and_a_form_do_it(
    visit: Visiting, voice: Path
) -> None:
    at = await visit(microphone=None, browser={"java_script_enabled": False})
    house, used = at.house, at.used
    page = await used.context.new_page()
    await page.goto(used.url)
    await page.set_input_files("#input", voice)
    await page.get_by_role("button", name="送出").click()
    await page.wait_for_url("**/s/*")
    await expect(page.locator("h1")).to_contain_text("您的请求")
    assert len(await arrived(house)) == 1


async def test_a_household_link_greets_by_name_and_a_script_in_it_is_text(
    visit: Visiting,
) -> None:
    name = "李奶奶<img src=x onerror=alert(1)><script>alert(2)</script>"
    at = await visit(works=True)
    house, used = at.house, at.used
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


async def test_what_was_done_is_rated_with_a_face(visit: Visiting) -> None:
    at = await visit()
    house, used = at.house, at.used
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
    visit: Visiting,
) -> None:
    at = await visit()
    house, used = at.house, at.used
    page = await used.open()
    await speak(page, 2)
    await used.context.set_offline(True)
    await until_clock(page, 4)
    await page.click("#button")
    await expect(page.locator("#fate")).to_contain_text("还没有送到")
    assert not await arrived(house)
    await used.context.set_offline(False)
    number = await number_on(page)
    (recording,) = await arrived(house)
    assert recording.sha256.hex() == await said_by(page)
    assert (await house.request(number)).channel == "page"


async def test_a_tab_closed_in_the_middle_loses_no_more_than_the_last_moment(
    visit: Visiting,
) -> None:
    at = await visit()
    house, used = at.house, at.used
    page = await used.open()
    await speak(page, 5)
    await page.close()
    assert not await arrived(house)
    page = await used.open()
    number = await number_on(page)
    assert await house.request(number)
    (recording,) = await arrived(house)
    assert (recording.duration_seconds or 0) > 3.5


async def test_a_server_that_is_started_again_in_the_middle_gets_it_once(visit: Visiting) -> None:
    at = await visit()
    house, served, used = at.house, at.served, at.used
    page = await used.open()
    await speak(page, 3)
    await served.stop()
    await until_clock(page, 5)
    await served.start()
    await page.click("#button")
    await number_on(page)
    (recording,) = await arrived(house)
    assert recording.sha256.hex() == await said_by(page)


async def test_a_slow_network_that_cuts_every_connection_gets_it_over_once(
    visit: Visiting,
) -> None:
    at = await visit(lossy=True)
    house, used, network = at.house, at.used, at.network
    assert network
    page = await used.open()
    await speak(page, 6)
    await page.click("#button")
    await number_on(page)
    (recording,) = await arrived(house)
    assert recording.sha256.hex() == await said_by(page)
    assert network.cuts >= 3


# A trembling finger: pressed again in the moment in which the recording begins, however busy the
# machine is.
TREMBLING = """() => {
  const seen = new MutationObserver(() => {
    if (document.body.dataset.state !== "recording") return;
    seen.disconnect();
    window.__trembled = true;
    document.getElementById("button").click();
  });
  seen.observe(document.body, { attributes: true });
}"""


async def test_silence_never_ends_a_recording(visit: Visiting, tmp_path: Path) -> None:
    at = await visit(microphone=silence(tmp_path))
    house, used = at.house, at.used
    page = await used.open()
    await page.evaluate(TREMBLING)
    await press(page)
    await expect(page.locator("#hint")).to_contain_text("没听到声音", timeout=60_000)
    assert await page.evaluate("__trembled")
    assert await page.get_attribute("body", "data-state") == "recording"
    await page.click("#button")
    await number_on(page)
    assert len(await arrived(house)) == 1


async def test_she_is_warned_before_the_limit_and_nothing_is_lost_at_it(visit: Visiting) -> None:
    at = await visit(limits={"max_seconds": 8})
    house, used = at.house, at.used
    page = await used.open()
    await press(page)
    await expect(page.locator("#hint")).to_contain_text("还可以说 3 秒", timeout=60_000)
    assert any("还可以说 3 秒" in words for words in await page.evaluate("__said"))
    await number_on(page)
    (recording,) = await arrived(house)
    assert recording.sha256.hex() == await said_by(page)


async def test_a_browser_without_mediarecorder_makes_wav(visit: Visiting) -> None:
    at = await visit()
    house, used = at.house, at.used
    await used.context.add_init_script("delete window.MediaRecorder")
    page = await used.open()
    began = await page.evaluate(SECONDS_OF_PAGE)
    await speak(page, 4)
    await page.click("#button")
    await number_on(page)
    open_for = await page.evaluate(SECONDS_OF_PAGE) - began
    (recording,) = await arrived(house)
    info = probe(house.parts.blobs.path(recording.blob_key))
    assert info.codec == "pcm_s16le"
    assert 3.5 < (info.duration_seconds or recording.duration_seconds or 0) < open_for


async def test_a_phone_that_gives_no_microphone_offers_its_own_recorder(
    visit: Visiting, voice: Path
) -> None:
    at = await visit(microphone=None)
    house, used = at.house, at.used
    await used.context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no'))"
    )
    page = await used.open()
    await page.click("#button")
    await expect(page.locator("#why")).to_contain_text("手机自己的录音")
    await expect(page.locator("#input")).to_be_focused()
    assert "手机自己的录音" in (await page.evaluate("__said"))[-1]
    assert await page.get_attribute("#input", "capture") is not None
    await page.set_input_files("#input", voice)
    await number_on(page)
    (recording,) = await arrived(house)
    assert recording.size_bytes == voice.stat().st_size
