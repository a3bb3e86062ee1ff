"""What lies on a phone: kept until the server has it, brought over once, by whoever is awake."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from intake.storage.models import Event
from intake.web.resident import page as resident_page
from tests.support.installation import Installation
from tests.support.resident_page import (
    Visiting,
    arrived,
    kept_by_worker,
    left,
    number_on,
    refuse,
    said_by,
    speak,
    until_clock,
    visit,
    voice,
)
from tests.support.webchat import Served

__all__ = ["visit", "voice"]  # fixtures
pytestmark = pytest.mark.asyncio
WORDS = "我家厨房的下水道堵了，我住在梧桐里三号楼二单元五零二。"
FULL = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (value) {
  const asked = put.call(this, value);
  if (this.name === "pieces") this.transaction.abort();
  return asked;
};"""
BROKEN = {
    "missing": 'Object.defineProperty(window, "indexedDB", { value: undefined });',
    "failing": 'indexedDB.open = () => { throw new Error("broken"); };',
    "full": FULL,
}
BAD_TAPE = """() => new Promise((done, failed) => {
  const asked = indexedDB.open("huying", 1);
  asked.onsuccess = () => {
    const work = asked.result.transaction(["recordings", "pieces"], "readwrite");
    const key = "0".repeat(32);
    work.objectStore("recordings").put({ key, type: "audio/webm", language: "zh", household: null,
      recorded_at: "2020-01-01T00:00:00Z", touched: 1, whole: true, refused: false });
    const data = new Uint8Array(5000).fill(65).buffer;
    work.objectStore("pieces").put({ key, n: 0, data });
    work.oncomplete = done;
    work.onerror = failed;
  };
})"""
LEFT = """() => new Promise((done) => {
  const asked = indexedDB.open("huying", 1);
  asked.onsuccess = () => {
    const all = asked.result.transaction("recordings").objectStore("recordings").getAll();
    all.onsuccess = () => done(all.result.length);
  };
})"""


async def state(page: Page) -> str | None:
    return await page.get_attribute("body", "data-state")


async def kinds(house: Installation) -> list[str]:
    async with house.parts.sessions() as session:
        return [e.kind for e in await session.scalars(select(Event).order_by(Event.id))]


@pytest.mark.parametrize("storage", BROKEN)
async def test_a_phone_that_keeps_nothing_says_so_and_still_brings_it_over(
    visit: Visiting, storage: str
) -> None:
    at = await visit()
    await at.used.context.add_init_script(BROKEN[storage])
    page = await at.used.open()
    await speak(page, 2)
    await at.used.context.set_offline(True)
    await until_clock(page, 4)
    await page.click("#button")
    await expect(page.locator("#fate")).to_contain_text("请先开着这个页面")
    assert "存好了" not in await page.inner_text("#sending")
    await at.used.context.set_offline(False)
    await number_on(page)
    (recording,) = await arrived(at.house)
    assert recording.sha256.hex() == await said_by(page)


async def test_a_server_that_can_not_take_it_is_not_called_a_missing_connection(
    visit: Visiting,
) -> None:
    at = await visit()
    page = await at.used.open()
    busy = re.compile(r".*/api/uploads/.*")
    await page.route(busy, lambda route: route.fulfill(status=503, json={"code": "busy"}))
    await speak(page, 1)
    await page.click("#button")
    await expect(page.locator("#fate")).to_contain_text("我们这边暂时收不下")
    assert "连不上" not in await page.inner_text("#sending")
    await page.unroute(busy)
    await number_on(page)
    assert len(await arrived(at.house)) == 1


async def test_she_may_say_another_thing_at_once_and_no_arrival_changes_her_screen(
    visit: Visiting,
) -> None:
    at = await visit()
    page = await at.used.open()
    await speak(page, 1)
    await at.used.context.set_offline(True)
    await page.click("#button")
    await page.click("#another")
    assert await state(page) == "ready"
    await at.used.context.set_offline(False)
    await expect(page.locator("#mine li")).to_have_count(1)
    assert await state(page) == "ready"
    await speak(page, 1)
    await page.click("#button")
    number = await number_on(page)
    await expect(page.locator("#mine li")).to_have_count(2)
    assert await page.inner_text("#number") == number
    assert len(await arrived(at.house)) == 2


async def test_of_two_tabs_one_brings_it_over(visit: Visiting) -> None:
    at = await visit()
    page = await at.used.open()
    await kept_by_worker(page)
    await speak(page, 2)
    await at.used.context.set_offline(True)
    await until_clock(page, 3)
    await page.click("#button")
    await expect(page.locator("#fate")).to_contain_text("还没有送到")
    other = await at.used.open()
    await expect(other.locator("#button")).to_be_visible()
    sent: list[str] = []
    other.on("request", lambda r: sent.append(r.method) if "/api/uploads" in r.url else None)
    await at.used.context.set_offline(False)
    await number_on(page)
    await expect(other.locator("#mine li")).to_have_count(1)
    assert await state(other) == "ready"
    assert not sent
    (recording,) = await arrived(at.house)
    assert recording.sha256.hex() == await said_by(page)


async def test_what_another_tab_ended_too_early_arrives_whole_all_the_same(
    visit: Visiting,
) -> None:
    at = await visit()
    # An old browser without locks, whose other tab takes this one for gone.
    without = 'Object.defineProperty(navigator, "locks", { value: undefined });'
    await at.used.context.add_init_script(without)
    page = await at.used.open()
    await speak(page, 3)
    await at.used.context.add_init_script("const now = Date.now; Date.now = () => now() + 20000;")
    other = await at.used.open()
    early = await number_on(other)
    await until_clock(page, 6)
    await page.click("#button")
    assert await number_on(page) == early
    (recording,) = await latest(at.house)
    assert recording == await said_by(page)
    async with asyncio.timeout(30):
        while await page.evaluate(LEFT):
            await asyncio.sleep(0.2)


async def latest(house: Installation) -> list[str]:
    """The sums of the recordings that the requests have now."""
    from intake.storage.models import Recording, ServiceRequest

    async with house.parts.sessions() as session:
        rows = await session.scalars(
            select(Recording).join(ServiceRequest, ServiceRequest.recording_id == Recording.id)
        )
        return [row.sha256.hex() for row in rows]


async def test_one_bad_recording_does_not_keep_the_others(visit: Visiting) -> None:
    at = await visit()
    page = await at.used.open()
    await kept_by_worker(page)
    await speak(page, 2)
    await at.served.stop()
    await page.click("#button")
    await expect(page.locator("#fate")).to_contain_text("还没有送到")
    spoken = await said_by(page)
    await page.evaluate(BAD_TAPE)
    wake = await left(at.used, page)
    await at.served.start()
    await wake()
    async with asyncio.timeout(60):  # the bad one arrives as well: a person looks at it
        while spoken not in {one.sha256.hex() for one in await arrived(at.house)}:
            await asyncio.sleep(0.2)


async def test_a_recording_of_nothing_does_not_stay_and_the_phones_own_recorder_is_offered(
    visit: Visiting,
) -> None:
    at = await visit()
    deaf = "MediaRecorder.prototype.start = function () { this.__deaf = true; };"
    ends = "MediaRecorder.prototype.stop = function () { this.onstop(); };"
    here = 'Object.defineProperty(MediaRecorder.prototype, "state", { get: () => "recording" });'
    await at.used.context.add_init_script(deaf + ends + here)
    page = await at.used.open()
    await speak(page, 1)
    await page.click("#button")
    await expect(page.locator("#why")).to_contain_text("没有录到声音")
    assert "没有录到声音" in (await page.evaluate("__said"))[-1]
    async with asyncio.timeout(30):
        while await page.evaluate(LEFT):
            await asyncio.sleep(0.2)
    await page.reload()
    await expect(page.locator("#button")).to_be_visible()
    assert await state(page) == "ready"
    assert not await arrived(at.house)


async def test_not_right_is_told_also_when_she_closes_the_page_without_a_network(
    visit: Visiting,
) -> None:
    at = await visit(works=True)
    at.house.ears.says = WORDS
    page = await at.used.open()
    await speak(page, 1)
    await page.click("#button")
    number = await number_on(page)
    await expect(page.locator("#wrong")).to_be_visible(timeout=60_000)
    await refuse(page, "/not-right", None)
    await page.click("#wrong")
    await expect(page.locator("#answer")).to_contain_text("亲自听")
    assert "resident_wrong" not in await kinds(at.house)
    wake = await left(at.used, page)
    assert "resident_wrong" not in await kinds(at.house)
    await wake()
    async with asyncio.timeout(60):
        while (await at.house.request(number)).status != "needs_review":
            await asyncio.sleep(0.2)


async def test_right_is_told_by_the_next_visit(visit: Visiting) -> None:
    at = await visit(works=True)
    at.house.ears.says = WORDS
    page = await at.used.open()
    await speak(page, 1)
    await page.click("#button")
    await number_on(page)
    await expect(page.locator("#right")).to_be_visible(timeout=60_000)
    await refuse(page, "/right", 503)
    await page.click("#right")
    await expect(page.locator("#answer")).to_contain_text("谢谢您")
    await page.close()
    assert "resident_right" not in await kinds(at.house)
    await at.used.open()
    async with asyncio.timeout(60):
        while "resident_right" not in await kinds(at.house):
            await asyncio.sleep(0.2)


async def test_what_was_said_in_a_tab_that_is_closed_goes_without_any_page(
    visit: Visiting,
) -> None:
    at = await visit()
    await at.used.context.grant_permissions(["microphone", "background-sync"])
    page = await at.used.open()
    await kept_by_worker(page)
    await speak(page, 4)  # more than a second is on the phone by then, on a busy machine too
    await page.close()  # she never pressed again; the browser itself wakes the worker
    async with asyncio.timeout(90):
        while not (recordings := await arrived(at.house)):
            await asyncio.sleep(0.3)
    assert [(recording.duration_seconds or 2) > 1 for recording in recordings] == [True]


async def test_an_answer_whose_body_never_ends_is_given_up_and_asked_again(
    visit: Visiting,
) -> None:
    at = await visit()
    await at.used.context.add_init_script(
        """
        const [later, get] = [window.setTimeout, window.fetch];
        window.setTimeout = (work, ms, ...a) => later(work, ms >= 20000 ? 1500 : ms, ...a);
        window.__hung = 0;
        window.fetch = async (url, asked) => {
          if (!String(url).includes("by-key") || window.__hung++) return get(url, asked);
          return new Response(new ReadableStream({}));
        };
        """
    )
    page = await at.used.open()
    await speak(page, 1)
    await page.click("#button")
    await number_on(page)
    assert await page.evaluate("__hung") > 1
    assert len(await arrived(at.house)) == 1


async def test_after_an_upgrade_every_kept_page_still_opens_without_a_network(
    visit: Visiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = await visit()
    page = await at.used.open("/h/some-link")
    old = str(await page.evaluate("document.scripts[0].getAttribute('src')"))
    await page.wait_for_function("caches.match('/h/some-link').then(Boolean)")
    await at.served.stop()
    # A new version: the same script under another name.
    folder = tmp_path / "built"
    shutil.copytree(resident_page.BUILT, folder)
    name = old.rpartition("/")[2]
    (folder / name).rename(folder / "main-newer123.js")
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(name, "main-newer123.js"))
    monkeypatch.setattr(resident_page, "BUILT", folder)
    from intake.app import create_app

    newer = create_app(at.house.settings)
    async with Served(newer, at.served.port):
        page = await at.used.open()
        assert await page.evaluate("document.scripts[0].getAttribute('src')") != old
        await page.wait_for_function("caches.match('/page/main-newer123.js').then(Boolean)")
        await page.wait_for_function("caches.match('/').then(Boolean)")
    for path in ("/", "/h/some-link"):
        page = await at.used.open(path)
        await expect(page.locator("#button")).to_be_visible()
    await at.served.start()
