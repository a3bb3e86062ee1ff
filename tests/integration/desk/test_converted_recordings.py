"""Voices that no browser plays as they came, AMR and SILK: heard in place at the desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect
from sqlalchemy import func, select, update

from intake.settings import ROOT
from intake.storage.models import AccessLog, Attachment, Recording
from tests.fakes.wechat import WeChatServer
from tests.integration.channels.test_wechat import taken
from tests.integration.pipeline.test_pipeline import rows
from tests.integration.resident.test_page_accessibility import axe
from tests.support.desk import at_the_desk, desk_browser
from tests.support.desk_request import Desk, desk_of
from tests.support.installation import Installation
from tests.support.stack import free_ports
from tests.support.webchat import Served

pytestmark = pytest.mark.asyncio
PATIENT = 60_000
DEMO = ROOT / "data" / "demo" / "audio"
SOUNDS = {"amr": DEMO / "v02.amr", "silk": DEMO / "v04.silk"}


@pytest.fixture
def open_wechat(
    open_house: Callable[..., Installation], tmp_path: Path
) -> Callable[..., Installation]:
    def start(wechat: WeChatServer) -> Installation:
        account = wechat.account
        secrets = {"app_secret": account.secret, "token": account.token, "aes_key": account.aes_key}
        for name, secret in secrets.items():
            (tmp_path / name).write_text(secret + "\n")
        table = {
            "app_id": account.app_id,
            **{f"{name}_file": str(tmp_path / name) for name in secrets},
            "api_url": wechat.url,
            "allow_networks": ["127.0.0.0/8"],
        }
        return open_house(channels={"wechat": table})

    return start


@pytest.mark.parametrize("kind", SOUNDS)
async def test_a_voicemail_that_no_browser_knows_plays_beside_its_words(
    open_house: Callable[..., Installation], tmp_path: Path, kind: str
) -> None:
    async with desk_of(open_house(), tmp_path) as desk, desk.browser() as at:
        number = await waiting(desk, kind)
        [recording] = await rows(desk.house, Recording)
        assert (recording.suffix, recording.duration_seconds > 3) == (kind, True)
        page = await at.open(number)
        clock = page.locator("#clock")
        await expect(clock).to_have_text(f"0:00 / 0:{int(recording.duration_seconds):02}")
        await expect(page.locator("#player-wrong")).to_be_hidden()
        await at.press("Space")
        await expect(page.locator("#player")).to_have_attribute("data-playing", "1")
        await expect(clock).to_contain_text("0:01 /", timeout=PATIENT)
        await at.press("Space")
        await expect(page.locator("#player")).to_have_attribute("data-playing", "")
        assert not at.errors
        desk_client = await at_the_desk(desk.house)
        original = await desk_client.get(f"/api/requests/{number}/recording")
        assert original.content == SOUNDS[kind].read_bytes()


async def waiting(desk: Desk, kind: str) -> str:
    """A voicemail in this format that waits for a person."""
    answer = await desk.house.client.post(
        "/api/voicemails", files={"audio": (f"a.{kind}", SOUNDS[kind].read_bytes())}
    )
    assert answer.status_code == 202, answer.text
    number = str(answer.json()["tracking_number"])
    await desk.until(number, "needs_review", "confirmed", "routed")
    return number


@pytest.mark.parametrize("kind", SOUNDS)
async def test_a_voice_message_plays_in_its_conversation(
    open_wechat: Callable[[WeChatServer], Installation], tmp_path: Path, kind: str
) -> None:
    sound = SOUNDS[kind].read_bytes()
    async with WeChatServer() as wechat:
        house = open_wechat(wechat)
        await taken(house, wechat.safe(wechat.voice("openid-of-ann", sound)))
        await house.work()
        [recording] = await rows(house, Recording)
        [attachment] = await rows(house, Attachment)
        port = free_ports(1)
        async with Served(house.app, port), desk_browser(house, port) as desk:
            page = await desk.new_page()
            await page.goto(f"http://127.0.0.1:{port}/desk/conversations/1")
            audio = page.locator("#log audio")
            await audio.focus()
            await page.keyboard.press("Space")
            await becomes(audio, "e => !e.paused && e.currentTime > 0.3")
            seconds = await audio.evaluate("e => e.duration")
            assert seconds == pytest.approx(recording.duration_seconds, abs=0.1)
            # Back and forth in it.
            await audio.evaluate("e => { e.pause(); e.currentTime = 2 }")
            await becomes(audio, "e => !e.seeking && Math.abs(e.currentTime - 2) < 0.1")
            assert not await axe(page)
            async with page.expect_download() as kept:
                await page.get_by_text("原录音").press("Enter")
            assert Path(await (await kept.value).path()).read_bytes() == sound
        await refused_and_logged(house, attachment)


async def becomes(audio: Locator, true: str) -> None:
    """Wait until something is true of the player."""
    async with asyncio.timeout(60):
        while not await audio.evaluate(true):
            await asyncio.sleep(0.05)


async def refused_and_logged(house: Installation, attachment: Attachment) -> None:
    """The same role for both forms, each time in the access log; what is gone is said to be."""
    path = f"/api/conversations/1/attachments/{attachment.id}"
    for form in ("", "?as=wav"):
        station = await at_the_desk(house, "station")
        assert (await station.get(path + form)).status_code == 403
        assert (await house.client.get(path + form)).status_code == 401
    operator = await at_the_desk(house)
    part = await operator.get(path + "?as=wav", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    late = await operator.get(path + "?as=wav", headers={"Range": "bytes=99999999-"})
    assert late.status_code == 416
    before = len(await looks(house))
    heard = await operator.get(path + "?as=wav")
    assert (heard.headers["content-type"], heard.content[:4]) == ("audio/wav", b"RIFF")
    assert len(await looks(house)) == before + 1
    assert (await operator.get(path + "?as=mp3")).status_code == 422
    async with house.parts.sessions.begin() as session:
        key = (await session.scalars(select(Recording.blob_key))).one()
        house.parts.blobs.path(key).write_bytes(b"no sound at all")
    assert (await operator.get(path + "?as=wav")).json()["code"] == "undecodable"
    async with house.parts.sessions.begin() as session:
        await session.execute(update(Recording).values(forgotten_at=func.now()))
    for form in ("", "?as=wav"):
        gone = await operator.get(path + form)
        assert (gone.status_code, gone.json()["code"]) == (404, "forgotten")
    assert "录音已到期删除" in (await operator.get("/desk/conversations/1")).text


async def looks(house: Installation) -> list[AccessLog]:
    return [log for log in await rows(house, AccessLog) if log.action == "attachment"]
