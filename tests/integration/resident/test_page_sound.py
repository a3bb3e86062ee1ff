"""Phones that hear and speak badly: it costs no recording, and nothing untrue is said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from intake.settings import ROOT
from speech import probe
from tests.support.resident_page import (
    SECONDS_OF_PAGE,
    Visiting,
    arrived,
    done,
    household,
    kept_by_worker,
    number_on,
    press,
    said_by,
    speak,
    until_clock,
    visit,
    voice,
)
from tests.support.webchat import at_work
from tests.unit.speech import sounds

__all__ = ["visit", "voice"]  # fixtures
pytestmark = pytest.mark.asyncio
PROMPTS = ROOT / "intake" / "web" / "assets" / "prompts" / "zh"
CALM = "我家厨房的下水道堵了，我住在梧桐里三号楼二单元五零二。"
DANGER = "快来人啊，我家的煤气漏了，我住在梧桐里六号楼三零二。"
# What has sounded to its end, in seconds; looked at before the next one takes its place, too.
PLAYED = """
window.__played = [];
const note = (player) => {
  if (player.__noted || !(player.currentTime > player.duration - 0.1)) return;
  player.__noted = true;
  __played.push(player.duration);
};
const src = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "src");
Object.defineProperty(HTMLMediaElement.prototype, "src", {
  get: src.get,
  set(url) {
    note(this);
    this.__noted = false;
    this.onplaying = () => this.addEventListener("ended", () => note(this), { once: true });
    src.set.call(this, url);
  },
});
"""
NO_MEDIARECORDER = "delete window.MediaRecorder;"


def seconds_of(name: str) -> float:
    """How long a prompt sounds."""
    return probe(PROMPTS / f"{name}.mp3").duration_seconds or 0


async def sounded(page: Page, names: list[str]) -> bool:
    """Have these prompts been played to their ends, one after the other?"""
    played = [d for d in await page.evaluate("__played") if d > 0.1]
    wanted = [seconds_of(name) for name in names]
    starts = range(len(played) - len(wanted) + 1)
    return any(
        all(abs(a - b) < 0.12 for a, b in zip(played[at:], wanted, strict=False)) for at in starts
    )


async def until_sounded(page: Page, names: list[str]) -> None:
    async with asyncio.timeout(90):
        while not await sounded(page, names):
            await asyncio.sleep(0.3)


async def test_without_a_voice_recorded_prompts_say_the_number_and_sound_to_their_ends(
    visit: Visiting,
) -> None:
    at = await visit()
    await at.used.context.add_init_script(PLAYED)
    page = await at.used.open(voice=False)
    await speak(page, 1)
    await page.click("#button")
    number = await number_on(page)
    digits = [f"digit-{digit}" for digit in number if digit.isdigit()]
    await until_sounded(page, ["received", "number", *digits, "wait"])


async def test_without_a_voice_what_was_understood_is_said_with_its_time_and_her_answer(
    visit: Visiting,
) -> None:
    at = await visit(works=True)
    at.house.ears.says = "我想明天上午九点理发，我住在梧桐里三号楼二单元五零二。"
    at.house.ranking = [("haircut", 0.99), ("meal", 0.01)]
    await at.used.context.add_init_script(PLAYED)
    page = await at.used.open(voice=False)
    await speak(page, 1)
    await page.click("#button")
    number = await number_on(page)
    await expect(page.locator("#right")).to_be_visible(timeout=60_000)
    request = await at.house.request(number)
    assert request.when_start
    start = request.when_start.astimezone(at.house.settings.zone)
    day = [f"month-{start.month}", f"date-{start.day}", f"weekday-{start.isoweekday()}"]
    await until_sounded(page, ["category-haircut", "time", *day, f"clock-{start.hour}"])
    await page.click("#right")
    await until_sounded(page, ["thanks"])


async def test_a_voice_from_the_network_gives_way_to_prompts_without_one(visit: Visiting) -> None:
    at = await visit()
    remote = """
    Object.defineProperty(window, "speechSynthesis", { value: {
      getVoices: () => [{ lang: "zh-CN", name: "far", localService: false }],
      speak: (u) => window.__spoken.push(u.text), cancel: () => undefined } });
    window.__spoken = [];
    window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };"""
    await at.used.context.add_init_script(PLAYED + remote)
    page = await at.used.open(voice=False)
    await kept_by_worker(page)
    await press(page)
    await page.wait_for_function("caches.match('/page/prompts/zh/offline-kept.mp3').then(Boolean)")
    await at.used.context.set_offline(True)
    await page.wait_for_timeout(1000)  # she speaks
    await page.click("#button")
    await expect(page.locator("#fate")).to_contain_text("还没有送到")
    await until_sounded(page, ["offline-kept"])
    assert not [text for text in await page.evaluate("__spoken") if text]


@pytest.mark.parametrize("form", ["mediarecorder", "wav"])
async def test_a_meter_that_fails_costs_no_recording_and_says_nothing_untrue(
    visit: Visiting, form: str
) -> None:
    at = await visit()
    broken = "AudioContext.prototype.createAnalyser = () => { throw new Error('no'); };"
    await at.used.context.add_init_script(broken + (NO_MEDIARECORDER if form == "wav" else ""))
    page = await at.used.open()
    await speak(page, 1)
    await expect(page.locator("#meter")).to_be_hidden()
    await page.wait_for_timeout(8500)  # as long as it takes to call a room quiet
    assert "没听到" not in await page.inner_text("#hint")
    await page.click("#button")
    await number_on(page)
    assert len(await arrived(at.house)) == 1


async def test_a_headset_of_8_khz_is_recorded_at_its_own_pace(visit: Visiting) -> None:
    at = await visit()
    slow = (
        "const Real = AudioContext;"
        "window.AudioContext = function () { return new Real({ sampleRate: 8000 }); };"
    )
    await at.used.context.add_init_script(NO_MEDIARECORDER + slow)
    page = await at.used.open()
    began = await page.evaluate(SECONDS_OF_PAGE)
    await speak(page, 3)
    await page.click("#button")
    await number_on(page)
    open_for = await page.evaluate(SECONDS_OF_PAGE) - began
    (recording,) = await arrived(at.house)
    path = at.house.parts.blobs.path(recording.blob_key)
    assert probe(path).codec == "pcm_s16le"
    assert int.from_bytes(path.read_bytes()[24:28], "little") == 8000
    assert 2 < (path.stat().st_size - 44) / 16_000 < open_for


async def test_sound_that_a_call_interrupted_is_woken_again(visit: Visiting) -> None:
    at = await visit()
    await at.used.context.add_init_script(
        """
        window.__woken = 0;
        window.__state = "interrupted";
        const wake = AudioContext.prototype.resume;
        Object.defineProperty(AudioContext.prototype, "state", { get: () => window.__state });
        AudioContext.prototype.resume = function () { __woken++; return wake.call(this); };
        """
    )
    page = await at.used.open()
    await speak(page, 1)
    assert await page.evaluate("__woken") > 0
    await expect(page.locator("#meter")).to_be_hidden()
    await page.evaluate("__state = 'running'")
    await expect(page.locator("#meter")).to_be_visible()
    await page.click("#button")
    await number_on(page)


async def test_the_screen_stays_on_while_she_speaks_and_no_longer(visit: Visiting) -> None:
    at = await visit()
    lock = """
    window.__awake = 0;
    Object.defineProperty(navigator, "wakeLock", { value: { request: async () => {
      __awake++;
      return { release: async () => { __awake--; } };
    } } });"""
    await at.used.context.add_init_script(lock)
    page = await at.used.open()
    assert await page.evaluate("__awake") == 0
    await speak(page, 1)
    assert await page.evaluate("__awake") == 1
    await page.click("#button")
    await number_on(page)
    assert await page.evaluate("__awake") == 0


async def test_an_iphones_recorder_file_arrives_as_it_is(visit: Visiting, tmp_path: Path) -> None:
    at = await visit(microphone=None)
    await at.used.context.add_init_script("delete window.MediaRecorder; delete window.AudioContext")
    page = await at.used.open()
    path = sounds.encode(tmp_path / "said.m4a", "mp4", "aac", 48_000, bit_rate=64_000)
    await page.set_input_files("#input", path)
    number = await number_on(page)
    (recording,) = await arrived(at.house)
    assert at.house.parts.blobs.path(recording.blob_key).read_bytes() == path.read_bytes()
    assert (await at.house.request(number)).channel == "page"


async def test_a_household_that_is_slow_to_answer_is_hers_all_the_same(visit: Visiting) -> None:
    at = await visit()
    home, token = await household(at.house, "李奶奶")
    page = await at.used.context.new_page()
    answer = asyncio.Event()

    async def slow(route: Any) -> None:
        await answer.wait()
        await route.continue_()

    await page.route("**/api/h/*", slow)
    await page.goto(f"{at.used.url}/h/{token}")
    await speak(page, 1)
    await page.click("#button")
    number = await number_on(page)
    assert (await at.house.request(number)).household_id == home
    answer.set()
    await expect(page.locator("#mine-title")).to_have_text("这一家说过的事")
    await expect(page.locator("#mine li")).to_contain_text([number])


async def test_the_list_keeps_the_place_of_whoever_is_in_it(visit: Visiting) -> None:
    at = await visit()
    page = await at.used.open()
    numbers = []
    for _ in range(2):
        await speak(page, 1)
        await page.click("#button")
        numbers.append(await number_on(page))
        if len(numbers) == 1:
            await done(at.house, numbers[0])
            await page.click("#more")
    row = page.locator("#mine li", has_text=numbers[0])
    face = row.get_by_role("button", name="不满意")
    await face.focus()
    await done(at.house, numbers[1])
    await expect(page.locator("#mine .faces")).to_have_count(2)
    await expect(face).to_be_focused()
    await face.press("Enter")
    await expect(row).to_contain_text("谢谢您")
    await expect(face).to_be_focused()


async def test_the_numbers_to_ring_stay_while_she_speaks_again_and_after_opening_anew(
    visit: Visiting,
) -> None:
    at = await visit(works=True)
    at.house.ears.says = DANGER
    page = await at.used.open()
    await speak(page, 1)
    await page.click("#button")
    await number_on(page)
    emergency = page.locator("#emergency")
    await expect(emergency).to_be_visible(timeout=60_000)
    at.house.ears.says = CALM
    await page.click("#more")
    await expect(emergency).to_be_visible()
    await speak(page, 1)
    await expect(emergency).to_be_visible()
    await page.click("#button")
    await number_on(page)
    await expect(page.locator("#heard")).to_be_visible(timeout=60_000)
    await expect(emergency).to_be_visible()
    await page.reload()
    await expect(emergency).to_be_visible()
    await page.clock.install()
    await page.clock.fast_forward(601_000)
    await page.reload()
    await expect(emergency).to_be_hidden()


async def test_danger_that_is_understood_while_she_speaks_again_is_shown_at_once(
    visit: Visiting,
) -> None:
    at = await visit()
    at.house.ears.says = DANGER
    page = await at.used.open()
    await speak(page, 1)
    await page.click("#button")
    await number_on(page)
    await page.click("#more")
    await press(page)
    async with at_work(at.house):
        await expect(page.locator("#emergency")).to_be_visible(timeout=60_000)
        assert await page.get_attribute("body", "data-state") == "recording"
        for number in ("120", "119", "110"):
            await expect(page.locator(f"a[href='tel:{number}']")).to_be_visible()
        await until_clock(page, 1)  # a second press in the first second is a trembling finger
        await page.click("#button")
        await number_on(page)
    sums = [recording.sha256.hex() for recording in await arrived(at.house)]
    assert len(sums) == 2 and await said_by(page) not in sums  # it holds both
