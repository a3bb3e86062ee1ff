"""Keys as people press them: held too long, with Caps Lock, in full width, to copy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect
from sqlalchemy import delete

from intake.storage.models import OperatorSession
from intake.web.cookies import COOKIE
from intake.web.desk import events
from tests.support.desk import signed_in
from tests.support.desk_request import Desk, desk_of
from tests.support.installation import Installation

pytestmark = pytest.mark.asyncio
PATIENT = 60_000
PRESSED = """([key, more]) => document.body.dispatchEvent(
  new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true, ...more}))"""


@pytest.fixture
async def desk(open_house: Callable[..., Installation], tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk_of(open_house(), tmp_path) as found:
        yield found


async def test_a_key_that_is_held_confirms_one_request_only(desk: Desk) -> None:
    first = await desk.waiting(phone="13900001111", place="兴福里", unit="9-9-909")
    following = await desk.waiting(phone="13900002222", place="望湖苑", unit="1-1-101")
    async with desk.browser() as at:
        page = await at.open(first)
        await page.keyboard.down("c")
        await at.shown(following)
        for _ in range(5):
            await page.keyboard.down("c")
        await page.keyboard.up("c")
        await at.press("?")
        await expect(page.locator("dialog#keys[open]")).to_be_visible()
        await at.press("Escape")
        assert (await desk.house.request(following)).status == "needs_review"
        # The key that opened a dialog or a field writes nothing into it.
        await page.keyboard.down("n")
        await page.keyboard.down("n")
        await page.keyboard.up("n")
        note = page.locator("#ask-note textarea")
        await expect(note).to_be_focused()
        await expect(note).to_have_value("")
        await page.keyboard.type("nn")
        await expect(note).to_have_value("nn")
        assert not at.errors
    await desk.until(first, "routed", "confirmed")


async def test_copying_confirms_nothing_and_caps_lock_and_full_width_keys_are_keys(
    desk: Desk,
) -> None:
    number = await desk.waiting(phone="13900001111", place="兴福里", unit="9-9-909")
    async with desk.browser() as at:
        page = await at.open(number)
        await at.press("Control+c", "Control+x", "Alt+c", "Shift+C")
        for key, more in (("c", {"isComposing": True}), ("c", {"keyCode": 229})):
            await page.evaluate(PRESSED, [key, more])
        for key in ("？", "?"):
            await page.evaluate(PRESSED, [key, {"shiftKey": True, "code": "Slash"}])
            await expect(page.locator("dialog#keys[open]")).to_be_visible()
            await at.press("Escape")
        assert (await desk.house.request(number)).status == "needs_review"
        await at.press("N")  # Caps Lock: the letter is large, Shift is not down
        await expect(page.locator("#ask-note textarea")).to_be_focused()
        await at.press("Escape")
        await page.evaluate(PRESSED, ["ｃ", {"code": "KeyC"}])
        await desk.until(number, "confirmed", "routed")
        assert not at.errors


async def test_what_is_typed_when_the_session_ends_is_there_after_signing_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "CHECK_SECONDS", 0.2)
    number = await desk.waiting(phone="13900001111", place="兴福里", unit="9-9-909")
    said = "这件事物业已经在办，周三上门"
    async with desk.browser() as at:
        page = await at.open(number)
        await expect(page.locator("body")).to_have_attribute("data-live", "yes", timeout=PATIENT)
        await at.press("x")
        reason = page.locator("#ask-reject textarea")
        await reason.fill(said)
        async with desk.house.parts.sessions.begin() as session:
            await session.execute(delete(OperatorSession))
        await page.wait_for_url("**/desk/sign-in?next=**", timeout=PATIENT)
        who = await signed_in(desk.house)
        await at.context.add_cookies([{"name": COOKIE, "value": who.token, "url": desk.url}])
        await at.open(number)
        await at.press("x")
        await expect(reason).to_have_value(said)
        await at.press("Escape", "x")
        await expect(reason).to_have_value("")
        assert not at.errors
