"""The proof: what went through the real doors is nowhere any more after an erase.

The button page, a voicemail and the web chat over a real port, the real Rasa with its memory in
PostgreSQL, the jobs of a real worker; then both databases, every file of the home and every log are
searched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from intake import service_requests
from intake.assistant.client import Assistant
from intake.backup import create
from intake.cli.serve import TRUSTED, set_up_logs
from intake.conversation.inbound import Inbound, take_in
from intake.conversation.locks import now
from intake.lifecycle import Actor
from intake.processes.wordless_log import WordlessFormatter
from intake.service_requests import Author
from intake.storage.models import ContactPoint, ServiceRequest
from intake.web.auth import make_token
from tests.conftest import wav_of
from tests.integration.channels.test_uploads import Phone
from tests.integration.privacy.test_erase import found_in_database, found_in_files
from tests.support.installation import Installation
from tests.support.real_rasa import RealRasa, settings_table
from tests.support.webchat import ChatInstallation, Served, at_work

pytestmark = pytest.mark.xdist_group("rasa")

MARK = "紫罗兰花盆"
NAME = "欧阳菊香"
PHONE = "13911223344"
UNIT = "37-2-501"
SECONDS = 100


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """What our processes log, as they log it."""
    path = tmp_path / "home" / "log" / "huying.log"
    path.parent.mkdir(parents=True)
    set_up_logs("info")
    handler = logging.FileHandler(path)
    handler.setFormatter(WordlessFormatter(TRUSTED))
    root = logging.getLogger()
    level = root.level
    root.setLevel("DEBUG")
    root.addHandler(handler)
    yield path
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


async def handed_over(house: Installation, count: int) -> list[ServiceRequest]:
    """So many requests, once a backend has each of them."""
    async with asyncio.timeout(SECONDS):
        while True:
            async with house.parts.sessions() as session:
                found = list(
                    await session.scalars(select(ServiceRequest).order_by(ServiceRequest.id))
                )
            if len(found) == count and all(r.status in ("routed", "needs_review") for r in found):
                return found
            await asyncio.sleep(0.2)


async def test_an_erase_leaves_nothing_behind(
    open_house: Callable[..., Installation], rasa: RealRasa, tmp_path: Path, log: Path
) -> None:
    house = open_house(channels={"webchat": {}, "page": {}}, **settings_table(rasa, tmp_path))
    tone = wav_of([0.3 * (-1) ** (n // 30) for n in range(16000)])
    house.ears.says = f"我是{NAME}，麻烦帮我买一个{MARK}送来，电话{PHONE}"
    async with Served(house.app, rasa.port), at_work(house):
        form = {"phone": PHONE, "name": NAME, "place": "幸福里", "unit": UNIT}
        answer = await house.client.post(
            "/api/voicemails",
            files={"audio": ("a.wav", tone)},
            data=form,
            headers={"Idempotency-Key": f"{PHONE}-{NAME.encode().hex()}"},
        )
        assert answer.status_code == 202
        upload = Phone(house)
        assert (await upload.leave(tone + b"\0" * 32))["state"] == "received"
        chat = ChatInstallation(house, rasa.port)
        house.parts.assistant = Assistant(rasa.url, timeout_seconds=30, token=rasa.token)
        async with chat.page() as page:
            await page.until("welcome")
            for number, words in enumerate(
                (
                    f"家里水管漏了，在{MARK}旁边",
                    "幸福里",
                    "37号楼二单元501",
                    f"我叫{NAME}，电话{PHONE}",
                )
            ):
                await page.say(f"m000000{number}", words)
                await page.until("message", within=SECONDS, **{"from": "us"})
        await _submitted(chat)
        requests = await handed_over(house, 3)
        async with house.parts.sessions.begin() as session:
            seen = await service_requests.lock(session, requests[0].id)
            by = Author(Actor.OPERATOR, "Ms Li", f"{NAME} rang")
            await service_requests.correct(session, seen, {"place": MARK}, by, house.parts)
        await _settled(house)
    database = str(house.settings.database_url)
    marks = (MARK, NAME, PHONE, UNIT)
    before = "\n".join(found_in_database(database, *marks))
    for place in (
        "service_requests.text",
        "transcripts.words",
        "messages.text",
        "events.changes",
        "understandings.fields",
        "request_words.said",
        "contact_points.address",
    ):
        assert f"{place}: " in before, before
    assert found_in_database(rasa.tracker_url, MARK, PHONE)
    assert len(requests) == 3
    archive = create.back_up(house.settings, tmp_path / "backups", lambda _: None, version="0")
    async with house.parts.sessions.begin() as session:
        token, _ = await make_token(session, "Mr Zhao", "supervisor", 1)
    house.client.headers["Authorization"] = f"Bearer {token}"
    async with Served(house.app, rasa.port), at_work(house):
        for request in requests:
            current = await house.request(request.tracking_number)
            done = await house.client.post(
                f"/api/requests/{request.tracking_number}/erase",
                json={"why": "asked"},
                headers={"If-Match": str(current.version)},
            )
            assert done.status_code == 200, done.text
        await _settled(house)
    assert found_in_database(database, *marks) == []
    assert found_in_database(rasa.tracker_url, *marks) == []
    everything = (*(mark.encode() for mark in marks), tone[:2000])
    assert found_in_files(house.settings.home, *everything) == []
    assert log.read_text().strip()
    said = rasa.log() + log.read_text()
    assert [mark for mark in marks if mark in said] == []
    assert list((house.settings.home / "uploads").iterdir()) == []
    async with house.parts.sessions() as session:
        tombs = list(await session.scalars(select(ServiceRequest)))
    assert {tomb.tracking_number for tomb in tombs} == {r.tracking_number for r in requests}
    assert all(tomb.erased_at for tomb in tombs)
    # The backup that still holds them expires.
    old = archive.with_name("huying-20200101T000000Z.zip")
    archive.rename(old)
    newest = create.back_up(house.settings, archive.parent, lambda _: None, version="0")
    assert create.expire(archive.parent, days=house.settings.retention.backups_days) == [old]
    assert newest.exists() and found_in_files(archive.parent, *everything) == []


async def _submitted(chat: ChatInstallation) -> None:
    """She says yes to what is read back."""
    async with chat.house.parts.sessions() as session:
        point = (
            await session.scalars(
                select(ContactPoint.address).where(ContactPoint.channel == "webchat")
            )
        ).one()
    async with chat.house.parts.sessions.begin() as session:
        inbound = Inbound("webchat", point, "yes", now(), text="对")
        await take_in(session, inbound, chat.house.parts)


async def _settled(house: Installation) -> None:
    """No job is left to do, but those that wait for their time."""
    async with asyncio.timeout(SECONDS):
        while True:
            async with house.parts.sessions() as session:
                left = await session.scalar(
                    text(
                        "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
                        " AND (scheduled_at IS NULL OR scheduled_at < now())"
                    )
                )
            if not left:
                return
            await asyncio.sleep(0.2)
